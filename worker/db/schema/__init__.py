"""The system's tables, by topic; here is the place to find them all.

Datasets' tables are derived from their declarations (`worker/datasets/`), not listed here. Ids are UUIDv7 as text (they
sort by time of creation); instants are `UtcDateTime`; `state`, `role` and the like are plain text with a CHECK, so that
both databases hold the same.
"""

from __future__ import annotations

from worker.db.schema.base import BigId, Id, metadata
from worker.db.schema.bills import bill_notices, bill_reminders
from worker.db.schema.files import files, job_uploads, uploads
from worker.db.schema.fleet import lanes, queue_samples, workers
from worker.db.schema.imports import import_journal, import_rejects, job_parts, mappings
from worker.db.schema.jobs import counters, effects, idempotency_keys, job_events, jobs, tombstones
from worker.db.schema.notifications import notification_choices, notification_reads, notifications
from worker.db.schema.people import audit, login_failures, refresh_tokens, users
from worker.db.schema.schedules import schedules

__all__ = [
    "BigId",
    "Id",
    "audit",
    "bill_notices",
    "bill_reminders",
    "counters",
    "effects",
    "files",
    "idempotency_keys",
    "import_journal",
    "import_rejects",
    "job_events",
    "job_parts",
    "job_uploads",
    "jobs",
    "lanes",
    "login_failures",
    "mappings",
    "metadata",
    "notification_choices",
    "notification_reads",
    "notifications",
    "queue_samples",
    "refresh_tokens",
    "schedules",
    "tombstones",
    "uploads",
    "users",
    "workers",
]
