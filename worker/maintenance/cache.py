"""Removing what was left behind: temporary folders of attempts, bytes without a row, sign-ins that have expired."""

from __future__ import annotations

import os
import shutil
import stat
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
        if _is_attempts(name):
            with job.database.read() as connection:
                running = connection.execute(
                    select(jobs.c.id).where(jobs.c.id == name[:36], jobs.c.lease_token == name[37:])
                ).first()
            if running is not None:
                continue
        # An attempt that ends at this moment removes its folder itself.
        found = _seen(path)
        if found is None or (not _is_attempts(name) and found.st_mtime > time.time() - _DAY):
            continue
        size += _size(path, found)
        count += 1
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return count, size


def _is_attempts(name: str) -> bool:
    return len(name) == 73 and name[36] == "-"


def _seen(path: Path) -> os.stat_result | None:
    """What the system knows of a path itself, not of what it points to; None: it is gone."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _size(path: Path, found: os.stat_result) -> int:
    """Bytes of a file, or of all files in a folder; what goes meanwhile counts nothing."""
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size
    inside = (_seen(Path(folder, name)) for folder, _, names in os.walk(path) for name in names)
    return sum(one.st_size for one in inside if one is not None)


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
