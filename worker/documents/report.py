"""The results of `documents.process`: one workbook and an archive of the texts, made of the parts one at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from worker.documents.book import Book, Sheet
from worker.engine import parts
from worker.engine.context import InputFile, JobContext
from worker.files import names

_EXCERPT = 300
_MAX_TABLE_SHEETS = 250
_SHAPES = {"read": "plain", "scanned": "doubtful", "encrypted": "bad", "broken": "bad", "unsupported": "doubtful"}
_OVERVIEW = (
    ("col_number", 6), ("col_file", 36), ("col_state", 14), ("col_reason", 50), ("col_type", 12), ("col_pages", 8),
    ("col_language", 12), ("col_characters", 12), ("col_tables", 8), ("col_title", 28), ("col_author", 16),
    ("col_created", 22), ("col_modified", 22), ("col_notes", 50), ("col_size", 12), ("col_excerpt", 60),
    ("col_sha256", 66),
)  # fmt: skip


def write(job: JobContext, workbook: Path, archive: Path) -> int:
    """Write both files; gives the number of texts in the archive."""
    summaries = parts.summaries(job.database, job.job_id)
    by_position = dict(summaries)
    texts = _Texts(archive)
    with Book(workbook) as book, texts:
        overview = book.sheet(
            job.text("sheet_overview"), [job.text(c) for c, _ in _OVERVIEW], [w for _, w in _OVERVIEW]
        )
        metadata = book.sheet(
            job.text("sheet_metadata"), [job.text(c) for c in ("col_file", "col_name", "col_value")], (36, 24, 80)
        )
        tables = _Tables(job, book)
        for part in parts.stream(job.database, job.job_id):
            file, found = job.uploads[part.position], part.content or {}
            summary = by_position[part.position]
            job.progress("stage_report", part.position, len(job.uploads))
            facts = dict(reversed(found.get("metadata", [])))
            _overview(job, overview, part.position, file, summary, facts, found.get("text", ""))
            for name, value in found.get("metadata", []):
                metadata.add(file.name, metadata_title(job, name), value)
            tables.add(file, found.get("tables", []))
            if found.get("text"):
                texts.add(file.name, found["text"])
    return texts.count


def _overview(
    job: JobContext, sheet: Sheet, position: int, file: InputFile, summary: dict[str, Any], facts: dict[str, str],
    text: str,
) -> None:  # fmt: skip
    sheet.add(
        position + 1,
        file.name,
        job.text(f"document_state_{summary['state']}"),
        reason(job, summary),
        type_title(job, summary["type"]),
        summary.get("pages"),
        language_title(job, summary.get("language", "")),
        summary["characters"] or None,
        summary["tables"] or None,
        facts.get("title") or facts.get("subject"),
        facts.get("author") or facts.get("from"),
        facts.get("created") or facts.get("date") or facts.get("taken"),
        facts.get("modified"),
        notes(job, summary),
        file.size,
        " ".join(text[: _EXCERPT * 2].split())[:_EXCERPT],
        file.sha256,
        shape=_SHAPES.get(summary["state"], "bad"),
    )


def reason(job: JobContext, summary: dict[str, Any]) -> str:
    """Why a file was not read, in words; empty when it was."""
    if not summary["code"]:
        return ""
    values = dict(summary["values"])
    if "type" in values:
        values["type"] = type_title(job, values["type"])
    return job.text(summary["code"], **values)


def notes(job: JobContext, summary: dict[str, Any]) -> str:
    """What to know about a file that was read, in words."""
    return " ".join(job.text(code, **values) for code, values in summary.get("notes", []))


def type_title(job: JobContext, name: str) -> str:
    """A type of `content.TYPES` as a person reads it."""
    code = f"type_{name.replace('-', '_')}"
    words = job.text(code)
    return name.upper() if words == code else words


def language_title(job: JobContext, name: str) -> str:
    """A language as a person reads it."""
    return job.text(f"language_{name.replace('-', '_').lower()}") if name else ""


def metadata_title(job: JobContext, name: str) -> str:
    """The name of a metadatum as a person reads it; one that we do not know is shown as it is."""
    code = f"meta_{name}"
    words = job.text(code)
    return name.replace("_", " ") if words == code else words


class _Tables:
    """A list of all tables, and a sheet for each of the first ones."""

    def __init__(self, job: JobContext, book: Book) -> None:
        self._book = book
        self._job = job
        headers = ("col_file", "col_place", "col_rows", "col_columns", "col_sheet")
        self._list = book.sheet(job.text("sheet_tables"), [job.text(c) for c in headers], (36, 20, 10, 10, 14))
        self._count = 0

    def add(self, file: InputFile, tables: Iterable[dict[str, Any]]) -> None:
        for table in tables:
            head = (file.name, table["place"], table["row_count"], table["column_count"])
            if self._count >= _MAX_TABLE_SHEETS or not table["rows"]:
                self._list.add(*head, self._job.text("table_not_copied"))
                continue
            self._count += 1
            sheet = self._book.sheet(f"T{self._count}")
            for row in table["rows"]:
                sheet.add(*row)
            left = table["row_count"] - len(table["rows"])
            if left > 0:
                sheet.add(self._job.text("table_cut", count=left), shape="doubtful")
            self._list.add(*head, sheet.name, link=(4, sheet.name))


class _Texts:
    """A zip of the texts, one a file, named after it."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._names: set[str] = set()
        self.count = 0

    def __enter__(self) -> _Texts:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, name: str, text: str) -> None:
        base = names.clean(name)
        entry, number = f"{base}.txt", 1
        while entry.casefold() in self._names:
            number += 1
            entry = f"{base} ({number}).txt"
        self._names.add(entry.casefold())
        # With a mark: the editors of older Windows take a text without one for GBK.
        self._zip.writestr(entry, text.encode("utf-8-sig"))
        self.count += 1
