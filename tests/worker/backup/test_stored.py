"""Uploads and results in a backup: they come back byte for byte, and what is not right with one is said."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile

import pytest
from sqlalchemy import select, update

from tests.worker.backup.conftest import silent
from worker.backup import archive
from worker.backup.backup import check, create
from worker.db.schema import files
from worker.errors import Cancelled, Refused
from worker.files.storage import Storage


def keys(office):
    """Keys in the storage by name of the file."""
    with office.database.read() as connection:
        return dict(connection.execute(select(files.c.name, files.c.storage_key)).all())


@pytest.fixture
def full(office):
    """An office with an upload of every awkward size beside its import, and with a result."""
    for size in (0, 1, 511, 512, 513, (1 << 20) + 1):
        office.upload(office.write(f"文件 {size}.bin", bytes(n % 251 for n in range(size))))
    assert office.run("customers.export", format="csv").state == "succeeded"
    return office


@pytest.fixture
def backup(full, folder):
    return create(full.database, folder, silent, storage=full.storage)


def test_all_files_come_back_byte_for_byte(full, backup, place, tmp_path):
    kept = keys(full)
    assert len(kept) == 8
    stored = backup.manifest.files
    assert (backup.manifest.format, stored.count, stored.missing, stored.damaged) == (2, 8, 0, 0)
    assert stored.size == sum(full.storage.local_path(key).stat().st_size for key in kept.values())
    assert backup.verified
    assert check(full.database, backup.path, tmp_path / "check", silent) == backup.manifest
    with zipfile.ZipFile(backup.path) as file:  # and common tools read it
        listed = [json.loads(line) for line in file.read("files.jsonl").splitlines()]
        with tarfile.open(fileobj=io.BytesIO(file.read("files.tar"))) as tar:
            assert tar.getnames() == [one["key"] for one in listed]
            for one in listed:
                content = tar.extractfile(one["key"]).read()
                assert hashlib.sha256(content).hexdigest() == one["sha256"]

    done = place.restore(backup.path)
    assert (done.files.restored, done.files.present, done.settled.files_missing) == (8, 0, 0)
    there = Storage(place.settings)
    assert {key for key, _ in there.objects()} == set(kept.values())
    for key in kept.values():
        assert there.local_path(key).read_bytes() == full.storage.local_path(key).read_bytes()
        assert there.local_path(key).stat().st_mode & 0o077 == 0


def test_without_files_it_says_how_many_are_left_out_and_is_read_by_older_versions(full, folder):
    made = create(full.database, folder, silent)
    assert (made.manifest.files, made.manifest.format) == (None, 1)
    assert made.left_out[0] == 8
    assert made.left_out[1] > 1 << 20
    with zipfile.ZipFile(made.path) as file:
        assert sorted(file.namelist()) == ["database", "manifest.json"]
        assert "files" not in json.loads(file.read("manifest.json"))


def test_files_that_are_gone_or_spoilt_do_not_stop_it_and_are_said(full, folder, place):
    here = keys(full)
    full.storage.delete(here["文件 512.bin"])
    spoilt = full.storage.local_path(here["文件 513.bin"])
    spoilt.write_bytes(b"!" * 513)
    short = full.storage.local_path(here["文件 511.bin"])
    short.write_bytes(b"short")
    long = full.storage.local_path(here["文件 1.bin"])
    long.write_bytes(b"\0and more")
    made = create(full.database, folder, silent, storage=full.storage)
    assert (made.manifest.files.count, made.manifest.files.missing, made.manifest.files.damaged) == (4, 1, 3)
    assert (made.facts()["files_missing"], made.facts()["files_damaged"]) == (1, 3)
    done = place.restore(made.path)
    assert (done.files.restored, done.settled.files_missing) == (4, 4)
    assert set(done.settled.missing_names) == {"文件 1.bin", "文件 511.bin", "文件 512.bin", "文件 513.bin"}


def test_a_file_removed_while_the_backup_is_made_is_no_failure(full, folder):
    key = keys(full)["northwind-customers.csv"]

    def clean(stage, done, total):
        if stage == "stage_backup_writing":
            full.storage.delete(key)

    assert create(full.database, folder, clean, storage=full.storage).manifest.files.missing == 1


def test_only_what_is_missing_or_spoilt_is_put_back(full, backup, make_place):
    here = keys(full)
    full.storage.delete(here["文件 512.bin"])
    full.storage.local_path(here["文件 513.bin"]).write_bytes(b"spoilt")
    same = full.storage.local_path(here["northwind-customers.csv"])
    before = same.stat().st_mtime_ns
    place = make_place(storage_url=full.settings.effective_storage)
    done = place.restore(backup.path)
    assert (done.files.restored, done.files.present) == (2, 6)
    assert full.storage.local_path(here["文件 513.bin"]).stat().st_size == 513
    assert same.stat().st_mtime_ns == before


def test_what_is_replaced_is_kept_with_its_files(full, backup, place):
    place.restore(backup.path)
    storage = Storage(place.settings)
    other = place.office(full.folder)
    other.storage, other.ann = storage, full.ann
    upload = other.upload(other.write("later.csv", "a,b"))
    place.database.dispose()
    done = place.restore(backup.path, force=True)
    assert archive.read_manifest(done.safety_copy).files.count == 9
    storage.delete(upload)
    place.database.dispose()
    assert place.restore(done.safety_copy, force=True).files.restored == 1
    assert storage.local_path(upload).read_bytes() == b"a,b"


def rewritten(path, target, change):
    """The backup with other content under one of its names; the manifest stays."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        entries = {name: old.read(name) for name in old.namelist()}
        change(entries)
        for name, content in entries.items():
            new.writestr(name, content)
    return target


