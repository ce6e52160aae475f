"""The cleanups remove what is old, and nothing that somebody needs; whatever dies in the middle, it goes on."""

from __future__ import annotations

import os
import shutil
from datetime import date

import pytest
from sqlalchemy import func, select, update

from tests.worker.engine.engine import set_job, shift, shift_jobs
from worker.db.schema import audit, bill_reminders, files, job_events, jobs, refresh_tokens, tombstones
from worker.db.types import db_now
from worker.engine import changes, temporary
from worker.errors import Forbidden
from worker.ids import new_id
from worker.maintenance import cache
from worker.maintenance import files as cleaning_files
from worker.maintenance import jobs as cleaning_jobs

DAY = 86400.0
KINDS = ("maintenance.cleanup_files", "maintenance.cleanup_jobs", "maintenance.cleanup_cache")
ROWS = [{"customer_no": "1", "name": "甲"}, {"customer_no": "", "name": "乙"}]


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_for_admins(office, kind):
    with pytest.raises(Forbidden):
        office.submit(kind)


def objects(office):
    return {key for key, _ in office.storage.objects()}


def age_files(office, days):
    shift(office.database, "files", ("created_at",), days * DAY)


def exports(office, count):
    return [office.run("customers.export", format="csv").id for _ in range(count)]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("chunk", [2, 100])
def test_old_results_go_and_their_jobs_say_so(office, root, monkeypatch, chunk):
    monkeypatch.setattr(cleaning_files, "_CHUNK", chunk)
    old = exports(office, 5)
    age_files(office, 8)
    (new,) = exports(office, 1)
    cursor = changes.head(office.database, office.ann)
    view = office.run(KINDS[0], by=root)
    assert view.state == "succeeded", view.error
    assert view.result["files"] == 5
    assert view.result["bytes"] > 0
    assert [office.view(job).files for job in old] == [[]] * 5
    assert len(office.view(new).files) == 1
    assert len(objects(office)) == 1
    assert {job.id for job in changes.read(office.database, office.ann, "en", cursor).jobs} == set(old)
    assert office.run(KINDS[0], by=root, days_old=0).result["files"] == 1


def test_what_a_running_job_made_and_what_another_works_on_stays(office, root):
    (running,) = exports(office, 1)
    imported = office.run("customers.import", office.table("a.csv", ROWS))
    errors = next(f for f in imported.files if f.role == "errors")
    waiting = office.submit("customers.import", [errors.id])
    set_job(office.database, waiting, run_at=office.view(waiting).created_at.replace(year=2099))
    set_job(office.database, running, state="running", lease_token=new_id(), lease_until=db_now(999))
    age_files(office, 400)
    assert office.run(KINDS[0], by=root).result["files"] == 0
    assert len(office.view(running).files) == 1
    assert [f.id for f in office.view(waiting).files] == [errors.id]


def test_a_death_in_the_middle_of_files_goes_on(office, root, monkeypatch):
    monkeypatch.setattr(cleaning_files, "_CHUNK", 2)
    exports(office, 5)
    age_files(office, 8)
    office.submit(KINDS[0], by=root)
    office.attempt(stop_after_chunks=1)
    assert office.attempt().result["files"] == 5
    assert objects(office) == set()


# ---------------------------------------------------------------- jobs


def ids(office):
    with office.database.read() as connection:
        return set(connection.execute(select(jobs.c.id)).scalars())


@pytest.mark.parametrize("chunk", [2, 50])
def test_old_jobs_go_with_stories_and_files_and_leave_tombstones(office, root, monkeypatch, chunk):
    monkeypatch.setattr(cleaning_jobs, "_CHUNK", chunk)
    old = exports(office, 3)
    shift_jobs(office.database, 200 * DAY)
    young = exports(office, 1)
    scheduled = [office.run("examples.echo").id for _ in range(2)]
    for job in scheduled:
        set_job(office.database, job, scheduled=True)
    shift_jobs(office.database, 8 * DAY)
    new_scheduled = office.run("examples.echo").id
    set_job(office.database, new_scheduled, scheduled=True)
    waiting = office.submit("examples.echo")
    set_job(office.database, waiting, run_at=office.view(waiting).created_at.replace(year=2099))
    shift_jobs(office.database, 300 * DAY, waiting)
    set_job(office.database, waiting, run_at=office.view(new_scheduled).created_at.replace(year=2099))
    cursor = changes.head(office.database, office.ann)
    view = office.run(KINDS[1], by=root)
    assert view.state == "succeeded", view.error
    assert view.result == {"jobs": 5, "files": 3}
    assert ids(office) == {*young, new_scheduled, waiting, view.id}
    assert set(changes.read(office.database, office.ann, "en", cursor).removed) == {*old, *scheduled}
    assert len(objects(office)) == 1
    with office.database.read() as connection:
        story = set(connection.execute(select(job_events.c.job_id)).scalars())
        assert story <= ids(office)
        assert connection.execute(select(func.count()).select_from(tombstones)).scalar_one() == 5
        counts = connection.execute(select(audit.c.details).where(audit.c.action == "job.cleanup")).scalars()
        assert sum(details["count"] for details in counts) == 5


