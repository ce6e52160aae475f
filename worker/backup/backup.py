"""Make a backup: one consistent moment, written to one file, proved by reading it back."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, select

from worker import audit
from worker.actor import SYSTEM, Actor
from worker.backup import archive, postgresql, sqlite, stored
from worker.backup.manifest import FORMAT, Manifest, TableState, Tell, differing
from worker.datasets import tables as dataset_tables
from worker.db.database import Database
from worker.db.revisions import current_revision
from worker.db.schema import files, metadata
from worker.errors import Refused
from worker.files.storage import Storage, sync_folder
from worker.settings import Settings

PREFIX = "tasktray-"
_MAKING = ".making-"
_ABANDONED_SECONDS = 86400.0  # what a killed backup left is removed by a later one
_NAME = re.compile(rf"{PREFIX}\d{{8}}T\d{{6}}Z(?:-\d+)?\.backup")


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made.

    Attributes:
        size, sha256: of the file.
        verified: it was read back and compared.
        removed: older backups that had to go.
        left_out: files, and their bytes, that the database knows and that are not in the backup by choice.
    """

    path: Path
    size: int
    sha256: str
    manifest: Manifest
    verified: bool
    removed: tuple[str, ...] = ()
    left_out: tuple[int, int] = (0, 0)

    def facts(self) -> dict[str, Any]:
        """For a job's result, the audit and programs."""
        return {
            "file": self.path.name,
            "bytes": self.size,
            "sha256": self.sha256,
            "tables": len(self.manifest.tables),
            "rows": self.manifest.rows,
            "files": self.manifest.files.count if self.manifest.files else 0,
            "file_bytes": self.manifest.files.size if self.manifest.files else 0,
            "files_missing": self.manifest.files.missing if self.manifest.files else 0,
            "files_damaged": self.manifest.files.damaged if self.manifest.files else 0,
            "files_left_out": self.left_out[0],
            "verified": self.verified,
            "removed": list(self.removed),
        }


class Snapshot(Protocol):
    """One moment of a database."""

    server: str

    def tables(self, tell: Tell) -> dict[str, TableState]:
        """Count and sum up all tables."""

    def dump(self, path: Path, tell: Tell) -> None:
        """Write all of it to `path`."""

    def files(self) -> Iterator[tuple[str, str, int, str]]:
        """Key, name, size and hash of all stored files."""


def our_tables() -> list[str]:
    """The names of all tables that Tasktray may have."""
    return sorted({*metadata.tables, *dataset_tables().tables, "alembic_version"})


def folder_of(settings: Settings) -> Path:
    """Where backups are kept."""
    return Path(settings.backup_folder) if settings.backup_folder else settings.data / "backups"


def create(
    database: Database,
    folder: Path,
    tell: Tell,
    *,
    keep: int = 0,
    verify: bool = True,
    prefix: str = PREFIX,
    storage: Storage | None = None,
) -> Made:
    """Make a backup in `folder`, beside whatever is going on.

    Args:
        tell: hears how far it is; may raise to stop it, then nothing is left.
        keep: how many backups to leave in the folder, this one included; 0: all.
        verify: read it back into an empty database of its own and compare counts and checksums.
        prefix: of the file's name; only those with the usual one are counted and removed.
        storage: holds the uploads and results, which go into the backup, too; None: they do not.

    Raises:
        Refused: `storage_full`, `backup_no_database`, `backup_differs`, `pg_client_…`, `backup_needs_createdb`.
    """
    revision = current_revision(database)
    if revision is None:
        raise Refused("backup_no_database")
    with workplace(folder) as work:
        dump, making, noted = work / "database", work / "backup", work / "files"
        with _snapshot(database) as moment:
            created_at = datetime.now(UTC)
            found = moment.tables(tell)
            moment.dump(dump, tell)
            known = stored.note(moment.files(), noted) if storage is not None else 0
            server = moment.server
        with archive.writing(making) as file:
            manifest = Manifest(
                format=1 if storage is None else FORMAT,
                version=_version(),
                database=database.dialect,
                server=server,
                revision=revision,
                created_at=created_at,
                tables=found,
                dump=archive.add_dump(file, dump, tell),
                files=stored.add(file, noted, known, storage, created_at, tell) if storage is not None else None,
            )
            archive.add_manifest(file, manifest)
        dump.unlink()
        if verify:
            check(database, making, work / "check", tell)
        size, sha256 = making.stat().st_size, _sha256(making)
        path = _place(making, folder, prefix, created_at)
    removed = rotate(folder, keep) if prefix == PREFIX and keep else ()
    return Made(path, size, sha256, manifest, verify, removed, _left_out(database) if storage is None else (0, 0))


def note(database: Database, made: Made, actor: Actor = SYSTEM) -> None:
    """Let the audit know."""
    with database.write() as connection:
        audit.record(connection, actor, "backup.create", "backup", made.path.name, **made.facts())


def check(database: Database, path: Path, work: Path, tell: Tell) -> Manifest:
    """Read a backup into an empty database of its own and compare it with what it says of itself.

    Args:
        database: of the installation; a backup of PostgreSQL is read into another database of its server.
        work: where the dump is taken out; removed again.

    Raises:
        Refused: `backup_differs`, naming the tables; as `archive.extract`.
    """
    try:
        manifest = archive.extract(path, work, tell)
        compare(manifest, load(database, work, tell))
        stored.check(path, tell)
    finally:
        work.unlink(missing_ok=True)
    return manifest


def load(database: Database, dump: Path, tell: Tell) -> dict[str, TableState]:
    """What a dump holds, by the tables of an empty database that it was read into."""
    if database.dialect == "sqlite":
        return sqlite.load(dump, tell)
    return postgresql.load(database, dump, our_tables(), tell)


def compare(manifest: Manifest, found: dict[str, TableState]) -> None:
    """Refuse with `backup_differs` unless all tables are as the manifest says."""
    wrong = differing(manifest.tables, found)
    if wrong:
        raise Refused("backup_differs", tables=", ".join(wrong))


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, newest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_age, reverse=True)


def rotate(folder: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest `keep` backups; gives the removed ones' names."""
    old = backups(folder)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
    return tuple(path.name for path in old)


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A folder for what is being made, on the disk where it will stay; removed at the end."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{_MAKING}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder) as work:
        yield Path(work)


def _left_out(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        count, size = connection.execute(select(func.count(), func.coalesce(func.sum(files.c.size), 0))).one()
    return int(count), int(size)


def _snapshot(database: Database) -> AbstractContextManager[Snapshot]:
    if database.dialect == "sqlite":
        return sqlite.snapshot(database)
    return postgresql.snapshot(database, our_tables())


def _place(making: Path, folder: Path, prefix: str, at: datetime) -> Path:
    making.chmod(0o600)
    for number in range(1, 1000):
        path = folder / f"{prefix}{at:%Y%m%dT%H%M%SZ}{f'-{number}' if number > 1 else ''}.backup"
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # the name is ours, whoever else makes one now
            making.replace(path)
            sync_folder(folder)
            return path
    raise FileExistsError(folder / prefix)


def _age(path: Path) -> tuple[str, int]:
    moment, _, number = path.stem.removeprefix(PREFIX).partition("-")
    return moment, int(number or 1)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version() -> str:
    try:
        return version("tasktray")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
