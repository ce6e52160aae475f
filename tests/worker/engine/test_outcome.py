"""The end of a job and the claim of the next one in one transaction, and how few statements a small job takes."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.worker.engine.engine import Engine, set_job
from worker.engine import lease, outcome
from worker.engine.claim import NextJob
from worker.engine.progress import ProgressReport
from worker.engine.routing import LANES
from worker.errors import LeaseLost


def _next(engine: Engine, *lanes: str) -> NextJob:
    return NextJob(engine.settings, "w1", lanes or LANES)


def test_the_next_job_is_claimed_with_the_end_of_the_last(engine):
    first, second = engine.job(), engine.job()
    taken, then, since = engine.taken(), _next(engine), engine.head()
    outcome.finish(engine.database, engine.settings, first, taken.lease_token, {"a": 1}, then=then)
    assert then.claim is not None
    assert (then.claim.job_id, engine.row(first).state, engine.row(second).state) == (second, "succeeded", "running")
    assert not lease.heartbeat(engine.database, second, then.claim.lease_token).cancel
    assert {job.id for job in engine.changes(since).jobs} == {first, second}
    assert engine.story(second) == ["submitted", "claimed"]


def test_the_end_frees_the_limit_that_the_next_of_its_kind_waits_for(engine):
    first, second = engine.job("test.single"), engine.job("test.single", by=engine.bob)
    taken, then = engine.taken(), _next(engine)
    assert (taken.job_id, engine.claim()) == (first, None)
    outcome.fail(engine.database, engine.settings, first, taken.lease_token, "boom", then=then)
    assert then.claim is not None
    assert then.claim.job_id == second


def test_with_nothing_to_do_the_end_is_written_alone(engine):
    job = engine.job()
    taken, then = engine.taken(), _next(engine, "default")
    set_job(engine.database, engine.job(), lane="export")
    outcome.cancelled(engine.database, engine.settings, job, taken.lease_token, then=then)
    assert (then.claim, engine.row(job).state) == (None, "cancelled")


def test_who_has_lost_the_lease_claims_nothing(engine):
    job, other = engine.job(), engine.job()
    taken = engine.taken()
    outcome.release(engine.database, engine.settings, job, taken.lease_token)
    engine.cancel(job)
    with pytest.raises(LeaseLost):
        outcome.finish(engine.database, engine.settings, job, taken.lease_token, {}, then=_next(engine))
    assert engine.row(other).state == "pending"


def test_what_was_told_last_is_written_with_the_end(engine):
    job = engine.job()
    taken = engine.taken()
    report = ProgressReport("why_next", {}, 7, 10, 2.0, 1.5, new_stage=True)
    outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", report=report)
    row = engine.row(job)
    assert (row.stage, row.rows_done, row.rows_total, row.progress, row.rate) == ("why_next", 7, 10, 70, None)
    assert engine.story(job) == ["submitted", "claimed", "stage", "failed"]


def test_a_cancelled_job_shows_the_rows_that_took_effect(engine):
    """The chunk under way was told, and then not committed."""
    job = engine.job()
    taken = engine.taken()
    report = ProgressReport("why_next", {}, 800, 1000)
    outcome.cancelled(
        engine.database, engine.settings, job, taken.lease_token, {"rows": 500}, rows_done=500, report=report
    )
    view = engine.get(job)
    assert (view.rows_done, view.rows_total, view.progress, view.result) == (500, 1000, 50, {"rows": 500})


@contextmanager
def _statements(engine):
    found: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if not statement.startswith("BEGIN"):
            found.append(statement)

    event.listen(engine.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(engine.database.engine, "before_cursor_execute", note)


def test_a_small_job_takes_few_statements(engine):
    """Each is a round trip on PostgreSQL: who adds one shall know that it is added to everything that runs."""
    engine.worker()
    engine.finish(_submitted(engine))
    lock = engine.database.dialect == "postgresql"
    with _statements(engine) as submitting:
        job = engine.job(key="k")
    assert len(submitting) <= 13
    engine.job(key="k2")
    with _statements(engine) as claiming:
        taken = engine.taken()
    assert (taken.job_id, len(claiming) <= 9 + lock) == (job, True)
    with _statements(engine) as ending:
        outcome.finish(engine.database, engine.settings, job, taken.lease_token, {}, then=_next(engine))
    assert len(ending) <= 10 + lock  # with the next claim


def _submitted(engine):
    engine.job()
    return engine.taken()
