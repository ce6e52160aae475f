"""The lease: what a worker that holds it may do, and that one that has lost it can do nothing at all."""

from __future__ import annotations

import inspect
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from tests.worker.engine.engine import set_job
from worker.db.schema import audit, counters, job_events, jobs
from worker.engine import control, lease, outcome
from worker.engine.progress import ProgressReport
from worker.errors import LeaseLost


def everything(database):
    """All that a write could have changed."""
    with database.read() as connection:
        return [
            connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in (jobs, job_events, counters, audit)
        ] + [connection.execute(text("SELECT count(*) FROM customers")).all()]


def effect(connection):
    connection.execute(
        text("INSERT INTO customers (customer_no, name, updated_at) VALUES ('c1', 'n', CURRENT_TIMESTAMP)")
    )


REPORT = ProgressReport("stage_x", {"n": 1}, 5, 10, 2.0, 2.5, new_stage=True)


def _fence(e, job, token):
    with e.database.write() as connection:
        effect(connection)
        lease.fence(connection, job, token)


def _checkpoint(e, job, token):
    with e.database.write() as connection:
        effect(connection)
        lease.checkpoint(connection, job, token, {"row": 7}, REPORT)


WRITES = {
    "heartbeat": lambda e, job, token: lease.heartbeat(e.database, job, token),
    "heartbeat with progress": lambda e, job, token: lease.heartbeat(e.database, job, token, REPORT),
    "fence": _fence,
    "checkpoint": _checkpoint,
    "finish": lambda e, job, token: outcome.finish(e.database, e.settings, job, token, {"a": 1}),
    "fail": lambda e, job, token: outcome.fail(e.database, e.settings, job, token, "boom"),
    "fail for now": lambda e, job, token: outcome.fail(e.database, e.settings, job, token, "boom", transient=True),
    "cancelled": lambda e, job, token: outcome.cancelled(e.database, e.settings, job, token, {"a": 1}),
    "release": lambda e, job, token: outcome.release(e.database, e.settings, job, token),
    "crashed": lambda e, job, token: outcome.crashed(e.database, e.settings, job, token),
}


def test_every_function_that_takes_a_token_is_tried_with_a_stale_one():
    functions = {
        name
        for module in (lease, outcome)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and "token" in inspect.signature(function).parameters
    } - {"held"}  # the condition itself
    assert functions == {name.split()[0] for name in WRITES}


@pytest.mark.parametrize("moment", ["taken back", "with another worker", "at its end", "deleted"])
def test_a_stale_token_can_write_nothing(engine, moment):
    engine.job()
    stale = engine.taken()
    engine.pass_time(46)
    assert engine.sweeper().rescue() == [stale.job_id]
    if moment != "taken back":
        engine.pass_time(700)
        fresh = engine.taken()
        assert fresh.job_id == stale.job_id
        if moment != "with another worker":
            engine.finish(fresh)
        if moment == "deleted":
            control.delete(engine.database, engine.ann, stale.job_id)
    before = everything(engine.database)
    for write in WRITES.values():
        with pytest.raises(LeaseLost):
            write(engine, stale.job_id, stale.lease_token)
        assert everything(engine.database) == before


@pytest.mark.parametrize("write", WRITES)
def test_the_holder_of_the_lease_can_write(engine, write):
    engine.job()
    taken = engine.taken()
    before = everything(engine.database)
    WRITES[write](engine, taken.job_id, taken.lease_token)
    assert write == "fence" or everything(engine.database)[0] != before[0]
    if write in ("fence", "checkpoint"):
        assert everything(engine.database)[-1] != before[-1]


def test_a_lease_past_its_time_holds_until_somebody_takes_the_job_back(engine):
    engine.job()
    taken = engine.taken()
    engine.pass_time(1000)
    lease.heartbeat(engine.database, taken.job_id, taken.lease_token, lease_seconds=45)
    assert engine.sweeper().rescue() == []


def test_a_heartbeat_renews_and_reads_back_cancel_and_deadlines(engine):
    job = engine.job("test.quick")
    taken = engine.taken()

    def beat():
        b = lease.heartbeat(engine.database, job, taken.lease_token, lease_seconds=45)
        return b.cancel, b.soft_passed, b.hard_passed

    engine.pass_time(4)
    assert beat() == (False, False, False)
    engine.pass_time(44)
    assert engine.sweeper().rescue() == []  # it was renewed 44 s ago
    assert beat() == (False, True, True)
    engine.cancel(job)
    assert beat() == (True, True, True)


