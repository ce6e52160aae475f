"""OpenDocument spreadsheets as rows of cells, streamed; one of the adapters behind `tabular.source`.

calamine reads an ods whole, does not tell merged cells, and takes the errors of formulas for empty cells. Here the XML
is parsed piece by piece, in the memory of one piece.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from tabular import merges
from tabular.cells import ERRORS, Cell, Uncalculated
from tabular.errors import TableError
from tabular.header import Ranges

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _TEXT, _STYLE = (f"{_OASIS}{name}:1.0 " for name in ("table", "office", "text", "style"))
_ERROR = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_CHUNK = 1 << 16
_ROWS, _COLUMNS, _MOST = 1_048_576, 16_384, 20_000_000
_CELLS = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_BESIDE = frozenset({f"{_OFFICE}annotation", f"{_TABLE}shapes"})
_DURATION = re.compile(r"-?PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")
_FAULTS = (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError)


class Ods:
    """A spreadsheet of LibreOffice and its like.

    Attributes:
        sheets: names of the sheets, in their order; hidden ones are also in `hidden`.

    Raises:
        TableError: `damaged_workbook`.
    """

    format = "ods"
    encoding = None
    delimiter = None
    numbers_may_be_dates = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        try:
            self._archive = zipfile.ZipFile(path)
            self._size = self._archive.getinfo("content.xml").file_size
            survey = _Survey()
            for _ in self._parsed(survey):
                pass
        except _FAULTS:
            raise TableError("damaged_workbook", file=path.name) from None
        self.sheets: tuple[str, ...] = tuple(survey.tables)
        self.hidden = frozenset(n for n, style in survey.tables.items() if style in survey.invisible)
        self._merged = survey.merged

    def _parsed(self, handler: Any) -> Iterator[None]:
        """Feed the content to a handler, piece by piece."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = handler.start
        if hasattr(handler, "end"):
            parser.EndElementHandler, parser.CharacterDataHandler = handler.end, handler.characters
        self._read = 0
        with self._archive.open("content.xml") as content:
            while chunk := content.read(_CHUNK):
                self._read += len(chunk)
                parser.Parse(chunk)
                yield
            parser.Parse(b"", True)
            yield

    def rows(self, sheet: str, width: int | None = None) -> Iterator[list[Cell]]:
        """Each row from the first on, cut or filled up to `width` cells.

        Raises:
            TableError: `damaged_workbook` when the rest of the sheet cannot be read.
        """
        reader = _Rows(sheet)
        blank = 0
        try:
            for _ in self._parsed(reader):
                for row, count in reader.done:
                    if not row:
                        blank += count
                        continue
                    # Blank rows count only in front of others: a sheet ends with a million of them.
                    for _ in range(blank):
                        yield [""] * (width or 0)
                    blank = 0
                    for _ in range(count):
                        yield list(row) if width is None else row[:width] + [""] * (width - len(row))
                reader.done.clear()
                if reader.over:
                    return
        except _FAULTS:
            raise TableError("damaged_workbook", file=self._path.name) from None

    def peek(self, sheet: str, count: int) -> list[list[Cell]]:
        """The first `count` rows."""
        return list(itertools.islice(self.rows(sheet), count))

    def extent(self, sheet: str) -> tuple[int, int] | None:
        """Not known."""
        return None

    def merged(self, sheet: str) -> Ranges:
        """The sheet's merged cells."""
        return self._merged.get(sheet, ())

    def merged_rows(self, sheet: str) -> list[merges.Merge]:
        """The cells merged over several rows, from top to bottom."""
        return merges.of_ranges(self.merged(sheet))

    def fraction(self) -> float | None:
        """How much of the content has been read, 0 to 1."""
        return min(1.0, self._read / self._size) if self._size else None

    def close(self) -> None:
        """Give the file back."""
        self._archive.close()


