from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from tests.worker.files.test_results import make_job
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_uploads, uploads
from worker.db.types import db_now
from worker.errors import Refused
from worker.files import inputs, writer
from worker.files.storage import Storage
from worker.files.tus import Checksum
from worker.files.uploads import Uploads
from worker.settings import Settings

CONTENT = os.urandom(700_001)
NAME = {"filename": "客户.csv"}


@pytest.fixture
def service(database: Database, storage: Storage, settings: Settings) -> Uploads:
    return Uploads(database, storage, settings)


def code_of(call, *args, **kwargs) -> tuple[str, int]:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.code, caught.value.status


def test_an_upload_in_pieces_becomes_a_file_with_its_digest(service: Uploads, clerk: Actor):
    upload = service.create(clerk, len(CONTENT), NAME)
    for start in range(0, len(CONTENT), 100_000):
        piece = CONTENT[start : start + 100_000]
        writing = service.begin(clerk, upload.id, start, length=len(piece))
        writing.write(piece)
        assert writing.finish() == start + len(piece)
    done = service.get(clerk, upload.id)
    assert done.offset == done.size
    with service.database.write() as connection:
        [file] = inputs.resolve(connection, clerk, [upload.id])
    assert (file.name, file.role, file.size) == ("客户.csv", "upload", len(CONTENT))
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert service.storage.local_path(file.storage_key).read_bytes() == CONTENT
    assert list(service.storage.unfinished()) == []


def test_an_empty_upload_is_complete_at_once(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 0, {"filename": "empty.csv"})
    assert upload.file_id == upload.id
    with service.database.write() as connection:
        assert inputs.resolve(connection, clerk, [upload.id])[0].size == 0


def test_too_large_a_size_is_refused_at_creation(database: Database, storage: Storage, tmp_path: Path, clerk: Actor):
    service = Uploads(database, storage, Settings(data=tmp_path, upload_max_bytes=1000))
    assert code_of(service.create, clerk, 1001) == ("upload_too_large", 413)
    assert service.create(clerk, 1000).size == 1000


def test_more_than_the_disk_holds_is_refused_at_creation(
    database: Database, storage: Storage, tmp_path: Path, clerk: Actor
):
    service = Uploads(database, storage, Settings(data=tmp_path, upload_max_bytes=2**60))
    assert code_of(service.create, clerk, 2**59) == ("storage_full", 507)


def test_an_upload_is_met_by_its_owner_and_admins_only(service: Uploads, clerk: Actor, other: Actor, admin: Actor):
    upload = service.create(clerk, 5, NAME)
    for call in (service.get, service.remove):
        assert code_of(call, other, upload.id) == ("upload_not_found", 404)
    assert code_of(service.begin, other, upload.id, 0) == ("upload_not_found", 404)
    assert service.get(admin, upload.id).owner_id == clerk.user_id


