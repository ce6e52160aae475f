"""A run of reminders: customer by customer, each step written down before the next begins."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from worker.datasets.customers import CUSTOMERS
from worker.db.schema import bill_reminders
from worker.errors import Refused, Transient
from worker.finance import reminders
from worker.finance.bills import b, bills, is_open, today
from worker.finance.reminder_mail import language_of, reminder
from worker.finance.reminders import Customer
from worker.ids import new_id
from worker.mail.message import is_address, sender
from worker.mail.smtp import Deferred, Mailer, OutcomeUnknown
from worker.workbook import DATE, MONEY, Book, Column

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_PAGE = 200  # customers looked up together
_SHOWN = 100  # names in a result
_r = bill_reminders.c


def run(job: JobContext, days_before: int, customer_nos: list[str] | None, language: str) -> dict[str, Any]:
    """Send what is to be sent today, and write the report.

    Args:
        days_before: also of bills that are due within so many days.
        customer_nos: only these customers; None or empty: all.
        language: zh_CN, en, or auto: by the customer's country.

    Returns:
        `{mails, bills, refused: [{customer_no, email, reply}], unknown: [customer_no], no_email: [customer_no],
        without_customer, day, file}`: all that this job has done in its attempts; lists name the first 100.

    Raises:
        Refused: the mail server serves us not at all.
        Transient: some could not be sent now; those who have theirs do not get it again.
    """
    sender(job.settings)  # says now, not at the first mail, what an administrator has to set
    day = dt.date.fromisoformat((job.checkpoint or {}).get("day") or str(today(job.settings)))
    until = day + dt.timedelta(days=days_before)
    only = customer_nos or None
    with job.chunk() as chunk:
        reminders.settle_abandoned(chunk.connection, job.job_id)
        chunk.checkpoint({"day": str(day), "step": 0})
    with job.database.read() as connection:
        due = is_open() & (b.due_on <= until)
        total, without = connection.execute(
            select(func.count(b.customer_no.distinct()), func.count().filter(b.customer_no.is_(None))).where(due)
        ).one()
    no_email: list[str] = []
    later: Transient | None = None
    done = 0
    with Mailer(job.settings) as mailer:
        after = ""
        while True:
            with job.database.read() as connection:
                page = reminders.customers(connection, day, until, job.job_id, after, _PAGE, only)
            for customer in page:
                done += 1
                job.progress("stage_sending_mail", min(done, total), total)
                if customer.email is None or not is_address(customer.email):
                    no_email.append(customer.customer_no)
                    continue
                later = _remind(job, language, mailer, customer, customer.email, day, until, done) or later
            if len(page) < _PAGE:
                break
            after = page[-1].customer_no
    result = _report(job, day, no_email)
    if later is not None:
        raise later
    return result | {"without_customer": without}


def _remind(
    job: JobContext, wanted: str, mailer: Mailer, customer: Customer, email: str, day: dt.date,
    until: dt.date, step: int,
) -> Transient | None:  # fmt: skip
    """Remind one customer; gives the reason when the server wants this mail later."""
    mail_id = new_id()
    with job.chunk() as chunk:
        due = reminders.take(chunk.connection, customer, day, until, job.job_id, mail_id)
        chunk.checkpoint({"day": str(day), "step": step})
    if not due:
        return None  # another job is at it
    language = language_of(customer, wanted, job.settings)
    state, code, values = "sent", None, None
    later: Transient | None = None
    fatal: Refused | Transient | None = None
    try:
        mailer.send(reminder(customer, email, due, day, language, mail_id, job.settings))
    except Deferred as error:
        state, later, code, values = "deferred", error, error.code, error.values
    except Transient as error:
        state, fatal, code, values = "deferred", error, error.code, error.values
    except Refused as error:
        state, code, values = "refused", error.code, error.values
        if error.code != "mail_refused":
            state, fatal = "deferred", error  # the server takes no mail of ours at all
    except OutcomeUnknown:
        state = "unknown"
    with job.last_word() as connection:
        reminders.settle(connection, mail_id, state, code, values)
    if fatal is not None:
        raise fatal
    return later


def _report(job: JobContext, day: dt.date, no_email: list[str]) -> dict[str, Any]:
    """The workbook of what this job has done, bill by bill, and its result."""
    text = job.text
    columns = [
        Column(text("bill_col_customer_no"), 14),
        Column(text("bill_col_customer"), 30),
        Column(text("bill_col_email"), 30),
        Column(text("bill_col_bill_no"), 16),
        Column(text("bill_col_amount"), 14, MONEY),
        Column(text("bill_col_currency"), 9),
        Column(text("bill_col_due_on"), 12, DATE),
        Column(text("bill_col_outcome"), 26),
        Column(text("bill_col_reason"), 60),
    ]
    query = (
        select(
            _r.customer_no, CUSTOMERS.table.c.name, _r.email, _r.bill_no, b.amount, b.currency, b.due_on, _r.state,
            _r.reason, _r.mail_id,
        )
        .select_from(
            bill_reminders.outerjoin(bills, b.bill_no == _r.bill_no).outerjoin(
                CUSTOMERS.table, CUSTOMERS.table.c.customer_no == _r.customer_no
            )
        )
        .where(_r.job_id == job.job_id, _r.day == day)
        .order_by(_r.customer_no, b.due_on, _r.bill_no)
    )  # fmt: skip
    mails: dict[str, str] = {}
    count = 0
    refused: dict[str, dict[str, str]] = {}
    unknown: dict[str, None] = {}
    path = job.folder / "reminders.xlsx"
    with job.database.read() as connection, Book(path) as book:
        sheet = book.sheet(text("sheet_reminders"), [c.width for c in columns])
        sheet.heading(text("reminders_title", day=day))
        rows = []
        for row in connection.execute(query):
            reason = row.reason or {}
            words = text(reason["code"], **reason.get("values", {})) if reason.get("code") else ""
            rows.append((*row[:7], text(f"reminder_{row.state}"), words))
            mails[row.mail_id] = row.state
            count += row.state == "sent"
            if row.state == "refused":
                reply = str(reason.get("values", {}).get("reply", ""))
                refused[row.customer_no] = {"customer_no": row.customer_no, "email": row.email, "reply": reply}
            elif row.state == "unknown":
                unknown[row.customer_no] = None
        rows += [(number, None, None, None, None, None, None, text("reminder_no_email"), "") for number in no_email]
        sheet.table(columns, rows)
    name = f"bill_reminders_{day}_{job.job_id[-8:]}.xlsx"
    job.add_file(path, name, "report")
    return {
        "mails": sum(state == "sent" for state in mails.values()),
        "bills": count,
        "refused": list(refused.values())[:_SHOWN],
        "unknown": list(unknown)[:_SHOWN],
        "no_email": no_email[:_SHOWN],
        "day": str(day),
        "file": name,
    }
