"""Removes what nobody needs any more: expired uploads and files, and bytes that belong to no row.

Safe beside everything else and beside itself in another process; a row is always deleted before its bytes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import and_, delete, exists, or_, select

from worker.db.database import Database
from worker.db.schema import files, job_uploads, uploads
from worker.db.types import db_now
from worker.files.storage import Storage

T = TypeVar("T")
_BATCH = 200  # rows in one transaction
ORPHAN_SECONDS = 3600.0  # younger bytes may belong to a transaction that is about to commit


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a cleaning removed.

    Attributes:
        uploads: expired uploads (rows), complete or not.
        files: expired files, and results whose job is gone.
        orphans: objects and parts without a row.
    """

    uploads: int
    files: int
    orphans: int


def clean(database: Database, storage: Storage, *, orphan_seconds: float = ORPHAN_SECONDS) -> Cleaned:
    """Remove all that may go now.

    Args:
        orphan_seconds: age from which bytes without a row are removed.
    """
    return Cleaned(
        uploads=_uploads(database, storage),
        files=_files(database, storage),
        orphans=_objects(database, storage, orphan_seconds) + _parts(database, storage, orphan_seconds),
    )


def _uploads(database: Database, storage: Storage) -> int:
    count = 0
    while True:
        with database.write() as connection:
            expired = (
                select(uploads.c.id)
                .where(uploads.c.expires_at <= db_now())
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
            ids = list(connection.execute(expired).scalars())
            connection.execute(delete(uploads).where(uploads.c.id.in_(ids)))
        for upload_id in ids:
            with contextlib.suppress(PermissionError):  # Windows: open somewhere; `_parts` comes back for it
                storage.incoming_path(upload_id).unlink(missing_ok=True)
        count += len(ids)
        if len(ids) < _BATCH:
            return count


def _files(database: Database, storage: Storage) -> int:
    used = exists().where(job_uploads.c.file_id == files.c.id)
    # Results are kept as long as their job; uploads wait for one until they expire.
    may_go = or_(
        files.c.expires_at <= db_now(),
        and_(files.c.role != "upload", files.c.job_id.is_(None), files.c.expires_at.is_(None)),
    )
    count = 0
    while True:
        with database.write() as connection:
            # First the locks, then the look at `job_uploads`: a submission that took the row in between is seen.
            chosen = select(files.c.id).where(may_go, ~used).limit(_BATCH).with_for_update(skip_locked=True)
            ids = list(connection.execute(chosen).scalars())
            keys = list(
                connection.execute(
                    delete(files).where(files.c.id.in_(ids), ~used).returning(files.c.storage_key)
                ).scalars()
            )
        for key in keys:
            storage.delete(key)
        count += len(keys)
        if len(ids) < _BATCH:
            return count


def _objects(database: Database, storage: Storage, orphan_seconds: float) -> int:
    limit = time.time() - orphan_seconds
    count = 0
    for keys in _batches(key for key, stored_at in storage.objects() if stored_at <= limit):
        with database.read() as connection:
            known = set(connection.execute(select(files.c.storage_key).where(files.c.storage_key.in_(keys))).scalars())
        for key in keys:
            if key not in known:
                storage.delete(key)
                count += 1
    return count


def _parts(database: Database, storage: Storage, orphan_seconds: float) -> int:
    limit = time.time() - orphan_seconds
    count = 0
    for paths in _batches(path for path, changed_at in storage.unfinished() if changed_at <= limit):
        with database.read() as connection:
            going_on = set(
                connection.execute(
                    select(uploads.c.id).where(
                        uploads.c.id.in_([path.name for path in paths]), uploads.c.file_id.is_(None)
                    )
                ).scalars()
            )
        for path in paths:
            if path.name not in going_on:
                with contextlib.suppress(PermissionError):
                    path.unlink(missing_ok=True)
                    count += 1
    return count


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