def test_a_write_at_another_place_than_the_end_is_refused(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    writing = service.begin(clerk, upload.id, 0)
    writing.write(b"12345")
    assert writing.finish() == 5
    for offset in (0, 4, 6, 10):
        assert code_of(service.begin, clerk, upload.id, offset) == ("upload_offset_wrong", 409)


def test_a_second_writer_is_refused_until_the_first_has_ended(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    first = service.begin(clerk, upload.id, 0)
    assert code_of(service.begin, clerk, upload.id, 0) == ("upload_busy", 423)
    first.write(b"12345")
    assert first.abort() == 5
    second = service.begin(clerk, upload.id, 5)
    second.write(b"67890")
    assert second.finish() == 10


def test_of_many_that_begin_at_once_one_gets_in(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    gate, got, refused = threading.Barrier(8), [], []

    def begin() -> None:
        gate.wait()
        try:
            got.append(service.begin(clerk, upload.id, 0))
        except Refused as error:
            refused.append(error.code)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert refused == ["upload_busy"] * 7
    got[0].abort()


def test_where_no_lock_can_be_had_the_token_in_the_row_keeps_others_away(
    service: Uploads, clerk: Actor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "try_lock", lambda file, size: None)
    upload = service.create(clerk, 10, NAME)
    first = service.begin(clerk, upload.id, 0)
    assert code_of(service.begin, clerk, upload.id, 0) == ("upload_busy", 423)
    with service.database.write() as connection:  # a minute of silence later
        connection.execute(update(uploads).values(writer_until=db_now(-1)))
    second = service.begin(clerk, upload.id, 0)
    first.write(b"12345")
    assert code_of(first.finish) == ("upload_not_found", 404)  # the fence: it commits nothing any more
    second.write(b"abcde")
    assert second.finish() == 5


def test_more_than_was_announced_is_refused_and_nothing_beyond_is_stored(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    assert code_of(service.begin, clerk, upload.id, 0, length=11) == ("upload_too_long", 413)
    writing = service.begin(clerk, upload.id, 0)
    writing.write(b"1234567")
    assert code_of(writing.write, b"890X") == ("upload_too_long", 413)
    assert writing.abort() == 7
    assert service.storage.incoming_path(upload.id).read_bytes() == b"1234567"


def test_a_wrong_checksum_drops_the_piece_and_a_right_one_keeps_it(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    right = hashlib.sha1(b"12345").digest()
    for content, ok in ((b"1X345", False), (b"12345", True)):
        writing = service.begin(clerk, upload.id, 0, checksum=Checksum("sha1", right))
        writing.write(content)
        if ok:
            assert writing.finish() == 5
        else:
            assert code_of(writing.finish) == ("checksum_mismatch", 460)
            assert service.get(clerk, upload.id).offset == 0
            assert service.storage.incoming_path(upload.id).read_bytes() == b""


def test_a_broken_off_piece_counts_without_a_checksum_and_not_with_one(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    checked = service.begin(clerk, upload.id, 0, checksum=Checksum("sha256", hashlib.sha256(b"12345").digest()))
    checked.write(b"123")
    assert checked.abort() == 0
    unchecked = service.begin(clerk, upload.id, 0)
    unchecked.write(b"123")
    assert unchecked.abort() == 3
    assert unchecked.abort() == 3  # once more changes nothing


def test_what_was_written_and_never_committed_is_cut_off(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    first = service.begin(clerk, upload.id, 0)
    first.write(b"123")
    first.abort()
    with service.storage.incoming_path(upload.id).open("ab") as part:
        part.write(b"garbage of a crash")
    rest = service.begin(clerk, upload.id, 3)
    rest.write(b"4567890")
    assert rest.finish() == 10
    assert service.storage.local_path(upload.id).read_bytes() == b"1234567890"


def test_long_writing_is_committed_on_the_way(service: Uploads, clerk: Actor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "COMMIT_BYTES", 1000)
    upload = service.create(clerk, 10_000, NAME)
    writing = service.begin(clerk, upload.id, 0)
    for _ in range(5):
        writing.write(bytes(600))
    assert service.get(clerk, upload.id).offset == 2400
    writing.abort()
    assert service.get(clerk, upload.id).offset == 3000


def test_bytes_that_are_gone_from_the_disk_are_said_to_be_lost(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    writing = service.begin(clerk, upload.id, 0)
    writing.write(b"12345")
    writing.finish()
    service.storage.incoming_path(upload.id).unlink()
    assert code_of(service.begin, clerk, upload.id, 5) == ("upload_lost", 410)


def test_a_removed_upload_is_gone_even_while_it_is_written(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    writing = service.begin(clerk, upload.id, 0)
    writing.write(b"1234567890")
    service.remove(clerk, upload.id)
    assert code_of(writing.finish) == ("upload_not_found", 404)
    assert code_of(service.get, clerk, upload.id) == ("upload_not_found", 404)
    assert list(service.storage.unfinished()) == []
    assert list(service.storage.objects()) == []
    with service.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(files)).scalar_one() == 0


def test_removing_a_complete_upload_removes_its_file_unless_a_job_works_on_it(service: Uploads, clerk: Actor):
    kept, gone = (service.create(clerk, 0, NAME) for _ in range(2))
    job_id = make_job(service.database, clerk)
    with service.database.write() as connection:
        connection.execute(insert(job_uploads).values(job_id=job_id, position=0, file_id=kept.file_id))
    service.remove(clerk, kept.id)
    service.remove(clerk, gone.id)
    with service.database.read() as connection:
        assert connection.execute(select(files.c.id)).scalars().all() == [kept.file_id]
    assert [key for key, _ in service.storage.objects()] == [kept.id]


def test_an_expired_upload_is_gone_and_writing_puts_the_end_off(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 10, NAME)
    with service.database.write() as connection:
        connection.execute(update(uploads).values(expires_at=db_now(5)))
    writing = service.begin(clerk, upload.id, 0)
    writing.write(b"1")
    writing.finish()
    assert (service.get(clerk, upload.id).expires_at - upload.expires_at).total_seconds() > -5
    with service.database.write() as connection:
        connection.execute(update(uploads).values(expires_at=db_now(-1)))
    assert code_of(service.get, clerk, upload.id) == ("upload_expired", 410)
    assert code_of(service.begin, clerk, upload.id, 1) == ("upload_expired", 410)


def test_a_path_in_the_name_is_not_kept(service: Uploads, clerk: Actor):
    upload = service.create(clerk, 0, {"name": "../../etc/cron.d/evil.csv"})
    assert upload.name == "evil.csv"


def test_a_file_that_came_in_one_piece_is_kept_like_an_upload(service: Uploads, clerk: Actor, tmp_path: Path):
    path = tmp_path / "form"
    path.write_bytes(CONTENT)
    with path.open("rb") as source:
        file = service.keep(clerk, source, "a/客户.xlsx")
    assert (file.name, file.role, file.sha256) == ("客户.xlsx", "upload", hashlib.sha256(CONTENT).hexdigest())
    with service.database.write() as connection:
        assert inputs.resolve(connection, clerk, [file.id]) == [file]
    assert list(service.storage.unfinished()) == []


def test_a_file_in_one_piece_past_the_limit_leaves_nothing(
    database: Database, storage: Storage, tmp_path: Path, clerk: Actor
):
    service = Uploads(database, storage, Settings(data=tmp_path, upload_max_bytes=1000))
    path = tmp_path / "form"
    path.write_bytes(CONTENT)
    with path.open("rb") as source:
        assert code_of(service.keep, clerk, source, "a.csv") == ("upload_too_large", 413)
    assert list(storage.objects()) == list(storage.unfinished()) == []


@pytest.mark.skipif(os.geteuid() != 0 if hasattr(os, "geteuid") else True, reason="mounts a small disk: needs root")
def test_a_full_disk_is_said_and_the_upload_goes_on_once_there_is_room(
    database: Database, tmp_path: Path, clerk: Actor
):
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        service = Uploads(
            database, Storage(settings := Settings(data=tmp_path, storage_url=str(disk / "files"))), settings
        )
        upload = service.create(clerk, len(CONTENT), NAME)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(600_000))
        writing = service.begin(clerk, upload.id, 0)
        assert code_of(writing.write, CONTENT) == ("storage_full", 507)
        writing.abort()
        ballast.unlink()
        at = service.get(clerk, upload.id).offset
        rest = service.begin(clerk, upload.id, at)
        rest.write(CONTENT[at:])
        assert rest.finish() == len(CONTENT)
        assert service.storage.local_path(upload.id).read_bytes() == CONTENT
    finally:
        subprocess.run(["umount", disk], check=True)
