"""Notifications, and what has been said of overdue bills."""

import sqlalchemy as sa
from alembic import op

from worker.db import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("audience", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("values", types.Json, nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("sender_id", sa.String(length=36), nullable=True),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level IN ('info', 'warning', 'error')", name=op.f("ck_notifications_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("audience", "key", name=op.f("uq_notifications_audience_key")),
    )
    op.create_index("ix_notifications_audience", "notifications", ["audience", "updated_at", "id"], unique=False)
    op.create_index("ix_notifications_updated", "notifications", ["updated_at"], unique=False)
    op.create_table(
        "notification_reads",
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("read_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_notification_reads_notification_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_reads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notification_id", "user_id", name=op.f("pk_notification_reads")),
    )
    op.create_index(op.f("ix_notification_reads_user_id"), "notification_reads", ["user_id"], unique=False)
    op.create_table(
        "bill_notices",
        sa.Column("bill_no", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("raised_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bill_no", "due_on", name=op.f("pk_bill_notices")),
    )
    op.create_table(
        "bill_reminders",
        sa.Column("bill_no", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("customer_no", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("mail_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", types.Json, nullable=True),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('started', 'sent', 'unknown', 'refused', 'deferred')", name=op.f("ck_bill_reminders_state")
        ),
        sa.PrimaryKeyConstraint("bill_no", "day", name=op.f("pk_bill_reminders")),
    )
    op.create_index("ix_bill_reminders_job", "bill_reminders", ["job_id", "customer_no"], unique=False)
    op.create_index("ix_bill_reminders_mail", "bill_reminders", ["mail_id"], unique=False)
    started = sa.text("state = 'started'")
    op.create_index(
        "ix_bill_reminders_started", "bill_reminders", ["job_id"], unique=False,
        sqlite_where=started, postgresql_where=started,
    )  # fmt: skip


def downgrade() -> None:
    """Remove the tables."""
    for table in ("bill_reminders", "bill_notices", "notification_reads", "notifications"):
        op.drop_table(table)
