"""Monitoring: statistics and history by an index, and what waited from minute to minute."""

import sqlalchemy as sa
from alembic import op

from worker.db import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")
ENDED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    """Add the index of ended jobs and the table of samples; let the index of what waits hold the kind."""
    op.create_index(
        "ix_jobs_ended",
        "jobs",
        ["finished_at", "kind", "state", "owner_id", "lane", "started_at"],
        unique=False,
        sqlite_where=ENDED,
        postgresql_where=ENDED,
    )
    op.drop_index("ix_jobs_pending", table_name="jobs")
    _create_pending(["lane", "priority", "run_at", "id", "kind"])
    op.create_table(
        "queue_samples",
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", "lane", name=op.f("pk_queue_samples")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("queue_samples")
    op.drop_index("ix_jobs_pending", table_name="jobs")
    _create_pending(["lane", "priority", "run_at", "id"])
    op.drop_index("ix_jobs_ended", table_name="jobs")


def _create_pending(columns: list[str]) -> None:
    op.create_index("ix_jobs_pending", "jobs", columns, unique=False, sqlite_where=PENDING, postgresql_where=PENDING)
