"""What must not be restored is not, and then nothing has changed; what is replaced is kept."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing

import pytest
from sqlalchemy import func, insert, select, text

from tests.worker.backup.conftest import silent
from worker.actor import SYSTEM
from worker.backup import archive, postgresql, sqlite
from worker.backup.backup import PREFIX, backups, check, create, rotate, workplace
from worker.db.database import Database
from worker.db.schema import jobs
from worker.db.types import db_now
from worker.engine import changes
from worker.errors import Cancelled, Conflict, Refused
from worker.ids import new_id
from worker.settings import Settings


def rewritten(path, folder, change=None, dump=None):
    """The backup with another manifest or another dump."""
    target = folder / f"changed-{new_id()}.backup"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        (change or (lambda manifest: None))(manifest)
        new.writestr("manifest.json", json.dumps(manifest))
        new.writestr("database", old.read("database") if dump is None else dump)
    return target


def flipped(path, folder, offset):
    target = folder / f"flipped-{new_id()}.backup"
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    target.write_bytes(content)
    return target


def is_empty(place):
    with place.database.read() as connection:
        return not place.database.engine.dialect.get_table_names(connection)


def test_a_damaged_backup_is_refused_and_nothing_changes(made, place, tmp_path):
    size = made.path.stat().st_size
    damaged = [flipped(made.path, tmp_path, offset) for offset in (size // 3, size // 2, size * 2 // 3)]
    cut = tmp_path / "cut.backup"
    cut.write_bytes(made.path.read_bytes()[: size // 2])
    for path in (*damaged, cut):
        with pytest.raises(Refused) as refused:
            place.restore(path)
        assert refused.value.code == "backup_damaged", path
        assert refused.value.values == {"file": path.name}
    assert is_empty(place)


def test_what_is_no_backup_is_refused(made, place, tmp_path):
    plain = tmp_path / "customers.csv"
    plain.write_text("no,name\n")
    empty = tmp_path / "empty"
    empty.touch()
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("hello.txt", "hello")
    nonsense = rewritten(made.path, tmp_path, lambda manifest: manifest.pop("tables"))
    for path in (plain, empty, other, nonsense):
        with pytest.raises(Refused) as refused:
            place.restore(path)
        assert refused.value.code == "backup_not_one", path
    assert is_empty(place)


def test_a_backup_that_does_not_hold_what_it_says_is_refused(made, place, tmp_path):
    def lie(manifest):
        manifest["tables"]["customers"]["rows"] += 1
        manifest["tables"]["users"]["checksum"] = "0"

    with pytest.raises(Refused) as refused:
        place.restore(rewritten(made.path, tmp_path, lie))
    assert refused.value.code == "backup_differs"
    assert refused.value.values == {"tables": "customers, users"}
    assert is_empty(place)


def test_a_dump_that_has_grown_is_not_unpacked_without_end(made, place, tmp_path):
    with pytest.raises(Refused, match="backup_damaged"):
        place.restore(rewritten(made.path, tmp_path, dump=b"x" * 50_000_000))
    assert is_empty(place)


def test_a_dump_that_is_none_is_refused(made, place, tmp_path):
    """Whole by its hash, but not what the database reads."""
    import hashlib

    dump = b"this is neither SQL nor a database"

    def say(manifest):
        manifest["dump"] = {"size": len(dump), "sha256": hashlib.sha256(dump).hexdigest()}

    with pytest.raises(Refused) as refused:
        place.restore(rewritten(made.path, tmp_path, say, dump))
    assert refused.value.code in ("backup_damaged", "pg_client_failed")
    assert is_empty(place)


def test_a_backup_of_a_newer_version_is_refused(made, place, tmp_path):
    for change in ({"revision": "9999"}, {"format": 3}):
        path = rewritten(made.path, tmp_path, lambda manifest, change=change: manifest.update(change, version="9.1"))
        with pytest.raises(Refused) as refused:
            place.restore(path)
        assert (refused.value.code, refused.value.values["version"]) == ("backup_too_new", "9.1")


def test_a_backup_of_the_other_database_is_refused(made, place, tmp_path):
    other = "sqlite" if place.database.dialect == "postgresql" else "postgresql"
    path = rewritten(made.path, tmp_path, lambda manifest: manifest.update(database=other))
    with pytest.raises(Refused) as refused:
        place.restore(path)
    assert (refused.value.code, refused.value.values["made"]) == ("backup_other_database", other)


def test_an_older_backup_is_brought_to_the_present_shape(office, folder, place, tmp_path):
    """One from before the last migration, made by going back one."""
    from alembic import command

    from worker.db.migrate import _config
    from worker.db.revisions import current_revision, head_revision

    with office.database.write() as connection:
        command.downgrade(_config(connection), "-1")
    made = create(office.database, folder, silent)
    assert made.manifest.revision != head_revision()
    place.restore(made.path)
    assert current_revision(place.database) == head_revision()
    assert len(place.office(tmp_path).rows()) == 91


# ---------------------------------------------------------------- what is there


def test_a_database_that_holds_something_is_kept_before_it_is_replaced(office, made, place, tmp_path):
    place.restore(made.path)
    office.submit("examples.echo")
    later = create(office.database, made.path.parent, silent)
    place.database.dispose()
    with pytest.raises(Conflict) as refused:
        place.restore(later.path)
    assert refused.value.code == "backup_target_not_empty"

    done = place.restore(later.path, force=True)
    assert done.safety_copy is not None
    assert done.safety_copy.name.startswith("before-restore-")
    assert count(place.database, jobs) == 2
    check(place.database, done.safety_copy, tmp_path / "check", silent)
    place.database.dispose()
    assert place.restore(done.safety_copy, force=True).manifest.tables["jobs"].rows == 1
    assert count(place.database, jobs) == 1


def count(database, table):
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_database_that_is_migrated_and_holds_nothing_yet_counts_as_empty(made, place, tmp_path):
    from worker.datasets import tables
    from worker.db.migrate import migrate

    migrate(place.database, tables())
    place.database.dispose()
    assert place.restore(made.path).safety_copy is None
    assert len(place.office(tmp_path).rows()) == 91


def test_a_database_in_use_is_refused_and_with_force_changes_all_at_once(made, place, tmp_path):
    place.restore(made.path)
    reader = Database(place.database.url)
    try:
        with reader.read() as connection:
            connection.execute(select(jobs.c.id)).all()
        with pytest.raises(Conflict) as refused:
            place.restore(made.path)
        assert refused.value.code == "backup_target_used"
        assert refused.value.values["count"] >= 1
        old = changes.head(reader, SYSTEM)
        with reader.write() as connection:
            connection.execute(text("UPDATE jobs SET title = 'lost'"))
        place.restore(made.path, force=True)
        with reader.read() as connection:
            assert "lost" not in connection.scalars(select(jobs.c.title)).all()
        with pytest.raises(Refused) as gone:
            changes.read(reader, SYSTEM, "en", old)
        assert gone.value.status == 410
    finally:
        reader.dispose()


def test_who_does_not_let_go_keeps_the_old_state(made, place, monkeypatch):
    """A restore that gets no lock gives up without a trace."""
    place.restore(made.path)
    with place.database.write() as connection:
        connection.execute(text("UPDATE jobs SET title = 'here'"))
    holder = Database(place.database.url)
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.3)
    monkeypatch.setattr(postgresql, "_LOCK_SECONDS", 0.3)
    try:
        with holder.write() as connection:
            connection.execute(text("UPDATE jobs SET title = 'there'"))
            with pytest.raises(Refused) as refused:
                place.restore(made.path, force=True)
            assert refused.value.code == "backup_target_busy"
        with holder.read() as connection:
            assert set(connection.scalars(select(jobs.c.title))) == {"there"}
    finally:
        holder.dispose()


def test_a_database_that_cannot_be_read_is_set_aside(sqlite_url, made, tmp_path):
    if made.manifest.database != "sqlite":
        return  # PostgreSQL looks after its own files
    data = tmp_path / "broken"
    data.mkdir()
    path = data / "tasktray.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    settings = Settings(_env_file=None, data=data, database_url=f"sqlite:///{path.as_posix()}")
    from worker.backup.restore import restore

    with pytest.raises(Conflict, match="backup_target_not_empty"):
        restore(settings, made.path, silent)
    done = restore(settings, made.path, silent, force=True)
    assert done.safety_copy is not None
    assert done.safety_copy.read_bytes().startswith(b"SQLite format 3\0\xff")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (91,)


# ---------------------------------------------------------------- making and keeping


def test_old_backups_go_when_a_new_one_has_proved_good_and_nothing_else_does(office, folder):
    folder.mkdir()
    (folder / "notes.txt").touch()
    (folder / "before-restore-20200101T000000Z.backup").touch()
    old = [folder / f"{PREFIX}2020010{day}T000000Z.backup" for day in (1, 2, 3)]
    for path in old:
        path.touch()
    made = create(office.database, folder, silent, keep=2)
    assert made.removed == (old[1].name, old[0].name)
    assert backups(folder) == [made.path, old[2]]
    assert {path.name for path in folder.iterdir()} == {
        "notes.txt", "before-restore-20200101T000000Z.backup", old[2].name, made.path.name,
    }  # fmt: skip


def test_backups_of_the_same_second_are_told_apart(folder):
    folder.mkdir()
    names = [f"{PREFIX}20260101T000000Z{number}.backup" for number in ("", "-2", "-10")]
    for name in names:
        (folder / name).touch()
    assert [path.name for path in backups(folder)] == names[::-1]
    assert rotate(folder, 1) == (names[1], names[0])


def test_two_backups_one_after_the_other_are_two_files(office, folder):
    first, second = (create(office.database, folder, silent, verify=False) for _ in range(2))
    assert first.path != second.path
    assert not second.verified
    assert backups(folder)[0] == second.path


@pytest.mark.parametrize("at", range(5))
def test_a_backup_that_is_stopped_leaves_nothing(office, folder, at):
    """Wherever it is stopped; older backups stay."""
    stages = ["stage_backup_summing", "stage_backup_copying", "stage_backup_writing", "stage_backup_reading"]

    def stop(stage, done, total):
        if at < len(stages) and stage == stages[at]:
            raise Cancelled
        if at == len(stages) and stage in ("stage_backup_loading", "stage_backup_reading"):
            raise Cancelled

    folder.mkdir()
    kept = folder / f"{PREFIX}20200101T000000Z.backup"
    kept.touch()
    try:
        create(office.database, folder, stop, keep=1)
    except Cancelled:
        assert list(folder.iterdir()) == [kept]
    else:  # so little to copy that nobody was told of it
        assert stages[at] == "stage_backup_copying"


def test_what_a_killed_backup_left_is_removed_a_day_later(folder):
    import os
    import time

    for name, age in ((".making-old", 90_000), (".making-new", 60)):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (time.time() - age,) * 2)
    with workplace(folder):
        pass
    assert [path.name for path in folder.iterdir()] == [".making-new"]


def test_without_a_database_there_is_nothing_to_back_up(place, folder):
    with pytest.raises(Refused, match="backup_no_database"):
        create(place.database, folder, silent)


def test_strange_values_are_summed_up_alike_on_both_sides(office, folder):
    """Long texts, quotation marks, line ends, emoji, numbers at their ends."""
    from tests.worker.datasets.office import CUSTOMERS

    names = ("'\"\\;--", "a\nb\r\nc\td", "😀" * 50, "名" * 100, "\\N", "\\.")
    with office.database.write() as connection:
        for number, name in enumerate(names):
            row = {"customer_no": f"X{number}", "name": name, "updated_at": db_now()}
            connection.execute(insert(CUSTOMERS.table).values(**row))
    made = create(office.database, folder, silent)
    assert made.manifest.tables["customers"].rows == 97
    assert archive.read_manifest(made.path) == made.manifest


def test_a_copy_whose_pages_are_spoilt_is_refused_although_its_hash_is_right(made, place, tmp_path):
    """The hash tells what happened to the file since; a page that was spoilt before only the database itself finds."""
    if made.manifest.database != "sqlite":
        return  # SQL has no pages
    import hashlib

    dump = tmp_path / "dump"
    archive.extract(made.path, dump, silent)
    with closing(sqlite3.connect(dump)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'customers'").fetchone()[0]
    content = bytearray(dump.read_bytes())
    content[(root - 1) * size + 8 : (root - 1) * size + 40] = b"\xff" * 32

    def say(manifest):
        manifest["dump"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    with pytest.raises(Refused) as refused:
        place.restore(rewritten(made.path, tmp_path, say, bytes(content)))
    assert refused.value.code == "backup_damaged"
    assert is_empty(place)


def test_of_many_missing_files_the_newest_are_named(office, folder, place, monkeypatch):
    from worker.backup import settling

    monkeypatch.setattr(settling, "NAMED", 2)
    for number in range(3):
        office.upload(office.write(f"more-{number}.csv", f"{number}"))
    settled = place.restore(create(office.database, folder, silent, verify=False).path).settled
    assert (settled.files_missing, settled.missing_names) == (4, ("more-2.csv", "more-1.csv"))
