"""Schemas and short cuts that the tests of this room share."""

from __future__ import annotations

from pathlib import Path

from tabular.checker import Checker, Rejected
from tabular.mapper import Mapping, propose
from tabular.schema import TableSchema
from tabular.source import ReadOptions, Source, open_source
from worker.datasets import bills
from worker.datasets.customers import CUSTOMERS

DATA = Path(__file__).parent.parent / "data"
CUSTOMERS_SCHEMA = CUSTOMERS.schema

BILLS = bills.BILLS.schema


def read_all(source: Source) -> tuple[list[int], list[list[object]]]:
    """All row numbers and rows."""
    numbers: list[int] = []
    rows: list[list[object]] = []
    for batch in source.batches():
        numbers += batch.numbers
        rows += batch.rows
    return numbers, rows


def check_all(
    path: Path, schema: TableSchema, options: ReadOptions | None = None, size: int = 2000
) -> tuple[list[tuple[object, ...]], list[Rejected]]:
    """Read, map by itself and check: the good rows and the rejected ones."""
    good: list[tuple[object, ...]] = []
    rejected: list[Rejected] = []
    with open_source(path, options) as source:
        mapping = Mapping.automatic(propose(source.info.headers, source.samples(), schema), schema)
        checker = Checker(schema, mapping, serial_dates=source.numbers_may_be_dates)
        rows = 0
        for batch in source.batches(size):
            checked = checker.check(batch)
            assert len(checked.good) == len(checked.numbers) == len(checked.keys)
            good += checked.good
            rejected += checked.rejected
            rows += len(batch)
    assert rows == len(good) + len(rejected)
    return good, rejected
