"""Examines one file: reads it, and finds in its text what matters. Runs in a helper process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from worker.documents import content, reader
from worker.engine import packing
from worker.evidence import near
from worker.evidence.amounts import find_amounts
from worker.evidence.dates import find_dates
from worker.evidence.finding import Finding, Searched, context, half_width, keyword_hits
from worker.evidence.identities import (
    find_bank_cards,
    find_company_codes,
    find_emails,
    find_id_numbers,
    find_phones,
)
from worker.evidence.names import find_companies, find_people

MAX_FINDINGS = 2_000
"""Of a kind, in a file; the others are counted."""
MAX_HITS = 500
"""Of a keyword, in a file; the others are counted."""
# In this order: a longer number is not to be taken for a shorter one within it.
_SEARCHES = (find_id_numbers, find_company_codes, find_emails, find_bank_cards, find_phones, find_dates, find_amounts)


def find(text: str) -> list[Finding]:
    """All findings in a half-width text, by place."""
    searched = Searched(text)
    found = [finding for search in _SEARCHES for finding in searched.take(search(searched.text))]
    found += find_companies(text)
    found += find_people(text)
    return sorted(found, key=lambda f: (f.start, f.end))


def examine(path: str, name: str, folder: str, out: str, seconds: float, keywords: list[str]) -> dict[str, Any]:
    """Called in the helper: read a file, search its text, write what was found, packed, into `out`.

    Returns:
        The summary of `reader.summary`, and `lies` (the ending of the name says another type), `findings` and `hits`:
        how many of each kind and keyword.
    """
    document = reader.safely(Path(path), name, Path(folder), seconds)
    text = document.text
    half = half_width(text)
    findings = find(half)
    counts = Counter(finding.kind for finding in findings)
    hits: list[list[Any]] = []
    hit_counts: dict[str, int] = {}
    for keyword in keywords:
        hit_counts[keyword], places = keyword_hits(half, keyword, MAX_HITS)
        hits += [[keyword, start, context(text, start, end)] for start, end in places]
    packing.write_packed(
        Path(out),
        {
            "metadata": document.metadata,
            "findings": _shown(text, findings),
            "hits": hits,
            "signature": near.signature(text),
        },
    )
    return reader.summary(document) | {
        "lies": content.lies(name, content.TYPES[document.type]),
        "findings": dict(counts),
        "hits": hit_counts,
    }


def _shown(text: str, findings: list[Finding]) -> list[list[Any]]:
    """`[kind, value, as written, note, place, context]` of the first ones of each kind."""
    seen: Counter[str] = Counter()
    shown = []
    for f in findings:
        seen[f.kind] += 1
        if seen[f.kind] <= MAX_FINDINGS:
            shown.append([f.kind, f.value, text[f.start : f.end], f.note, f.start, context(text, f.start, f.end)])
    return shown
