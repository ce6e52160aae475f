"""What is found in a text, and the text as the searches see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("date", "amount", "phone", "email", "id_number", "company_code", "bank_card", "company", "person")
"""All kinds of findings, in the order in which they are told."""
CONTEXT = 40
"""Characters on either side of a finding that are shown with it."""

# One character for one, so that a place in the searched text is the same place in the original.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0xA5}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: one of `KINDS`.
        value: in one form for all ways to write it: ISO dates, `CNY 1200.00`, `+8613800138000`.
        start, end: its place in the text.
        note: a code of what to know (a wrong check digit, an ambiguous date), or empty.
    """

    kind: str
    value: str
    start: int
    end: int
    note: str = ""


def half_width(text: str) -> str:
    """Full-width digits, letters and signs as their usual forms; as long as `text`."""
    return text.translate(_HALF_WIDTH)


def context(text: str, start: int, end: int) -> str:
    """A finding within its surroundings, in one line, as it stands in the file."""
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return " ".join(f"{before}{text[start:end]}{after}".split())


class Searched:
    """A text in which each place is found at most once: what one search has taken, the next ones do not see."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, findings: Iterator[Finding]) -> list[Finding]:
        """Keep findings, and hide their places from the following searches."""
        found = list(findings)
        pieces, last = [], 0
        for finding in sorted(found, key=lambda f: f.start):
            if finding.start >= last:
                pieces.append(self.text[last : finding.start])
                pieces.append("\0" * (finding.end - finding.start))
                last = finding.end
        pieces.append(self.text[last:])
        self.text = "".join(pieces)
        return found


def keyword_hits(text: str, keyword: str, limit: int) -> tuple[int, list[tuple[int, int]]]:
    """How often a keyword stands in a (half-width) text, without regard to case, and the first places."""
    places: list[tuple[int, int]] = []
    count = 0
    for found in re.finditer(re.escape(half_width(keyword)), text, re.IGNORECASE):
        count += 1
        if len(places) < limit:
            places.append(found.span())
    return count, places
