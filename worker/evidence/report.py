"""The report of `evidence.analyze`: one workbook with a sheet for each thing to look at, and the counts."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from worker.documents import report as words
from worker.documents.book import Book, Sheet
from worker.engine import parts
from worker.engine.context import JobContext
from worker.evidence import near as near_
from worker.evidence import timeline
from worker.evidence.finding import KINDS
from worker.evidence.manifest import Difference, Entry, Manifest, proved
from worker.evidence.timeline import Event

_SHAPES = {
    "unchanged": "good", "renamed": "doubtful", "changed": "bad", "missing": "bad", "added": "doubtful",
}  # fmt: skip
# What says something when two files name it; dates and amounts coincide by chance.
_LINKING = ("phone", "email", "id_number", "company_code", "bank_card", "company", "person")
_MAX_LINKS = 100_000
_FILES = (
    ("col_number", 6), ("col_file", 36), ("col_size", 12), ("col_sha256", 66), ("col_type", 14), ("col_ending", 24),
    ("col_modified_sender", 24), ("col_received", 24), ("col_state", 14), ("col_reason", 40), ("col_pages", 8),
    ("col_language", 14), ("col_characters", 12), ("col_notes", 40),
)  # fmt: skip
_FINDINGS = (("col_value", 30), ("col_written", 30), ("col_file", 36), ("col_notes", 30), ("col_context", 90))


def write(
    job: JobContext,
    path: Path,
    *,
    entries: Mapping[int, Entry],
    keywords: Sequence[str],
    near: float,
    earlier: tuple[Manifest, str] | None,
    differences: Sequence[Difference] | None,
) -> dict[str, int]:
    """Write the workbook from the parts, one at a time.

    Args:
        entries: of the manifest, by position of the file.

    Returns:
        How many exact duplicates (copies beside the first), near duplicates (pairs), findings of each kind, events of
        the timeline and keyword hits there are.
    """
    summaries = dict(parts.summaries(job.database, job.job_id))
    copies = _copies(entries)
    with Book(path) as book:
        overview = book.sheet(job.text("sheet_overview"), (), (44, 80))
        _files(job, book, entries, summaries)
        if earlier is not None and differences is not None:
            _comparison(job, book, differences)
        _duplicates(job, book, entries, copies)
        gathered = _Gathered(job, book, entries, keywords)
        for part in parts.stream(job.database, job.job_id):
            job.progress("stage_report", part.position, len(job.uploads))
            if part.position in entries and part.content:
                gathered.add(part.position, part.content)
        firsts = {group[0] for group in copies} | (set(entries) - {p for group in copies for p in group})
        pairs = near_.pairs({p: s for p, s in gathered.signatures.items() if p in firsts}, near)
        _near(job, book, entries, pairs)
        _links(job, book, entries, gathered.links)
        events = _timeline(job, book, entries, gathered.events)
        counts = {
            "duplicates": sum(len(group) - 1 for group in copies),
            "near_duplicates": len(pairs),
            **{_PLURAL[kind]: sum(s.get("findings", {}).get(kind, 0) for s in summaries.values()) for kind in KINDS},
            "events": events,
            "keyword_hits": sum(sum(s.get("hits", {}).values()) for s in summaries.values()),
        }
        _overview(job, overview, entries, summaries, counts, keywords, near, earlier, differences)
    return counts


_PLURAL = {
    "date": "dates", "amount": "amounts", "phone": "phones", "email": "emails", "id_number": "id_numbers",
    "company_code": "company_codes", "bank_card": "bank_cards", "company": "companies", "person": "people",
}  # fmt: skip


def _sheet(job: JobContext, book: Book, code: str, columns: Sequence[tuple[str, float]]) -> Sheet:
    return book.sheet(job.text(code), [job.text(c) for c, _ in columns], [w for _, w in columns])


def _overview(
    job: JobContext,
    sheet: Sheet,
    entries: Mapping[int, Entry],
    summaries: Mapping[int, dict[str, Any]],
    counts: Mapping[str, int],
    keywords: Sequence[str],
    near: float,
    earlier: tuple[Manifest, str] | None,
    differences: Sequence[Difference] | None,
) -> None:  # fmt: skip
    zone = job.settings.timezone
    sheet.add(job.text("evidence_title"), shape="bold")
    sheet.add(job.text("evidence_made"), f"{dt.datetime.now(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})")
    sheet.add(job.text("evidence_by"), job.actor.username)
    sheet.add(job.text("evidence_job"), job.job_id)
    sheet.add(job.text("evidence_files"), len(entries))
    states = Counter(summaries[p]["state"] for p in entries)
    for state, count in states.most_common():
        sheet.add(f"    {job.text(f'document_state_{state}')}", count, shape="plain" if state == "read" else "doubtful")
    lies = sum(1 for p in entries if summaries[p].get("lies"))
    altered = sum(1 for p in entries if summaries[p].get("altered"))
    sheet.add(job.text("evidence_wrong_endings"), lies, shape="bad" if lies else "plain")
    sheet.add(job.text("evidence_altered"), altered, shape="bad" if altered else "good")
    for name, count in counts.items():
        sheet.add(job.text(f"evidence_count_{name}"), count)
    sheet.add(job.text("evidence_near_from"), f"{near:.0%}")
    if keywords:
        sheet.add(job.text("evidence_keywords"), ", ".join(keywords))
    if earlier is not None and differences is not None:
        _verdict(job, sheet, earlier, differences)
    sheet.add(job.text("evidence_how"), shape="plain")


def _verdict(job: JobContext, sheet: Sheet, earlier: tuple[Manifest, str], differences: Sequence[Difference]) -> None:
    before, source = earlier
    sheet.add(job.text("evidence_compared_with"), source)
    sheet.add(job.text("evidence_compared_at"), before.created_at)
    if proved(differences):
        sheet.add(job.text("evidence_verdict"), job.text("evidence_proved", count=len(before.entries)), shape="good")
        return
    bad = [d for d in differences if d.how in ("changed", "missing")]
    names = ", ".join((d.before.name if d.before else "") for d in bad[:20])
    sheet.add(
        job.text("evidence_verdict"),
        job.text("evidence_not_proved", count=len(bad), total=len(before.entries), names=names),
        shape="bad",
    )


def _files(job: JobContext, book: Book, entries: Mapping[int, Entry], summaries: Mapping[int, dict[str, Any]]) -> None:
    sheet = _sheet(job, book, "sheet_files", _FILES)
    unknown = job.text("evidence_unknown")
    for position, entry in entries.items():
        summary = summaries[position]
        lies = bool(summary.get("lies"))
        problems = [job.text("evidence_altered_file")] if summary.get("altered") else []
        sheet.add(
            position + 1,
            entry.name,
            entry.size,
            entry.sha256,
            words.type_title(job, entry.type),
            job.text("evidence_lies") if lies else "",
            _local(job, entry.modified) or unknown,
            _local(job, entry.received) or unknown,
            job.text(f"document_state_{summary['state']}"),
            words.reason(job, summary),
            summary.get("pages"),
            words.language_title(job, summary.get("language", "")),
            summary["characters"] or None,
            " ".join([*problems, words.notes(job, summary)]).strip(),
            shape="bad" if lies or problems else "plain" if summary["state"] == "read" else "doubtful",
        )


def _local(job: JobContext, value: str | None) -> str | None:
    return timeline.moment(value, job.settings.timezone) if value else None


def _comparison(job: JobContext, book: Book, differences: Sequence[Difference]) -> None:
    columns = (
        ("col_state", 16), ("col_file", 40), ("col_file_now", 40), ("col_sha256_before", 66), ("col_sha256", 66),
        ("col_size_before", 16), ("col_size", 16),
    )  # fmt: skip
    sheet = _sheet(job, book, "sheet_comparison", columns)
    order = {"changed": 0, "missing": 1, "added": 2, "renamed": 3, "unchanged": 4}
    for d in sorted(differences, key=lambda d: order[d.how]):
        before, now = d.before, d.now
        sheet.add(
            job.text(f"evidence_is_{d.how}"),
            before.name if before else None,
            now.name if now else None,
            before.sha256 if before else None,
            now.sha256 if now else None,
            before.size if before else None,
            now.size if now else None,
            shape=_SHAPES[d.how],
        )


def _copies(entries: Mapping[int, Entry]) -> list[list[int]]:
    """Positions of files that are the same byte for byte, each group in order."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for position, entry in entries.items():
        groups[entry.sha256].append(position)
    return [group for group in groups.values() if len(group) > 1]


