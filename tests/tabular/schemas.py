# ruff: noqa: E501  (a field a line reads as a table)
"""Schemas and short cuts that the tests of this room share."""

from __future__ import annotations

from pathlib import Path

from tabular.checker import Checker, Rejected
from tabular.mapper import Mapping, propose
from tabular.schema import Field, TableSchema
from tabular.source import ReadOptions, Source, open_source
from worker.datasets.customers import CUSTOMERS

DATA = Path(__file__).parent.parent / "data"
CUSTOMERS_SCHEMA = CUSTOMERS.schema

BILLS = TableSchema(
    name="bills",
    titles={"zh_CN": "账单", "en": "Bills"},
    key=("bill_no",),
    fields=(
        Field("bill_no", "text", {"zh_CN": "账单编号", "en": "Bill no."}, ("order id", "invoice no"), required=True, max_length=64),
        Field("customer_no", "text", {"zh_CN": "客户编号", "en": "Customer no."}, ("customer id",), max_length=64),
        Field("amount", "decimal", {"zh_CN": "金额", "en": "Amount"}, ("freight", "total"), required=True, scale=2),
        Field("currency", "text", {"zh_CN": "币种", "en": "Currency"}, (), max_length=3),
        Field("issued_on", "date", {"zh_CN": "开具日期", "en": "Issued on"}, ("order date", "invoice date")),
        Field("due_on", "date", {"zh_CN": "到期日", "en": "Due on"}, ("required date",), required=True),
        Field("status", "choice", {"zh_CN": "状态", "en": "Status"}, (), choices=("pending", "paid", "void")),
        Field("paid_on", "date", {"zh_CN": "付款日期", "en": "Paid on"}, ("shipped date",)),
        Field("note", "text", {"zh_CN": "备注", "en": "Note"}, (), max_length=2000),
    ),
)  # fmt: skip


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
