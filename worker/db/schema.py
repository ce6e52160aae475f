"""The system's tables. Datasets' tables are derived from their declarations (`worker/datasets/`), not listed here.

Ids are UUIDv7 as text (they sort by time of creation); instants are `UtcDateTime`; `state`, `role` and the like are
plain text with a CHECK, so that both databases hold the same.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from worker.db.types import Json, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(36)
BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only in INTEGER columns

# ---------------------------------------------------------------- people

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", Text),  # NULL: cannot sign in by password (the system, the embedded local user)
    Column("role", String(16), nullable=False),
    Column("display_name", String(128)),
    Column("email", String(254)),
    Column("language", String(8), nullable=False, server_default="zh_CN"),
    Column("disabled_at", UtcDateTime),
    # Raised by a change of role, password or disabling: access tokens and cursors of an older version end.
    Column("token_version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('operator', 'admin', 'system')", name="role"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("family", Id, nullable=False, index=True),  # one sign-in; a token used twice ends its whole family
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("username", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("user_id", Id),
    Column("username", String(64), nullable=False),
    Column("action", String(64), nullable=False),  # e.g. job.submit, job.cancel, user.create, auth.login_failed
    Column("object_type", String(32)),
    Column("object_id", String(64)),
    Column("details", Json),
    Column("ip", String(64)),
    Index("ix_audit_username", "username", "id"),
    Index("ix_audit_action", "action", "id"),
    Index("ix_audit_object", "object_id", "id"),
)

# ---------------------------------------------------------------- jobs

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

lanes = Table(
    "lanes",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("paused_at", UtcDateTime),
    Column("paused_by", Id),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started_at", Float),  # seconds since 1970 by the system: with the pid it names one process for ever
    Column("lanes", Json, nullable=False),  # list of names
    Column("slots", Integer, nullable=False),
    Column("running", Integer, nullable=False, server_default="0"),
    Column("memory_bytes", BigInteger),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("stopping", Boolean, nullable=False, server_default=text("false")),
)

# What waited and ran at the beginning of a minute, kept for a month: no other row remembers it.
queue_samples = Table(
    "queue_samples",
    metadata,
    Column("at", UtcDateTime, primary_key=True),  # the minute
    Column("lane", String(32), primary_key=True),  # a lane's name, or * for all of them
    Column("waiting", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# ---------------------------------------------------------------- schedules

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

# ---------------------------------------------------------------- imports

# Rows that a running import has rejected, written in the same chunk that counts them; the error workbook is made of
# them at the end, and they are removed. Texts hold JSON: JSONB would refuse a NUL character, which a bad cell may have.
import_rejects = Table(
    "import_rejects",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # data row in reading order, from 0
    Column("number", BigInteger, nullable=False),  # the row number that a person sees in the file
    Column("sheet", String(255)),
    Column("cells", Text, nullable=False),
    Column("problems", Text, nullable=False),
)

# What imports have overwritten, so that they can be taken back; kept for `undo_days`. Rows that an import created are
# known by `created_job` and `row_version`. No foreign key: it would cost each row a look-up, and deleting a job would
# delete a million rows in one breath; the cleaning does it in small steps.
import_journal = Table(
    "import_journal",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of the row in the file
    Column("before", Text, nullable=False),  # JSON list: see `worker/datasets/journal.py`
    sqlite_with_rowid=False,
)

# What a running job has made of its single inputs, kept in the same chunk that counts them until the results are put
# together from all of them; then they are removed.
job_parts = Table(
    "job_parts",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("summary", Text, nullable=False),  # JSON; JSONB would refuse a NUL character
    Column("content", LargeBinary, nullable=False),  # compressed JSON, see `worker/engine/packing.py`
)

# How a person mapped a file, remembered by the shape of its header; each has one a dataset and shape, and may share it.
mappings = Table(
    "mappings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset", String(64), nullable=False),
    Column("fingerprint", String(32), nullable=False),  # of the header that the mapping speaks of
    # of the header that is found where nobody says which sheet or row it is; the same where that was right
    Column("seen_as", String(32), nullable=False),
    Column("owner_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("headers", Json, nullable=False),  # list of names as they stood in the file; may be empty
    Column("mapping", Json, nullable=False),  # {column: field or null}
    Column("constants", Json, nullable=False),
    Column("value_map", Json, nullable=False),
    Column("sheet", String(255)),
    Column("header_row", Integer),
    Column("encoding", String(40)),
    Column("delimiter", String(1)),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("dataset", "fingerprint", "owner_id"),
    Index("ix_mappings_seen_as", "dataset", "seen_as"),
)

# ---------------------------------------------------------------- files

uploads = Table(
    "uploads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("content_type", String(128)),
    Column("size", BigInteger, nullable=False),  # declared at creation
    Column("offset", BigInteger, nullable=False, server_default="0"),  # bytes safely stored
    Column("metadata", Json, nullable=False),  # the client's tus metadata, decoded
    Column("writer", Id),  # token of the PATCH under way; one writer at a time
    Column("writer_until", UtcDateTime),
    Column("file_id", Id),  # set when complete
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="SET NULL")),  # the job that made it; NULL for uploads
    Column("role", String(32), nullable=False),  # upload, export, errors, report
    Column("name", String(255), nullable=False),
    Column("content_type", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("storage_key", String(255), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, index=True),
    Index("ix_files_owner", "owner_id", "created_at"),
    Index("ix_files_job", "job_id"),
    Index("ix_files_sha256", "sha256"),
    Index("ix_files_name", "name"),
)

job_uploads = Table(
    "job_uploads",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file_id", Id, ForeignKey("files.id"), nullable=False, index=True),
)

# ---------------------------------------------------------------- notifications

notifications = Table(
    "notifications",
    metadata,
    Column("id", Id, primary_key=True),
    Column("audience", Id, nullable=False),  # a user's id, or `admins` or `all`
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

# ---------------------------------------------------------------- bills

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