def other_byte(entries):
    entries["files.tar"] = entries["files.tar"].replace(b"ALFKI", b"ALFKJ")


def cut(entries):
    entries["files.tar"] = entries["files.tar"][: len(entries["files.tar"]) // 2]


def more(entries):
    entries["files.tar"] = entries["files.tar"][:-1024] + b"x" * 1024


def other_list(entries):
    entries["files.jsonl"] = entries["files.jsonl"].replace(b"northwind", b"southwind")


def shorter_list(entries):
    entries["files.jsonl"] = b"".join(entries["files.jsonl"].splitlines(keepends=True)[:-1])


def no_list(entries):
    entries["files.jsonl"] = b"\n"


def way_out(entries):
    first = json.loads(entries["files.jsonl"].splitlines()[0])["key"].encode()
    for name in ("files.jsonl", "files.tar"):
        entries[name] = entries[name].replace(first, b"../../../../../../../../etc/cron.d/x")


def nothing_inside(entries):
    del entries["files.tar"]


def test_files_that_are_not_what_was_put_in_are_refused_and_nothing_changes(backup, place, tmp_path):
    changes = (other_byte, cut, more, other_list, shorter_list, no_list, way_out, nothing_inside)
    for change in changes:
        name = f"{change.__name__}.backup"
        with pytest.raises(Refused) as refused:
            place.restore(rewritten(backup.path, tmp_path / name, change))
        assert (refused.value.code, refused.value.values) == ("backup_damaged", {"file": name})
    with place.database.read() as connection:
        assert not place.database.engine.dialect.get_table_names(connection)
    assert list(Storage(place.settings).objects()) == []


def test_stopped_in_the_middle_of_a_big_file_it_leaves_nothing(full, folder):
    for stage in ("stage_backup_files", "stage_backup_checking"):
        heard = []

        def stop(said, done, total, stage=stage, heard=heard):
            heard.append((said, done))
            if heard.count((stage, done)) == 2:  # once at its beginning, then at each piece
                raise Cancelled

        with pytest.raises(Cancelled):
            create(full.database, folder, stop, storage=full.storage)
        assert list(folder.iterdir()) == []


def test_the_kind_follows_the_setting_unless_asked_otherwise(full):
    from tests.worker.engine.engine import person

    root = person(full.database, "root", "admin")
    assert full.run("maintenance.backup_database", by=root).result["files_left_out"] == 8
    asked = full.run("maintenance.backup_database", by=root, files="yes").result
    assert (asked["files"], asked["files_left_out"], asked["verified"]) == (8, 0, True)
    full.settings = full.settings.model_copy(update={"backup_files": True})
    assert full.run("maintenance.backup_database", by=root).result["files"] == 8
    assert full.run("maintenance.backup_database", by=root, files="no").result["files"] == 0


def test_a_list_without_files_is_read_back(office, folder, place):
    """An office that has nothing stored yet."""
    with office.database.write() as connection:
        from worker.db.schema import job_uploads

        connection.execute(job_uploads.delete())
        connection.execute(update(files).values(job_id=None))
        connection.execute(files.delete())
    made = create(office.database, folder, silent, storage=office.storage)
    assert made.manifest.files.count == 0
    assert place.restore(made.path).files.restored == 0


def test_files_in_a_bucket_are_taken_and_put_back(office, folder, make_place, s3):
    place = make_place(**s3.settings())
    bucket = Storage(place.settings)
    key = keys(office)["northwind-customers.csv"]
    assert create(office.database, folder, silent, storage=bucket).manifest.files.missing == 1
    bucket.put(office.storage.local_path(key), key)
    made = create(office.database, folder, silent, storage=bucket)
    assert (made.manifest.files.count, made.manifest.files.missing) == (1, 0)
    bucket.delete(key)
    done = place.restore(made.path)
    assert (done.files.restored, done.settled.files_missing) == (1, 0)
    with bucket.open(key) as stored, office.storage.open(key) as source:
        assert stored.read() == source.read()
