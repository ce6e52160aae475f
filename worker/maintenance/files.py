"""Removing result files by age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, or_, select

from worker.db.schema import files, job_uploads, jobs
from worker.db.types import db_now
from worker.engine.views import ENDED
from worker.files.cleanup import clean
from worker.files.storage import Storage

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_CHUNK = 100
_DAY = 86400.0


def run(job: JobContext, days_old: int) -> dict[str, Any]:
    """Remove results made before `days_old` days by jobs that have ended, then expired uploads and orphaned bytes.

    A file that another job works on (a corrected error workbook) stays. The jobs' rows stay, too; the desktop learns
    that their files are gone.

    Returns:
        `{files, bytes, uploads, orphans}`: result files and their size, expired uploads, bytes without a row.
    """
    storage = Storage(job.settings)
    state = job.checkpoint or {"files": 0, "bytes": 0}
    f = files.c
    used = exists().where(job_uploads.c.file_id == f.id)
    before = select(db_now(-days_old * _DAY)).scalar_subquery()
    old = (
        select(f.id, f.job_id, f.size, f.storage_key)
        .outerjoin(jobs, jobs.c.id == f.job_id)
        .where(f.role != "upload", f.created_at < before, or_(jobs.c.id.is_(None), jobs.c.state.in_(sorted(ENDED))))
        .where(~used)
        .order_by(f.created_at, f.id)
        .limit(_CHUNK)
    )
    while True:
        job.progress("stage_cleaning", state["files"])
        with job.chunk() as chunk:
            connection = chunk.connection
            found = connection.execute(old).all()
            owners = sorted({row.job_id for row in found if row.job_id is not None})
            # Their rows are held before anything is changed; one that was retried meanwhile is left alone.
            held = (
                select(jobs.c.id)
                .where(jobs.c.id.in_(owners), jobs.c.state.in_(sorted(ENDED)))
                .order_by(jobs.c.id)
                .with_for_update()
            )
            ended = set(connection.execute(held).scalars())
            ids = [row.id for row in found if row.job_id is None or row.job_id in ended]
            gone = connection.execute(
                delete(files).where(f.id.in_(ids), ~used).returning(f.storage_key, f.size, f.job_id)
            ).all()
            state = {"files": state["files"] + len(gone), "bytes": state["bytes"] + sum(row.size for row in gone)}
            chunk.checkpoint(state)
            chunk.changed(*sorted({row.job_id for row in gone if row.job_id is not None}))
        for row in gone:
            storage.delete(row.storage_key)  # after the row: an object without one is removed by the next cleaning
        if len(found) < _CHUNK or not gone:
            break
    job.progress("stage_cleaning", state["files"])
    rest = clean(job.database, storage)
    return {**state, "uploads": rest.uploads, "orphans": rest.orphans}
