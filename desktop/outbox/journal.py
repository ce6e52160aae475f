"""The outbox's SQLite file: every step on disk before the next one, and no damage to it stops the application."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from desktop.client.errors import FileProblem
from desktop.outbox.copies import is_full
from desktop.outbox.entry import EntryGone

log = logging.getLogger(__name__)
T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, params TEXT NOT NULL, title TEXT, priority TEXT NOT NULL,
    server TEXT NOT NULL, user TEXT NOT NULL, state TEXT NOT NULL,
    error_code TEXT, error_values TEXT, error_message TEXT,
    created_at REAL NOT NULL, submitted_at REAL, attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at REAL NOT NULL DEFAULT 0, job_id TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    entry TEXT NOT NULL REFERENCES entries(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    path TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    sha256 TEXT, kept TEXT, upload_id TEXT, offset INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (entry, position)
) WITHOUT ROWID;
"""
_FORM = 1  # PRAGMA user_version of this shape
_PROBES = (  # fail when the tables are not of our shape
    "SELECT id, kind, params, title, priority, server, user, state, error_code, error_values, error_message,"
    " created_at, submitted_at, attempts, next_try_at, job_id FROM entries LIMIT 1",
    "SELECT entry, position, path, name, size, mtime_ns, sha256, kept, upload_id, offset FROM files LIMIT 1",
)


class Journal:
    """The file, its transactions, and what happens when it is damaged.

    Args:
        path: of the file.
        rebuild: called when a damaged file has been moved aside and an empty one is in its place.

    Attributes:
        fresh: there was no file before.
        set_aside: where a damaged file was moved to.
    """

    def __init__(self, path: Path, rebuild: Callable[[], None]) -> None:
        self.path = path
        self.fresh = not path.exists()
        self.set_aside: Path | None = None
        self._rebuild = rebuild
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file; a damaged one is moved aside and rebuilt.

        Raises:
            FileProblem: `file_not_written`: it may be in order, but cannot be used now.
        """
        with self._lock:
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise FileProblem(
                        "file_not_written", name=self.path.name, path=str(self.path), reason=str(error)
                    ) from error
                self._replace(error)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _open(self) -> None:
        db = sqlite3.connect(self.path, timeout=10, check_same_thread=False, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            _check(db)
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version={_FORM}")
            for probe in _PROBES:
                db.execute(probe).fetchall()
            # What an earlier run was sending is waiting again. `submitting` stays: the server may have it.
            db.execute("UPDATE entries SET state = 'waiting' WHERE state = 'uploading'")
        except BaseException:
            db.close()
            raise
        self._db = db

    def _replace(self, reason: Exception) -> None:
        self.close()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
        aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}")
        log.error("the outbox is damaged (%s) and was moved to %s", reason, aside)
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            with contextlib.suppress(FileNotFoundError):
                part.replace(aside.with_name(aside.name + ending))
        self.set_aside = aside
        self._open()
        self._rebuild()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._db is None:
            raise EntryGone("the outbox is closed")
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            # After some errors SQLite has rolled back by itself.
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction; when the file turns out to be damaged, again on the rebuilt one.

        Raises:
            FileProblem: `disk_full`, `file_not_written`.
            EntryGone: the journal is closed.
        """
        with self._lock:
            try:
                with self._transaction() as db:
                    return work(db)
            except sqlite3.DatabaseError as error:
                if is_full(error):
                    raise FileProblem("disk_full", path=str(self.path.parent)) from error
                if isinstance(error, sqlite3.IntegrityError) or not _damaged(error):
                    raise FileProblem(
                        "file_not_written", name=self.path.name, path=str(self.path), reason=str(error)
                    ) from error
                self._replace(error)
                with self._transaction() as db:
                    return work(db)


def _check(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check")


def _damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file's content that is wrong (or not of our shape), and not the access to it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
