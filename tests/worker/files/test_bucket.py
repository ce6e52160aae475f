"""Files in a bucket: against a real S3 server on loopback."""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from tests.support import free_port
from tests.support_s3 import READER, READER_SECRET, S3Server
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files
from worker.errors import Refused
from worker.files import bucket, results
from worker.files.cleanup import Cleaned, clean
from worker.files.storage import Storage, StorageUnavailable
from worker.files.uploads import Uploads
from worker.ids import new_id
from worker.settings import Settings

MB = 1 << 20
SIZES = {"empty": 0, "one byte": 1, "one part": 8 * MB, "three parts": 17 * MB + 5}


@pytest.fixture
def settings(tmp_path: Path, s3: S3Server) -> Settings:
    return Settings(_env_file=None, data=tmp_path / "data", **s3.settings())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"0123456789" * 10)
    return path


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_an_object_comes_back_as_it_was_stored(storage: Storage, tmp_path: Path, size: int):
    content = random.Random(size).randbytes(size)
    (tmp_path / "content").write_bytes(content)
    key = new_id()
    assert not storage.exists(key)
    assert storage.put(tmp_path / "content", key) == (size, hashlib.sha256(content).hexdigest())
    assert storage.exists(key)
    with storage.open(key) as stored:
        assert stored.read() == content
        stored.seek(size // 2)
        assert stored.read(1000) == content[size // 2 : size // 2 + 1000]
    copy = storage.local_path(key, tmp_path)
    assert copy.read_bytes() == content
    assert storage.local_path(key, tmp_path) == copy
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["content", "data", key])


def test_only_its_own_prefix_is_listed(s3: S3Server, storage: Storage, tmp_path: Path, source: Path):
    other = Storage(Settings(_env_file=None, data=tmp_path / "other", **s3.settings()))
    keys = [new_id() for _ in range(3)]
    for key in keys:
        storage.put(source, key)
    other.put(source, new_id())
    assert sorted(key for key, _ in storage.objects()) == sorted(keys)
    storage.delete(keys[0])
    storage.delete(keys[0])
    assert sorted(key for key, _ in storage.objects()) == sorted(keys[1:])
    assert list(storage.unfinished()) == []


def test_what_is_not_there_and_what_is_no_key(storage: Storage, source: Path, tmp_path: Path):
    for call in (storage.open, lambda key: storage.local_path(key, tmp_path)):
        with pytest.raises(FileNotFoundError):
            call(new_id())
        with pytest.raises(ValueError, match="not an id"):
            call("../secret")
    for call in (storage.exists, storage.delete, lambda key: storage.put(source, key)):
        with pytest.raises(ValueError, match="not an id"):
            call("a/b")
    with pytest.raises(ValueError, match="folder"):
        storage.local_path(new_id())


def test_a_service_that_is_away_or_says_no_is_told_as_such(s3: S3Server, tmp_path: Path, source: Path, caplog):
    away = Storage(
        Settings(_env_file=None, data=tmp_path, **s3.settings(storage_endpoint=f"http://127.0.0.1:{free_port()}"))
    )
    wrong = Storage(Settings(_env_file=None, data=tmp_path, **s3.settings(storage_secret_access_key="wrong")))
    reader = s3.settings(storage_access_key_id=READER, storage_secret_access_key=READER_SECRET)
    read_only = Storage(Settings(_env_file=None, data=tmp_path, **reader))
    for storage, why in (
        (away, "refused"),
        (wrong, "403 Forbidden, SignatureDoesNotMatch"),
        (read_only, "AccessDenied"),
    ):
        with pytest.raises(StorageUnavailable) as told:
            storage.put(source, new_id())
        assert told.value.code == "storage_unavailable"
        assert why in str(told.value)
        assert told.value.values == {}  # addresses are for the log
        assert "\n" not in caplog.messages[-1]
    for storage in (away, wrong):
        for call in (storage.exists, storage.open):
            with pytest.raises(StorageUnavailable):
                call(new_id())
        with pytest.raises(StorageUnavailable):
            list(storage.objects())


def test_uploads_results_and_cleaning(
    database: Database, storage: Storage, settings: Settings, clerk: Actor, source: Path
):
    service = Uploads(database, storage, settings)
    content = source.read_bytes()
    upload = service.create(clerk, len(content), {"filename": "a.csv"})
    writer = service.begin(clerk, upload.id, 0)
    writer.write(content[:30])
    assert writer.abort() == 30
    assert list(storage.objects()) == []  # nothing is in the bucket before it is whole
    writer = service.begin(clerk, upload.id, 30)
    writer.write(content[30:])
    assert writer.finish() == len(content)
    assert [key for key, _ in storage.objects()] == [upload.id]
    assert list(storage.unfinished()) == []
    with source.open("rb") as form:
        kept = service.keep(clerk, form, "b.csv")
    with database.write() as connection:
        add = {"owner_id": clerk.user_id, "job_id": None, "name": "r.txt", "role": "export"}
        results.add(connection, storage, path=results.store(storage, source), expires_in=600, **add)
    storage.put(source, new_id())
    assert len(list(storage.objects())) == 4
    assert clean(database, storage) == Cleaned(0, 0, 0)  # what is young may be about to get its row
    assert clean(database, storage, orphan_seconds=-60) == Cleaned(0, 0, 1)
    service.remove(clerk, upload.id)
    service.drop(clerk, kept)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(files)) == len(list(storage.objects())) == 1


