"""Where the header stands: under title lines, with merged cells, on one row or two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tabular.cells import EMPTY, ERRORS, Cell
from tabular.names import compact

SEARCHED = 60
"""Rows at the top of a sheet among which the header is looked for."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header as found.

    Attributes:
        row: 1-based row in which it ends.
        names: cleaned column names; a column without one has `""`; no empty ones at the end.
        cells: the raw last header row, by which repetitions further down are told.
    """

    row: int
    names: tuple[str, ...]
    cells: tuple[Cell, ...]


def _name(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time(0):
        cell = cell.date()
    return " ".join(str(cell).replace("\ufeff", "").split())


def _trimmed(row: Sequence[Cell]) -> list[str]:
    names = [_name(c) for c in row]
    while names and not names[-1]:
        names.pop()
    return names


def _is_label(cell: Cell) -> bool:
    """Whether a cell can be a column's name: a text that is no number and no date."""
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    if not text or text in ERRORS or text in EMPTY or len(text) > 120 or "@" in text:
        return False
    return any(ch.isalpha() for ch in text) and sum(ch.isdigit() for ch in text) * 2 < len(text)


Ranges = Sequence[tuple[tuple[int, int], tuple[int, int]]]
"""Merged cells: 0-based (first row, first column), (last row, last column)."""


def find(
    rows: Sequence[Sequence[Cell]],
    given: int | None,
    known: Collection[str] = (),
    merged: Callable[[], Ranges] | None = None,
) -> Header | None:
    """Find the header among the first rows of a sheet.

    Args:
        rows: the sheet's first rows, from row 1.
        given: the 1-based row that a person named.
        known: compact names (`tabular.names.compact`) that the wanted columns may have; a row with two of them is
            preferred to the rows that merely look like a header.
        merged: tells the sheet's merged cells; asked only where a second header row seems to follow.

    Returns:
        None when there is no row that could be one.
    """
    if given is not None:
        if not 1 <= given <= len(rows) or not _trimmed(rows[given - 1]):
            return None
        return Header(given, tuple(_trimmed(rows[given - 1])), tuple(rows[given - 1]))
    filled = [sum(1 for c in row if _name(c)) for row in rows[:SEARCHED]]
    if not any(filled):
        return None
    index = _by_names(rows[:SEARCHED], known)
    if index is None:
        index = _by_looks(rows[:SEARCHED], filled)
    names = _trimmed(rows[index])
    second = _second_row(names, rows[index + 1]) if index + 1 < len(rows) else None
    if second is not None and merged is not None and _grouped(merged(), index):
        index, names = index + 1, second
    return Header(index + 1, tuple(names), tuple(rows[index]))


def _by_names(rows: Sequence[Sequence[Cell]], known: Collection[str]) -> int | None:
    best, best_hits = None, 1
    for i, row in enumerate(rows):
        hits = len({n for c in row if isinstance(c, str) and (n := compact(c)) in known})
        if hits > best_hits:
            best, best_hits = i, hits
    return best


def _by_looks(rows: Sequence[Sequence[Cell]], filled: list[int]) -> int:
    widest = max(filled)
    first = next(i for i, n in enumerate(filled) if n)
    for i, row in enumerate(rows):
        # A title line, "printed on …" or a unit note fills few of the columns that the table has.
        if not filled[i] or filled[i] * 2 < widest or (filled[i] == 1 < widest):
            continue
        labels = [c for c in row if _is_label(c)]
        if len(labels) * 10 >= filled[i] * 8 and len({_name(c) for c in labels}) * 10 >= len(labels) * 9:
            return i
    return next((i for i, n in enumerate(filled) if n * 2 >= widest), first)


def _grouped(merged: Ranges, row: int) -> bool:
    """Whether some name of this row is merged over several columns."""
    return any(top <= row <= bottom and right > left for (top, left), (bottom, right) in merged)


def _second_row(names: list[str], below: Sequence[Cell]) -> list[str] | None:
    """Names from a two-row header: groups above (merged over several columns), their parts below."""
    width = max(len(names), len(_trimmed(below)))
    upper = names + [""] * (width - len(names))
    lower = [_name(c) for c in below[:width]]
    lower += [""] * (width - len(lower))
    gaps = [i for i in range(width) if not upper[i]]
    if not gaps or not upper[0] or not all(_is_label(lower[i]) for i in gaps):
        return None
    allowed = set(gaps) | {i - 1 for i in gaps if upper[i - 1]}
    used = {i for i in range(width) if lower[i]}
    # A row of data fills its first column; parts of a group stand only under groups.
    if not used <= allowed or used == set(range(width)) or not all(_is_label(lower[i]) for i in used):
        return None
    return [lower[i] or upper[i] for i in range(width)]
