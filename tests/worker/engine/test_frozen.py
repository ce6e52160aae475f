"""Only a worker that is ours beyond doubt, stopped, past its lease and in everybody's way is ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext

import psutil
import pytest
from sqlalchemy import insert

from tests.support import wait_until
from tests.worker.engine.engine import settings_for
from worker.db.database import Database
from worker.db.schema import workers
from worker.db.types import db_now
from worker.engine import frozen
from worker.engine.workers import register
from worker.ids import new_id


@pytest.fixture
def process():
    """A real process that stands still."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    os.kill(child.pid, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED, what="a stop")
    yield child
    child.kill()
    child.wait(10)
    child.stdin.close()


def _looks(database, process, monkeypatch, *, started=0.0, silent=100.0, host=None, locked=True, going=False):
    """Look three times while another connection holds the write lock; gives the process ids that were ended."""
    monkeypatch.setattr(frozen, "_PROBE_SECONDS", 0.05)
    monkeypatch.setattr(frozen, "_LONGEST_PAUSE", 0.0)
    with database.write() as connection:
        connection.execute(
            insert(workers).values(
                id=new_id(), name=f"celery@x@{host or socket.gethostname()}:{process.pid}", pid=process.pid,
                process_started_at=psutil.Process(process.pid).create_time() + started, lanes=["default"], slots=1,
                started_at=db_now(-1000), seen_at=db_now(-silent),
            )
        )  # fmt: skip
    if going:
        os.kill(process.pid, signal.SIGCONT)
        wait_until(lambda: psutil.Process(process.pid).status() != psutil.STATUS_STOPPED, what="going on")
    own = Database(database.url, pool_size=1)
    watcher = frozen.FrozenWorkers(own, settings_for(database, lease_seconds=45))
    with database.write() if locked else nullcontext():
        first = watcher.look()
        ended = [*watcher.look(), *watcher.look()]
    watcher.close()
    own.dispose()
    database.dispose()
    assert first == [], "one look is not enough: a computer that has slept wakes up like that"
    return ended


def test_a_stopped_worker_past_its_lease_that_is_in_the_way_is_ended_at_the_second_look(
    sqlite_url, process, monkeypatch
):
    assert _looks(Database(sqlite_url), process, monkeypatch) == [process.pid]
    assert process.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    "but",
    [
        {"started": -60.0},  # another process that was given its number since
        {"silent": 10.0},  # not past its lease
        {"host": "elsewhere"},  # that computer has a process of this number, too
        {"locked": False},  # it holds nothing up
        {"going": True},  # it does not stand still: it only waits for the lock, as everybody does
    ],
)
def test_any_doubt_leaves_it_alone(sqlite_url, process, monkeypatch, but):
    assert _looks(Database(sqlite_url), process, monkeypatch, **but) == []
    assert process.poll() is None


def test_postgresql_ends_such_transactions_by_itself(postgresql_url, process, monkeypatch):
    assert _looks(Database(postgresql_url), process, monkeypatch) == []
    assert process.poll() is None


def test_a_worker_is_registered_with_the_start_of_its_process(database):
    register(database, "w", os.getpid(), ["default"], 1)
    with database.read() as connection:
        row = connection.execute(workers.select()).one()
    assert row.process_started_at == pytest.approx(psutil.Process().create_time(), abs=1)
