"""The sweeper: silent workers, due jobs, old rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.worker.engine.engine import Engine, shift
from worker.db.schema import idempotency_keys, tombstones, workers
from worker.engine import claim, control, lanes
from worker.engine import workers as worker_rows
from worker.engine.routing import LANES
from worker.errors import Refused


def test_a_job_of_a_silent_worker_goes_back_with_a_wait_and_its_story_says_so(engine):
    job = engine.job()
    engine.taken()
    engine.pass_time(44)
    assert engine.sweeper().rescue() == []
    engine.pass_time(2)
    assert engine.sweeper().rescue() == [job]
    row = engine.row(job)
    assert (row.state, row.crashes, row.waiting_for, row.lease_token) == ("pending", 1, "rescue", None)
    assert engine.claim() is None
    assert engine.get(job).why.code == "rescue_at"
    assert engine.story(job)[-1] == "rescued"
    engine.pass_time(10)
    assert engine.taken().attempt == 2


def test_a_job_that_silences_three_workers_is_quarantined(engine):
    job = engine.job()
    for _ in range(3):
        engine.taken()
        engine.pass_time(46)
        engine.sweeper().rescue()
        engine.pass_time(700)
    assert engine.get(job).error.code == "quarantined"
    assert engine.story(job)[-1] == "quarantined"


def test_each_of_many_silent_jobs_is_taken_back_once_by_sweepers_that_run_together(engine):
    for _ in range(20):
        engine.job()
    for _ in range(20):
        engine.taken()
    engine.pass_time(46)
    with ThreadPoolExecutor(4) as pool:
        rescued = [job for jobs in pool.map(lambda _: engine.sweeper().rescue(), range(4)) for job in jobs]
    assert len(rescued) == len(set(rescued)) == 20
    with engine.database.read() as connection:
        from worker.db.schema import jobs

        assert set(connection.execute(select(jobs.c.crashes)).scalars()) == {1}


def test_due_jobs_that_nobody_took_are_hinted_again_at_most_once_in_the_interval(engine):
    engine.worker(slots=4)
    engine.job()
    engine.job("test.export", priority="high")
    engine.hints.clear()
    assert engine.sweeper().hint() == 0  # they were hinted when they were submitted
    engine.pass_time(31)
    assert engine.sweeper().hint() == 2
    assert sorted(engine.hints) == ["default", "high_priority"]
    assert engine.sweeper().hint() == 0
    engine.pass_time(31)
    assert engine.sweeper().hint() == 2


def test_a_retry_and_a_job_for_later_are_hinted_when_they_are_due(engine):
    engine.worker()
    engine.job(run_at=datetime.now(UTC) + timedelta(minutes=5))
    assert engine.sweeper().hint() == 0
    engine.pass_time(301)
    assert engine.sweeper().hint() == 1


def test_never_more_hints_than_free_slots(engine):
    busy = engine.worker("w1", slots=3)
    worker_rows.seen(engine.database, busy, running=1)
    engine.worker("w2", lanes=("export",), slots=1)
    stopping = engine.worker("w3", slots=5)
    worker_rows.stopping(engine.database, stopping)
    for _ in range(10):
        engine.job()
    for _ in range(10):
        engine.job("test.export")
    engine.pass_time(31)
    engine.hints.clear()
    assert engine.sweeper().hint() == 3
    assert sorted(engine.hints) == ["default", "default", "export"]


def test_nothing_is_hinted_without_a_worker_for_a_paused_lane_or_a_full_limit(database):
    engine = Engine(database, user_running_limit=1)
    engine.job("test.export")
    engine.pass_time(31)
    engine.hints.clear()
    assert engine.sweeper().hint() == 0  # no worker
    engine.worker()
    lanes.pause(database, engine.root, "export")
    assert engine.sweeper().hint() == 0
    engine.job("test.single", by=engine.bob)
    engine.taken()
    engine.job("test.single", by=engine.root)
    engine.job("test.plain", by=engine.bob)
    engine.pass_time(31)
    assert engine.sweeper().hint() == 0  # the kind is at its limit, and so is bob


def test_two_sweepers_together_hint_each_job_once(engine):
    engine.worker(slots=50)
    for _ in range(20):
        engine.job()
    engine.pass_time(31)
    engine.hints.clear()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: engine.sweeper().hint(), range(4)))
    assert len(engine.hints) == 20


def count(database, table):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_old_tombstones_keys_and_workers_are_removed_and_cursors_from_before_end(engine):
    cursor = engine.head()
    job = engine.job(key="k")
    engine.cancel(job)
    control.delete(engine.database, engine.ann, job)
    after = engine.head()
    engine.worker()
    assert engine.sweeper().forget() == 0
    shift(engine.database, "tombstones", ("at",), 31 * 86400)
    shift(engine.database, "idempotency_keys", ("created_at",), 31 * 86400)
    shift(engine.database, "workers", ("seen_at",), 2 * 86400)
    assert engine.sweeper().forget() == 3
    assert [count(engine.database, table) for table in (tombstones, idempotency_keys, workers)] == [0, 0, 0]
    with pytest.raises(Refused) as refused:
        engine.changes(cursor)
    assert (refused.value.code, refused.value.status) == ("cursor_gone", 410)
    assert engine.changes(after).removed == []
    assert engine.sweeper().forget() == 0


def test_a_worker_is_online_while_it_is_seen(engine):
    worker = engine.worker("w1", lanes=("default", "export"), slots=3)

    def online():
        with engine.database.read() as connection:
            return worker_rows.online(connection, engine.settings)

    assert [(w.name, w.lanes, w.slots, w.free, w.stopping) for w in online()] == [
        ("w1", ("default", "export"), 3, 3, False)
    ]
    assert worker_rows.seen(engine.database, worker, running=2, memory_bytes=5)
    assert [(w.free, w.memory_bytes) for w in online()] == [(1, 5)]
    shift(engine.database, "workers", ("seen_at",), 60)
    assert online() == []
    assert worker_rows.seen(engine.database, worker, running=0)
    assert engine.worker("w1") != worker  # a new life of the same name
    assert len(online()) == 1
    assert not worker_rows.seen(engine.database, worker, running=0)
    worker_rows.gone(engine.database, online()[0].id)
    assert online() == []


def test_the_jobs_of_a_worker_that_is_known_to_have_ended_are_rescued_at_once_and_no_others(engine):
    mine, other = engine.job(), engine.job()
    for name, pid in (("celery@here:77", 77), ("celery@there:77", 77)):
        worker_rows.register(engine.database, name, pid, LANES, 1)
        assert claim.claim(engine.database, engine.settings, name, LANES) is not None
    assert worker_rows.lost(engine.database, 77, "here") == [mine]
    assert worker_rows.lost(engine.database, 77, "here") == []
    engine.pass_time(1)
    assert engine.sweeper().rescue() == [mine]
    assert engine.row(other).state == "running"