class _Survey:
    """Finds the sheets and their merged cells."""

    def __init__(self) -> None:
        self.tables: dict[str, str] = {}
        self.invisible: set[str] = set()
        self.merged: dict[str, list[tuple[tuple[int, int], tuple[int, int]]]] = {}
        self._style = self._table = ""
        self._row = self._column = self._repeated = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _CELLS:
            down = int(attributes.get(f"{_TABLE}number-rows-spanned", 1))
            right = int(attributes.get(f"{_TABLE}number-columns-spanned", 1))
            if down > 1 or right > 1:
                last = (self._row + down - 1, self._column + right - 1)
                self.merged.setdefault(self._table, []).append(((self._row, self._column), last))
            self._column += int(attributes.get(f"{_TABLE}number-columns-repeated", 1))
        elif name == f"{_TABLE}table-row":
            self._row += self._repeated
            self._column = 0
            self._repeated = int(attributes.get(f"{_TABLE}number-rows-repeated", 1))
        elif name == f"{_TABLE}table" and f"{_TABLE}name" in attributes:
            self._table = attributes[f"{_TABLE}name"]
            self.tables[self._table] = attributes.get(f"{_TABLE}style-name", "")
            self._row = self._repeated = 0
        elif name == f"{_STYLE}style":
            self._style = attributes.get(f"{_STYLE}name", "")
        elif name == f"{_STYLE}table-properties" and attributes.get(f"{_TABLE}display") == "false":
            self.invisible.add(self._style)


class _Rows:
    """Makes the rows of one sheet.

    Attributes:
        done: rows and how often each stands there; without the empty cells at its end.
        over: the sheet has ended.
    """

    def __init__(self, sheet: str) -> None:
        self.done: list[tuple[list[Cell], int]] = []
        self.over = False
        self._sheet = sheet
        self._inside = self._in_cell = False
        self._deep = 0  # tables within tables, notes and drawings within cells
        self._cells: list[Cell] = []
        self._gap = 0
        self._repeated = 1
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        self._paragraphs = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._inside:
            self._inside = name == f"{_TABLE}table" and attributes.get(f"{_TABLE}name") == self._sheet and not self.over
            return
        if self._deep or name in _BESIDE or name == f"{_TABLE}table" or "drawing" in name:
            self._deep += 1
        elif name in _CELLS:
            self._attributes, self._text, self._paragraphs, self._in_cell = attributes, [], 0, True
        elif name == f"{_TABLE}table-row":
            self._cells, self._gap = [], 0
            self._repeated = int(attributes.get(f"{_TABLE}number-rows-repeated", 1))
        elif self._in_cell:
            if name == f"{_TEXT}p":
                self._paragraphs += 1
                if self._paragraphs > 1:
                    self._text.append("\n")
            elif name == f"{_TEXT}s":
                self._text.append(" " * int(attributes.get(f"{_TEXT}c", 1)))
            elif name == f"{_TEXT}tab":
                self._text.append("\t")
            elif name == f"{_TEXT}line-break":
                self._text.append("\n")

    def characters(self, data: str) -> None:
        if self._in_cell and self._paragraphs and not self._deep:
            self._text.append(data)

    def end(self, name: str) -> None:
        if not self._inside:
            return
        if self._deep:
            self._deep -= 1
        elif name in _CELLS:
            self._in_cell = False
            value = _value(self._attributes, "".join(self._text))
            repeated = min(int(self._attributes.get(f"{_TABLE}number-columns-repeated", 1)), _COLUMNS)
            if value == "":
                self._gap += repeated
            else:
                self._cells += [""] * self._gap + [value] * repeated
                self._gap = 0
        elif name == f"{_TABLE}table-row":
            if self._repeated * len(self._cells) > _MOST:
                raise ValueError("more equal cells than any table has")
            self.done.append((self._cells[:_COLUMNS], min(self._repeated, _ROWS)))
        elif name == f"{_TABLE}table":
            self._inside, self.over = False, True


def _value(attributes: dict[str, str], text: str) -> Cell:
    """What a cell holds."""
    if attributes.get(_ERROR) == "error":
        return text if text in ERRORS else "#VALUE!"
    match attributes.get(f"{_OFFICE}value-type"):
        case "float" | "percentage" | "currency":
            number = float(attributes[f"{_OFFICE}value"])
            return int(number) if number.is_integer() and abs(number) < 10**15 else number
        case "date":
            moment = dt.datetime.fromisoformat(attributes[f"{_OFFICE}date-value"].partition(".")[0])
            return moment if "T" in attributes[f"{_OFFICE}date-value"] else moment.date()
        case "time":
            found = _DURATION.fullmatch(attributes[f"{_OFFICE}time-value"])
            if found is None:
                return text
            hours, minutes, seconds = (float(part or 0) for part in found.groups())
            length = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
            return (dt.datetime(1900, 1, 1) + length).time() if length.days == 0 else length  # noqa: DTZ001 - a clock's
        case "boolean":
            return attributes[f"{_OFFICE}boolean-value"] == "true"
        case "string":
            return attributes.get(f"{_OFFICE}string-value", text)
        case _:
            formula = attributes.get(f"{_TABLE}formula")
            return Uncalculated(formula) if formula is not None and not text else text