def _duplicates(job: JobContext, book: Book, entries: Mapping[int, Entry], copies: Sequence[Sequence[int]]) -> None:
    columns = (("col_group", 8), ("col_number", 8), ("col_file", 50), ("col_size", 14), ("col_sha256", 66))
    sheet = _sheet(job, book, "sheet_duplicates", columns)
    for number, group in enumerate(copies, 1):
        for position in group:
            entry = entries[position]
            sheet.add(number, position + 1, entry.name, entry.size, entry.sha256)


def _near(job: JobContext, book: Book, entries: Mapping[int, Entry], pairs: Sequence[tuple[int, int, float]]) -> None:
    columns = (("col_similarity", 14), ("col_file", 50), ("col_other_file", 50))
    sheet = _sheet(job, book, "sheet_near", columns)
    for a, b, share in pairs:
        sheet.add(f"≈ {share:.0%}", entries[a].name, entries[b].name)


def _links(
    job: JobContext, book: Book, entries: Mapping[int, Entry], links: Mapping[tuple[str, str], set[int]]
) -> None:
    columns = (("col_kind", 18), ("col_value", 40), ("col_files", 10), ("col_names", 100))
    sheet = _sheet(job, book, "sheet_links", columns)
    shared = [(kind, value, positions) for (kind, value), positions in links.items() if len(positions) > 1]
    for kind, value, positions in sorted(shared, key=lambda link: (-len(link[2]), link[0], link[1])):
        names = ", ".join(entries[p].name for p in sorted(positions)[:50])
        sheet.add(job.text(f"finding_{kind}"), value, len(positions), names)


