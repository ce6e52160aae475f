"""Removing what was left behind: temporary folders of attempts, bytes without a row, sign-ins that have expired."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from worker.db.schema import login_failures, refresh_tokens
from worker.db.types import db_now
from worker.engine import temporary
from worker.files.cleanup import clean
from worker.files.storage import Storage

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_CHUNK = 500
_DAY = 86400.0


def run(job: JobContext) -> dict[str, Any]:
    """Remove it.

    Returns:
        `{folders, bytes, computer, sign_ins, orphans}`: temporary folders and their size, the name of the computer on
        which they were (every worker removes those of its own by itself, too), sign-ins that have expired, objects and
        parts in the storage that belong to nothing.
    """
    place = temporary.folder_of(job.settings)
    folders, size = temporary.clean(job.database, place, lambda count: job.progress("stage_cleaning", count))
    sign_ins = _sign_ins(job)
    orphans = clean(job.database, Storage(job.settings)).orphans
    computer = socket.gethostname()
    return {"folders": folders, "bytes": size, "computer": computer, "sign_ins": sign_ins, "orphans": orphans}


def _sign_ins(job: JobContext) -> int:
    """Refresh tokens that have expired, and yesterday's counts of wrong passwords."""
    r = refresh_tokens.c
    now, day_ago = (select(db_now(-seconds)).scalar_subquery() for seconds in (0.0, _DAY))
    count = 0
    while True:
        job.progress("stage_cleaning", count)
        with job.chunk() as chunk:
            page = select(r.id).where(r.expires_at < now).order_by(r.expires_at).limit(_CHUNK)
            ids = list(chunk.connection.execute(page).scalars())
            chunk.connection.execute(delete(refresh_tokens).where(r.id.in_(ids)))
            chunk.connection.execute(delete(login_failures).where(login_failures.c.last_at < day_ago))
        count += len(ids)
        if len(ids) < _CHUNK:
            return count
