"""Cells merged over several rows: a person sees one value beside all of them, the file holds it in the first only."""

from __future__ import annotations

import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from tabular.cells import Cell
from tabular.header import Ranges

_CHUNK = 1 << 20
_MERGE = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})[\"']"
)

Merge = tuple[int, int, int]
"""Cells of one column: 0-based first row, 0-based column, 0-based last row."""


def column_number(letters: str) -> int:
    """Excel's name of a column as a 1-based number: A -> 1, AA -> 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def of_ranges(ranges: Ranges) -> list[Merge]:
    """The ranges of more than one row, from top to bottom; one over several columns counts in its first."""
    return sorted((top, left, bottom) for (top, left), (bottom, _) in ranges if bottom > top)


def of_part(path: Path, part: str) -> list[Merge]:
    """As `of_ranges`, from the XML of a sheet in an xlsx.

    They stand behind the rows, so the part is unpacked once and searched as bytes: a small share of the time that
    parsing it takes, in the memory of one chunk. A part that cannot be read has none; reading its rows will tell.
    """
    found: list[Merge] = []
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as sheet:
            rest = b""
            while chunk := sheet.read(_CHUNK):
                chunk = rest + chunk
                # A tag cut at the chunk's end is looked at with the next one.
                cut = chunk.rfind(b"<")
                rest = chunk[cut:] if cut >= 0 and len(chunk) - cut < 4096 else b""
                found += _in(chunk[: len(chunk) - len(rest)])
            found += _in(rest)
    except Exception:
        # Whatever a damaged archive raises; whether the file can be read is decided by reading it.
        return []
    return sorted(found)


def _in(chunk: bytes) -> Iterator[Merge]:
    if b"mergeCell" in chunk:
        for left, top, _, bottom in _MERGE.findall(chunk):
            if int(bottom) > int(top):
                yield int(top) - 1, column_number(left.decode()) - 1, int(bottom) - 1


def filled(rows: Iterable[tuple[int, list[Cell]]], merges: Iterable[Merge]) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with the value of a merged cell in each of its rows.

    Args:
        rows: 1-based numbers and cells, from top to bottom; rows may be missing.
        merges: from top to bottom.
    """
    waiting = deque(merges)
    running: list[tuple[int, int, Cell]] = []
    for number, row in rows:
        if running:
            running = [merge for merge in running if merge[0] >= number]
        for _, column, value in running:
            if column < len(row) and row[column] in ("", None):
                row[column] = value
        while waiting and waiting[0][0] < number:
            top, column, bottom = waiting.popleft()
            if top == number - 1 and column < len(row) and row[column] not in ("", None):
                running.append((bottom + 1, column, row[column]))
        yield number, row
