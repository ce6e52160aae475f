"""The rows that did not go in, as they were, with the reasons: to be corrected and imported again as it is."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from tabular.cells import Cell
from tabular.checker import Rejected, explain, place
from tabular.names import is_added
from tabular.raw_sheet import RawSheet
from tabular.schema import TableSchema
from tabular.texts import text
from tabular.writer import MAX_ROWS, MAX_TEXT, PLAIN

MAX_COMMENTS = 2_000
"""Rows whose cells carry comments. Each comment is a drawing that Excel loads at once: past this number the file opens
slowly; colours and the reason column go on to the last row."""

ADDED = 3
"""Columns put before the file's own."""


_PROPERTY = "Tasktray job"
_JOB = re.compile(rf'name="{_PROPERTY}"[^>]*>\s*<(?:\w+:)?lpwstr\b[^>]*>([0-9a-f-]{{36}})<')
_PROPERTIES = "docProps/custom.xml"


def job_of(path: str | Path) -> str | None:
    """The id of the import whose rejected rows an xlsx holds, if it says so: a document property, which Excel and
    LibreOffice keep when the corrected file is saved. None for any other file.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_PROPERTIES) as part:
            found = _JOB.search(part.read(65_536).decode("utf-8", "replace"))
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error):
        return None
    return found.group(1) if found else None


class ErrorWorkbook:
    """An xlsx of rejected rows: source row, problem columns, reason, then all columns of the file.

    The reader knows the three added columns by their headers, in both languages, and passes them over.

    Args:
        path: the file to create.
        headers: the source file's column names.
        language: `zh_CN` or `en`.
        schema: for the fields' titles in the reasons; without it the file's own column names stand there.
        job_id: the import that rejected the rows; `job_of` finds it again in the corrected file.

    Attributes:
        rows: rejected rows written.
    """

    def __init__(
        self,
        path: str | Path,
        headers: Sequence[str],
        language: str,
        schema: TableSchema | None = None,
        job_id: str | None = None,
    ) -> None:
        import xlsxwriter

        # A corrected file that still has errors already bears the three columns: they are made anew, not twice.
        self._passed = ADDED if is_added(headers, 0) else 0
        self._headers = list(headers)[self._passed :]
        self._language = language
        self._schema = schema
        self._book = xlsxwriter.Workbook(str(path), PLAIN)
        if job_id is not None:
            self._book.set_custom_property(_PROPERTY, job_id, "text")
        self._bold = self._book.add_format({"bold": True, "bg_color": "#F2F2F2", "bottom": 1})
        self._added = self._book.add_format({"bold": True, "bg_color": "#FCE4D6", "bottom": 1})
        self._shapes: dict[tuple[str, bool], Any] = {}
        self._indices: dict[tuple[str, bool], int] = {}
        self._sheet: Any = None
        self._sheets = 0
        self._row = MAX_ROWS
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_sheet(self) -> None:
        self._sheets += 1
        name = text("rejected_rows", self._language)
        self._sheet = self._book.add_worksheet(
            name if self._sheets == 1 else f"{name} {self._sheets}", worksheet_class=RawSheet
        )
        self._sheet.freeze_panes(1, ADDED)
        self._sheet.set_column(0, 0, 9)
        self._sheet.set_column(1, 1, 16)
        self._sheet.set_column(2, 2, 48)
        self._sheet.set_column(ADDED, ADDED + max(0, len(self._headers) - 1), 16)
        for i, code in enumerate(("source_row", "problem_columns", "problem_reasons")):
            self._sheet.write_string(0, i, text(code, self._language), self._added)
        for i, header in enumerate(self._headers, ADDED):
            if header:
                self._sheet.write_string(0, i, header[:MAX_TEXT], self._bold)
        self._row = 1

    def add(self, rejected: Rejected) -> None:
        """Write one row."""
        if self._row >= MAX_ROWS:
            self._next_sheet()
        said: list[str] = []
        places: list[str] = []
        reasons: dict[int, list[str]] = {}
        problems = rejected.problems
        if len(problems) > 1:
            problems = sorted(problems, key=lambda p: -1 if p.column_index is None else p.column_index)
        for problem in problems:
            words = explain(problem, self._schema, self._language)
            if words not in said:
                said.append(words)
            where = place(problem, self._language)
            if where and where not in places:
                places.append(where)
            if problem.column_index is not None:
                reasons.setdefault(problem.column_index - self._passed, []).append(words)
        where_ = ("、" if self._language == "zh_CN" else ", ").join(places)
        cells: list[tuple[Cell, int]] = [(rejected.number, 0), (where_, 0), (" ".join(said), 0)]
        plain = self._plain
        for i, cell in enumerate(rejected.cells[self._passed :]):
            kind = type(cell)
            cells.append((cell, plain if kind is str and i not in reasons else self._index(_sort(cell), i in reasons)))
        self._sheet.add_row(self._row, cells)
        if self.rows < MAX_COMMENTS:
            for i, all_words in reasons.items():
                self._sheet.write_comment(self._row, i + ADDED, "\n".join(all_words)[:MAX_TEXT], {"x_scale": 2})
        self._row += 1
        self.rows += 1

    def _index(self, sort: str, bad: bool) -> int:
        """The number under which the file knows a format; 0 for a plain cell."""
        if sort == "general" and not bad:
            return 0
        index = self._indices.get((sort, bad))
        if index is None:
            index = self._indices[sort, bad] = int(self._shape(sort, bad)._get_xf_index())
        return index

    def _shape(self, sort: str, bad: bool) -> Any:
        shape = self._shapes.get((sort, bad))
        if shape is None:
            formats = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss", "text": "@"}
            wanted: dict[str, Any] = {"num_format": formats[sort]} if sort in formats else {}
            if bad:
                wanted |= {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
            shape = self._shapes[sort, bad] = self._book.add_format(wanted)
        return shape

    @cached_property
    def _plain(self) -> int:
        """The format of most cells."""
        return self._index("text", False)

    def close(self) -> None:
        """Finish the file; one without rows has its header."""
        if self._sheet is None:
            self._next_sheet()
        self._book.close()


def _sort(cell: Cell) -> str:
    """Which format a cell needs."""
    if cell is None or isinstance(cell, str):
        return "text"
    if isinstance(cell, (int, float, Decimal)):
        return "general"
    if isinstance(cell, dt.date):
        if cell.year < 1900:
            return "text"
        return "datetime" if isinstance(cell, dt.datetime) else "date"
    return "time"
