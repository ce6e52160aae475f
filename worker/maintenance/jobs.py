"""Deleting jobs by age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select

from worker import audit
from worker.db.schema import bill_reminders, jobs
from worker.db.types import db_now
from worker.engine import control
from worker.engine.views import ENDED
from worker.files.cleanup import clean
from worker.files.storage import Storage

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_CHUNK = 50
_DAY = 86400.0


def run(job: JobContext, days_old: int, scheduled_days_old: int) -> dict[str, Any]:
    """Delete jobs that ended before so many days, those of schedules earlier, with their stories and files.

    Imports stay at least as long as they can be taken back.

    Returns:
        `{jobs, files}`.
    """
    c = jobs.c
    keep = max(days_old, int(job.settings.undo_days) + 1)
    long_ago, not_so_long_ago = (select(db_now(-d * _DAY)).scalar_subquery() for d in (keep, scheduled_days_old))
    old = or_(c.finished_at < long_ago, and_(c.scheduled.is_(True), c.finished_at < not_so_long_ago))
    removed = int((job.checkpoint or {}).get("jobs", 0))
    while True:
        job.progress("stage_cleaning", removed)
        with job.chunk() as chunk:
            connection = chunk.connection
            # Every job's row is held before the first change number is taken, this job's own first: a heartbeat that
            # holds it would wait for the number while the fence waits for the row.
            connection.execute(select(c.id).where(c.id == job.job_id).with_for_update(key_share=True))
            found = connection.execute(
                select(jobs)
                .where(c.state.in_(sorted(ENDED)), old, c.id != job.job_id)
                .order_by(c.id)
                .limit(_CHUNK)
                .with_for_update(skip_locked=True)
            ).all()
            removed += len(found)
            if found:
                audit.record(connection, job.actor, "job.cleanup", "job", job.job_id, count=len(found))
            # What these jobs wrote of their reminders guards days that are long over.
            gone = [row.id for row in found]
            connection.execute(delete(bill_reminders).where(bill_reminders.c.job_id.in_(gone)))
            chunk.checkpoint({"jobs": removed})
            for row in found:
                control.erase(connection, row)
        if len(found) < _CHUNK:
            break
    rest = clean(job.database, Storage(job.settings))
    return {"jobs": removed, "files": rest.files}
