"""A backup of real data is put back, and everything that must not go on as if nothing had happened is put right."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, update

from tests.worker.backup.conftest import silent
from tests.worker.datasets.office import FIELDS
from worker.accounts import tokens
from worker.accounts.users import from_row
from worker.backup import archive
from worker.backup.backup import backups, check, create
from worker.db.revisions import current_revision, head_revision
from worker.db.schema import audit, counters, job_events, jobs, refresh_tokens, uploads, users, workers
from worker.db.types import db_now
from worker.engine import changes, claim, control
from worker.engine import workers as fleet
from worker.engine.routing import LANES
from worker.errors import Refused
from worker.ids import new_id


def test_customers_jobs_and_people_come_back_as_they_were(office, folder, place, tmp_path):
    made = create(office.database, folder, silent)
    assert made.verified
    assert made.manifest.tables["customers"].rows == 91
    assert made.manifest.rows == sum(table.rows for table in made.manifest.tables.values())
    assert made.path.stat().st_mode & 0o077 == 0
    assert backups(folder) == [made.path]

    done = place.restore(made.path)
    assert done.manifest == made.manifest
    assert done.safety_copy is None
    restored = place.office(tmp_path)
    assert restored.rows() == office.rows()
    assert len(restored.rows()) == 91
    assert {row["city"] for row in restored.rows().values()} >= {"México D.F.", "Århus", "Sao Paulo"}
    assert current_revision(place.database) == head_revision()
    with office.database.read() as before, place.database.read() as after:
        for table in (users, jobs, job_events):
            query = select(table).order_by(table.c.id)
            assert before.execute(query).all() == after.execute(query).all(), table.name


def test_a_new_row_gets_a_number_of_its_own_after_a_restore(made, place):
    """The sequences of PostgreSQL are part of it: a row's number must not come twice."""
    place.restore(made.path)
    with place.database.write() as connection:
        last = connection.scalar(select(func.max(job_events.c.id)))
        job = connection.scalar(select(jobs.c.id).limit(1))
        new = connection.scalar(
            insert(job_events).values(job_id=job, at=db_now(), type="submitted").returning(job_events.c.id)
        )
    assert new > last


def test_running_jobs_wait_again_with_their_checkpoint_and_attempt(office, folder, place):
    job = office.submit("examples.echo", by=office.ann)
    taken = claim.claim(office.database, office.settings, "gone", LANES)
    stopping = office.submit("examples.echo", by=office.lin)
    other = claim.claim(office.database, office.settings, "gone", LANES)
    assert (taken.job_id, other.job_id) == (job, stopping)
    control.cancel(office.database, office.lin, stopping, settings=office.settings)
    waiting = office.submit("examples.echo")
    with office.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job).values(checkpoint={"done": 5}, rows_done=5))
        connection.execute(update(jobs).where(jobs.c.id == waiting).values(hinted_at=db_now()))
    fleet.register(office.database, "gone", 1, LANES, 2)

    done = place.restore(create(office.database, folder, silent).path)
    assert (done.settled.waiting_again, done.settled.cancelled) == (1, 1)
    with place.database.read() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job)).one()
        assert (row.state, row.attempt, row.waiting_for, row.checkpoint) == ("pending", 0, "resume", {"done": 5})
        assert (row.worker, row.lease_token, row.lease_until) == (None, None, None)
        assert connection.scalar(select(jobs.c.state).where(jobs.c.id == stopping)) == "cancelled"
        assert connection.scalar(select(jobs.c.hinted_at).where(jobs.c.id == waiting)) is None
        query = select(job_events.c.type).where(job_events.c.job_id == job).order_by(job_events.c.id)
        assert connection.scalars(query).all()[-1] == "restored"
        assert connection.scalar(select(func.count()).select_from(workers)) == 0
    again = claim.claim(place.database, place.settings, "new", LANES)
    assert (again.job_id, again.checkpoint, again.attempt) == (job, {"done": 5}, 1)


def test_cursors_of_the_time_before_end(office, folder, place):
    old = changes.head(office.database, office.ann)
    made = create(office.database, folder, silent)
    place.restore(made.path)
    with office.database.read() as before, place.database.read() as after:
        assert before.scalar(select(counters.c.epoch)) != after.scalar(select(counters.c.epoch))
    fresh = changes.head(place.database, office.ann)
    assert changes.read(place.database, office.ann, "en", fresh).jobs == []
    with pytest.raises(Refused) as gone:
        changes.read(place.database, office.ann, "en", old)
    assert gone.value.status == 410


def test_sign_ins_end_and_the_audit_knows(office, folder, place):
    with office.database.write() as connection:
        user = from_row(connection.execute(select(users).where(users.c.username == "ann")).one())
        tokens.issue(connection, office.settings, user)
    made = create(office.database, folder, silent)
    assert made.manifest.tables["refresh_tokens"].rows == 1
    place.restore(made.path)
    with place.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(refresh_tokens)) == 0
        row = connection.execute(select(audit).where(audit.c.action == "backup.restore")).one()
    assert (row.object_id, row.username, row.details["rows"]) == (made.path.name, "system", made.manifest.rows)


def test_files_whose_bytes_are_not_there_are_said(office, folder, make_place):
    upload = new_id()
    with office.database.write() as connection:
        connection.execute(
            insert(uploads).values(
                id=upload, owner_id=office.ann.user_id, name="half.csv", size=100, offset=50, metadata={},
                writer=new_id(), writer_until=db_now(60), created_at=db_now(), expires_at=db_now(600),
            )
        )  # fmt: skip
    made = create(office.database, folder, silent)
    here = make_place("with-files", storage_url=office.settings.effective_storage)
    settled = here.restore(made.path).settled
    assert (settled.files_missing, settled.missing_names, settled.uploads_missing) == (0, (), 1)
    with here.database.read() as connection:
        assert connection.scalar(select(uploads.c.writer)) is None

    settled = make_place("without").restore(made.path).settled
    assert settled.files_missing == 1
    assert settled.missing_names == ("northwind-customers.csv",)


def test_a_backup_is_one_moment_although_others_write_meanwhile(office, folder, tmp_path):
    """At each step of the work another change is committed; counts, checksums and copy agree all the same."""
    stages = set()

    def busy(stage, done, total):
        stages.add(stage)
        office.submit("examples.echo", message="写入中")

    office.submit("examples.echo")
    from worker.db.schema import jobs as table

    with office.database.read() as connection:
        before = connection.scalar(select(func.count()).select_from(table))
    made = create(office.database, folder, busy)
    assert made.verified
    assert made.manifest.tables["jobs"].rows == before
    assert {"stage_backup_summing", "stage_backup_writing", "stage_backup_reading"} <= stages
    with office.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(table)) > before + 3
    assert check(office.database, made.path, tmp_path / "again", silent) == archive.read_manifest(made.path)


def test_all_fields_of_customers_are_summed_up(office, folder):
    """One changed character in one cell changes the table's checksum and no other's."""
    from tests.worker.datasets.office import CUSTOMERS

    first = create(office.database, folder, silent).manifest.tables
    for name in FIELDS:
        if name in ("name", "city"):
            with office.database.write() as connection:
                key = CUSTOMERS.table.c.customer_no
                connection.execute(update(CUSTOMERS.table).where(key == "ALFKI").values({name: f"new {name}"}))
            now = create(office.database, folder, silent, verify=False).manifest.tables
            assert [table for table in first if first[table] != now[table]] == ["customers"]
            first = now
