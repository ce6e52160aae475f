"""One door to the database, the same for SQLite and PostgreSQL: a reading and a writing transaction."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url

_WRITE = "tasktray_write"
_ASK_SECONDS = 0.002


class Database:
    """Connections to one database.

    Args:
        url: SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`.
        pool_size: connections kept open.
        lock_timeout_seconds: how long a statement waits for a lock before it fails (and is retried by its caller).
        idle_timeout_seconds: PostgreSQL ends a transaction that a frozen process keeps open longer than this,
            so that its locks do not last for ever.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        lock_timeout_seconds: float = 15.0,
        idle_timeout_seconds: float = 60.0,
    ) -> None:
        self.url = url
        self._lock_timeout_seconds = lock_timeout_seconds
        parsed = make_url(url)
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        )
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 20}
        if self.dialect == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                _make_private(Path(parsed.database))
            options["connect_args"] = {"timeout": lock_timeout_seconds, "check_same_thread": False}
        else:
            options["pool_pre_ping"] = True
            options["connect_args"] = {
                "connect_timeout": 5,
                "options": f"-c lock_timeout={int(lock_timeout_seconds * 1000)}"
                f" -c idle_in_transaction_session_timeout={int(idle_timeout_seconds * 1000)}",
            }
        self.engine = create_engine(url, **options)
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", self._on_sqlite_connect)
            event.listen(self.engine, "begin", self._on_sqlite_begin)

    @staticmethod
    def _on_sqlite_connect(connection: Any, record: Any) -> None:
        # Transactions are begun by us (see _on_sqlite_begin), not by the driver at the first write.
        connection.isolation_level = None
        cursor = connection.cursor()
        # WAL lets readers go on beside a writer. FULL: what was answered with 202 survives a power cut.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-32000",
            # 160 MB: during an import a page of an index is written back once instead of again and again (keys in
            # random order into 5 million rows: 9 % less CPU and a quarter fewer bytes than with 64 MB; into 3 million,
            # 64 MB took two thirds of the CPU of the default, 4 MB). A commit is as durable as before.
            "wal_autocheckpoint=40000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def _on_sqlite_begin(self, connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later
        # would otherwise fail with SQLITE_BUSY without waiting.
        if not connection.get_execution_options().get(_WRITE, False):
            connection.exec_driver_sql("BEGIN")
            return
        # SQLite's own waiting asks again only every 100 ms after a while, and so would hardly ever meet the short
        # gaps that an import leaves between its chunks: we ask every 2 ms.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for mypy: only SQLite listens
        deadline = time.monotonic() + self._lock_timeout_seconds
        driver.execute("PRAGMA busy_timeout=0")
        try:
            while time.monotonic() < deadline:
                try:
                    driver.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        break
                time.sleep(_ASK_SECONDS)
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, so that SQLAlchemy puts the error into its words
        finally:
            driver.execute(f"PRAGMA busy_timeout={int(self._lock_timeout_seconds * 1000)}")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, rolled back on any exception."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                yield connection

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _make_private(path: Path) -> None:
    """Make an SQLite file and its folder, and see that only its owner can read it; one of earlier times, too.

    SQLite gives the files beside it (`-wal`, `-shm`) the mode of the file. An existing file is not opened here: closing
    it would drop the locks that this process holds on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        one = path.with_name(name)
        with contextlib.suppress(FileNotFoundError, PermissionError):  # PermissionError: it belongs to somebody else
            if one.stat().st_mode & 0o077:
                one.chmod(0o600)
