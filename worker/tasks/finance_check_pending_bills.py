"""`finance.check_pending_bills`: find bills that have become overdue and say so, once a bill."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from worker import notifications
from worker.db.schema import bill_notices, jobs, users
from worker.db.types import db_now
from worker.engine.context import JobContext
from worker.engine.kinds import NoParams, kind
from worker.notification_choices import chosen_by

_CHUNK = 300


@kind(
    "finance.check_pending_bills",
    {"zh_CN": "检查逾期账单", "en": "Check for overdue bills"},
    NoParams,
    lane="finance",
    order=50,
    result_titles={"overdue": ("新逾期账单", "Newly overdue bills"), "day": ("日期", "Day")},
)
def check_pending_bills(job: JobContext, params: NoParams) -> dict[str, Any]:
    """Raise a notification for each open bill whose day has passed and of which that has not been said yet.

    A bill is told by number and due date: put off and overdue again, it is said again. It is told to those who want to
    hear of all bills (admins, unless they chose otherwise), and to the one whose import brought it in or last changed
    it. Reminders whose outcome nobody can confirm any more are shown here, too.

    Returns:
        `{overdue}`: bills found now, and `day`: what was today.
    """
    from worker.finance import bills, reminders

    day = bills.today(job.settings)
    overdue = int((job.checkpoint or {}).get("overdue", 0))
    n, b = bill_notices.c, bills.b
    said = and_(n.bill_no == b.bill_no, n.due_on == b.due_on)
    query = (
        select(b.bill_no, b.customer_no, b.due_on, users.c.id.label("importer"))
        .select_from(
            bills.bills.outerjoin(bill_notices, said)
            .outerjoin(jobs, jobs.c.id == func.coalesce(b.updated_job, b.created_job))
            .outerjoin(users, and_(users.c.id == jobs.c.owner_id, users.c.role != "system", chosen_by(users) == "own"))
        )
        .where(bills.is_open(), b.due_on < day, n.bill_no.is_(None))
        .order_by(b.due_on, b.bill_no)
        .limit(_CHUNK)
    )
    with job.database.read() as connection:
        found = connection.execute(query).all()
        abandoned = reminders.any_started(connection)
    if abandoned:
        with job.chunk() as chunk:
            reminders.settle_abandoned(chunk.connection)
    while found:
        job.progress("stage_checking_bills", overdue)
        with job.chunk() as chunk:
            dialect = postgresql if job.database.dialect == "postgresql" else sqlite
            insert = dialect.insert(bill_notices).values(
                [{"bill_no": row.bill_no, "due_on": row.due_on, "raised_at": db_now()} for row in found]
            )
            # Another job that does the same at this moment says what it has written here first.
            ours = set(chunk.connection.execute(insert.on_conflict_do_nothing().returning(n.bill_no)).scalars())
            new = [row for row in found if row.bill_no in ours]
            told = [
                (audience, {"bill_no": row.bill_no, "customer_no": row.customer_no or "–", "due_on": str(row.due_on)})
                for row in new
                for audience in (notifications.FINANCE, row.importer)
                if audience is not None
            ]
            notifications.add_many(chunk.connection, "bill_overdue", "warning", told)
            overdue += len(new)
            chunk.checkpoint({"overdue": overdue})
        with job.database.read() as connection:
            found = connection.execute(query).all()
    return {"overdue": overdue, "day": str(day)}
