"""Estimates: from the history of the kind, and from the work ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.engine.engine import set_job
from worker.engine import estimate, lanes, lease
from worker.engine import workers as worker_rows
from worker.engine.progress import ProgressReport
from worker.engine.views import Submission
from worker.errors import Refused


def expect(engine, kind="test.plain", **values):
    return estimate.estimate(engine.database, engine.ann, Submission(kind=kind, **values), settings=engine.settings)


def past(engine, seconds, kind="test.plain", rows=None, size=None, attempt=1):
    """A job that took `seconds`."""
    job = engine.job(kind, uploads=[engine.upload(size=size)] if size else [])
    engine.finish(engine.taken())
    finished = engine.row(job).finished_at
    set_job(engine.database, job, started_at=finished - timedelta(seconds=seconds), rows_total=rows, attempt=attempt)


def test_without_history_and_workers_nothing_is_promised(engine):
    assert expect(engine) == estimate.Estimate(start_seconds=None, duration_seconds=None, based_on=0)


def test_with_a_free_slot_it_starts_at_once(engine):
    engine.worker()
    assert expect(engine).start_seconds == 0


def test_the_duration_is_the_median_of_earlier_jobs(engine):
    for seconds in (10, 12, 500):
        past(engine, seconds)
    found = expect(engine)
    assert (found.duration_seconds, found.based_on) == (12, 3)


def test_jobs_that_needed_several_attempts_teach_nothing(engine):
    past(engine, 10)
    past(engine, 9000, attempt=2)
    assert expect(engine).duration_seconds == 10


def test_the_duration_of_a_file_follows_from_its_size_by_time_per_row(engine):
    past(engine, 10, "test.table", rows=1000, size=50_000)
    past(engine, 20, "test.table", rows=2000, size=100_000)
    found = expect(engine, "test.table", uploads=[engine.upload(size=500_000)])
    assert found.duration_seconds == pytest.approx(100)


def test_only_the_last_twenty_count(engine):
    for _ in range(3):
        past(engine, 1000)
    for _ in range(20):
        past(engine, 10)
    found = expect(engine)
    assert (found.duration_seconds, found.based_on) == (10, 20)


def test_the_start_counts_the_work_ahead_over_all_slots(engine):
    past(engine, 10)
    worker = engine.worker(slots=2)
    for _ in range(6):
        engine.job()
    taken = engine.taken()
    worker_rows.seen(engine.database, worker, running=1)
    lease.heartbeat(engine.database, taken.job_id, taken.lease_token, ProgressReport(eta_seconds=4))
    assert expect(engine).start_seconds == pytest.approx((5 * 10 + 4) / 2)
    assert expect(engine, priority="high").start_seconds == 0


def test_a_running_job_without_a_remaining_time_counts_what_is_usual(engine):
    past(engine, 10)
    worker = engine.worker(slots=1)
    job = engine.job()
    engine.taken()
    worker_rows.seen(engine.database, worker, running=1)
    engine.pass_time(3, job)
    assert expect(engine).start_seconds == pytest.approx(7, abs=1)


def test_a_paused_lane_or_a_start_by_wish_is_told(engine):
    engine.worker()
    assert expect(engine, run_at=datetime.now(UTC) + timedelta(hours=1)).start_seconds == pytest.approx(3600, abs=5)
    lanes.pause(engine.database, engine.root, "default")
    assert expect(engine).start_seconds is None


def test_the_answer_to_a_submission_has_the_estimate(engine):
    past(engine, 10)
    engine.worker()
    job = engine.job()
    assert engine.get(job).estimate.duration_seconds == 10


def test_an_unknown_kind_has_no_estimate(engine):
    with pytest.raises(Refused):
        expect(engine, "test.nothing")


def test_start_up_is_told_from_the_time_a_row_takes():
    base, slope = estimate.fit([(100, 3.0), (100_000, 13.0), (50_000, 8.0)])
    assert base == pytest.approx(3, abs=0.1)
    assert slope == pytest.approx(1e-4, rel=0.05)


def test_larger_jobs_that_were_faster_give_no_negative_times():
    assert estimate.fit([(100, 30.0), (1000, 3.0)]) == (0.0, pytest.approx(0.03))


def test_a_small_job_says_nothing_about_a_far_larger_file():
    learnt = estimate.History(1, 4.0, seconds_per_row=0.04, rows_per_byte=0.01, largest=91)
    assert learnt.duration(9_100) == pytest.approx(3.64)
    assert learnt.duration(11_000_000) is None
