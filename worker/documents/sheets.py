"""Workbooks (xlsx, xlsm, xls, ods) and text tables: each sheet is a table and, cell by cell, a part of the text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tabular.delimited import Delimited
from tabular.errors import TableError
from tabular.ods import Ods
from tabular.workbook import Calamine, Openpyxl, open_workbook, sort_of
from worker.documents import package
from worker.documents.document import MAX_TABLE_ROWS, Document, Text, Unreadable, shown

_LOOK_ROWS = 500
_ENCRYPTED = "encrypted_workbook"
_BOMB = "suspicious_workbook"


def read(path: Path, type_: str, seconds: float) -> Document:
    """Read a workbook; stops between rows when `seconds` are over, and notes it.

    Args:
        type_: xlsx, xls or ods.

    Raises:
        Unreadable: `encrypted`, `broken`.
    """
    until = time.monotonic() + seconds
    document = Document(type_)
    try:
        sort_of(path)  # refuses bombs and what is encrypted; sheets are streamed, so their size is no matter
        if type_ == "xlsx":
            package.properties(path, document)
        book = open_workbook(path, type_)
        try:
            document.pages = len(book.sheets)
            hidden = [name for name in book.sheets if name in book.hidden]
            if hidden:
                document.add_metadata("hidden_sheets", ", ".join(hidden))
            _sheets(book, document, until)
        finally:
            book.close()
    except TableError as error:
        raise _unreadable(error) from error
    return document


def read_text_table(path: Path, document: Document) -> None:
    """Add the one table of a csv or tsv file; a text that is no table adds none."""
    try:
        table = Delimited(path, None, None)
        rows: list[list[Any]] = []
        count = 0
        for row in table.rows(""):
            count += bool(row)
            if row and len(rows) < MAX_TABLE_ROWS:
                rows.append(list(row))
    except TableError:
        return
    if len(rows) > 1 and len(rows[0]) > 1:
        document.add_table("", rows, count)


def _sheets(book: Calamine | Openpyxl | Ods, document: Document, until: float) -> None:
    text = Text()
    read = 0
    for sheet in book.sheets:
        text.line(f"--- {sheet} ---")
        rows: list[list[Any]] = []
        count = 0
        for row in book.rows(sheet):
            read += 1
            if read % _LOOK_ROWS == 0 and time.monotonic() > until:
                document.note("document_note_rows", count=read)
                break
            used = _used(row)
            if not used:
                continue
            count += 1
            if len(rows) < MAX_TABLE_ROWS:
                rows.append(list(row[:used]))
            if not text.full:
                text.line("\t".join(map(shown, row[:used])))
        if count:
            document.add_table(sheet, rows, count)
    text.give(document)


def _used(row: list[Any]) -> int:
    width = len(row)
    while width and (row[width - 1] is None or row[width - 1] == ""):
        width -= 1
    return width


def _unreadable(error: TableError) -> Unreadable:
    if error.code == _ENCRYPTED:
        return Unreadable("encrypted", "document_encrypted")
    if error.code == _BOMB:
        return Unreadable("broken", "document_bomb", megabytes=error.values.get("megabytes", 0))
    return Unreadable("broken", "document_broken")
