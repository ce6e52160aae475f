"""Revenue: sums of paid bills, exact to the cent on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, extract, func, select

from worker.datasets.customers import CUSTOMERS
from worker.finance.bills import b, bills, is_paid
from worker.workbook import MONEY, WHOLE, Book, Column

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_SHEET_ROWS = 1_000_000


def cents() -> ColumnElement[int]:
    """SQL: the sum of amounts in hundredths, a whole number: SQLite would add floating-point numbers else."""
    return cast(func.sum(cast(func.round(b.amount * 100), BigInteger)), BigInteger)


def between(start: dt.date | None, end: dt.date | None) -> list[ColumnElement[bool]]:
    """SQL: paid on one of these days, both included; None: no bound."""
    where = [is_paid()]
    if start is not None:
        where.append(b.paid_on >= start)
    if end is not None:
        where.append(b.paid_on <= end)
    return where


def by_currency(connection: Connection, start: dt.date | None, end: dt.date | None) -> dict[str, tuple[Decimal, int]]:
    """Currency (empty: none is known) -> sum and number of bills paid on these days."""
    currency = func.coalesce(b.currency, "")  # one object: to PostgreSQL two of them would be two expressions
    query = select(currency, cents(), func.count()).where(*between(start, end)).group_by(currency).order_by(currency)
    return {name: (amount(total), count) for name, total, count in connection.execute(query)}


def amount(hundredths: int) -> Decimal:
    """A sum as money."""
    return Decimal(int(hundredths)).scaleb(-2)


def run(job: JobContext, start: dt.date | None, end: dt.date | None) -> dict[str, Any]:
    """Write the workbook and keep it with the job.

    Returns:
        `{bills, months, customers, totals: {currency: "123.45"}, file}`; a currency that is not known is `-`.
    """
    year, month = extract("year", b.paid_on), extract("month", b.paid_on)
    currency = func.coalesce(b.currency, "")
    path = job.folder / "revenue.xlsx"
    job.progress("stage_adding_up")
    with job.database.read() as connection:
        monthly = connection.execute(
            select(year, month, currency, cents(), func.count())
            .where(*between(start, end))
            .group_by(year, month, currency)
            .order_by(year, month, currency)
        ).all()
        number = func.coalesce(b.customer_no, "")
        detailed = connection.execute(
            select(year, month, number, func.max(CUSTOMERS.table.c.name), currency, cents(), func.count())
            .select_from(bills.outerjoin(CUSTOMERS.table, CUSTOMERS.table.c.customer_no == b.customer_no))
            .where(*between(start, end))
            .group_by(year, month, number, currency)
            .order_by(year, month, number, currency),
            execution_options={"stream_results": True, "max_row_buffer": 2000},
        )
        seen: set[str] = set()
        with Book(path) as book:
            totals, months = _months(job, book, [tuple(row) for row in monthly], start, end)
            _details(job, book, (tuple(row) for row in detailed), seen)
    name = f"monthly_revenue_{start or (months[0] if months else 'none')}_{job.job_id[-8:]}.xlsx"
    job.add_file(path, name, "report")
    return {
        "bills": sum(row[4] for row in monthly),
        "months": len(months),
        "customers": len(seen),
        "totals": {currency or "-": f"{total:.2f}" for currency, total in totals.items()},
        "file": name,
    }


def _label(year: Any, month: Any) -> str:
    return f"{int(year):04d}-{int(month):02d}"


def _months(
    job: JobContext, book: Book, rows: list[tuple[Any, ...]], start: dt.date | None, end: dt.date | None
) -> tuple[dict[str, Decimal], list[str]]:
    """The sheet of months: a line a month, a column a currency, and a chart; gives the totals and the months."""
    text = job.text
    currencies = sorted({row[2] for row in rows})
    table: dict[str, dict[str, Decimal]] = {}
    counts: dict[str, int] = {}
    for year, month, currency, hundredths, count in rows:
        label = _label(year, month)
        table.setdefault(label, {})[currency] = amount(hundredths)
        counts[label] = counts.get(label, 0) + count
    totals = {c: sum((m.get(c, Decimal(0)) for m in table.values()), Decimal(0)) for c in currencies}
    columns = [
        Column(text("bill_col_month"), 12),
        *(Column(c or text("no_currency"), 16, MONEY) for c in currencies),
        Column(text("bill_col_bills"), 10, WHOLE),
    ]
    sheet = book.sheet(text("sheet_months"), [c.width for c in columns])
    period = text("revenue_period", start=start or "…", end=end or "…")
    sheet.heading(text("revenue_title"), period)
    lines = [(label, *(table[label].get(c) for c in currencies), counts[label]) for label in table]
    total = (text("total"), *totals.values(), sum(counts.values())) if lines else ()
    written = sheet.table(columns, lines, total)
    if currencies:
        from openpyxl.utils import get_column_letter

        sheet.chart(
            "columns", text("revenue_title"), written, 1, range(2, 2 + len(currencies)),
            f"{get_column_letter(len(columns) + 2)}3", number_format="#,##0", width=22, height=11,
        )  # fmt: skip
    return totals, list(table)


def _details(job: JobContext, book: Book, rows: Iterator[tuple[Any, ...]], seen: set[str]) -> None:
    """The sheets of customers; past a million lines it goes on in the next sheet."""
    text = job.text
    columns = [
        Column(text("bill_col_month"), 12),
        Column(text("bill_col_customer_no"), 16),
        Column(text("bill_col_customer"), 34),
        Column(text("bill_col_currency"), 10),
        Column(text("bill_col_amount"), 18, MONEY),
        Column(text("bill_col_bills"), 10, WHOLE),
    ]
    number = 0
    ahead = next(rows, None)
    while ahead is not None or number == 0:
        number += 1
        title = text("sheet_customers") + (f" {number}" if number > 1 else "")
        sheet = book.sheet(title, [c.width for c in columns])

        def some() -> Iterator[tuple[Any, ...]]:
            nonlocal ahead
            for count in range(_SHEET_ROWS):
                if ahead is None:
                    return
                year, month, customer_no, name, currency, hundredths, bills_paid = ahead
                if customer_no:
                    seen.add(customer_no)
                yield (_label(year, month), customer_no or None, name, currency or None, amount(hundredths), bills_paid)
                ahead = next(rows, None)
                if count % 1000 == 0:
                    job.progress("stage_adding_up")

        sheet.table(columns, some())