def test_the_soft_limit_passes_before_the_hard_one(engine):
    engine.job("test.quick")
    taken = engine.taken()
    engine.pass_time(6)
    beat = lease.heartbeat(engine.database, taken.job_id, taken.lease_token)
    assert (beat.soft_passed, beat.hard_passed) == (True, False)


def test_progress_is_seen_and_stamped(engine):
    job = engine.job()
    taken = engine.taken()
    head = engine.head()
    lease.heartbeat(engine.database, job, taken.lease_token, REPORT)
    changes = engine.changes(head)
    assert [view.id for view in changes.jobs] == [job]
    view = changes.jobs[0]
    assert (view.progress, view.rows_done, view.rows_total, view.rate, view.eta_seconds) == (50, 5, 10, 2.0, 2.5)
    assert engine.story(job)[-1] == "stage"
    assert engine.changes(changes.cursor).jobs == []


def test_a_heartbeat_without_progress_is_no_visible_change(engine):
    job = engine.job()
    taken = engine.taken()
    head, version = engine.head(), engine.row(job).version
    lease.heartbeat(engine.database, job, taken.lease_token)
    assert engine.head() == head
    assert engine.row(job).version == version


@pytest.mark.parametrize(
    ("report", "progress"),
    [
        (ProgressReport(percent=120), 100),
        (ProgressReport(percent=-1), 0),
        (ProgressReport(rows_done=3, rows_total=0), 0),
        (ProgressReport(rows_done=30, rows_total=20), 100),
        (ProgressReport(rows_done=3, rows_total=10, rate=float("nan")), 30),
    ],
)
def test_progress_stays_between_nothing_and_all(engine, report, progress):
    job = engine.job()
    lease.heartbeat(engine.database, job, engine.taken().lease_token, report)
    assert engine.row(job).progress == pytest.approx(progress)


def test_a_finished_job_has_its_result_and_no_lease(engine):
    job = engine.job()
    assert engine.finish(engine.taken(), {"rows": 3}) == "succeeded"
    view, row = engine.get(job), engine.row(job)
    assert (view.state, view.result, view.progress, view.error) == ("succeeded", {"rows": 3}, 100, None)
    assert (row.lease_token, row.lease_until, row.worker, row.hard_deadline) == (None,) * 4
    assert view.finished_at >= view.started_at


def test_an_outcome_that_json_cannot_hold_is_kept_all_the_same(engine):
    job = engine.job()
    dirty = {"sum": Decimal("1.50"), "day": date(2024, 1, 31), 3: "a\x00b", "half": "\ud800", "nan": float("nan")}
    engine.finish(engine.taken(), dirty)
    assert engine.get(job).result == {"sum": "1.50", "day": "2024-01-31", "3": "a�b", "half": "�", "nan": None}
    second = engine.job()
    taken = engine.taken()
    outcome.fail(
        engine.database, engine.settings, second, taken.lease_token, "boom", {"cell": "\x00"}, traceback="x\x00y"
    )
    error = engine.get(second).error
    assert (error.values, error.traceback) == ({"cell": "�"}, "x�y")


def test_a_fault_of_the_job_is_final_and_tells_its_reason(engine):
    job = engine.job()
    taken = engine.taken()
    state = outcome.fail(
        engine.database, engine.settings, job, taken.lease_token, "wrong_suffix",
        {"name": "a.pdf", "suffixes": ".csv"}, traceback="Traceback…",
    )  # fmt: skip
    assert state == "failed"
    error = engine.get(job, engine.ann).error
    assert (error.code, "a.pdf" in error.message, error.traceback) == ("wrong_suffix", True, None)
    assert engine.get(job, engine.root).error.traceback == "Traceback…"


def test_a_transient_fault_is_retried_with_growing_waits_up_to_the_kinds_limit(engine):
    job = engine.job("test.fragile")
    waits = []
    for _ in range(2):
        taken = engine.taken()
        assert (
            outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", transient=True) == "pending"
        )
        row = engine.row(job)
        assert row.waiting_for == "retry"
        assert engine.claim() is None
        waits.append((row.run_at - row.claimed_at).total_seconds())
        assert engine.get(job).why.code == "retry_at"
        engine.pass_time(700)
    assert 4 <= waits[0] <= 6.5
    assert 8 <= waits[1] <= 12.5
    taken = engine.taken()
    assert outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", transient=True) == "failed"
    assert engine.get(job).error.code == "boom"
    assert engine.story(job).count("retry") == 2


