"""Messages to people."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

notifications = Table(
    "notifications",
    metadata,
    Column("id", Id, primary_key=True),
    Column("audience", Id, nullable=False),  # a user's id, or `admins`, `finance` or `all`
    Column("key", String(200)),  # what tells it from others of its audience: raised again it only counts up
    Column("category", String(32), nullable=False),  # e.g. message, job_failed, bill_overdue, mail_unknown
    Column("level", String(16), nullable=False),
    Column("values", Json),  # what the words `notice_<category>` need
    Column("message", Text),  # of a person; NULL: the words of the category
    Column("sender_id", Id),
    Column("job_id", Id),  # no foreign key: it outlives the job
    Column("count", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),  # raised again: unread again
    CheckConstraint("level IN ('info', 'warning', 'error')", name="level"),
    UniqueConstraint("audience", "key"),
    Index("ix_notifications_audience", "audience", "updated_at", "id"),
    Index("ix_notifications_updated", "updated_at"),
)

notification_reads = Table(
    "notification_reads",
    metadata,
    Column("notification_id", Id, ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("read_at", UtcDateTime, nullable=False),
)

# Which of the notifications that are not everybody's business a person wants; no row: what their role says.
notification_choices = Table(
    "notification_choices",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("category", String(32), primary_key=True),
    Column("choice", String(8), nullable=False),
    CheckConstraint("choice IN ('all', 'own', 'none')", name="choice"),
)
