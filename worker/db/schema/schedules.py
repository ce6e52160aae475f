"""Schedules: when which job is due."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, SmallInteger, String, Table, text

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", String(300)),  # NULL: the kind's own, in the reader's language
    Column("kind", String(64), nullable=False),
    Column("params", Json, nullable=False),
    Column("priority", SmallInteger, nullable=False, server_default="1"),  # as of a job
    Column("cron", String(100)),
    Column("interval_seconds", Integer),
    Column("timezone", String(64), nullable=False),
    Column("catch_up", String(8), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("start_at", UtcDateTime, nullable=False),  # an interval is counted from here
    Column("next_due_at", UtcDateTime, index=True),  # NULL: not worked out yet, or never due again
    Column("last_due_at", UtcDateTime),
    Column("last_job_id", Id),  # no foreign key: the job may be deleted
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),  # of edits; a firing leaves it alone
    CheckConstraint("(cron IS NULL) <> (interval_seconds IS NULL)", name="cron_or_interval"),
    CheckConstraint("catch_up IN ('skip', 'once', 'all')", name="catch_up"),
)
