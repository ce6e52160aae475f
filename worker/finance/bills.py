"""Which bills are open, due and paid; nothing of it is stored, so that an import of bills can be taken back.

An explicit status counts. Where a file has none (NULL), a bill with a day of payment is paid and any other is open.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_

from worker.datasets.bills import BILLS
from worker.settings import Settings

bills = BILLS.table
b = bills.c


def today(settings: Settings) -> dt.date:
    """The date in the installation's time zone."""
    return dt.datetime.now(ZoneInfo(settings.timezone)).date()


def is_open() -> ColumnElement[bool]:
    """SQL: the bill waits to be paid."""
    return or_(b.status == "pending", and_(b.status.is_(None), b.paid_on.is_(None)))


def is_paid() -> ColumnElement[bool]:
    """SQL: the bill has been paid, and it is known when."""
    return and_(b.paid_on.is_not(None), or_(b.status == "paid", b.status.is_(None)))
