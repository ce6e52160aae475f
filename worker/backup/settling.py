"""What has to be put right in a database that comes out of a backup, before anybody works with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from worker import audit
from worker.actor import SYSTEM
from worker.backup.manifest import Manifest
from worker.db.database import Database
from worker.db.schema import counters, files, jobs, refresh_tokens, uploads, workers
from worker.engine import outcome
from worker.engine.limits import IS_PENDING, IS_RUNNING
from worker.files.storage import Storage
from worker.settings import Settings

NAMED = 20
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of jobs and files.

    Attributes:
        waiting_again: jobs that ran at the moment of the backup and wait to go on at their checkpoints.
        cancelled: jobs of those that had been asked to stop.
        files_missing: files whose bytes are not in the storage; `missing_names` are the first of them.
        uploads_missing: unfinished uploads of which less is there than the database says.
    """

    waiting_again: int
    cancelled: int
    files_missing: int
    missing_names: tuple[str, ...]
    uploads_missing: int


def settle(database: Database, settings: Settings, manifest: Manifest, name: str, epoch: str) -> Settled:
    """Put it right.

    - The change feed gets a new epoch, so that cursors of the time before end with 410.
    - Workers of that time are gone: their jobs wait again, with their checkpoints and without losing an attempt.
    - All sign-ins end: those of that time may have been ended since, and those of since are not known here.

    Args:
        name: of the backup's file, for the audit.
        epoch: the new one.
    """
    with database.write() as connection:
        connection.execute(update(counters).where(counters.c.name == "changes").values(epoch=epoch))
        connection.execute(delete(workers))
        connection.execute(delete(refresh_tokens))
        connection.execute(update(uploads).where(uploads.c.writer.is_not(None)).values(writer=None, writer_until=None))
        connection.execute(update(jobs).where(IS_PENDING, jobs.c.hinted_at.is_not(None)).values(hinted_at=None))
        states = [outcome.restored(connection, row) for row in connection.execute(select(jobs).where(IS_RUNNING)).all()]
        missing, names = _missing_files(connection, Storage(settings))
        short = _missing_uploads(connection, Storage(settings))
        settled = Settled(
            waiting_again=states.count("pending"),
            cancelled=states.count("cancelled"),
            files_missing=missing,
            missing_names=names,
            uploads_missing=short,
        )
        audit.record(
            connection,
            SYSTEM,
            "backup.restore",
            "backup",
            name,
            made_at=manifest.created_at.isoformat(),
            rows=manifest.rows,
            waiting_again=settled.waiting_again,
            files_missing=settled.files_missing,
        )
    return settled


def _missing_files(connection: Connection, storage: Storage) -> tuple[int, tuple[str, ...]]:
    """How many files' bytes are not there, and the newest ones' names."""
    count, names = 0, []
    rows = connection.execute(
        select(files.c.name, files.c.storage_key).order_by(files.c.created_at.desc()),
        execution_options={"yield_per": _BATCH},
    )
    for row in rows:
        if not storage.exists(row.storage_key):
            count += 1
            if count <= NAMED:
                names.append(row.name)
    return count, tuple(names)


def _missing_uploads(connection: Connection, storage: Storage) -> int:
    rows = connection.execute(select(uploads.c.id, uploads.c.offset).where(uploads.c.file_id.is_(None)))
    short = 0
    for row in rows:
        path = storage.incoming_path(row.id)
        short += row.offset > (path.stat().st_size if path.exists() else 0)
    return short
