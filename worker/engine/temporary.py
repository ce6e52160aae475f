"""Temporary folders of attempts, `<data>/tmp/<job>-<token>`: removing those that were left behind.

An attempt removes its own. What stays is of workers that were killed; each computer has its own, so each worker looks
after those of its computer, when it starts and once a day.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from worker.db.database import Database
from worker.db.schema import jobs
from worker.settings import Settings

_DAY = 86400.0


def folder_of(settings: Settings) -> Path:
    """Where they are."""
    return settings.data / "tmp"


def clean(database: Database, place: Path, going_on: Callable[[int], None] = lambda count: None) -> tuple[int, int]:
    """Remove folders of attempts that do not run, and whatever else is older than a day.

    Args:
        going_on: hears before each folder how many were removed; may raise, to stop it.

    Returns:
        How many were removed, and their bytes.
    """
    count = size = 0
    if not place.is_dir():
        return 0, 0
    for path in sorted(place.iterdir()):
        going_on(count)
        name = path.name
        if _is_attempts(name):
            with database.read() as connection:
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
