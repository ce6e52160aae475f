"""What people do to jobs, and where the state forbids it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from worker.db.schema import audit, files, job_events, job_uploads, jobs
from worker.db.types import db_now
from worker.engine import control, lanes, lease, outcome
from worker.errors import Conflict, Forbidden, NotFound, Refused


def deeds(engine, job):
    with engine.database.read() as connection:
        query = select(audit.c.action).where(audit.c.object_id == job).order_by(audit.c.id)
        return list(connection.execute(query).scalars())


def failed(engine, kind="test.plain"):
    job = engine.job(kind)
    taken = engine.taken()
    outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", traceback="t")
    return job


def test_a_pending_job_is_cancelled_at_once(engine):
    job = engine.job()
    view = engine.cancel(job, engine.ann)
    assert (view.state, view.cancel_requested, view.finished_at is not None) == ("cancelled", True, True)
    assert engine.claim() is None
    assert deeds(engine, job) == ["job.submit", "job.cancel"]


def test_a_running_job_is_asked_to_stop_once(engine):
    job = engine.job()
    engine.taken()
    view = engine.cancel(job)
    assert (view.state, view.cancel_requested, view.why.code) == ("running", True, "stopping")
    assert engine.cancel(job).version == view.version
    assert engine.story(job).count("cancel_requested") == 1


def test_a_job_that_waits_for_its_retry_is_cancelled_at_once(engine):
    job = engine.job()
    taken = engine.taken()
    outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", transient=True)
    assert engine.cancel(job).state == "cancelled"


def test_an_ended_job_cannot_be_cancelled(engine):
    job = failed(engine)
    with pytest.raises(Conflict) as conflict:
        engine.cancel(job)
    assert (conflict.value.code, conflict.value.status) == ("job_ended", 409)


def test_a_failed_job_can_be_retried_and_goes_on_from_its_checkpoint(engine):
    job = engine.job()
    taken = engine.taken()
    with engine.database.write() as connection:
        lease.checkpoint(connection, job, taken.lease_token, {"row": 3})
    outcome.fail(engine.database, engine.settings, job, taken.lease_token, "boom", traceback="t")
    engine.hints.clear()
    view = control.retry(engine.database, engine.ann, job, settings=engine.settings, publish=engine.publish)
    assert (view.state, view.error, view.finished_at) == ("pending", None, None)
    assert engine.hints == ["default"]
    again = engine.taken()
    assert (again.checkpoint, again.attempt) == ({"row": 3}, 2)
    row = engine.row(job)
    assert (row.error_code, row.error_values, row.traceback, row.retries, row.crashes) == (None, None, None, 0, 0)
    assert deeds(engine, job)[-1] == "job.retry"


def test_a_cancelled_job_that_is_retried_is_not_asked_to_stop_any_more(engine):
    job = engine.job()
    engine.cancel(job)
    control.retry(engine.database, engine.ann, job)
    taken = engine.taken()
    assert not lease.heartbeat(engine.database, job, taken.lease_token).cancel


@pytest.mark.parametrize("state", ["pending", "running", "succeeded"])
def test_only_failed_and_cancelled_jobs_can_be_retried(engine, state):
    job = engine.job()
    if state != "pending":
        taken = engine.taken()
    if state == "succeeded":
        engine.finish(taken)
    with pytest.raises(Conflict) as conflict:
        control.retry(engine.database, engine.ann, job)
    assert conflict.value.code == "job_not_retryable"


def test_priority_and_title_can_be_changed(engine):
    engine.job()
    job = engine.job()
    engine.hints.clear()
    view = control.patch(engine.database, engine.ann, job, "high", "  再来\n一次 ", publish=engine.publish)
    assert (view.priority, view.title, view.lane) == ("high", "再来 一次", "default")
    assert engine.hints == ["high_priority"]
    assert engine.taken().job_id == job
    assert engine.story(job) == ["submitted", "priority", "claimed"]


def test_a_change_that_changes_nothing_is_none(engine):
    job = engine.job()
    before = engine.row(job)
    control.patch(engine.database, engine.ann, job, "normal", before.title)
    assert engine.row(job) == before


def test_the_priority_of_a_job_that_has_begun_stays(engine):
    job = engine.job()
    engine.taken()
    with pytest.raises(Conflict) as conflict:
        control.patch(engine.database, engine.ann, job, priority="high")
    assert conflict.value.code == "job_not_pending"
    assert control.patch(engine.database, engine.ann, job, title="new").title == "new"
    with pytest.raises(Refused):
        control.patch(engine.database, engine.ann, job, title="x" * 301)


def test_a_deleted_job_is_gone_with_its_story_and_its_results_expire(engine):
    upload = engine.upload()
    job = engine.job("test.table", uploads=[upload])
    engine.finish(engine.taken())
    result = engine.upload(name="errors.xlsx")
    with engine.database.write() as connection:
        connection.execute(files.update().where(files.c.id == result).values(job_id=job, role="errors"))
    assert [f.role for f in engine.get(job).files] == ["upload", "errors"]
    control.delete(engine.database, engine.ann, job)
    with pytest.raises(NotFound):
        engine.get(job)
    with engine.database.read() as connection:
        for table in (jobs, job_events, job_uploads):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        expired = connection.execute(select(files.c.id).where(files.c.expires_at <= db_now())).scalars().all()
    assert expired == [result]  # the upload may be used again
    assert deeds(engine, job)[-1] == "job.delete"


@pytest.mark.parametrize("state", ["pending", "running"])
def test_a_job_that_has_not_ended_cannot_be_deleted(engine, state):
    job = engine.job()
    if state == "running":
        engine.taken()
    with pytest.raises(Conflict) as conflict:
        control.delete(engine.database, engine.ann, job)
    assert conflict.value.code == "job_not_ended"
    assert engine.row(job).state == state


def test_somebody_elses_job_does_not_exist(engine):
    job = failed(engine)
    for deed in (
        lambda: control.cancel(engine.database, engine.bob, job),
        lambda: control.retry(engine.database, engine.bob, job),
        lambda: control.patch(engine.database, engine.bob, job, title="x"),
        lambda: control.delete(engine.database, engine.bob, job),
        lambda: engine.get(job, engine.bob),
    ):
        with pytest.raises(NotFound) as unknown:
            deed()
        assert unknown.value.code == "unknown_job"
    assert engine.row(job).title == "TEST.PLAIN"


def test_only_admins_pause_and_resume_lanes_that_there_are(engine):
    with pytest.raises(Forbidden):
        lanes.pause(engine.database, engine.ann, "export")
    with pytest.raises(Forbidden):
        lanes.resume(engine.database, engine.settings, engine.ann, "export")
    with pytest.raises(NotFound) as unknown:
        lanes.pause(engine.database, engine.root, "high_priority")
    assert unknown.value.code == "unknown_lane"
