from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from tests.worker.files.test_results import make_job
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_uploads, jobs, uploads
from worker.db.types import db_now
from worker.files import results
from worker.files.cleanup import Cleaned, clean
from worker.files.storage import Storage
from worker.files.uploads import Uploads
from worker.ids import new_id
from worker.settings import Settings


@pytest.fixture
def service(database: Database, storage: Storage, settings: Settings) -> Uploads:
    return Uploads(database, storage, settings)


def _expire(database: Database, table) -> None:
    with database.write() as connection:
        connection.execute(update(table).values(expires_at=db_now(-1)))


def _age(path: Path) -> None:
    os.utime(path, (0, 0))


def _nothing_left(storage: Storage) -> bool:
    return list(storage.objects()) == [] and list(storage.unfinished()) == []


def test_nothing_that_is_needed_is_removed(service: Uploads, clerk: Actor, tmp_path: Path):
    service.create(clerk, 0, {})
    going_on = service.create(clerk, 10, {})
    writing = service.begin(clerk, going_on.id, 0)
    writing.write(b"12345")
    writing.abort()
    path = tmp_path / "result"
    path.write_bytes(b"result")
    job_id = make_job(service.database, clerk)
    with service.database.write() as connection:
        results.add(connection, service.storage, owner_id=clerk.user_id, job_id=job_id, path=path, name="a", role="x")
    for found, _ in [*service.storage.unfinished()]:
        _age(found)
    for key, _ in [*service.storage.objects()]:
        _age(service.storage.local_path(key))
    assert clean(service.database, service.storage) == Cleaned(0, 0, 0)
    assert len(list(service.storage.objects())) == 2
    assert service.begin(clerk, going_on.id, 5).abort() == 5


def test_expired_uploads_go_with_their_bytes(service: Uploads, clerk: Actor):
    service.create(clerk, 0, {})
    half = service.begin(clerk, service.create(clerk, 10, {}).id, 0)
    half.write(b"12345")
    half.abort()
    _expire(service.database, uploads)
    _expire(service.database, files)
    assert clean(service.database, service.storage) == Cleaned(uploads=2, files=1, orphans=0)
    assert _nothing_left(service.storage)


def test_an_expired_file_that_a_job_works_on_stays_until_the_job_is_gone(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 0, {})
    job_id = make_job(service.database, clerk)
    with service.database.write() as connection:
        connection.execute(insert(job_uploads).values(job_id=job_id, position=0, file_id=upload.file_id))
    _expire(service.database, uploads)
    _expire(service.database, files)
    assert clean(service.database, service.storage).files == 0
    with service.database.write() as connection:
        connection.execute(jobs.delete())
    assert clean(service.database, service.storage).files == 1
    assert _nothing_left(service.storage)


def test_results_of_a_deleted_job_go(service: Uploads, clerk: Actor, tmp_path: Path):
    path = tmp_path / "result"
    path.write_bytes(b"result")
    job_id = make_job(service.database, clerk)
    with service.database.write() as connection:
        results.add(connection, service.storage, owner_id=clerk.user_id, job_id=job_id, path=path, name="a", role="x")
        connection.execute(jobs.delete())
    assert clean(service.database, service.storage).files == 1
    assert _nothing_left(service.storage)


def test_bytes_without_a_row_go_once_they_are_old(service: Uploads, clerk: Actor, tmp_path: Path):
    path = tmp_path / "result"
    path.write_bytes(b"rolled back")
    stored = results.store(service.storage, path)
    service.storage.incoming_path(new_id()).write_bytes(b"part of a crash")
    assert clean(service.database, service.storage).orphans == 0
    _age(service.storage.local_path(stored.key))
    for found, _ in [*service.storage.unfinished()]:
        _age(found)
    assert clean(service.database, service.storage).orphans == 2
    assert _nothing_left(service.storage)


def test_more_than_one_batch_is_cleaned(service: Uploads, clerk: Actor):
    with service.database.write() as connection:
        connection.execute(
            insert(uploads),
            [
                {
                    "id": new_id(), "owner_id": clerk.user_id, "name": "a", "size": 1, "offset": 0, "metadata": {},
                    "created_at": _now(connection), "expires_at": _now(connection),
                }
                for _ in range(450)
            ],
        )  # fmt: skip
    assert clean(service.database, service.storage).uploads == 450


def _now(connection):
    return connection.execute(select(db_now())).scalar_one()
