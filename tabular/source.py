"""A file of rows, whatever its format: opened, its sheet and header found, streamed in batches.

source = open_source(path, ReadOptions())
for batch in source.batches():
    ...
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any, Self

from tabular import header as headers_
from tabular import merges
from tabular.batch import Batch, cut
from tabular.cells import Cell, is_blank
from tabular.delimited import Delimited
from tabular.errors import TableError
from tabular.examples import is_example
from tabular.header import Header
from tabular.names import compact, fingerprint
from tabular.ods import Ods
from tabular.plain_rows import Stretch
from tabular.records import Torn
from tabular.schema import TableSchema
from tabular.texts import catalogue
from tabular.workbook import Calamine, Openpyxl, open_workbook, sort_of

_PEEKED = 200


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person knows better than the guesses; None: find out.

    Attributes:
        sheet: name of the one sheet to read.
        header_row: 1-based row with the column names.
        encoding: of a text file.
        delimiter: of a text file, one character.
        schema: helps to tell the header row and the sheet from others, and the example row of its template from data.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    schema: TableSchema | None = None


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What was found.

    Attributes:
        format: `xlsx`, `xls`, `ods` or `csv` (any text).
        encoding, delimiter: of a text file, else None.
        sheets: names of all worksheets; of a text file none.
        reading: the sheets whose rows are read, in this order.
        header_row: 1-based row of the (first sheet's) header.
        headers: cleaned column names; `""` where a column has none.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    sheets: tuple[str, ...]
    reading: tuple[str, ...]
    header_row: int
    headers: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """The header's shape, under which a mapping is remembered."""
        return fingerprint(self.headers)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "format": self.format, "encoding": self.encoding, "delimiter": self.delimiter,
            "sheets": list(self.sheets), "reading": list(self.reading), "header_row": self.header_row,
            "headers": list(self.headers), "fingerprint": self.fingerprint,
        }  # fmt: skip


