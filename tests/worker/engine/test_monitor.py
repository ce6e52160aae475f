"""What an administrator watches, against a history whose numbers are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, literal, select

from tests.worker.engine.engine import set_job, shift
from worker.db.schema import queue_samples
from worker.db.types import UtcDateTime
from worker.engine import lanes, outcome, workers
from worker.engine.monitor import samples
from worker.engine.monitor.fleet import fleet
from worker.engine.monitor.history import history
from worker.engine.monitor.queues import queue, queues
from worker.engine.monitor.samples import Sampler
from worker.engine.monitor.series import series
from worker.engine.monitor.stats import stats
from worker.errors import Forbidden, NotFound, Refused

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def ended(engine, at=NOON, seconds=1.0, kind="test.plain", by=None, state="succeeded", **values):
    """A job that ended at `at` after `seconds`."""
    job = engine.job(kind, by)
    started = None if seconds is None else at - timedelta(seconds=seconds)
    set_job(engine.database, job, state=state, started_at=started, finished_at=at, **values)
    return job


# ---------------------------------------------------------------- workers


def test_a_worker_is_shown_with_its_lanes_memory_and_running_jobs(engine):
    worker = engine.worker("w1", lanes=("default", "export"), slots=2)
    engine.worker("w2", lanes=("email",))
    workers.seen(engine.database, worker, 1, 123_456)
    job = engine.job(title="April")
    assert engine.taken().job_id == job
    first, second = fleet(engine.database, engine.settings, engine.root, "zh_CN")
    assert (first.name, first.state, first.lanes, first.slots, first.memory_bytes) == (
        "w1", "online", ["default", "export"], 2, 123_456,
    )  # fmt: skip
    assert [(j.id, j.kind, j.kind_title, j.title) for j in first.jobs] == [
        (job, "test.plain", "任务 test.plain", "April")
    ]
    assert first.jobs[0].since == engine.row(job).claimed_at
    assert (second.name, second.jobs) == ("w2", [])


def test_a_stopping_worker_and_a_silent_one_are_told_apart(engine):
    workers.stopping(engine.database, engine.worker("leaving"))
    engine.worker("lost")
    shift(engine.database, "workers", ("seen_at",), engine.settings.lease_seconds + 1, "WHERE name = 'lost'")
    assert [(w.name, w.state) for w in fleet(engine.database, engine.settings, engine.root, "en")] == [
        ("leaving", "stopping")
    ]
    everyone = fleet(engine.database, engine.settings, engine.root, "en", silent=True)
    assert [(w.name, w.state) for w in everyone] == [("leaving", "stopping"), ("lost", "silent")]


# ---------------------------------------------------------------- queues


def test_a_lane_tells_what_waits_runs_and_serves_it(engine):
    engine.worker("w1", lanes=("default", "export"), slots=2)
    engine.worker("w2", lanes=("default",), slots=3)
    workers.stopping(engine.database, engine.worker("w3", slots=9))
    for _ in range(3):
        engine.job()
    engine.taken()
    engine.pass_time(90)
    engine.job(run_at=datetime.now(UTC) + timedelta(hours=1))
    lanes.pause(engine.database, engine.root, "export")
    found = {view.lane: view for view in queues(engine.database, engine.settings, engine.root)}
    default = found["default"]
    assert (default.waiting, default.due, default.running, default.workers, default.slots) == (3, 2, 1, 2, 5)
    assert 90 <= default.oldest_waiting_seconds < 120
    assert default.paused_at is None
    assert (found["export"].paused_by, found["export"].oldest_waiting_seconds) == ("root", None)
    assert found["export"].paused_at is not None
    assert (found["email"].workers, found["email"].waiting) == (0, 0)


def test_the_rate_of_a_lane_counts_what_ended_in_the_last_minutes(engine):
    now = datetime.now(UTC)
    for age in (1, 2, 250, 310):
        ended(engine, now - timedelta(seconds=age))
    ended(engine, now, kind="test.export", state="failed")
    assert queue(engine.database, engine.settings, engine.root, "default").finished_per_minute == 0.6
    assert queue(engine.database, engine.settings, engine.root, "export").finished_per_minute == 0.2
    # the source documents' name of the lane
    assert queue(engine.database, engine.settings, engine.root, "celery").lane == "default"


# ---------------------------------------------------------------- stats


def test_stats_count_by_kind_and_state_and_know_durations(engine):
    for seconds in range(1, 21):  # 1 to 20 s: p50 is the tenth, p95 the nineteenth
        ended(engine, seconds=seconds)
    ended(engine, seconds=100, state="failed", error_code="no_space", error_values={"limit": 3})
    ended(engine, seconds=None, state="cancelled")
    ended(engine, seconds=0.25, kind="test.export", by=engine.bob)
    engine.job()
    engine.job()
    engine.taken()
    found = stats(engine.database, engine.root, "en")
    assert found.states.model_dump() == {"pending": 1, "running": 1, "succeeded": 21, "failed": 1, "cancelled": 1}
    assert found.total == 25
    assert found.success_rate == round(21 / 22, 4)
    assert (found.p50_seconds, found.p95_seconds) == (10, 19)
    plain, export = found.kinds
    assert (plain.kind, plain.title, plain.total) == ("test.plain", "TEST.PLAIN", 24)
    assert (plain.average_seconds, plain.p50_seconds, plain.p95_seconds) == (10.5, 10, 19)
    assert (export.average_seconds, export.p50_seconds, export.p95_seconds) == (0.25, 0.25, 0.25)
    assert [(f.kind, f.code, f.count, f.last_at) for f in found.failures] == [("test.plain", "no_space", 1, NOON)]


def test_stats_of_a_period_take_its_beginning_and_leave_its_end(engine):
    for minutes in (0, 10, 20):
        ended(engine, NOON + timedelta(minutes=minutes), seconds=minutes + 1)
    found = stats(engine.database, engine.root, "en", since=NOON, until=NOON + timedelta(minutes=20))
    assert (found.states.succeeded, found.average_seconds) == (2, 6)


def test_the_reason_of_failures_is_put_into_words(engine):
    ended(engine, state="failed", error_code="user_disabled", error_values={"username": "old"})
    ended(engine, NOON + timedelta(1), state="failed", error_code="user_disabled", error_values={"username": "new"})
    (failure,) = stats(engine.database, engine.root, "zh_CN").failures
    assert failure.count == 2
    assert "new" in failure.message


def test_an_operator_sees_figures_of_own_jobs_only(engine):
    ended(engine, by=engine.bob, seconds=5)
    ended(engine, by=engine.ann, seconds=7, state="failed")
    found = stats(engine.database, engine.bob, "en")
    assert (found.total, found.average_seconds, found.failures) == (1, 5, [])
    assert [entry.owner.username for entry in history(engine.database, engine.bob, "en").entries] == ["bob"]


def test_nothing_at_all_has_no_rates(engine):
    found = stats(engine.database, engine.root, "en")
    assert (found.total, found.success_rate, found.average_seconds, found.p50_seconds, found.kinds) == (
        0, None, None, None, [],
    )  # fmt: skip


# ---------------------------------------------------------------- history


def test_history_pages_through_everything_once_also_where_ends_are_equal(engine):
    made = [ended(engine, NOON + timedelta(seconds=number // 3)) for number in range(8)]
    engine.job()
    seen, cursor = [], None
    while True:
        page = history(engine.database, engine.root, "en", cursor=cursor, limit=3)
        seen += [entry.id for entry in page.entries]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    ends = [engine.row(job).finished_at for job in seen]
    assert ends == sorted(ends, reverse=True)


def test_history_filters_by_kind_state_owner_and_time(engine):
    plain = ended(engine)
    export = ended(engine, NOON + timedelta(1), kind="test.export", by=engine.bob, seconds=2.5)
    failed = ended(
        engine, NOON + timedelta(2), state="failed", error_code="user_disabled", error_values={"username": "x"}
    )

    def ids(**wanted):
        return [entry.id for entry in history(engine.database, engine.root, "en", **wanted).entries]

    assert ids() == [failed, export, plain]
    assert ids(of_kinds=["test.export"]) == ids(owner="bob") == ids(owner=engine.bob.user_id) == [export]
    assert ids(owner="nobody") == []
    assert ids(states=["failed", "cancelled"]) == [failed]
    assert ids(since=NOON + timedelta(1), until=NOON + timedelta(2)) == [export]
    entry = history(engine.database, engine.root, "en", of_kinds=["test.export"]).entries[0]
    assert (entry.seconds, entry.error, entry.kind_title) == (2.5, None, "TEST.EXPORT")
    assert "x" in history(engine.database, engine.root, "en", states=["failed"]).entries[0].error.message


@pytest.mark.parametrize("cursor", ["x", "é", "MjAyNi0wNS0wNHx4"])
def test_a_senseless_cursor_is_refused(engine, cursor):
    with pytest.raises(Refused, match="invalid_cursor"):
        history(engine.database, engine.root, "en", cursor=cursor)


# ---------------------------------------------------------------- series


def test_a_series_has_a_point_for_each_minute_with_what_ended_and_what_waited(engine):
    ended(engine, NOON)
    ended(engine, NOON + timedelta(seconds=59))
    ended(engine, NOON + timedelta(seconds=60), state="failed", kind="test.export")
    note(engine, NOON, {"*": (5, 2), "default": (5, 2)})
    note(engine, NOON + timedelta(minutes=1), {"*": (0, 0)})
    whole = series(engine.database, engine.root, since=NOON, until=NOON + timedelta(minutes=3))
    assert [(p.succeeded, p.failed, p.cancelled, p.waiting, p.running) for p in whole.points] == [
        (2, 0, 0, 5, 2), (0, 1, 0, 0, 0), (0, 0, 0, None, None),
    ]  # fmt: skip
    assert [p.at for p in whole.points] == [NOON + timedelta(minutes=m) for m in range(3)]
    export = series(engine.database, engine.root, since=NOON, until=NOON + timedelta(minutes=3), lane="export")
    assert [(p.succeeded, p.failed, p.waiting) for p in export.points] == [(0, 0, 0), (0, 1, 0), (0, 0, None)]


def test_an_hour_tells_the_most_that_waited_in_it(engine):
    for minute, waiting in ((0, 3), (30, 8), (59, 1), (60, 4)):
        note(engine, NOON + timedelta(minutes=minute), {"*": (waiting, 1)})
    ended(engine, NOON + timedelta(minutes=59))
    found = series(engine.database, engine.root, step="hour", since=NOON, until=NOON + timedelta(hours=2))
    assert [(p.succeeded, p.waiting) for p in found.points] == [(1, 8), (0, 4)]


def test_a_series_has_the_minute_whose_first_second_has_not_passed(engine):
    until = NOON + timedelta(seconds=0.4)
    found = series(engine.database, engine.root, since=NOON - timedelta(minutes=1), until=until)
    assert [point.at for point in found.points] == [NOON - timedelta(minutes=1), NOON]
    found = series(engine.database, engine.root, since=NOON - timedelta(minutes=1), until=NOON)
    assert [point.at for point in found.points] == [NOON - timedelta(minutes=1)]


def test_without_a_period_a_series_ends_now(engine):
    ended(engine, datetime.now(UTC))
    minutes = series(engine.database, engine.root)
    assert len(minutes.points) in (60, 61)
    assert sum(p.succeeded for p in minutes.points[-2:]) == 1
    assert len(series(engine.database, engine.root, step="hour").points) in (24, 25)


def test_a_senseless_or_endless_period_is_refused(engine):
    for since, until, code in ((NOON, NOON, "period_empty"), (NOON, NOON + timedelta(days=2), "period_too_long")):
        with pytest.raises(Refused, match=code):
            series(engine.database, engine.root, since=since, until=until)
    with pytest.raises(NotFound):
        series(engine.database, engine.root, lane="nowhere")


def note(engine, at, lanes_):
    with engine.database.write() as connection:
        connection.execute(
            insert(queue_samples),
            [{"at": at, "lane": lane, "waiting": w, "running": r} for lane, (w, r) in lanes_.items()],
        )


def rows(engine):
    with engine.database.read() as connection:
        return {row.lane: (row.waiting, row.running) for row in connection.execute(select(queue_samples))}


def test_a_minute_is_sampled_once_by_however_many_schedulers(engine, monkeypatch):
    monkeypatch.setattr(samples, "db_now", lambda: literal(NOON, UtcDateTime()))  # no minute ends while the test runs
    engine.job()
    engine.job("test.export")
    engine.taken("export")
    first = Sampler(engine.database)
    assert first.sample() is True
    assert rows(engine) == {"*": (1, 1), "default": (1, 0), "export": (0, 1)}
    engine.job()
    assert first.sample() is False
    assert Sampler(engine.database).sample() is False
    assert rows(engine)["*"] == (1, 1)


def test_samples_older_than_a_month_are_forgotten(engine):
    now = datetime.now(UTC)
    for age in (33, 1):
        note(engine, now - timedelta(days=age), {"*": (age, 0)})
    assert samples.forget(engine.database) == 1
    assert rows(engine) == {"*": (1, 0)}


def test_monitoring_is_for_admins(engine):
    for question in (
        lambda: fleet(engine.database, engine.settings, engine.ann, "en"),
        lambda: queues(engine.database, engine.settings, engine.ann),
        lambda: series(engine.database, engine.ann),
    ):
        with pytest.raises(Forbidden):
            question()


def test_a_retried_job_leaves_the_history_until_it_ends_again(engine):
    job = engine.job()
    taken = engine.taken()
    outcome.fail(engine.database, engine.settings, job, taken.lease_token, "unknown_job", {"job": "x"})
    assert [e.id for e in history(engine.database, engine.root, "en").entries] == [job]
    from worker.engine import control

    control.retry(engine.database, engine.root, job, publish=engine.publish)
    assert history(engine.database, engine.root, "en").entries == []
