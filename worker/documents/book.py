"""Workbooks of results: sheets of plain cells, written row by row in constant memory; a text is never a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tabular.writer import MAX_ROWS, PLAIN, write_cell

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
MAX_SHEET_NAME = 31


class Sheet:
    """One sheet with a header.

    Attributes:
        rows: rows written below the header.
        dropped: rows that had no room.
    """

    def __init__(self, sheet: Any, formats: dict[str, Any], headers: Sequence[str], widths: Sequence[float]) -> None:
        self._sheet = sheet
        self._formats = formats
        self.rows = 0
        self.dropped = 0
        self.name: str = sheet.get_name()
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for column, header in enumerate(headers):
            sheet.write_string(0, column, header, formats["header"])
        if headers:
            sheet.freeze_panes(1, 0)
        self._next = 1 if headers else 0
        self._columns = len(headers)

    def add(self, *cells: Any, shape: str = "plain", link: tuple[int, str] | None = None) -> None:
        """Add a row.

        Args:
            shape: `plain`, `good`, `bad`, `doubtful` or `bold`: how its cells look.
            link: (column, name of a sheet) to jump to.
        """
        if self._next >= MAX_ROWS:
            self.dropped += 1
            return
        for column, value in enumerate(cells):
            if link is not None and link[0] == column:
                self._sheet.write_url(self._next, column, f"internal:'{link[1]}'!A1", self._formats["link"], str(value))
            else:
                write_cell(self._sheet, self._next, column, value, self._formats[shape])
        self._next += 1
        self.rows += 1

    def finish(self) -> None:
        """Give the header its filter."""
        if self._columns and self.rows:
            self._sheet.autofilter(0, 0, self.rows, self._columns - 1)


class Book:
    """A workbook that is being written. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter

        self._book = xlsxwriter.Workbook(str(path), {**PLAIN, "tmpdir": str(path.parent)})
        top = {"valign": "top"}
        self._formats = {
            "header": self._book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1}),
            "plain": self._book.add_format(top),
            "bold": self._book.add_format({**top, "bold": True}),
            "good": self._book.add_format({**top, "font_color": "#1B6E3C"}),
            "bad": self._book.add_format({**top, "font_color": "#B3261E"}),
            "doubtful": self._book.add_format({**top, "font_color": "#8A5A00"}),
            "link": self._book.add_format({**top, "font_color": "#0B57D0", "underline": 1}),
        }
        self._sheets: list[Sheet] = []
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for sheet in self._sheets:
                sheet.finish()
        self._book.close()

    def sheet(self, name: str, headers: Sequence[str] = (), widths: Sequence[float] = ()) -> Sheet:
        """Add a sheet; its name is made fit and unique."""
        usual = [max(12.0, len(header) * 2.2) for header in headers]
        new = Sheet(self._book.add_worksheet(self._unique(name)), self._formats, headers, widths or usual)
        self._sheets.append(new)
        return new

    def _unique(self, name: str) -> str:
        base = _FORBIDDEN.sub(" ", name).strip()[:MAX_SHEET_NAME] or "-"
        name, number = base, 1
        while name.casefold() in self._names:
            number += 1
            ending = f" {number}"
            name = base[: MAX_SHEET_NAME - len(ending)] + ending
        self._names.add(name.casefold())
        return name