class Source:
    """An opened file. Use as a context manager, or call `close`.

    Attributes:
        info: what was found.
        numbers_may_be_dates: plain numbers in a date column can be read as days since 1900.
    """

    def __init__(
        self,
        path: Path,
        adapter: Calamine | Openpyxl | Ods | Delimited,
        info: SourceInfo,
        headers: dict[str, Header],
        examples: dict[str, int],
    ) -> None:
        self._path = path
        self._adapter = adapter
        self._headers = headers
        self._width = len(info.headers)
        self._read = 0
        self._merged: dict[str, list[merges.Merge]] = {}
        self._examples = examples
        self.info = info
        self.numbers_may_be_dates = adapter.numbers_may_be_dates
        self.total_rows: int | None = self._estimate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._adapter.close()

    def _estimate(self) -> int | None:
        total = 0
        for sheet, found in self._headers.items():
            extent = self._adapter.extent(sheet)
            # A stray cell at the far end of the sheet says nothing about the rows.
            if extent is None or extent[0] >= 1_048_576:
                return None
            total += max(0, extent[0] - found.row)
        return total

    def position(self) -> float | None:
        """The share of the file that has been read, 0 to 1; None when nothing is known about its size."""
        fraction = self._adapter.fraction()
        if fraction is not None:
            return fraction
        return min(1.0, self._read / self.total_rows) if self.total_rows else None

    def samples(self, count: int = 50) -> list[list[Cell]]:
        """The first rows of data, for proposals and previews."""
        rows: list[list[Cell]] = []
        for batch in self.batches(size=count):
            rows += batch.rows
            if len(rows) >= count:
                break
        return rows[:count]

    def batches(self, size: int = 2000, skip: int = 0) -> Iterator[Batch]:
        """The rows of data, blank rows and repeated headers left out.

        Args:
            size: rows a batch at most; a batch never spans two sheets.
            skip: rows of data to pass over, over all sheets (to go on where a checkpoint stands).

        Raises:
            TableError: the file turns out to be damaged further on.
        """
        self._read = 0
        for sheet, found in self._headers.items():
            by_columns = self._by_columns(sheet, found)
            if by_columns is not None:
                for batch in cut(sheet, by_columns, size, self._width):
                    self._read += len(batch)
                    passed = min(skip, len(batch))
                    skip -= passed
                    if passed < len(batch):
                        yield batch.part(passed, len(batch)) if passed else batch
                continue
            rows = self._data(sheet, found)
            if skip:
                passed = sum(1 for _ in itertools.islice(rows, skip))
                skip -= passed
                self._read += passed
            while chunk := list(itertools.islice(rows, size)):
                self._read += len(chunk)
                numbers = [number for number, _ in chunk]
                yield self._batch(sheet, numbers, [row for _, row in chunk])

    def _batch(self, sheet: str, numbers: list[int], rows: list[list[Cell]]) -> Batch:
        if self._adapter.format != "csv":
            return Batch(sheet, numbers, rows)
        width = self._width
        torn = {i for i, row in enumerate(rows) if row.__class__ is Torn} if Torn in set(map(type, rows)) else set()
        if not torn and set(map(len, rows)) == {width}:
            return Batch(sheet, numbers, rows)
        surplus: set[int] = set(torn)
        mended: set[int] = set()
        for i, row in enumerate(rows):
            if len(row) > width and i not in torn and not is_blank(row[width:]):
                whole = _mend(row, width, self._adapter.delimiter or ",")
                if whole is None:
                    surplus.add(i)
                else:
                    rows[i] = whole
                    mended.add(i)
        widest = max([width, *(len(rows[i]) for i in surplus)])
        rows = [row[:widest] + [""] * (widest - len(row)) for row in rows]
        return Batch(sheet, numbers, rows, frozenset(surplus), frozenset(mended))

    def _by_columns(self, sheet: str, found: Header) -> Iterator[Stretch] | None:
        """The rows of data by columns; None: this sheet is read row by row."""
        if sheet in self._examples or not isinstance(self._adapter, Calamine) or self._merges(sheet, found):
            return None
        stretches = self._adapter.stretches(sheet, self._width)
        return None if stretches is None else self._without_blank(stretches, found)

    def _without_blank(self, stretches: Iterator[Stretch], found: Header) -> Iterator[Stretch]:
        """Stretches without the header, what stands above it and is like it, and blank rows."""
        blank: list[Cell] = [""] * self._width
        repeated = [*found.cells[: self._width], *blank[len(found.cells) :]]
        name = repeated[0]
        for stretch in stretches:
            first, numbers = stretch.columns[0], stretch.numbers
            out = set(range(bisect_right(numbers, found.row)))
            # Nearly every row begins with a value: a look at its first cell is all that it costs.
            texts: Any = first
            if set(map(type, first)) != {str} or not all(first) or name in first or any(map(str.isspace, texts)):
                for i, cell in enumerate(first):
                    if cell is None or (isinstance(cell, str) and (not cell or cell == name or cell.isspace())):
                        row = [column[i] for column in stretch.columns]
                        if is_blank(row) or row == repeated:
                            out.add(i)
            if not out:
                yield stretch
            elif len(out) < len(numbers):
                kept = [i not in out for i in range(len(numbers))]
                columns = [list(compress(column, kept)) for column in stretch.columns]
                yield Stretch(list(compress(numbers, kept)), columns)

    def _merges(self, sheet: str, found: Header) -> list[merges.Merge]:
        if sheet not in self._merged:
            self._merged[sheet] = [m for m in self._adapter.merged_rows(sheet) if m[0] >= found.row]
        return self._merged[sheet]

    def _data(self, sheet: str, found: Header) -> Iterator[tuple[int, list[Cell]]]:
        """Each row of data with its number, a cell merged over several rows in each of them."""
        merged = self._merges(sheet, found)
        rows = self._unfilled(sheet, found)
        if sheet in self._examples:
            rows = _without(rows, self._examples[sheet])
        return merges.filled(rows, merged) if merged else rows

    def _unfilled(self, sheet: str, found: Header) -> Iterator[tuple[int, list[Cell]]]:
        workbook = self._adapter.format != "csv"
        width = self._width
        rows = self._adapter.rows(sheet, width if workbook else None)
        blank: list[Cell] = [""] * width
        repeated = [*found.cells[:width], *blank[len(found.cells) :]]
        name = repeated[0]
        number = found.row
        for row in itertools.islice(rows, number, None):
            number += 1
            if not row:
                continue
            first = row[0]
            # Nearly every row begins with a value: one look at its first cell is all that it costs.
            if first.__class__ is str:
                if not first or first.isspace():
                    if row == blank or is_blank(row):
                        continue
                    if not name and row[:width] == repeated:
                        continue
                elif first == name and row[:width] == repeated:
                    continue
            elif first is None and is_blank(row):
                continue
            yield number, row


def _without(rows: Iterator[tuple[int, list[Cell]]], number: int) -> Iterator[tuple[int, list[Cell]]]:
    """The rows but for one of the first."""
    for row in rows:
        if row[0] >= number:
            if row[0] > number:
                yield row
            break
        yield row
    yield from rows


def _mend(row: list[Cell], width: int, delimiter: str) -> list[Cell] | None:
    """Put values together that were cut at a delimiter inside them (`Rua do Paço, 67` without quotation marks).

    Writers put no space behind a separator, people put one behind a comma in a sentence. Only when the cells that begin
    with a space are exactly the ones too many is there no doubt; else None.
    """
    whole: list[Cell] = []
    for cell in row:
        before = whole[-1] if whole else None
        if isinstance(cell, str) and cell[:1] == " " and cell.strip() and isinstance(before, str) and before.strip():
            whole[-1] = f"{before}{delimiter}{cell}"
        else:
            whole.append(cell)
    return whole if len(whole) == width else None


