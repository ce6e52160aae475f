"""Due times become jobs: each once, whoever fires; what was missed is made up as the schedule says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.worker.engine.engine import set_job
from tests.worker.schedules.conftest import minute
from worker.db.database import Database
from worker.db.schema import audit, jobs, notifications, schedules
from worker.engine import control, kinds
from worker.engine.fire_keys import due_of, fire_key
from worker.schedules.firing import Firing

HOUR = timedelta(hours=1)


def test_a_due_time_becomes_a_job_of_the_system_that_lists_leave_out(office):
    schedule = office.create(params={"x": 7}, priority="high", title="Every minute")
    due = minute(office.now())
    office.due_since(schedule.id, due)
    (job_id,) = office.fire()
    view = office.engine.get(job_id)
    assert (view.owner.username, view.scheduled, view.title, view.priority) == ("system", True, "Every minute", "high")
    assert view.params == {"x": 7, "note": ""}
    assert office.engine.row(job_id).fire_key == fire_key(schedule.id, due)
    assert office.engine.hints == ["high_priority"]
    shown = office.get(schedule.id)
    assert (shown.last_due_at, shown.last_job_id, shown.version) == (due, job_id, 1)
    assert shown.next_at[0] > office.now()
    assert office.fire() == []
    from worker.engine import jobs as reading

    assert reading.page(office.database, office.engine.root, "en").jobs == []
    assert [j.id for j in reading.page(office.database, office.engine.root, "en", scheduled=True).jobs] == [job_id]


def test_the_job_knows_its_due_time_however_late_it_runs(office):
    schedule = office.create()
    due = minute(office.now())
    office.due_since(schedule.id, due)
    office.fire()
    assert office.engine.taken().due_at == due
    own = office.engine.job()
    assert (own, None) == ((taken := office.engine.taken()).job_id, taken.due_at)
    assert due_of(None) is None


def test_the_system_speaks_the_language_of_the_installation(office):
    for language, title in (("en", "TEST.PLAIN"), ("zh_CN", "任务 test.plain")):
        schedule = office.create()
        office.engine.settings = office.engine.settings.model_copy(update={"language": language})
        office.due_since(schedule.id, minute(office.now()))
        (job_id,) = office.fire()
        assert office.engine.row(job_id).title == title
        taken = office.engine.taken()
        assert taken.owner.language == language
        office.engine.finish(taken)


@pytest.mark.parametrize(("catch_up", "expected"), [("skip", 0), ("once", 1), ("all", 5)])
def test_what_was_missed_is_made_up_as_the_schedule_says(office, catch_up, expected):
    now = office.now()
    # Hourly at a minute that is half an hour ago, missed five times.
    last = minute(now, 30)
    schedule = office.create(cron=f"{last.minute} * * * *", catch_up=catch_up)
    office.due_since(schedule.id, last - 4 * HOUR)
    made = office.fire()
    assert len(made) == expected
    dues = [due_of(row.fire_key) for row in office.fired()]
    assert dues == [last - (expected - 1 - i) * HOUR for i in range(expected)]
    assert office.get(schedule.id).next_at[0] == last + HOUR
    assert office.fire() == []


def test_a_restart_of_the_scheduler_is_no_absence(office):
    """`skip` leaves out what was missed, but not a due time of this minute."""
    schedule = office.create(catch_up="skip")
    office.due_since(schedule.id, minute(office.now(), 9))
    assert len(office.fire()) == 1
    assert [due_of(row.fire_key) for row in office.fired()] == [office.get(schedule.id).last_due_at]


def test_catching_up_on_much_goes_on_in_the_next_round(office):
    schedule = office.create(catch_up="all")
    first = minute(office.now(), 119)
    office.due_since(schedule.id, first)
    counts = [len(office.fire()) for _ in range(4)]
    assert counts[:2] == [50, 50]
    assert sum(counts) in (120, 121)  # a minute may have passed meanwhile
    assert [due_of(row.fire_key) for row in office.fired()][:120] == [first + timedelta(minutes=i) for i in range(120)]


def test_one_that_a_migration_installed_waits_for_its_next_due_time(office):
    schedule = office.create()
    office.due_since(schedule.id, None)
    assert office.fire() == []
    assert office.get(schedule.id).next_at[0] > office.now()
    with office.database.read() as connection:
        assert connection.scalar(select(schedules.c.next_due_at)) > office.now() - timedelta(seconds=1)


def test_one_that_is_off_makes_no_job_and_makes_nothing_up(office):
    schedule = office.create(enabled=False, catch_up="all")
    office.due_since(schedule.id, minute(office.now(), 9))
    assert office.fire() == []
    assert office.get(schedule.id).next_at == []
    assert office.change(schedule, enabled=True).next_at[0] > office.now()
    assert office.fire() == []


def test_an_interval_is_due_in_steps_from_its_start(office):
    schedule = office.create(interval_seconds=600, catch_up="all")
    start = datetime(2020, 1, 1, tzinfo=UTC)
    due = start + (office.now() - start) // timedelta(minutes=10) * timedelta(minutes=10)
    office.due_since(schedule.id, due - timedelta(minutes=10))
    assert len(office.fire()) == 2
    assert [due_of(row.fire_key) for row in office.fired()] == [due - timedelta(minutes=10), due]


def test_three_schedulers_at_once_fire_each_due_time_once(office):
    """Also when the job has been deleted before the slowest of them comes."""
    names = [office.create(catch_up="all", params={"x": i}).id for i in range(3)]
    first = minute(office.now(), 19)
    for name in names:
        office.due_since(name, first)
    start, wrong = threading.Barrier(3), []

    def scheduler():
        database = Database(office.database.url, pool_size=2)
        try:
            firing = Firing(database, office.engine.settings, lambda queue: None)
            start.wait(20)
            for _ in range(4):
                for job_id in firing.fire():
                    set_job(database, job_id, state="cancelled", finished_at=first)
                    if due_of(office.engine.row(job_id).fire_key) == first:
                        control.delete(database, office.engine.root, job_id)
        except BaseException as error:
            wrong.append(error)
        finally:
            database.dispose()

    threads = [threading.Thread(target=scheduler) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong, repr(wrong[0])
    with office.database.read() as connection:
        made = connection.scalars(select(audit.c.object_id).where(audit.c.action == "job.submit")).all()
    left = office.fired()
    for name in names:
        dues = [due_of(row.fire_key) for row in left if row.fire_key.startswith(name)]
        assert dues == [first + timedelta(minutes=i + 1) for i in range(len(dues))]  # the first has been deleted
        assert len(dues) >= 19  # a minute may have passed meanwhile
    assert len(made) == len(set(made)) == len(left) + 3


def test_a_schedule_whose_kind_is_gone_is_shown_as_broken_and_lives_again_with_it(office, monkeypatch, caplog):
    schedule = office.create(catch_up="all")
    office.due_since(schedule.id, minute(office.now(), 3))
    gone = kinds._registry.pop("test.plain")
    firing = office.firing()
    assert (firing.fire(), firing.fire()) == ([], [])
    shown = office.get(schedule.id)
    assert (shown.broken.code, shown.next_at) == ("unknown_kind", [])
    assert "test.plain" in shown.broken.message
    assert [r.message for r in caplog.records if "is broken" in r.message] == [
        f"schedule {schedule.id} is broken and makes no jobs of test.plain: unknown_kind"
    ]
    with office.database.read() as connection:
        (said,) = connection.execute(select(notifications)).all()
    assert (said.audience, said.category, said._mapping["values"]["code"]) == (
        "admins",
        "schedule_broken",
        "unknown_kind",
    )
    monkeypatch.setitem(kinds._registry, "test.plain", gone)
    shown = office.get(schedule.id)
    assert shown.broken is None
    assert shown.next_at[0] > office.now()
    assert office.fire() == []  # what passed while it was broken is not made up
    office.due_since(schedule.id, minute(office.now()))
    assert len(office.fire()) == 1


def test_a_schedule_whose_parameters_do_no_more_is_shown_as_broken_with_the_field(office):
    schedule = office.create(params={"x": 1})
    other = office.create()
    with office.database.write() as connection:
        connection.execute(schedules.update().where(schedules.c.id == schedule.id).values(params={"x": "much"}))
    for name in (schedule.id, other.id):
        office.due_since(name, minute(office.now()))
    assert len(office.fire()) == 1  # the broken one does not hold up the others
    broken = office.get(schedule.id).broken
    assert (broken.code, broken.errors[0]["field"], broken.errors[0]["code"]) == (
        "invalid_params", "params.x", "field_not_a_number",
    )  # fmt: skip
    assert broken.errors[0]["message"]


def test_an_edit_between_look_and_firing_counts(office, monkeypatch):
    """Who edits the schedule while it is being fired has not set times that are then passed over."""
    schedule = office.create(params={"x": 1})
    office.due_since(schedule.id, minute(office.now()))
    firing, fire_one = office.firing(), Firing._fire

    def edit_first(self, row, made):
        office.change(schedule, cron="0 0 1 1 *")
        return fire_one(self, row, made)

    monkeypatch.setattr(Firing, "_fire", edit_first)
    assert firing.fire() == []
    assert office.get(schedule.id).cron == "0 0 1 1 *"
    with office.database.read() as connection:
        assert connection.scalars(select(jobs.c.id)).all() == []
        assert connection.scalar(select(schedules.c.next_due_at)).month == 1


def test_a_due_time_that_comes_again_is_passed_over(office):
    """The clock was put back, and the schedule edited then: its next due time is one that has been fired."""
    schedule = office.create()
    due = minute(office.now())
    office.due_since(schedule.id, due)
    assert len(office.fire()) == 1
    office.due_since(schedule.id, due)
    assert office.fire() == []
    assert office.get(schedule.id).next_at[0] > office.now()


def test_what_goes_wrong_with_one_schedule_is_said_once_and_holds_up_no_other(office, monkeypatch, caplog):
    bad, good = office.create(params={"x": 1}), office.create(params={"x": 2})
    for schedule in (bad, good):
        office.due_since(schedule.id, minute(office.now()))
    fire_one = Firing._fire

    def fail(self, row, made):
        if row.id == bad.id:
            raise ZeroDivisionError("unforeseen")
        return fire_one(self, row, made)

    monkeypatch.setattr(Firing, "_fire", fail)
    firing = office.firing()
    (job_id,) = firing.fire()
    firing.fire()
    assert office.engine.row(job_id).params["x"] == 2
    assert [r.levelname for r in caplog.records if "cannot be fired" in r.message] == ["ERROR"]
