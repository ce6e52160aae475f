"""Rows of an xlsx as XML, column by column, packed while the next ones are made: what a big export is written with.

XlsxWriter makes all of a workbook but its rows; they are put into its sheets as they come, so that memory holds some
thousand. Packing runs in a thread of its own, beside the reading of the next rows.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tabular.cells import column_letter
from tabular.raw_sheet import escaped, serial
from tabular.schema import Field
from tabular.writer import MAX_TEXT

_ROWS = 2000  # made together
_AHEAD = 3  # such blocks wait for packing at most
_LEVEL = 2  # of zlib: half the time of its usual 6, and a file larger by a seventh
_LARGEST = 1_900_000_000  # bytes of a sheet, unpacked: past two GiB not every program opens it
_DIGITS = 15  # that a spreadsheet keeps
_UNUSUAL = ("_x", "| ", " |")  # an escape, or what looks like one; spaces at an end

Skeleton = Callable[[int], tuple[bytes, list[int]]]
"""Gives a workbook of so many sheets with their header rows, and for each column the number of its cells' format."""

Rows = Iterator[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """How many sheets there are, and how many texts were cut because a cell holds 32,767 characters."""

    sheets: int
    truncated: int


def write(
    path: Path, fields: Sequence[Field], rows: Rows, total: int | None, limit: int, skeleton: Skeleton
) -> Written:
    """Write a workbook; another sheet follows where one is full.

    Args:
        path: the xlsx; replaced if it exists.
        fields: of the columns.
        rows: one value a field; dates may be ISO texts, decimals floats or texts with all their digits.
        total: rows, if known: what the sheets say of their size, which the reader's progress goes by.
        limit: rows of a sheet, its header among them.
        skeleton: what the rows are put into.

    Raises:
        OSError: no room on the disk.
    """
    book, shapes = skeleton(1)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    head, _, tail = xml.partition(b"</sheetData>")
    columns = [_Column(f, column_letter(i), shape) for i, (f, shape) in enumerate(zip(fields, shapes, strict=True))]
    sheets = done = 0
    following = next(rows, None)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as out:
        while following is not None or not sheets:
            sheets += 1
            size = None if total is None else min(max(total - done, 0), limit - 1)
            here = itertools.chain([following], rows) if following is not None else rows
            started = _started(head, len(fields), size, sheets)
            done += _sheet(out, f"xl/worksheets/sheet{sheets}.xml", started, tail, columns, here, limit)
            following = next(rows, None)
        if sheets > 1:
            book, _ = skeleton(sheets)
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            for part in archive.infolist():
                if not part.filename.startswith("xl/worksheets/sheet"):
                    out.writestr(part.filename, archive.read(part))
    return Written(sheets, sum(column.truncated for column in columns))


def _started(head: bytes, width: int, size: int | None, sheet: int) -> bytes:
    """A sheet's XML up to its first row of data."""
    before, _, rest = head.partition(b"<dimension ")
    if rest:
        extent = b"" if size is None else f'<dimension ref="A1:{column_letter(width - 1)}{size + 1}"/>'.encode()
        head = before + extent + rest.partition(b"/>")[2]
    return head if sheet == 1 else head.replace(b' tabSelected="1"', b"")


def _sheet(
    out: zipfile.ZipFile, name: str, head: bytes, tail: bytes, columns: Sequence[_Column], rows: Rows, limit: int
) -> int:
    """Write one sheet; gives the number of its rows of data."""
    number = 2
    size = 0
    waiting: deque[Future[int]] = deque()
    with out.open(name, "w") as part, ThreadPoolExecutor(1) as packer:
        part.write(head)
        while number <= limit and size < _LARGEST:
            some = list(itertools.islice(rows, min(_ROWS, limit - number + 1)))
            if not some:
                break
            xml = _rows_xml(columns, some, number)
            number += len(some)
            size += len(xml)
            if len(waiting) >= _AHEAD:
                waiting.popleft().result()
            waiting.append(packer.submit(part.write, xml))
        while waiting:
            waiting.popleft().result()
        part.write(b"</sheetData>" + tail)
    return number - 2


def _rows_xml(columns: Sequence[_Column], rows: Sequence[Sequence[Any]], first: int) -> bytes:
    numbers = list(map(str, range(first, first + len(rows))))
    parts: list[Any] = [[f'<row r="{n}">' for n in numbers]]
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        if any(v is not None for v in values):
            parts.append(column.cells(values, numbers))
    return ("</row>".join(map("".join, zip(*parts, strict=True))) + "</row>").encode()


class _Column:
    """Makes the cells of one field.

    Args:
        f: the field.
        letter: the column.
        shape: number of the cells' format.
    """

    def __init__(self, f: Field, letter: str, shape: int) -> None:
        self._start = f'<c r="{letter}'
        style = f' s="{shape}"' if shape else ""
        self._text = f'"{style} t="inlineStr"><is><t>'
        self._number = f'"{style}><v>'
        self._boolean = f'"{style} t="b"><v>'
        self._days: dict[Any, str] = {}
        self._scale = 6 if f.scale is None else f.scale
        self._limit = 10 ** (_DIGITS - (self._scale if f.type == "decimal" else 0))
        self.truncated = 0
        match f.type:
            case "integer" | "decimal":
                self.cells = self._numbers
            case "date":
                self.cells = self._dates
            case "boolean":
                self.cells = self._booleans
            case _:
                self.cells = self._texts

    def _texts(self, values: Sequence[str | None], numbers: Sequence[str]) -> list[str]:
        start, text = self._start, self._text
        joined = "|".join(filter(None, values))
        if (
            not joined.isprintable()
            or any(mark in joined for mark in _UNUSUAL)
            or joined[:1] == " "
            or joined[-1:] == " "
            or (len(joined) > MAX_TEXT and max(map(len, filter(None, values))) > MAX_TEXT)
        ):
            return [self._unusual(v, n) if v else "" for v, n in zip(values, numbers, strict=True)]
        for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            if mark in joined:
                values = [v and v.replace(mark, entity) for v in values]
        return [f"{start}{n}{text}{v}</t></is></c>" if v else "" for v, n in zip(values, numbers, strict=True)]

    def _unusual(self, value: str, number: str) -> str:
        if len(value) > MAX_TEXT:
            self.truncated += 1
        safe = escaped(value)
        text = self._text
        if value != value.strip() or "\n" in value:
            text = f'{text[:-1]} xml:space="preserve">'
        return f"{self._start}{number}{text}{safe}</t></is></c>"

    def _numbers(self, values: Sequence[Any], numbers: Sequence[str]) -> list[str]:
        start, number = self._start, self._number
        if not self._plain(values):
            return [self._exact(v, n) if v is not None else "" for v, n in zip(values, numbers, strict=True)]
        return [f"{start}{n}{number}{v}</v></c>" if v is not None else "" for v, n in zip(values, numbers, strict=True)]

    def _plain(self, values: Sequence[Any]) -> bool:
        """Whether all numbers are written as they are and keep all their digits."""
        kinds = set(map(type, values)) - {type(None)}
        if kinds == {str}:
            return max(map(len, filter(None, values))) <= _DIGITS
        if kinds <= {int, float}:
            some = [v for v in values if v is not None]
            return bool(-self._limit < min(some) and max(some) < self._limit)
        return False

    def _exact(self, value: Any, number: str) -> str:
        """A number, as a text where a spreadsheet would lose some of its digits."""
        shown = (
            f"{value:.{self._scale}f}"
            if isinstance(value, float)
            else format(value, "f" if isinstance(value, Decimal) else "")
        )
        if len(shown.lstrip("-0.").replace(".", "")) <= _DIGITS:
            return f"{self._start}{number}{self._number}{shown}</v></c>"
        return f"{self._start}{number}{self._text}{shown}</t></is></c>"

    def _dates(self, values: Sequence[Any], numbers: Sequence[str]) -> list[str]:
        start, days = self._start, self._days
        if len(days) > 50_000:
            days.clear()
        for value in set(values).difference(days):
            days[value] = self._day(value)
        return [f"{start}{n}{days[v]}" if v is not None else "" for v, n in zip(values, numbers, strict=True)]

    def _day(self, value: Any) -> str:
        """The rest of a cell with a date; one that Excel does not know is a text."""
        if value is None:
            return ""
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
        days = serial(day)
        return f"{self._text}{day.isoformat()}</t></is></c>" if days is None else f"{self._number}{days}</v></c>"

    def _booleans(self, values: Sequence[Any], numbers: Sequence[str]) -> list[str]:
        start, boolean = self._start, self._boolean
        cells = {True: f"{boolean}1</v></c>", False: f"{boolean}0</v></c>"}
        return [f"{start}{n}{cells[v]}" if v is not None else "" for v, n in zip(values, numbers, strict=True)]
