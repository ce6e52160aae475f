"""Removing what was left behind: temporary folders of attempts, bytes without a row, sign-ins that have expired."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from worker.db.schema import jobs, login_failures, refresh_tokens
from worker.db.types import db_now
from worker.files.cleanup import clean
from worker.files.storage import Storage

if TYPE_CHECKING:
    from worker.engine.context import JobContext

_CHUNK = 500
_DAY = 86400.0


def run(job: JobContext) -> dict[str, Any]:
    """Remove it.

    Returns:
        `{folders, bytes, sign_ins, orphans}`: temporary folders of this computer and their size, sign-ins that have
        expired, objects and parts in the storage that belong to nothing.
    """
    folders, size = _folders(job)
    sign_ins = _sign_ins(job)
    orphans = clean(job.database, Storage(job.settings)).orphans
    return {"folders": folders, "bytes": size, "sign_ins": sign_ins, "orphans": orphans}


def _folders(job: JobContext) -> tuple[int, int]:
    """Folders of attempts that do not run, and whatever else is older than a day; they are named `<job>-<token>`."""
    place = job.settings.data / "tmp"
    count = size = 0
    if not place.is_dir():
        return 0, 0
    for path in sorted(place.iterdir()):
        job.progress("stage_cleaning", count)
        name = path.name
        if len(name) == 73 and name[36] == "-":
            with job.database.read() as connection:
                running = connection.execute(
                    select(jobs.c.id).where(jobs.c.id == name[:36], jobs.c.lease_token == name[37:])
                ).first()
            if running is not None:
                continue
        elif path.stat().st_mtime > time.time() - _DAY:
            continue
        size += _size(path)
        count += 1
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return count, size


def _size(path: Path) -> int:
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    return sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir())


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
