"""What jobs that will not go on have left in the database."""

from __future__ import annotations

from sqlalchemy import delete, exists, select

from worker.db.database import Database
from worker.db.schema import import_rejects, jobs
from worker.db.types import db_now
from worker.engine.views import ENDED

RETRY_DAYS = 30
"""So long a failed or cancelled job can be retried: what it needs to go on from where it was is kept, not longer."""
_DAY = 86400.0
_ROWS = 2000  # removed in one transaction


def clean(database: Database) -> int:
    """Remove the rejected rows of imports that ended without an error workbook and can no longer be retried.

    In small steps, so that nobody waits for it; safe beside itself in another process. Gives the number of rows.
    """
    # A day later than the last retry: one that was granted at the last moment is running again by now.
    left = exists().where(import_rejects.c.job_id == jobs.c.id)
    before = select(db_now(-(RETRY_DAYS + 1) * _DAY)).scalar_subquery()
    ended = (jobs.c.state.in_(sorted(ENDED)), jobs.c.finished_at < before)
    with database.read() as connection:
        ids = list(connection.execute(select(jobs.c.id).where(*ended, left)).scalars())
    return sum(_remove(database, job_id) for job_id in ids)


def _remove(database: Database, job_id: str) -> int:
    r = import_rejects.c
    count = 0
    while True:
        with database.write() as connection:
            page = select(r.position).where(r.job_id == job_id).order_by(r.position).limit(_ROWS)
            positions = list(connection.execute(page).scalars())
            if positions:
                here = (r.job_id == job_id, r.position.between(positions[0], positions[-1]))
                connection.execute(delete(import_rejects).where(*here))
        count += len(positions)
        if len(positions) < _ROWS:
            return count