def test_an_upload_whose_object_was_not_taken_goes_on_later(
    database: Database, storage: Storage, settings: Settings, clerk: Actor, s3: S3Server, source: Path
):
    content = source.read_bytes()
    reader = {"storage_access_key_id": READER, "storage_secret_access_key": READER_SECRET}
    refused = Uploads(database, Storage(settings.model_copy(update=reader)), settings)
    upload = refused.create(clerk, len(content), {"filename": "a.csv"})
    writer = refused.begin(clerk, upload.id, 0)
    writer.write(content)
    with pytest.raises(StorageUnavailable):
        writer.finish()
    again = Uploads(database, storage, settings)
    offset = again.get(clerk, upload.id).offset
    writer = again.begin(clerk, upload.id, offset)
    writer.write(content[offset:])
    assert writer.finish() == len(content)
    with storage.open(upload.id) as stored:
        assert stored.read() == content


def test_oss_has_the_bucket_in_the_hosts_name(tmp_path: Path):
    """Not tried against Alibaba's own service: this is what its documentation asks of clients of S3's protocol."""
    given = {"storage_endpoint": "https://s3.oss-cn-hangzhou.aliyuncs.com", "storage_access_key_id": "a"}
    store = bucket._store(Settings(_env_file=None, data=tmp_path, storage_url="oss://office/files/", **given))
    assert store.config["endpoint"] == "https://office.s3.oss-cn-hangzhou.aliyuncs.com"
    assert (store.config["virtual_hosted_style_request"], store.prefix) == ("true", "files")


@pytest.mark.parametrize(
    ("url", "words"),
    [("ftp://host/x", "folder, s3://… or oss://…"), ("oss://bucket", "TASKTRAY_STORAGE_ENDPOINT"), ("s3://", "bucket")],
)
def test_an_address_that_cannot_be_used_is_named(tmp_path: Path, url: str, words: str):
    with pytest.raises(ValidationError, match=words):
        Settings(_env_file=None, data=tmp_path, storage_url=url)


def test_without_the_library_it_is_said_what_to_install(settings: Settings, monkeypatch):
    monkeypatch.delitem(sys.modules, "worker.files.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(Refused) as told:
        Storage(settings)
    assert (told.value.code, told.value.values) == ("bucket_library_missing", {"library": "obstore"})
