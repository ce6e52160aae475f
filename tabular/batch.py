"""Some rows of a sheet that are judged together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tabular.cells import Cell
from tabular.plain_rows import Stretch


class Batch:
    """Some rows of one sheet, as rows and as columns: one of both is made when it is asked for.

    Args:
        rows, columns: one of them.

    Attributes:
        sheet: its name; `""` for a text file.
        numbers: each row's 1-based number, as a person sees it in Excel.
        surplus: indices of the rows of a text file that have more filled cells than the header has columns, or a
            value whose quotation mark never closes (an `Unclosed`).
        mended: indices of the rows of a text file that had more cells than the header, because a value holds the
            delimiter without quotation marks, and could be put together again without a doubt.
    """

    __slots__ = ("_columns", "_rows", "mended", "numbers", "sheet", "surplus")

    def __init__(
        self,
        sheet: str,
        numbers: list[int],
        rows: list[list[Cell]] | None = None,
        surplus: frozenset[int] = frozenset(),
        mended: frozenset[int] = frozenset(),
        columns: Sequence[Sequence[Cell]] | None = None,
    ) -> None:
        self.sheet = sheet
        self.numbers = numbers
        self.surplus = surplus
        self.mended = mended
        self._rows = rows
        self._columns = columns

    def __len__(self) -> int:
        return len(self.numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Batch):
            return NotImplemented
        return all(
            getattr(self, name) == getattr(other, name) for name in ("sheet", "numbers", "rows", "surplus", "mended")
        )

    __hash__ = None  # type: ignore[assignment]  # as of any other list

    @property
    def rows(self) -> list[list[Cell]]:
        """Each row's cells, all rows of the batch equally wide and at least as wide as the header; an empty cell is
        `""` (or None).
        """
        if self._rows is None:
            self._rows = list(map(list, zip(*(self._columns or ()), strict=True)))
        return self._rows

    @property
    def columns(self) -> Sequence[Sequence[Cell]]:
        """The same by columns."""
        if self._columns is None:
            self._columns = list(zip(*(self._rows or ()), strict=True))
        return self._columns

    def row(self, index: int) -> list[Cell]:
        """One row."""
        return self._rows[index] if self._rows is not None else [column[index] for column in self.columns]

    def part(self, begin: int, end: int) -> Batch:
        """The rows from index `begin` up to `end`."""
        return Batch(
            self.sheet,
            self.numbers[begin:end],
            self._rows[begin:end] if self._rows is not None else None,
            frozenset(i - begin for i in self.surplus if begin <= i < end),
            frozenset(i - begin for i in self.mended if begin <= i < end),
            [column[begin:end] for column in self._columns] if self._columns is not None else None,
        )


def cut(sheet: str, stretches: Iterator[Stretch], size: int, width: int) -> Iterator[Batch]:
    """Batches of exactly `size` rows but for the last."""
    numbers: list[int] = []
    columns: list[list[Cell]] = [[] for _ in range(width)]
    for stretch in stretches:
        numbers += stretch.numbers
        for column, more in zip(columns, stretch.columns, strict=True):
            column += more
        begin = 0
        while len(numbers) - begin >= size:
            end = begin + size
            yield Batch(sheet, numbers[begin:end], columns=[column[begin:end] for column in columns])
            begin = end
        if begin:
            del numbers[:begin]
            for column in columns:
                del column[:begin]
    if numbers:
        yield Batch(sheet, numbers, columns=columns)
