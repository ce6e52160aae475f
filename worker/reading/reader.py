"""Reads a file, checks its rows, and gives them in parts that can be loaded as they are."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tabular.batch import Batch
from tabular.checker import Checked, Checker, Rejected, key_problem
from tabular.mapper import Mapping
from tabular.schema import TableSchema
from tabular.source import ReadOptions, open_source
from worker.reading.copy_text import encode
from worker.reading.keyset import KeySet
from worker.reading.part import Opened, Order, Part
from worker.reading.rejected import dump


class Reader:
    """The rows of one file, in this process. Use as a context manager.

    Args:
        path: the file.
        options: how it is read; its schema is what rows are checked by.
        folder: where files may be put; removed by its owner.

    Attributes:
        opened: what was found out about the file.

    Raises:
        TableError: it cannot be read.
    """

    def __init__(self, path: Path, options: ReadOptions, folder: Path) -> None:
        if options.schema is None:
            raise ValueError("rows are checked by a schema")
        self._schema = options.schema
        self._folder = folder
        self._source = open_source(path, options)
        try:
            self.opened = Opened(self._source.info, self._source.samples(), self._source.total_rows)
        except BaseException:
            self._source.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._source.close()

    def parts(self, order: Order) -> Iterator[Part]:
        """The rows from the order's start on. Rows before it that had to be read again come as parts of which only
        `first` and `rows` are filled.

        Raises:
            TableError: a constant breaks a rule; the file turns out to be damaged further on.
        """
        headers = self._source.info.headers
        mapping = Mapping(self._schema, headers, order.columns, order.constants, order.value_map)
        serial_dates = self._source.numbers_may_be_dates
        checker = Checker(self._schema, mapping, serial_dates=serial_dates, form=order.form)
        keys: KeySet | None = None if order.unique else KeySet(self._folder, self._source.total_rows)
        with keys or nullcontext():
            position = order.start if keys is None else 0
            work = _Work(self._schema, mapping, order, checker, keys)
            if keys is not None and order.start:
                only = Checker(self._schema, mapping, serial_dates=serial_dates, form=order.form, only=self._schema.key)
                for batch in _cut(self._source.batches(order.size), order.start):
                    if position < order.start:
                        yield work.pass_over(position, batch, only)
                    else:
                        yield work.part(position, batch)
                    position += len(batch)
                return
            for batch in self._source.batches(order.size, skip=position):
                yield work.part(position, batch)
                position += len(batch)


class _Work:
    """What is done to each batch of one passage over the rows."""

    def __init__(
        self, schema: TableSchema, mapping: Mapping, order: Order, checker: Checker, keys: KeySet | None
    ) -> None:
        self._schema = schema
        self._mapping = mapping
        self._order = order
        self._checker = checker
        self._keys = keys
        places = {f.name: i for i, f in enumerate(schema.fields)}
        self._places = [places[name] for name in order.names]
        # A number has many notations as a text.
        self._numbers = [order.form == "text" and schema.by_name[name].type == "decimal" for name in schema.key]

    def part(self, position: int, batch: Batch) -> Part:
        """Check a batch whose first row stands at `position`."""
        checked = self._checker.check(batch)
        if self._keys is not None:
            checked = self._without_duplicates(checked, self._keys)
        none: list[None] = [None] * len(batch)
        columns = [checked.picked(none if c is None else c) for c in map(checked.columns.__getitem__, self._places)]
        rejected = checked.rejected
        bad = [position + row for row in sorted(checked.problems)]
        originals = pickle.dumps((batch.numbers, batch.sheet, batch.columns), 5) if self._order.originals else b""
        return Part(
            first=position,
            rows=len(batch),
            bad=bad,
            columns=[] if self._order.copy else columns,
            copy=encode(columns) if self._order.copy else b"",
            rejected=[dump(place, row) for place, row in zip(bad, rejected, strict=True)],
            originals=originals,
        )

    def pass_over(self, position: int, batch: Batch, only: Checker) -> Part:
        """Note the keys of a batch that an earlier attempt has dealt with."""
        assert self._keys is not None  # noqa: S101 - else nothing is passed over
        known = self._order.known
        checked = (self._checker if known is None else only).check(batch)
        if known is None:
            self._without_duplicates(checked, self._keys)
        else:
            bad = [i for i, at in enumerate(range(position, position + len(batch))) if known[at >> 3] >> (at & 7) & 1]
            checked = Checked(batch, checked.key, checked.columns, {i: [] for i in bad})
            self._keys.claim(self._claimed(checked), checked.numbers)
        return Part(position, len(batch))

    def _claimed(self, checked: Checked) -> Sequence[Any]:
        columns = [checked.picked(checked.columns[k] or ()) for k in checked.key]
        for i, number in enumerate(self._numbers):
            if number:
                columns[i] = [str(Decimal(text).normalize()) for text in columns[i]]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))

    def _without_duplicates(self, checked: Checked, keys: KeySet) -> Checked:
        """Reject the good rows whose key stood in an earlier good row."""
        batch = checked.batch
        duplicates = keys.claim(self._claimed(checked), checked.numbers)
        if not duplicates:
            return checked
        rows = checked.picked(range(len(batch)))
        problems = dict(checked.problems)
        for i, first in duplicates.items():
            row = rows[i]
            origin = Rejected(batch.numbers[row], batch.sheet, batch.row(row), [])
            problems[row] = [key_problem(self._schema, self._mapping, origin, "duplicate_in_file", row=first)]
        return Checked(batch, checked.key, checked.columns, problems)


def _cut(batches: Iterator[Batch], boundary: int) -> Iterator[Batch]:
    """The batches; one that `boundary` (a position) would cut is given in two parts."""
    position = 0
    for batch in batches:
        cut = boundary - position
        position += len(batch)
        if 0 < cut < len(batch):
            yield batch.part(0, cut)
            yield batch.part(cut, len(batch))
        else:
            yield batch
