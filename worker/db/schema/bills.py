"""What has been said of bills, kept beside them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, String, Table, text

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

# Bills of which it has been said that they are overdue; outlives the notification.
bill_notices = Table(
    "bill_notices",
    metadata,
    Column("bill_no", String(64), primary_key=True),
    Column("due_on", Date, primary_key=True),
    Column("raised_at", UtcDateTime, nullable=False),
)

# Reminders by e-mail: written before the mail is sent and confirmed after it, by whatever job, so that no bill is
# reminded of twice on the same day.
bill_reminders = Table(
    "bill_reminders",
    metadata,
    Column("bill_no", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("customer_no", String(64), nullable=False),
    Column("job_id", Id, nullable=False),
    Column("mail_id", Id, nullable=False),  # the e-mail that names it, with others of the customer
    Column("email", String(254), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Json),  # {code, values} of a refusal
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("state IN ('started', 'sent', 'unknown', 'refused', 'deferred')", name="state"),
    Index("ix_bill_reminders_job", "job_id", "customer_no"),
    Index("ix_bill_reminders_mail", "mail_id"),
    Index(
        "ix_bill_reminders_started",
        "job_id",
        sqlite_where=text("state = 'started'"),
        postgresql_where=text("state = 'started'"),
    ),
)
