"""Which faults a runner takes for passing ones: real errors of real databases."""

from __future__ import annotations

import time

import psycopg
import pytest
from sqlalchemy import text

from worker.db.database import Database
from worker.engine.runner_process import _may_pass


def _error(database: Database, *statements: str, pause: float = 0.0) -> Exception:
    try:
        with database.write() as connection:
            for statement in statements:
                connection.execute(text(statement))
                time.sleep(pause)  # the server's clock is what is waited for
    except Exception as error:
        return error
    pytest.fail("nothing went wrong")


def test_a_missing_table_and_a_duplicate_do_not_pass(database: Database) -> None:
    assert not _may_pass(_error(database, "SELECT * FROM nowhere"))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE once (x INTEGER PRIMARY KEY)"))
    assert not _may_pass(_error(database, "INSERT INTO once VALUES (1)", "INSERT INTO once VALUES (1)"))


def test_a_lock_held_by_another_passes(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE held (x INTEGER)"))
    other = Database(database.url, lock_timeout_seconds=0.1)
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("LOCK TABLE held"))
        assert _may_pass(_error(other, "INSERT INTO held VALUES (1)"))
    other.dispose()


def test_a_session_that_postgresql_ended_passes(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    ended = _error(database, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert _may_pass(ended)
    database.dispose()


def test_a_transaction_that_was_idle_too_long_passes_wrapped_and_plain(postgresql_url: str) -> None:
    database = Database(postgresql_url, idle_timeout_seconds=0.1)
    assert _may_pass(_error(database, "SELECT 1", "SELECT 2", pause=0.6))
    database.dispose()
    plain = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(plain, options="-c idle_in_transaction_session_timeout=100") as connection:
        connection.execute("SELECT 1")
        time.sleep(0.6)  # the server's clock is what is waited for
        with pytest.raises(psycopg.Error) as caught:
            connection.execute("SELECT 2")
        assert _may_pass(caught.value)


def test_a_server_that_is_not_there_passes() -> None:
    database = Database("postgresql+psycopg://postgres@127.0.0.1:1/none")
    assert _may_pass(_error(database, "SELECT 1"))
    database.dispose()


def test_a_mistake_in_the_work_does_not_pass() -> None:
    assert not _may_pass(ValueError("x"))
    assert not _may_pass(KeyError("x"))
    assert _may_pass(ConnectionResetError())
