"""What the reading side is asked for and what it hands over."""

from __future__ import annotations

import marshal
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from worker.reading.rejected import Dumped

if TYPE_CHECKING:
    from tabular.cells import Cell
    from tabular.forms import Form
    from tabular.source import SourceInfo


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found out about a file.

    Attributes:
        info: see there.
        samples: the first rows.
        total_rows: rows of data, estimated; None: unknown.
    """

    info: SourceInfo
    samples: list[list[Cell]]
    total_rows: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """How the rows are wanted.

    Attributes:
        columns, constants, value_map: the mapping, see `tabular.mapper.Mapping`.
        names: fields, in the order in which the columns are wanted.
        form: of the values.
        copy: give the text of a COPY instead of columns; `form` is `text`.
        start: position (data rows in reading order, from 0) of the first row that is wanted.
        known: where an earlier attempt got to `start`: one bit a row before it, set if the row was rejected. Only the
            keys of the others are looked at again. None: nothing is known about them.
        unique: keys were found to be unique already, no duplicate is looked for.
        originals: hand over the rows as they were read, too.
        size: rows of a part, at most.
    """

    columns: dict[str, int]
    constants: dict[str, Any]
    value_map: dict[str, dict[str, Any]]
    names: tuple[str, ...]
    form: Form
    copy: bool = False
    start: int = 0
    known: bytes | None = None
    unique: bool = False
    originals: bool = False
    size: int = 1000


@dataclass(slots=True)
class Part:
    """Some rows that follow each other, checked.

    Attributes:
        first: position of the first row.
        rows: how many, good and rejected.
        bad: positions of the rejected ones, ascending.
        columns: of the good ones, one for each of the order's `names`; empty where a COPY is wanted.
        copy: of the good ones, as COPY takes them.
        rejected: the others.
        originals: what `original` unpacks; empty where it is not wanted.
        size: bytes that it came over in, about what it takes in memory; 0 for a part that was not packed.
    """

    first: int
    rows: int
    bad: list[int] = field(default_factory=list)
    columns: list[Sequence[Any]] = field(default_factory=list)
    copy: bytes = b""
    rejected: list[Dumped] = field(default_factory=list)
    originals: bytes = b""
    size: int = field(default=0, repr=False, compare=False)
    _unpacked: tuple[list[int], str, Sequence[Sequence[Cell]]] | None = field(default=None, repr=False, compare=False)

    @property
    def good(self) -> int:
        """How many rows are good."""
        return self.rows - len(self.bad)

    def positions(self) -> list[int]:
        """Of the good rows."""
        every = range(self.first, self.first + self.rows)
        if not self.bad:
            return list(every)
        bad = set(self.bad)
        return [position for position in every if position not in bad]

    def original(self, position: int) -> tuple[int, str, list[Cell]]:
        """Number in the file, sheet and cells of a row."""
        if self._unpacked is None:
            self._unpacked = pickle.loads(self.originals)  # noqa: S301 - packed by the reading side of this very job
        numbers, sheet, columns = self._unpacked
        row = position - self.first
        return numbers[row], sheet, [column[row] for column in columns]

    def pack(self) -> bytes:
        """As bytes, for a pipe."""
        rejected = [tuple(row) for row in self.rejected]
        # Version 2: without the search for repeated objects, three times as fast.
        return marshal.dumps((self.first, self.rows, self.bad, self.columns, self.copy, rejected, self.originals), 2)

    @classmethod
    def unpack(cls, packed: bytes) -> Part:
        """The inverse of `pack`."""
        first, rows, bad, columns, copy, rejected, originals = marshal.loads(packed)  # noqa: S302 - as `original`
        return cls(first, rows, bad, columns, copy, [Dumped(*row) for row in rejected], originals, len(packed))


class Reading(Protocol):
    """A file that is being read: in this process (`reader.Reader`) or beside it (`process.ReaderProcess`).

    Attributes:
        opened: what was found out about it.
    """

    opened: Opened

    def parts(self, order: Order) -> Iterator[Part]:
        """The rows from the order's start on; see `reader.Reader.parts`."""
