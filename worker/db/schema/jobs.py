"""Jobs: their rows, stories, effects, and the change feed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from worker.db.schema.base import BigId, Id, metadata
from worker.db.types import Json, UtcDateTime

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("title", String(300), nullable=False),
    Column("params", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", SmallInteger, nullable=False, server_default="1"),  # 0 high, 1 normal, 2 low
    Column("lane", String(32), nullable=False),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("parent_id", Id),  # the import whose corrected error workbook this is; the import that an undo takes back
    Column("label", String(100)),  # the submitter's own word for the sort of job (task_type of a source document)
    Column("scheduled", Boolean, nullable=False, server_default=text("false")),
    Column("fire_key", String(128), unique=True),  # schedule + due time: two schedulers fire once
    Column("run_at", UtcDateTime, nullable=False),  # not before; moved by a retry's backoff
    Column("hinted_at", UtcDateTime),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),  # since the last checkpoint progress
    Column("retries", Integer, nullable=False, server_default="0"),  # transient errors since the last manual retry
    Column("waiting_for", String(16)),  # why a pending job was put back: retry, rescue, resume; NULL when new
    # the lease: all NULL unless running
    Column("worker", String(128)),
    Column("lease_token", Id),
    Column("lease_until", UtcDateTime),
    Column("soft_deadline", UtcDateTime),
    Column("hard_deadline", UtcDateTime),
    Column("cancel_requested_at", UtcDateTime),
    Column("cancel_requested_by", Id),
    # progress
    Column("progress", Float, nullable=False, server_default="0"),  # 0 to 100
    Column("stage", String(64)),  # a code of worker/texts
    Column("stage_values", Json),
    Column("rows_done", BigInteger),
    Column("rows_total", BigInteger),
    Column("rate", Float),  # rows per second, rolling
    Column("eta_seconds", Float),
    Column("estimate", Json),  # as answered at submission: {start_seconds, duration_seconds}
    Column("checkpoint", Json),
    # outcome
    Column("result", Json),
    Column("error_code", String(64)),
    Column("error_values", Json),
    Column("traceback", Text),  # for admins
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),  # of the first attempt
    Column("claimed_at", UtcDateTime),  # of the last attempt; whose turn it is among the owners follows from it
    Column("finished_at", UtcDateTime),
    # of an import: the last job that was asked to take it back, and when one did; only one ever does
    Column("undone_by", Id),
    Column("undone_at", UtcDateTime),
    Column("change_no", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="lease"),
    Index("ix_jobs_change_no", "change_no"),
    Index("ix_jobs_owner_change", "owner_id", "change_no"),
    # claim-best: each owner's first job, in order
    Index(
        "ix_jobs_turn",
        "owner_id",
        "priority",
        "run_at",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    # what waits in a lane, in order
    Index(
        "ix_jobs_pending",
        "lane",
        "priority",
        "run_at",
        "id",
        "kind",  # so that counting what waits, by kind, needs no row
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "ix_jobs_running",
        "lease_until",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    # whether anything of the asker's is under way
    Index(
        "ix_jobs_open",
        "owner_id",
        sqlite_where=text("state IN ('pending', 'running')"),
        postgresql_where=text("state IN ('pending', 'running')"),
    ),
    Index("ix_jobs_owner_claimed", "owner_id", "claimed_at"),
    Index("ix_jobs_owner_created", "owner_id", "created_at", "id"),
    Index("ix_jobs_created", "created_at", "id"),
    Index("ix_jobs_kind_state", "kind", "state", "finished_at"),
    Index("ix_jobs_state_finished", "state", "finished_at"),
    Index("ix_jobs_parent", "parent_id"),
    # statistics and history of what has ended: all that they count stands in the index, since a row may be long
    Index(
        "ix_jobs_ended",
        "finished_at",
        "kind",
        "state",
        "owner_id",
        "lane",
        "started_at",
        sqlite_where=text("finished_at IS NOT NULL"),
        postgresql_where=text("finished_at IS NOT NULL"),
    ),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column(
        "type", String(32), nullable=False
    ),  # submitted, claimed, stage, checkpoint, retry, rescued, cancel_requested, …
    Column("values", Json),
    Index("ix_job_events_job", "job_id", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("job_id", Id, nullable=False),  # no foreign key: the key outlives a deleted job
    Column("response", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("epoch", String(36), nullable=False),  # new after a restore, so that old cursors end
    Column("floor", BigInteger, nullable=False, server_default="0"),  # tombstones up to here are gone
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("change_no", BigInteger, primary_key=True),
    Column("job_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

effects = Table(
    "effects",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("state", String(16), nullable=False),  # started, done, unknown
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("values", Json),
    UniqueConstraint("job_id", "step", "key"),
)
