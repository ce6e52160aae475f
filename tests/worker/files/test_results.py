from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_uploads, jobs, uploads
from worker.db.types import db_now
from worker.errors import NotFound, Refused
from worker.files import inputs, results
from worker.files.storage import Storage
from worker.ids import new_id


def make_job(database: Database, owner: Actor) -> str:
    job_id = new_id()
    with database.write() as connection:
        connection.execute(
            insert(jobs).values(
                id=job_id, kind="customers.export", title="x", params={}, state="pending", lane="export",
                owner_id=owner.user_id, run_at=db_now(), created_at=db_now(), change_no=1,
            )
        )  # fmt: skip
    return job_id


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "result"
    path.write_bytes(b"first")
    return path


def test_a_result_is_found_by_its_job(database: Database, storage: Storage, clerk: Actor, result: Path):
    job_id, none = make_job(database, clerk), make_job(database, clerk)
    with database.write() as connection:
        file_id = results.add(
            connection, storage, owner_id=clerk.user_id, job_id=job_id, path=result, name="客户/..\\出 口.csv",
            role="export",
        )  # fmt: skip
    with database.read() as connection:
        found = results.of_job(connection, [job_id, none])
    assert found[none] == []
    [row] = found[job_id]
    assert (row.id, row.name, row.role, row.content_type, row.size) == (file_id, "出 口.csv", "export", "text/csv", 5)
    assert storage.local_path(row.storage_key).read_bytes() == b"first"


def test_a_result_of_an_earlier_attempt_is_replaced_and_others_stay(
    database: Database, storage: Storage, clerk: Actor, result: Path
):
    job_id, other_job = make_job(database, clerk), make_job(database, clerk)

    def add(job: str, name: str, role: str) -> str:
        with database.write() as connection:
            return results.add(
                connection, storage, owner_id=clerk.user_id, job_id=job, path=result, name=name, role=role
            )

    replaced = add(job_id, "a.csv", "export")
    stay = {add(job_id, "b.csv", "export"), add(job_id, "a.csv", "report"), add(other_job, "a.csv", "export")}
    new = add(job_id, "a.csv", "export")
    with database.read() as connection:
        ids = {file.id for rows in results.of_job(connection, [job_id, other_job]).values() for file in rows}
    assert ids == {*stay, new}
    assert replaced not in ids


def test_a_replaced_result_that_another_job_works_on_stays_for_that_job(
    database: Database, storage: Storage, clerk: Actor, result: Path
):
    maker, user = make_job(database, clerk), make_job(database, clerk)
    with database.write() as connection:
        old = results.add(
            connection, storage, owner_id=clerk.user_id, job_id=maker, path=result, name="e.xlsx", role="errors"
        )
        connection.execute(insert(job_uploads).values(job_id=user, position=0, file_id=old))
    result.write_bytes(b"second")
    with database.write() as connection:
        new = results.add(
            connection, storage, owner_id=clerk.user_id, job_id=maker, path=result, name="e.xlsx", role="errors"
        )
    with database.read() as connection:
        found = results.of_job(connection, [maker, user])
    assert [file.id for file in found[maker]] == [new]
    assert [file.id for file in found[user]] == [old]
    assert storage.local_path(found[user][0].storage_key).read_bytes() == b"first"


def test_a_result_stored_before_its_transaction_is_the_same(
    database: Database, storage: Storage, clerk: Actor, result: Path
):
    job_id = make_job(database, clerk)
    stored = results.store(storage, result)
    with database.write() as connection:
        results.add(
            connection, storage, owner_id=clerk.user_id, job_id=job_id, path=stored, name="a.csv", role="export"
        )
    with database.read() as connection:
        [row] = results.of_job(connection, [job_id])[job_id]
    assert (row.storage_key, row.size, row.sha256) == (stored.key, stored.size, stored.sha256)


def test_a_rolled_back_result_has_no_row(database: Database, storage: Storage, clerk: Actor, result: Path):
    job_id = make_job(database, clerk)
    with database.engine.connect() as connection:
        results.add(
            connection, storage, owner_id=clerk.user_id, job_id=job_id, path=result, name="a.csv", role="export"
        )
        connection.rollback()
    with database.read() as connection:
        assert results.of_job(connection, [job_id]) == {job_id: []}


def test_only_the_owner_and_admins_see_a_file(
    database: Database, storage: Storage, clerk: Actor, other: Actor, admin: Actor, result: Path
):
    with database.write() as connection:
        file_id = results.add(
            connection, storage, owner_id=clerk.user_id, job_id=None, path=result, name="a.csv", role="report"
        )
    with database.read() as connection:
        assert results.get(connection, clerk, file_id).id == file_id
        assert results.get(connection, admin, file_id).id == file_id
        assert [file.id for file in inputs.resolve(connection, admin, [file_id])] == [file_id]
        with pytest.raises(NotFound):
            results.get(connection, other, file_id)
        with pytest.raises(Refused) as caught:
            inputs.resolve(connection, other, [file_id])
        assert caught.value.code == "unknown_upload"


def test_inputs_come_back_in_the_order_asked_for(database: Database, storage: Storage, clerk: Actor, result: Path):
    with database.write() as connection:
        ids = [
            results.add(
                connection, storage, owner_id=clerk.user_id, job_id=None, path=result, name=f"{n}.csv", role="report"
            )
            for n in range(3)
        ]
    ids.reverse()
    with database.write() as connection:
        assert [file.id for file in inputs.resolve(connection, clerk, ids)] == ids


def test_an_incomplete_upload_is_refused_with_what_has_arrived(database: Database, clerk: Actor, other: Actor):
    upload_id = new_id()
    with database.write() as connection:
        connection.execute(
            insert(uploads).values(
                id=upload_id, owner_id=clerk.user_id, name="a.csv", size=10, offset=4, metadata={},
                created_at=db_now(), expires_at=db_now(60),
            )
        )  # fmt: skip
        with pytest.raises(Refused) as caught:
            inputs.resolve(connection, clerk, [upload_id])
        assert (caught.value.code, caught.value.values["received"]) == ("upload_incomplete", 4)
        with pytest.raises(Refused) as caught:
            inputs.resolve(connection, other, [upload_id])
        assert caught.value.code == "unknown_upload"
        with pytest.raises(Refused) as caught:
            inputs.resolve(connection, clerk, ["no id at all"])
        assert caught.value.code == "unknown_upload"


def test_an_expired_file_is_no_input_any_more(database: Database, storage: Storage, clerk: Actor, result: Path):
    with database.write() as connection:
        file_id = results.add(
            connection, storage, owner_id=clerk.user_id, job_id=None, path=result, name="a.csv", role="export",
            expires_in=-1,
        )  # fmt: skip
        with pytest.raises(Refused) as caught:
            inputs.resolve(connection, clerk, [file_id])
    assert caught.value.code == "unknown_upload"


def test_results_outlive_the_row_of_their_job_until_the_cleaning(
    database: Database, storage: Storage, clerk: Actor, result: Path
):
    job_id = make_job(database, clerk)
    with database.write() as connection:
        results.add(
            connection, storage, owner_id=clerk.user_id, job_id=job_id, path=result, name="a.csv", role="export"
        )
        connection.execute(delete(jobs).where(jobs.c.id == job_id))
        assert connection.execute(select(files.c.job_id)).scalar_one() is None