def test_waits_double_with_jitter_and_end_at_ten_minutes(engine):
    for count, wait in ((1, 5), (2, 10), (3, 20), (8, 600), (500, 600)):
        samples = [outcome.backoff(engine.settings, count) for _ in range(50)]
        assert min(samples) >= wait * 0.8
        assert max(samples) <= wait * 1.2
        assert len(set(samples)) > 1


def test_a_checkpoint_commits_with_its_effects_and_is_given_to_the_next_attempt(engine):
    job = engine.job()
    taken = engine.taken()
    _checkpoint(engine, job, taken.lease_token)
    outcome.crashed(engine.database, engine.settings, job, taken.lease_token)
    engine.pass_time(700)
    again = engine.taken()
    assert (again.checkpoint, again.attempt) == ({"row": 7}, 2)


def test_effects_of_a_chunk_that_fails_are_rolled_back(engine):
    job = engine.job()
    taken = engine.taken()
    before = everything(engine.database)

    def chunk():
        with engine.database.write() as connection:
            effect(connection)
            lease.checkpoint(connection, job, taken.lease_token, {"row": 7})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        chunk()
    assert everything(engine.database) == before


def test_crashes_without_progress_end_in_quarantine(engine):
    job = engine.job()
    states = []
    for _ in range(3):
        taken = engine.taken()
        states.append(outcome.crashed(engine.database, engine.settings, job, taken.lease_token))
        engine.pass_time(700)
    assert states == ["pending", "pending", "failed"]
    error = engine.get(job).error
    assert (error.code, error.values["count"], error.values["reason"]) == ("quarantined", 3, "runner_died")
    assert engine.claim() is None


def test_crashes_with_progress_in_between_go_on_for_ever(engine):
    job = engine.job()
    for i in range(6):
        taken = engine.taken()
        with engine.database.write() as connection:
            lease.checkpoint(connection, job, taken.lease_token, {"row": i})
        assert outcome.crashed(engine.database, engine.settings, job, taken.lease_token) == "pending"
        engine.pass_time(700)


def test_a_shutdown_costs_no_attempt_and_no_place_in_the_queue(engine):
    job = engine.job()
    later = engine.job()
    taken = engine.taken()
    engine.hints.clear()
    state = outcome.release(engine.database, engine.settings, job, taken.lease_token, publish=engine.publish)
    row = engine.row(job)
    assert (state, row.attempt, row.crashes, row.retries, row.waiting_for) == ("pending", 0, 0, 0, "resume")
    assert engine.hints == ["default"]
    again = engine.taken()
    assert (again.job_id, again.attempt) == (job, 1)
    assert engine.row(later).state == "pending"


@pytest.mark.parametrize("end", ["release", "crashed", "fail for now", "cancelled"])
def test_a_job_that_was_asked_to_stop_stops_however_its_attempt_ends(engine, end):
    job = engine.job()
    taken = engine.taken()
    engine.cancel(job)
    assert WRITES[end](engine, job, taken.lease_token) == "cancelled"
    assert engine.get(job).state == "cancelled"
    assert engine.claim() is None


def test_a_job_that_was_asked_to_stop_stops_when_its_worker_falls_silent(engine):
    job = engine.job()
    engine.taken()
    engine.cancel(job)
    engine.pass_time(46)
    engine.sweeper().sweep()
    assert engine.get(job).state == "cancelled"


def test_a_cancelled_job_says_what_was_done(engine):
    job = engine.job()
    taken = engine.taken()
    lease.heartbeat(engine.database, job, taken.lease_token, REPORT)
    engine.cancel(job)
    outcome.cancelled(engine.database, engine.settings, job, taken.lease_token, {"inserted": 5})
    view = engine.get(job)
    assert (view.state, view.result, view.rows_done) == ("cancelled", {"inserted": 5}, 5)


def test_a_job_that_ends_before_it_hears_of_the_cancel_has_succeeded(engine):
    job = engine.job()
    taken = engine.taken()
    engine.cancel(job)
    engine.finish(taken)
    assert engine.get(job).why.code == "succeeded_before_cancel"


def test_a_job_of_a_kind_that_is_gone_can_still_be_ended(engine):
    job = engine.job()
    taken = engine.taken()
    set_job(engine.database, job, kind="test.gone")
    assert (
        outcome.fail(engine.database, engine.settings, job, taken.lease_token, "unknown_kind", transient=True)
        == "failed"
    )
