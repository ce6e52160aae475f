"""Delimited text (csv, tsv, txt) as rows of cells, streamed; one of the adapters behind `tabular.source`."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tabular.cells import Cell
from tabular.csv_lines import GUARDED
from tabular.encoding import Text, detect, verify
from tabular.errors import TableError
from tabular.header import Ranges
from tabular.merges import Merge
from tabular.records import Torn, records

_CANDIDATES = (",", "\t", ";", "|")
_NAMES = {
    "windows-1252": "cp1252", "ansi": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "utf8": "utf-8",
    "unicode": "utf-16", "utf-8-bom": "utf-8-sig", "utf-8": "utf-8-sig",
}  # fmt: skip


class Delimited:
    """A text file of rows.

    Attributes:
        format: `csv`.
        sheets: one sheet, called by no name.
        encoding, delimiter: as found or given.
    """

    format = "csv"
    sheets: tuple[str, ...] = ("",)
    hidden: frozenset[str] = frozenset()
    numbers_may_be_dates = False

    def __init__(self, path: Path, encoding: str | None, delimiter: str | None) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._raw: io.FileIO | None = None
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise TableError("bad_delimiter", delimiter=delimiter)
        # A mark at the start of the file is not part of the first header, whatever name the encoding was given by.
        decoded = verify(path, _NAMES.get(encoding.casefold(), encoding), encoding) if encoding else detect(path)
        self.encoding = decoded.encoding
        self._lines = decoded.lines
        self._guarded = decoded.guarded
        head = self._head()
        # Excel's own way to say it: a first line `sep=;`, which is not a row of data.
        said = re.match(r"\ufeff?\"?sep=(.)\"?\r?\n", head)
        self._skip_first = said is not None
        self.delimiter = delimiter or (said.group(1) if said else _sniff(head))

    def _open(self) -> io.TextIOWrapper:
        self._raw = Text(self._path)
        return io.TextIOWrapper(io.BufferedReader(self._raw, 1 << 18), encoding=self.encoding, newline="")

    def _head(self) -> str:
        with self._open() as file:
            return file.read(1 << 16)

    def rows(self, sheet: str, width: int | None = None) -> Iterator[list[Cell]]:
        """Each record as a list of texts, blank lines as empty lists; `width` is not applied to text.

        A record with a quotation mark that never closes is a `Torn`.

        Raises:
            TableError: `cell_too_long`.
        """
        with self._open() as file:
            rows: Iterator[list[str]] = records(file, self.delimiter)
            if self._guarded:
                rows = map(_unguard, rows)
            number = 0
            try:
                if self._skip_first:
                    # It still is the first row for a person who opens the file in Excel as plain text.
                    next(rows, None)
                    yield []
                    number = 1
                for row in rows:
                    number += 1
                    yield row  # type: ignore[misc]
            except csv.Error:
                raise TableError(
                    "cell_too_long", file=self._path.name, row=number + 1, limit=csv.field_size_limit()
                ) from None

    def peek(self, sheet: str, count: int) -> list[list[Cell]]:
        """The first `count` rows."""
        rows = self.rows(sheet)
        try:
            return list(itertools.islice(rows, count))
        finally:
            rows.close()  # type: ignore[attr-defined]

    def extent(self, sheet: str) -> tuple[int, int] | None:
        """Rows (the file's lines: quoted ones count too) and 0 columns."""
        return self._lines, 0

    def merged(self, sheet: str) -> Ranges:
        """Text has no merged cells."""
        return ()

    def merged_rows(self, sheet: str) -> list[Merge]:
        """Text has no merged cells."""
        return []

    def fraction(self) -> float | None:
        """How much of the file has been read, 0 to 1."""
        if self._raw is None or self._raw.closed or not self._size:
            return None
        return self._raw.tell() / self._size

    def close(self) -> None:
        """Nothing stays open between readings."""


def _unguard(row: list[str]) -> list[str]:
    """Undo what the csv writer does to texts that a spreadsheet would run as a formula."""
    if row.__class__ is Torn:
        return row
    return [c[1:] if c[:1] == "'" and GUARDED.match(c) else c for c in row]


def _sniff(head: str) -> str:
    """The delimiter whose columns agree best over the first records."""
    lines = head.splitlines(keepends=True)
    if len(head) >= 1 << 16 and len(lines) > 1:
        lines.pop()  # probably cut
    best, best_score = ",", 0.0
    for delimiter in _CANDIDATES:
        try:
            counts = [len(row) for row in itertools.islice(csv.reader(lines, delimiter=delimiter), 200) if row]
        except csv.Error:
            continue
        if not counts:
            continue
        width, agreeing = Counter(counts).most_common(1)[0]
        if width == 1:
            wider = Counter(c for c in counts if c > 1).most_common(1)
            if not wider:
                continue
            width, agreeing = wider[0]
            # Title lines may stand above a table; but lines of one column all over it hold the character by chance.
            table = counts[counts.index(width) :]
            if agreeing < 2 or agreeing * 2 < len(table):
                continue
        score = agreeing / len(counts) * (1 + min(width, 20) / 100)
        if score > best_score:
            best, best_score = delimiter, score
    return best
