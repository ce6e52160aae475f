"""Schedules, with those that an installation begins with; which process a worker is."""

import sqlalchemy as sa
from alembic import op

from worker.db import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The five of the source document, and the house's own. Their titles are those of their kinds.
# (last digits of the id, kind, cron, catch-up, enabled)
_SCHEDULES = (
    (1, "finance.check_pending_bills", "* * * * *", "skip", True),
    (2, "reports.hourly", "0 * * * *", "once", True),
    (3, "notifications.cleanup", "0 2 * * *", "once", True),
    (4, "reports.weekly", "0 10 * * 1", "once", True),
    (5, "reports.monthly", "0 0 1 * *", "once", True),
    (6, "reports.daily", "0 8 * * *", "once", False),
    (7, "maintenance.cleanup_files", "0 3 * * *", "once", True),
    (8, "maintenance.cleanup_jobs", "0 3 * * *", "once", True),
)


def upgrade() -> None:
    """Create the table and its first rows; add the column."""
    table = op.create_table(
        "schedules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("params", types.Json, nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("cron", sa.String(length=100), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("catch_up", sa.String(length=8), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("start_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_due_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_due_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_job_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(cron IS NULL) <> (interval_seconds IS NULL)", name=op.f("ck_schedules_cron_or_interval")),
        sa.CheckConstraint("catch_up IN ('skip', 'once', 'all')", name=op.f("ck_schedules_catch_up")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_next_due_at"), "schedules", ["next_due_at"], unique=False)
    for number, kind, cron, catch_up, enabled in _SCHEDULES:
        op.execute(
            table.insert().values(
                id=f"00000000-0000-7000-8000-0000000001{number:02}",
                kind=kind,
                params={},
                cron=cron,
                timezone="Asia/Shanghai",
                catch_up=catch_up,
                enabled=enabled,
                start_at=types.db_now(),
                created_at=types.db_now(),
                updated_at=types.db_now(),
            )
        )
    op.add_column("workers", sa.Column("process_started_at", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drop both."""
    with op.batch_alter_table("workers") as batch:
        batch.drop_column("process_started_at")
    op.drop_index(op.f("ix_schedules_next_due_at"), table_name="schedules")
    op.drop_table("schedules")
