"""Customers and bills for the tests of finance, written straight into their tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from worker.datasets import load
from worker.db.schema import bill_reminders
from worker.db.types import db_now

TODAY = dt.date(2026, 3, 15)
_TABLES = load()


def day(days: int) -> dt.date:
    """So many days after today."""
    return TODAY + dt.timedelta(days=days)


def add(database: Any, dataset: str, rows: list[dict[str, Any]]) -> None:
    """Rows of a dataset."""
    with database.write() as connection:
        connection.execute(insert(_TABLES[dataset].table).values(updated_at=db_now()), rows)


def customer(no: str, country: str | None = None, **values: Any) -> dict[str, Any]:
    email = f"{no.lower()}@example.com"
    return {"customer_no": no, "name": f"Name of {no}", "email": email, "country": country} | values


def bill(no: str, customer_no: str | None = "A", due: int = -1, amount: str = "10.00", **values: Any) -> dict[str, Any]:
    return {
        "bill_no": no, "customer_no": customer_no, "due_on": day(due), "amount": Decimal(amount), "currency": "CNY",
        "status": None, "paid_on": None,
    } | values  # fmt: skip


def guards(database: Any) -> dict[str, str]:
    """Bill -> state of its reminder today."""
    r = bill_reminders.c
    with database.read() as connection:
        return dict(connection.execute(select(r.bill_no, r.state).where(r.day == TODAY).order_by(r.bill_no)).all())
