"""The guard of reminders: what is written before an e-mail is sent and confirmed after it, a row a bill and day.

The row belongs to no job: whatever job tries, the key (bill, day) lets only one of them remind. A row that was
`started` by a job that then died stays as it is until somebody sees that job end or go on: its outcome is `unknown`,
a person is told, and the bill is not reminded of again that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from worker import notifications
from worker.datasets.customers import CUSTOMERS
from worker.db.schema import bill_reminders, jobs
from worker.db.types import db_now
from worker.finance.bills import b, bills, is_open

_r = bill_reminders.c
_c = CUSTOMERS.table.c
_NAMED = 5  # customers in a notification


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is reminded; `name`, `email` and `country` are None where nothing is known."""

    customer_no: str
    name: str | None
    email: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill that is due."""

    bill_no: str
    amount: Decimal
    currency: str | None
    due_on: dt.date


def _retakable(job_id: str) -> Any:
    """SQL: nothing was sent, so that it may be tried: what another job was refused, and what was put off."""
    return or_(_r.state == "deferred", and_(_r.state == "refused", _r.job_id != job_id))


def customers(
    connection: Connection,
    day: dt.date,
    until: dt.date,
    job_id: str,
    after: str,
    limit: int,
    only: Sequence[str] | None,
) -> list[Customer]:
    """The next customers with bills to be reminded of, in the order of their numbers.

    Args:
        day: of the reminder.
        until: bills due on this day or before.
        after: the number before the first one wanted.
        only: these customers; None: all.
    """
    due = (
        select(b.customer_no)
        .select_from(bills.outerjoin(bill_reminders, and_(_r.bill_no == b.bill_no, _r.day == day)))
        .where(is_open(), b.due_on <= until, b.customer_no > after, or_(_r.bill_no.is_(None), _retakable(job_id)))
        .distinct()
        .order_by(b.customer_no)
        .limit(limit)
    )
    if only is not None:
        due = due.where(b.customer_no.in_(only))
    page = due.subquery()
    found = connection.execute(
        select(page.c.customer_no, _c.name, _c.email, _c.country)
        .select_from(page.outerjoin(CUSTOMERS.table, _c.customer_no == page.c.customer_no))
        .order_by(page.c.customer_no)
    )
    return [Customer(*row) for row in found]


def take(
    connection: Connection, customer: Customer, day: dt.date, until: dt.date, job_id: str, mail_id: str
) -> list[Bill]:
    """Write down that a mail about a customer's due bills is about to be sent; gives the bills that it is to name:
    those that no other has taken for this day.

    Args:
        connection: a writing transaction; the mail may be sent after its commit.
    """
    query = select(b.bill_no, b.amount, b.currency, b.due_on).where(
        is_open(), b.due_on <= until, b.customer_no == customer.customer_no
    )
    due = {row.bill_no: Bill(*row) for row in connection.execute(query.order_by(b.due_on, b.bill_no))}
    if not due:
        return []
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = [
        {"bill_no": bill_no, "day": day, "customer_no": customer.customer_no, "job_id": job_id, "mail_id": mail_id,
         "email": customer.email}
        for bill_no in due
    ]  # fmt: skip
    taken: set[str] = set()
    for start in range(0, len(rows), 100):
        insert = dialect.insert(bill_reminders).values(
            [row | {"state": "started", "at": db_now()} for row in rows[start : start + 100]]
        )
        again = {"state": "started", "reason": None, "at": db_now()} | {
            name: insert.excluded[name] for name in ("customer_no", "job_id", "mail_id", "email")
        }
        insert = insert.on_conflict_do_update(index_elements=[_r.bill_no, _r.day], set_=again, where=_retakable(job_id))
        taken.update(connection.execute(insert.returning(_r.bill_no)).scalars())
    return [bill for bill_no, bill in due.items() if bill_no in taken]


def settle(
    connection: Connection, mail_id: str, state: str, code: str | None = None, values: dict[str, Any] | None = None
) -> None:
    """Write down what became of a mail: sent, refused, deferred or unknown; `code` and `values` say why."""
    reason = {"code": code, "values": values or {}} if code else None
    connection.execute(
        update(bill_reminders)
        .where(_r.mail_id == mail_id, _r.state == "started")
        .values(state=state, reason=reason, at=db_now())
    )
    if state == "unknown":
        _tell(connection, select(_r.customer_no, _r.job_id, _r.day).where(_r.mail_id == mail_id))


def settle_abandoned(connection: Connection, job_id: str | None = None) -> int:
    """What was begun by a job that cannot confirm it any more becomes unknown, and admins are told.

    Args:
        job_id: this job, in a new attempt, asks: what its earlier attempts began is abandoned, too.

    Returns:
        How many bills.
    """
    alive = select(jobs.c.id).where(jobs.c.id == _r.job_id, jobs.c.state.in_(("pending", "running"))).exists()
    found = connection.execute(
        update(bill_reminders)
        .where(_r.state == "started", or_(_r.job_id == job_id, ~alive) if job_id else ~alive)
        .values(state="unknown", at=db_now())
        .returning(_r.mail_id)
    )
    mails = list(found.scalars())
    if mails:
        unique = list(dict.fromkeys(mails))
        for start in range(0, len(unique), 500):
            some = unique[start : start + 500]
            _tell(connection, select(_r.customer_no, _r.job_id, _r.day).where(_r.mail_id.in_(some)))
    return len(mails)


def _tell(connection: Connection, which: Any) -> None:
    """A notification to admins for each job and day: the customers of these rows."""
    told: dict[tuple[str, dt.date], dict[str, None]] = {}
    for row in connection.execute(which.order_by(_r.customer_no)):
        told.setdefault((row.job_id, row.day), {})[row.customer_no] = None
    for (job_id, day), numbers in told.items():
        # All of this job and day, not only those that are new: the notification that counts up names the whole.
        everything = connection.execute(
            select(_r.customer_no)
            .where(_r.job_id == job_id, _r.day == day, _r.state == "unknown")
            .distinct()
            .order_by(_r.customer_no)
        )
        named = list(dict.fromkeys([*numbers, *everything.scalars()]))
        more = "" if len(named) <= _NAMED else " …"
        notifications.add(
            connection, notifications.ADMINS, "reminders_unknown", "warning", key=f"reminders_unknown:{job_id}:{day}",
            job_id=job_id, day=str(day), mails=len(named), customers=", ".join(named[:_NAMED]) + more,
        )  # fmt: skip


def any_started(connection: Connection) -> bool:
    """Whether any mail is under way, or was when its worker died."""
    return connection.execute(select(_r.bill_no).where(_r.state == "started").limit(1)).first() is not None