def test_reminders_of_deleted_jobs_are_forgotten(office, root):
    old = office.run("examples.echo").id
    shift_jobs(office.database, 200 * DAY)
    new = office.run("examples.echo").id
    with office.database.write() as connection:
        for job, bill in ((old, "a"), (new, "b")):
            connection.execute(
                bill_reminders.insert().values(
                    bill_no=bill, day=date(2026, 1, 1), customer_no="K", job_id=job, mail_id=new_id(), email="a@b.de",
                    state="sent", at=db_now(),
                )
            )  # fmt: skip
    assert office.run(KINDS[1], by=root).result["jobs"] == 1
    with office.database.read() as connection:
        assert list(connection.execute(select(bill_reminders.c.bill_no)).scalars()) == ["b"]


def test_an_import_that_can_be_taken_back_stays(office, root):
    imported = office.run("customers.import", office.table("a.csv", ROWS)).id
    shift_jobs(office.database, 29 * DAY)
    assert office.run(KINDS[1], by=root, days_old=1).result["jobs"] == 0
    shift_jobs(office.database, 3 * DAY)
    assert office.run(KINDS[1], by=root, days_old=1).result["jobs"] == 1
    assert imported not in ids(office)


def test_a_death_in_the_middle_of_jobs_goes_on(office, root, monkeypatch):
    monkeypatch.setattr(cleaning_jobs, "_CHUNK", 2)
    exports(office, 5)
    shift_jobs(office.database, 200 * DAY)
    office.submit(KINDS[1], by=root)
    office.attempt(stop_after_chunks=1)
    assert len(ids(office)) == 4
    assert office.attempt().result["jobs"] == 5


# ---------------------------------------------------------------- caches


def test_folders_of_dead_attempts_go_and_those_of_running_ones_stay(office, root):
    place = office.settings.data / "tmp"
    running, token = office.submit("examples.echo"), new_id()
    set_job(office.database, running, state="running", lease_token=token, lease_until=db_now(999))
    names = {
        f"{running}-{token}": False, f"{running}-{new_id()}": True, f"{new_id()}-{new_id()}": True, "young": False,
        "old": True,
    }  # fmt: skip
    for name in names:
        (place / name / "deep").mkdir(parents=True)
        (place / name / "deep" / "part").write_bytes(b"12345")
    os.utime(place / "old", (0, 0))
    view = office.run(KINDS[2], by=root)
    assert view.state == "succeeded", view.error
    assert (view.result["folders"], view.result["bytes"]) == (3, 15)
    assert {path.name for path in place.iterdir()} == {name for name, goes in names.items() if not goes}
    assert office.run(KINDS[2], by=root).result["folders"] == 0


def test_folders_that_their_own_attempts_remove_meanwhile_are_no_error(office, root, monkeypatch):
    place = office.settings.data / "tmp"
    for name in (f"{new_id()}-{new_id()}", "old"):
        (place / name / "deep").mkdir(parents=True)
    os.utime(place / "old", (0, 0))

    def vanish(*columns):  # while the row of the first one is looked up
        shutil.rmtree(place)
        place.mkdir()
        return select(*columns)

    monkeypatch.setattr(temporary, "select", vanish)
    view = office.run(KINDS[2], by=root)
    assert view.state == "succeeded", view.error
    assert (view.result["folders"], view.result["bytes"]) == (0, 0)


@pytest.mark.parametrize("chunk", [2, 500])
def test_expired_sign_ins_and_orphans_go(office, root, monkeypatch, chunk):
    monkeypatch.setattr(cache, "_CHUNK", chunk)
    with office.database.write() as connection:
        for number in range(6):
            connection.execute(
                refresh_tokens.insert().values(
                    id=new_id(), family=new_id(), user_id=root.user_id, token_hash=f"{number}", issued_at=db_now(),
                    expires_at=db_now(-60 if number < 5 else 60),
                )
            )  # fmt: skip
    (kept,) = exports(office, 1)
    orphan = new_id()
    path = office.write("orphan", "x")
    office.storage.put(path, orphan)
    os.utime(office.storage.local_path(orphan), (0, 0))
    view = office.run(KINDS[2], by=root)
    assert (view.result["sign_ins"], view.result["orphans"]) == (5, 1)
    assert len(objects(office)) == 1
    assert len(office.view(kept).files) == 1
    with office.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(refresh_tokens)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(files)).scalar_one() == 1


def test_a_file_of_less_than_seven_days_is_not_touched(office, root):
    exports(office, 1)
    with office.database.write() as connection:
        connection.execute(update(files).values(created_at=db_now(-6 * DAY)))
    assert office.run(KINDS[0], by=root).result["files"] == 0
