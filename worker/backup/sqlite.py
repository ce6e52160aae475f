"""Backup and restore of SQLite, by its own backup interface: beside readers and writers, without stopping either."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from worker.backup.manifest import TableState, Tell
from worker.db.database import Database
from worker.errors import Refused

_PAGES = 2000  # copied before the next word to the asker
_ROWS = 5000
_BUSY_SECONDS = 30.0


def path_of(database: Database) -> Path:
    """The database's file."""
    name = make_url(database.url).database
    assert name is not None  # noqa: S101 - a database in memory is nobody's installation
    return Path(name)


class Snapshot:
    """One moment of a database that others go on writing to."""

    server = sqlite3.sqlite_version

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self, tell: Tell) -> dict[str, TableState]:
        """Count and sum up all tables."""
        return tables(self._connection, tell)

    def dump(self, path: Path, tell: Tell) -> None:
        """Copy the database to `path`."""

        def copied(status: int, remaining: int, total: int) -> None:
            tell("stage_backup_copying", None, None)

        with closing(sqlite3.connect(path, isolation_level=None)) as target:
            self._connection.backup(target, pages=_PAGES, progress=copied, sleep=0)
            # One file that is whole by itself; the restored one is set to WAL again by whoever opens it.
            target.execute("PRAGMA journal_mode=DELETE")

    def files(self) -> Iterator[tuple[str, str, int, str]]:
        """Key, name, size and hash of all stored files."""
        yield from self._connection.execute("SELECT storage_key, name, size, sha256 FROM files ORDER BY id")


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """Hold on to one moment. The open reading transaction keeps the copy from beginning again at each write."""
    with closing(sqlite3.connect(path_of(database), timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # BEGIN alone does not read yet
        yield Snapshot(connection)
        connection.execute("COMMIT")


def tables(connection: sqlite3.Connection, tell: Tell) -> dict[str, TableState]:
    """Every table's rows and checksum; as many rows in memory as are read at once."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
        )
    ]
    counts = {name: int(connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0]) for name in names}  # noqa: S608 - a name of the database's own, quoted
    total, done = sum(counts.values()), 0
    found = {}
    for name in names:
        rows = connection.execute(f"SELECT * FROM {_quoted(name)}")  # noqa: S608 - quoted
        sum_, count = 0, 0
        while page := rows.fetchmany(_ROWS):
            for row in page:
                sum_ += int.from_bytes(
                    hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
                )
            count += len(page)
            done += len(page)
            tell("stage_backup_summing", done, total)
        found[name] = TableState(rows=count, checksum=f"{sum_ % (1 << 128):032x}")
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def load(dump: Path, tell: Tell) -> dict[str, TableState]:
    """What a dump holds, read as a database of its own.

    Raises:
        Refused: `backup_damaged`.
    """
    try:
        with closing(sqlite3.connect(dump, isolation_level=None)) as connection:
            tell("stage_backup_reading", None, None)
            if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise Refused("backup_damaged", file=dump.name)
            return tables(connection, tell)
    except sqlite3.DatabaseError as error:
        raise Refused("backup_damaged", file=dump.name) from error


def is_used(path: Path) -> bool:
    """Whether another process has the database open."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
        try:
            # In WAL mode the exclusive lock is to be had only while nobody else has the file open at all.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        except sqlite3.DatabaseError:  # it is no database (any more)
            return False
    return False


def is_damaged(path: Path) -> bool:
    """Whether the file is there but cannot be read as a database."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError:
        return True


def set_aside(path: Path, target: Path) -> None:
    """Move a database that cannot be read, with the files beside it, to names that begin with `target`."""
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(target.with_name(target.name + ending))


def put(prepared: Path, path: Path) -> None:
    """Let `path` hold what `prepared` does, in one transaction: who has it open sees the old state or the new one.

    Raises:
        Refused: `backup_target_busy`.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with (
        closing(sqlite3.connect(prepared, isolation_level=None)) as source,
        closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA journal_mode=WAL")
        target.execute("PRAGMA synchronous=FULL")
        deadline = time.monotonic() + _BUSY_SECONDS

        def patient(status: int, remaining: int, total: int) -> None:
            # Python asks again for ever where somebody else is writing.
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
                raise Refused("backup_target_busy", count=1)

        source.backup(target, pages=-1, progress=patient, sleep=0.05)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
