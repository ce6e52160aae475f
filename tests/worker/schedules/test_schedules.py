"""Admins make, change and remove schedules; an installation begins with those of the documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from worker.db.schema import audit
from worker.errors import Forbidden, NotFound, Refused
from worker.schedules import schedules as service
from worker.schedules.views import NewSchedule


def test_an_installation_begins_with_the_schedules_of_the_documents(engine):
    found = service.everything(engine.database, engine.root, "en")
    assert [(s.kind, s.cron, s.timezone, s.enabled) for s in found] == [
        ("finance.check_pending_bills", "* * * * *", "Asia/Shanghai", True),
        ("reports.hourly", "0 * * * *", "Asia/Shanghai", True),
        ("notifications.cleanup", "0 2 * * *", "Asia/Shanghai", True),
        ("reports.weekly", "0 10 * * 1", "Asia/Shanghai", True),
        ("reports.monthly", "0 0 1 * *", "Asia/Shanghai", True),
        ("reports.daily", "0 8 * * *", "Asia/Shanghai", False),
        ("maintenance.cleanup_files", "0 3 * * *", "Asia/Shanghai", True),
        ("maintenance.cleanup_jobs", "0 3 * * *", "Asia/Shanghai", True),
    ]


def test_a_schedule_shows_its_next_times_in_its_zone(office):
    schedule = office.create(cron="0 10 * * 1", timezone="Asia/Shanghai")
    local = [at.astimezone(ZoneInfo("Asia/Shanghai")) for at in schedule.next_at]
    assert [(at.isoweekday(), at.hour, at.minute) for at in local] == [(1, 10, 0)] * 5
    assert local[1] - local[0] == timedelta(days=7)
    assert local[0] > office.now() > local[0] - timedelta(days=7)
    assert (schedule.title, schedule.own_title, schedule.catch_up) == ("TEST.PLAIN", None, "skip")


def test_a_change_is_made_once_and_only_from_what_was_seen(office):
    schedule = office.create(interval_seconds=600)
    changed = office.change(schedule, 1, cron=" 5  * * * * ", title=" Five  past ", params={"x": 3})
    assert (changed.cron, changed.interval_seconds, changed.title, changed.version) == (
        "5 * * * *",
        None,
        "Five past",
        2,
    )
    assert {at.minute for at in changed.next_at} == {5}
    with pytest.raises(Refused) as refused:
        office.change(schedule, 1, enabled=False)
    assert (refused.value.code, refused.value.status) == ("schedule_changed", 412)
    assert office.change(schedule, 2, title="Five past") == changed  # nothing new: no new version
    again = office.change(schedule, None, interval_seconds=60, title=None)
    assert (again.cron, again.interval_seconds, again.own_title, again.version) == (None, 60, None, 3)
    assert again.params == {"x": 3, "note": ""}
    with pytest.raises(Refused):
        service.remove(office.database, office.engine.root, schedule.id, 2)
    service.remove(office.database, office.engine.root, schedule.id, 3)
    with pytest.raises(NotFound):
        office.get(schedule.id)
    with office.database.read() as connection:
        deeds = connection.execute(select(audit.c.action, audit.c.username).where(audit.c.object_type == "schedule"))
        assert deeds.all() == [
            ("schedule.create", "root"), ("schedule.change", "root"), ("schedule.change", "root"),
            ("schedule.delete", "root"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": "test.nothing"}, "unknown_kind"),
        ({"params": {"x": "much"}}, "invalid_params"),
        ({"kind": "test.table"}, "schedule_unfit_kind"),  # it needs files
        ({"kind": "datasets.undo", "params": {"job": "x"}}, "schedule_unfit_kind"),
        ({"cron": "often"}, "invalid_schedule"),
        ({"cron": None}, "invalid_schedule"),
        ({"timezone": "Mars"}, "invalid_schedule"),
        ({"interval_seconds": 1}, "invalid_schedule"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(office, values, code):
    with pytest.raises(Refused) as refused:
        office.create(**values)
    assert refused.value.code == code
    assert service.everything(office.database, office.engine.root, "en") == []
    schedule = office.create()
    with pytest.raises(Refused) as refused:
        office.change(schedule, **({"cron": "often"} if values.get("cron", "") is None else values))
    assert refused.value.code == code
    assert office.get(schedule.id) == schedule


def test_run_now_makes_a_job_of_the_system_and_names_who_asked(office):
    schedule = office.create(enabled=False, params={"x": 5})
    run = service.run(office.database, office.engine.settings, office.engine.root, schedule.id, "key")
    again = service.run(office.database, office.engine.settings, office.engine.root, schedule.id, "key")
    assert run.id == again.id
    assert (run.owner.username, run.scheduled, run.params["x"]) == ("system", True, 5)
    assert office.get(schedule.id).last_job_id == run.id
    with office.database.read() as connection:
        deed = connection.execute(select(audit).where(audit.c.action == "schedule.run")).one()
    assert (deed.username, deed.object_id, deed.details) == ("root", schedule.id, {"job": run.id})


def test_schedules_are_for_admins(office):
    ann, schedule = office.engine.ann, office.create()
    new = NewSchedule(kind="test.plain", cron="* * * * *")
    for call in (
        lambda: service.everything(office.database, ann, "en"),
        lambda: service.get(office.database, ann, schedule.id, "en"),
        lambda: service.create(office.database, ann, new, "en"),
        lambda: service.remove(office.database, ann, schedule.id, None),
        lambda: service.run(office.database, office.engine.settings, ann, schedule.id),
    ):
        with pytest.raises(Forbidden):
            call()


def test_a_due_time_that_waits_for_a_scheduler_is_shown_first(office):
    schedule = office.create(cron="0 0 1 1 *")
    due = datetime(office.now().year, 1, 1, tzinfo=ZoneInfo("UTC"))
    office.due_since(schedule.id, due)
    assert office.get(schedule.id).next_at[:2] == [due, due.replace(year=due.year + 1)]
