"""The door to the database: waiting for SQLite's write lock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from worker.db.database import Database


def test_a_writer_that_waits_too_long_is_told_so(sqlite_url: str) -> None:
    holder, waiter = Database(sqlite_url), Database(sqlite_url, lock_timeout_seconds=0.1)
    with holder.write(), pytest.raises(OperationalError, match="locked"), waiter.write():
        pytest.fail("two writers at once")
    with waiter.write() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 100, "other statements still wait"
    holder.dispose()
    waiter.dispose()


def test_a_writer_that_waits_gets_its_turn(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE turns (who TEXT)"))
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with database.write() as connection:
            connection.execute(text("INSERT INTO turns VALUES ('second')"))

    with database.write() as connection:
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        connection.execute(text("INSERT INTO turns VALUES ('first')"))
    thread.join()
    with database.read() as connection:
        assert connection.execute(text("SELECT who FROM turns ORDER BY rowid")).scalars().all() == ["first", "second"]
    database.dispose()


def test_a_file_of_sqlite_is_its_owners_alone_also_one_of_earlier_times(tmp_path: Path) -> None:
    for name in ("new", "old"):
        path = tmp_path / name / "tasktray.db"
        if name == "old":
            path.parent.mkdir()
            path.touch(0o644)
        database = Database(f"sqlite:///{path}")
        with database.write() as connection:
            connection.execute(text("create table one (id integer)"))
            modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
        database.dispose()
        assert modes == dict.fromkeys(("tasktray.db", "tasktray.db-wal", "tasktray.db-shm"), 0o600)
