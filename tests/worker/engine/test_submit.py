"""Submitting: what is checked, what is written, and that the same key never makes two jobs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.worker.engine.engine import shift
from worker.db.schema import audit, job_uploads, jobs
from worker.engine import control
from worker.errors import Forbidden, Refused


def test_a_submitted_job_is_pending_with_its_kinds_lane_and_title(engine):
    view, created = engine.submit("test.export", params={"x": 7})
    assert created
    assert (view.state, view.lane, view.title, view.params) == (
        "pending",
        "export",
        "TEST.EXPORT",
        {"x": 7, "note": ""},
    )
    assert view.owner.username == "ann"
    assert view.version == 1
    assert engine.get(view.id).id == view.id
    assert engine.story(view.id) == ["submitted"]


def test_a_job_with_a_file_is_titled_after_it(engine):
    view, _ = engine.submit("test.table", uploads=[engine.upload(name="客户.csv")])
    assert view.title == "TEST.TABLE · 客户.csv"
    assert [f.name for f in view.files] == ["客户.csv"]


@pytest.mark.parametrize(
    ("priority", "queue"), [("high", "high_priority"), ("normal", "export"), ("low", "low_priority")]
)
def test_the_hint_goes_to_the_queue_of_priority_or_lane(engine, priority, queue):
    engine.submit("test.export", priority=priority)
    assert engine.hints == [queue]


def test_a_job_for_later_is_not_hinted_and_not_claimed_before(engine):
    job = engine.job(run_at=datetime.now(UTC) + timedelta(hours=1))
    assert engine.hints == []
    assert engine.claim() is None
    engine.pass_time(3601)
    assert engine.taken().job_id == job


def test_the_submission_is_audited_in_the_same_transaction(engine):
    job = engine.job()
    with engine.database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.object_id == job)).one()
    assert (row.action, row.username) == ("job.submit", "ann")


def test_the_same_key_and_body_give_the_first_answer(engine):
    first, created = engine.submit(key="k1", params={"x": 1})
    engine.finish(engine.taken())
    again, created_again = engine.submit(key="k1", params={"x": 1})
    assert (created, created_again) == (True, False)
    assert again == first
    assert engine.hints == ["default"]


def test_the_same_key_with_another_body_is_refused(engine):
    engine.submit(key="k1", params={"x": 1})
    with pytest.raises(Refused) as refused:
        engine.submit(key="k1", params={"x": 2})
    assert (refused.value.code, refused.value.status) == ("idempotency_key_reused", 422)


def test_a_key_is_of_one_user_only(engine):
    assert engine.submit(key="k1")[0].id != engine.submit(key="k1", by=engine.bob)[0].id


def test_a_key_outlives_its_deleted_job(engine):
    first, _ = engine.submit(key="k1")
    engine.cancel(first.id)
    control.delete(engine.database, engine.ann, first.id)
    again, created = engine.submit(key="k1")
    assert (again.id, created) == (first.id, False)


def test_a_key_is_forgotten_after_thirty_days_even_before_the_sweeper_came(engine):
    first, _ = engine.submit(key="k1")
    shift(engine.database, "idempotency_keys", ("created_at",), 31 * 86400)
    again, created = engine.submit(key="k1", params={"x": 2})
    assert created
    assert again.id != first.id


def test_twenty_submissions_of_one_key_at_once_make_one_job(engine):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: engine.submit(key="k1"), range(20)))
    assert len({view.id for view, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 1


def test_a_firing_makes_one_job_however_many_schedulers_fire(engine):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: engine.submit(fire_key="daily@1", scheduled=True), range(8)))
    assert len({view.id for view, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1


def test_a_key_that_is_no_key_is_refused(engine):
    for key in ("", "x" * 129, "é", "a\nb"):
        with pytest.raises(Refused) as refused:
            engine.submit(key=key)
        assert refused.value.code == "invalid_idempotency_key"


def test_an_unknown_kind_is_refused(engine):
    with pytest.raises(Refused) as refused:
        engine.submit("test.nothing")
    assert refused.value.code == "unknown_kind"


def test_wrong_parameters_are_named_each(engine):
    with pytest.raises(Refused) as refused:
        engine.submit(params={"x": "many", "y": 1})
    assert refused.value.code == "invalid_params"
    assert {(e["field"], e["code"]) for e in refused.value.errors} == {
        ("params.x", "field_not_a_number"),
        ("params.y", "field_unknown"),
    }


@pytest.mark.parametrize("note", ["a\x00b", "half \ud800"])
def test_characters_that_postgresql_cannot_keep_are_refused_on_both_databases(engine, note):
    with pytest.raises(Refused) as refused:
        engine.submit(params={"note": note})
    assert [(e["field"], e["code"]) for e in refused.value.errors] == [("params.note", "field_unprintable")]
    with pytest.raises(Refused) as refused:
        engine.submit(title=note)
    assert refused.value.code == "invalid_title"


def test_a_kind_for_admins_is_refused_to_operators(engine):
    with pytest.raises(Forbidden):
        engine.submit("test.admin")
    assert engine.submit("test.admin", by=engine.root)[1]


def test_files_are_checked_by_number_ending_and_owner(engine):
    def refusal(*uploads, kind="test.table"):
        with pytest.raises(Refused) as refused:
            engine.submit(kind, uploads=list(uploads))
        return refused.value.code

    mine, theirs = engine.upload(), engine.upload(engine.bob)
    assert refusal() == "uploads_needed"
    assert refusal(mine, engine.upload(), engine.upload()) == "too_many_uploads"
    assert refusal(mine, kind="test.plain") == "too_many_uploads"
    assert refusal(engine.upload(name="a.pdf")) == "wrong_suffix"
    assert refusal(theirs) == "unknown_upload"
    assert refusal("no-such-file") == "unknown_upload"
    assert refusal("\x00") == "unknown_upload"
    assert refusal(mine, mine) == "duplicate_upload"


def test_files_keep_their_order(engine):
    uploads = [engine.upload(name=f"{i}.csv") for i in range(2)][::-1]
    job = engine.job("test.table", uploads=uploads)
    assert engine.taken().uploads == tuple(uploads)
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).where(job_uploads.c.job_id == job)).scalar_one() == 2


def test_a_start_without_time_zone_or_too_far_away_is_refused(engine):
    for run_at in (datetime(2030, 1, 1), datetime.max.replace(tzinfo=UTC)):  # noqa: DTZ001 - naive on purpose
        with pytest.raises(Refused) as refused:
            engine.submit(run_at=run_at)
        assert refused.value.code == "invalid_run_at"


def test_a_start_in_the_past_is_at_once(engine):
    job = engine.job(run_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert engine.taken().job_id == job
