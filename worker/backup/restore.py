"""Put a backup back: only one that proves to be whole, only where nothing is lost by it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect, select

from worker.backup import archive, postgresql, settling, sqlite, stored
from worker.backup.backup import compare, create, folder_of, load, our_tables, workplace
from worker.backup.manifest import Manifest, Tell
from worker.backup.settling import Settled
from worker.datasets import tables as dataset_tables
from worker.db.database import Database
from worker.db.migrate import migrate, new_epoch
from worker.db.revisions import known_revisions
from worker.db.schema import files, jobs, users
from worker.errors import Conflict, Refused
from worker.files.storage import Storage
from worker.settings import Settings

SAFETY_PREFIX = "before-restore-"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        safety_copy: what was there before; None: nothing was.
        settled: what became of jobs and files.
        files: uploads and results of the backup that were put back; None: it has none.
    """

    manifest: Manifest
    safety_copy: Path | None
    settled: Settled
    files: stored.Put | None = None


def restore(settings: Settings, path: Path, tell: Tell, *, force: bool = False) -> Restored:
    """Replace the installation's database by the one in the backup, and put the backup's files into the storage.

    The backup is read into an empty database first and compared with its manifest, and so are its files. What is there
    is copied into the folder of backups before it is replaced: the database, and the files where the backup has files.

    Args:
        force: also when the database holds something, or is in use.

    Raises:
        Conflict: `backup_target_used`, `backup_target_not_empty`.
        Refused: `backup_damaged`, `backup_not_one`, `backup_too_new`, `backup_other_database`, `backup_differs`,
            `backup_target_busy`, `storage_full`, `pg_client_…`.
    """
    folder = folder_of(settings)
    database = Database(settings.effective_database_url, pool_size=1)
    try:
        manifest = _fitting(database, archive.read_manifest(path), path)
        place = sqlite.path_of(database) if database.dialect == "sqlite" else None
        damaged = place is not None and sqlite.is_damaged(place)
        holds = damaged or _holds(database)
        database.dispose()  # or we would find ourselves when we look who uses it
        if not force:
            _refuse_if_used(database, place)
            if holds:
                raise Conflict("backup_target_not_empty")
        with workplace(folder) as work:
            prepared = work / "database"
            archive.extract(path, prepared, tell)
            compare(manifest, load(database, prepared, tell))
            stored.check(path, tell)
            storage = Storage(settings) if manifest.files else None
            safety = None
            if damaged and place is not None:
                safety = folder / f"{SAFETY_PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
                sqlite.set_aside(place, safety)
            elif holds:
                safety = create(database, folder, tell, prefix=SAFETY_PREFIX, storage=storage).path
            put = stored.put(path, storage, work, tell) if storage else None
            settled = (
                _into_sqlite(settings, manifest, prepared, place, path.name)
                if place is not None
                else _into_postgresql(settings, database, manifest, prepared, path.name, tell)
            )
    finally:
        database.dispose()
    return Restored(manifest, safety, settled, put)


def _into_sqlite(settings: Settings, manifest: Manifest, prepared: Path, place: Path, name: str) -> Settled:
    """Bring the copy to its final state, then let it become the database all at once."""
    copy = Database(f"sqlite:///{prepared.as_posix()}", pool_size=1)
    try:
        migrate(copy, dataset_tables())
        settled = settling.settle(copy, settings, manifest, name, new_epoch())
    finally:
        copy.dispose()
    sqlite.put(prepared, place)
    return settled


def _into_postgresql(
    settings: Settings, database: Database, manifest: Manifest, dump: Path, name: str, tell: Tell
) -> Settled:
    epoch = new_epoch()
    postgresql.put(database, dump, our_tables(), epoch, tell)
    migrate(database, dataset_tables())
    return settling.settle(database, settings, manifest, name, epoch)


def _fitting(database: Database, manifest: Manifest, path: Path) -> Manifest:
    if manifest.database != database.dialect:
        raise Refused("backup_other_database", made=manifest.database, here=database.dialect)
    if manifest.revision not in known_revisions():
        raise Refused("backup_too_new", file=path.name, version=manifest.version)
    return manifest


def _refuse_if_used(database: Database, place: Path | None) -> None:
    if place is not None:
        if sqlite.is_used(place):
            raise Conflict("backup_target_used", count=1)
    elif count := postgresql.others(database):
        raise Conflict("backup_target_used", count=count)


def _holds(database: Database) -> bool:
    """Whether anything would be lost: people, jobs, files, or rows of a dataset."""
    with database.read() as connection:
        there = set(inspect(connection).get_table_names())
        asked = [select(table.c[table.primary_key.columns.keys()[0]]) for table in (jobs, files) if table.name in there]
        asked += [select(next(iter(table.c))) for table in dataset_tables().sorted_tables if table.name in there]
        if users.name in there:
            asked.append(select(users.c.id).where(users.c.role != "system"))
        return any(connection.execute(query.limit(1)).first() is not None for query in asked)
