"""Cells merged over several rows: a person sees one value beside all of them, the file holds it in the first only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from tabular.cells import Cell
from tabular.header import Ranges

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