def _timeline(job: JobContext, book: Book, entries: Mapping[int, Entry], events: list[Event]) -> int:
    zone = job.settings.timezone
    said = ((entry, timeline.moment(entry.modified, zone)) for entry in entries.values() if entry.modified)
    events.extend(Event(at, entry.name, "source_sender") for entry, at in said if at)
    events.sort()
    columns = (("col_at", 20), ("col_file", 40), ("col_source", 24), ("col_context", 100))
    sheet = _sheet(job, book, "sheet_timeline", columns)
    for event in events:
        source = (
            job.text(event.source) if event.source.startswith("source_") else words.metadata_title(job, event.source)
        )
        sheet.add(event.at, event.file, source, event.context)
    return len(events)


class _Gathered:
    """What is written, and kept in mind, while the parts pass by."""

    def __init__(self, job: JobContext, book: Book, entries: Mapping[int, Entry], keywords: Sequence[str]) -> None:
        self._job = job
        self._entries = entries
        self.signatures: dict[int, list[int]] = {}
        self.links: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self.events: list[Event] = []
        columns = (("col_keyword", 24), ("col_file", 40), ("col_context", 100))
        self._hits = _sheet(job, book, "sheet_keywords", columns) if keywords else None
        self._sheets = {kind: _sheet(job, book, f"sheet_{_PLURAL[kind]}", _FINDINGS) for kind in KINDS}
        self._metadata = _sheet(job, book, "sheet_metadata", (("col_file", 40), ("col_name", 26), ("col_value", 90)))

    def add(self, position: int, content: dict[str, Any]) -> None:
        """Take the part of one file."""
        job, name = self._job, self._entries[position].name
        for kind, value, written, note, place, context in content["findings"]:
            shape = "doubtful" if note else "plain"
            self._sheets[kind].add(value, written, name, job.text(note) if note else "", context, shape=shape)
            if kind in _LINKING and len(self.links) < _MAX_LINKS:
                self.links[kind, value].add(position)
            if kind == "date" and (at := timeline.moment(value, job.settings.timezone)) and "/" not in value:
                self._event(Event(at, name, "source_text", place, context))
        for fact, value in content["metadata"]:
            self._metadata.add(name, words.metadata_title(job, fact), value)
            at = timeline.moment(value, job.settings.timezone) if fact in timeline.TIMES else None
            if at:
                self._event(Event(at, name, fact))
        if self._hits is not None:
            for keyword, _, context in content["hits"]:
                self._hits.add(keyword, name, context)
        if content["signature"]:
            self.signatures[position] = content["signature"]

    def _event(self, event: Event) -> None:
        if len(self.events) < timeline.MAX_EVENTS:
            self.events.append(event)
