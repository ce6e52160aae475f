"""Who waits for whom: people and heartbeats never for a chunk, nobody for the frozen, and no two for each other."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from tests.support import wait_until
from tests.worker.engine.engine import Engine, set_job
from worker.db.database import Database
from worker.db.schema import effects
from worker.db.types import db_now
from worker.engine import control, lease, outcome
from worker.engine.claim import lock, take
from worker.engine.progress import ProgressReport
from worker.errors import Conflict, LeaseLost, NotFound


@pytest.fixture
def impatient(postgresql_url):
    """An engine on PostgreSQL that waits half a second for a lock, and whose transactions may idle one second."""
    database = Database(postgresql_url, lock_timeout_seconds=0.5, idle_timeout_seconds=1)
    yield Engine(database)
    database.dispose()


def _effect(connection, job):
    connection.execute(insert(effects).values(job_id=job, step="s", key="k", state="started", started_at=db_now()))


def test_cancel_and_heartbeat_do_not_wait_for_a_chunk(impatient):
    engine = impatient
    job = engine.job()
    taken = engine.taken()
    with engine.database.write() as chunk:
        _effect(chunk, job)  # its foreign key holds on to the job's row
        assert engine.cancel(job).cancel_requested
        assert lease.heartbeat(engine.database, job, taken.lease_token, ProgressReport(rows_done=1)).cancel
        assert engine.job()
        assert lease.checkpoint(chunk, job, taken.lease_token, {"row": 1}).cancel
    assert engine.row(job).checkpoint == {"row": 1}


def test_a_claim_that_waited_for_another_sees_what_it_took(postgresql_url):
    database = Database(postgresql_url)
    engine = Engine(database)
    engine.job("test.single")
    set_job(database, engine.job("test.single", by=engine.bob), lane="export")  # the two claims want different rows
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def somebody_waits():
        with database.read() as connection:
            return connection.execute(waiting).scalar_one()

    with ThreadPoolExecutor(1) as pool:
        with database.write() as first:
            lock(first)
            assert take(first, engine.settings, "w1", ["default"]) is not None
            second = pool.submit(engine.claim, "export")
            wait_until(somebody_waits, 20, "the second claim waiting")
        assert second.result(20) is None
    database.dispose()


def test_a_worker_frozen_in_a_transaction_loses_its_locks_and_its_job(impatient):
    engine = impatient
    job = engine.job()
    taken = engine.taken()

    def frozen():
        with engine.database.write() as chunk:
            _effect(chunk, job)
            lease.fence(chunk, job, taken.lease_token)
            wait_until(engine.sweeper().rescue, 20, "the job taken back")
            lease.checkpoint(chunk, job, taken.lease_token, {"row": 1})

    engine.pass_time(46)
    with pytest.raises(DBAPIError):
        frozen()
    row = engine.row(job)
    assert (row.state, row.checkpoint, row.crashes) == ("pending", None, 1)


def test_everybody_at_once_on_the_same_jobs_never_locks_up(engine):
    """Workers, people and sweepers on a handful of jobs: every call comes to its end, with a verdict of the rules."""
    ids = [engine.job() for _ in range(4)]
    stop = threading.Event()
    wrong: list[BaseException] = []

    def again(deed):
        try:
            while not stop.is_set():
                try:
                    deed()
                except (Conflict, LeaseLost, NotFound):
                    continue
        except BaseException as error:
            wrong.append(error)

    def work():
        taken = engine.claim()
        if taken is None:
            return
        job, token = taken.job_id, taken.lease_token
        for row in range(3):
            with engine.database.write() as connection:
                connection.execute(
                    insert(effects).values(job_id=job, step=token, key=str(row), state="done", started_at=db_now())
                )
                lease.checkpoint(connection, job, token, {"row": row}, ProgressReport(rows_done=row))
            lease.heartbeat(engine.database, job, token, ProgressReport(rows_done=row))
        outcome.release(engine.database, engine.settings, job, token)

    def people():
        job = random.choice(ids)
        control.cancel(engine.database, engine.root, job)
        control.retry(engine.database, engine.root, job, publish=engine.publish)

    def rename():
        control.patch(engine.database, engine.root, random.choice(ids), title=str(random.random()))

    def sweep():
        engine.pass_time(1, random.choice(ids))
        engine.sweeper().sweep()

    threads = [threading.Thread(target=again, args=(deed,)) for deed in (work, work, people, rename, sweep)]
    for thread in threads:
        thread.start()
    wait_until(lambda: wrong or all(engine.row(job).version > 25 for job in ids), 60, "many changes")
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong, repr(wrong[0])