def open_source(path: str | Path, options: ReadOptions | None = None) -> Source:
    """Open a file of rows and find out all that is needed to read it.

    Raises:
        TableError: whatever is wrong with the file or the options, see `tabular/texts.toml`, first and second part.
    """
    path = Path(path)
    options = options or ReadOptions()
    sort = sort_of(path)
    adapter: Calamine | Openpyxl | Ods | Delimited
    try:
        if sort == "csv":
            adapter = Delimited(path, options.encoding, options.delimiter)
        else:
            adapter = open_workbook(path, sort)
    except OSError as error:
        raise TableError("file_unreadable", file=path.name, reason=error.strerror or type(error).__name__) from None
    try:
        return _open(path, adapter, options)
    except BaseException:
        adapter.close()
        raise


@dataclass(frozen=True, slots=True)
class _Candidate:
    sheet: str
    header: Header
    rows: int
    width: int


def _open(path: Path, adapter: Calamine | Openpyxl | Ods | Delimited, options: ReadOptions) -> Source:
    known = _known_names(options.schema)
    if options.sheet is not None and adapter.format != "csv":
        if options.sheet not in adapter.sheets:
            raise TableError("sheet_not_found", file=path.name, sheet=options.sheet, sheets=list(adapter.sheets))
        names: list[str] = [options.sheet]
    else:
        notes = set(catalogue()["template_notes_sheet"].values())
        visible = [s for s in adapter.sheets if s not in adapter.hidden]
        names = [s for s in visible if s not in notes] or list(adapter.sheets)
    candidates: list[_Candidate] = []
    examples: dict[str, int] = {}
    for name in names:
        count = max(_PEEKED, (options.header_row or 0) + 20)
        top = adapter.peek(name, count)
        found = headers_.find(top, options.header_row, known, partial(adapter.merged, name))
        if found is None:
            continue
        filled = [(number, row) for number, row in enumerate(top[found.row :], found.row + 1) if not is_blank(row)]
        if filled and options.schema is not None and is_example(found.names, filled[0][1], options.schema):
            examples[name] = filled.pop(0)[0]
        below = [row for _, row in filled]
        rows = len(below)
        if not rows and len(top) >= count and next(_filled(adapter, name, len(top)), None) is not None:
            rows = 1
        width = len(found.names)
        if adapter.format != "csv":
            width = max([width, *(_used(row) for row in below)])
        candidates.append(_Candidate(name, found, rows, width))
    if not candidates:
        if options.header_row is not None:
            raise TableError("header_row_beyond_end", file=path.name, row=options.header_row)
        raise TableError("no_rows", file=path.name)
    with_rows = [c for c in candidates if c.rows]
    if not with_rows:
        raise TableError("no_rows", file=path.name)
    main = max(with_rows, key=lambda c: _weight(c, known))
    shape = fingerprint(main.header.names)
    reading = [c for c in with_rows if fingerprint(c.header.names) == shape and c.header.names == main.header.names]
    width = max(c.width for c in reading)
    names_ = main.header.names + ("",) * (width - len(main.header.names))
    info = SourceInfo(
        format=adapter.format,
        encoding=adapter.encoding,
        delimiter=adapter.delimiter,
        sheets=tuple(s for s in adapter.sheets if s),
        reading=tuple(c.sheet for c in reading if c.sheet),
        header_row=reading[0].header.row,
        headers=names_,
    )
    return Source(path, adapter, info, {c.sheet: c.header for c in reading}, examples)


def _filled(adapter: Calamine | Openpyxl | Ods | Delimited, sheet: str, after: int) -> Iterator[list[Cell]]:
    return (row for row in itertools.islice(adapter.rows(sheet), after, None) if not is_blank(row))


def _weight(candidate: _Candidate, known: frozenset[str]) -> tuple[int, int]:
    """How much a sheet looks like the one with the data: names that are known, then its size."""
    hits = sum(1 for n in candidate.header.names if compact(n) in known)
    return hits, sum(1 for n in candidate.header.names if n) * min(candidate.rows, 20)


def _used(row: list[Cell]) -> int:
    width = len(row)
    while width and (row[width - 1] is None or row[width - 1] == ""):
        width -= 1
    return width


def _known_names(schema: TableSchema | None) -> frozenset[str]:
    if schema is None:
        return frozenset()
    return frozenset(compact(n) for f in schema.fields for n in (f.name, *f.titles.values(), *f.synonyms))
