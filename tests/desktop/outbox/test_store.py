"""The outbox on disk, without a server."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop.client.errors import FileProblem
from desktop.outbox import EntryGone, Outbox

SERVER, USER = "https://office.example", "anna"


@pytest.fixture
def outbox(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox")
    yield outbox
    outbox.close()


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "客户 2024.xlsx"
    path.write_bytes(os.urandom(3_000_000))
    return path


def add(outbox: Outbox, *paths: Path, user: str = USER):
    return outbox.add("customers.import", {"mode": "upsert"}, paths, server=SERVER, user=user, title="四月")


def reopened(outbox: Outbox) -> Outbox:
    outbox.close()
    return Outbox(outbox.folder)


def test_an_entry_is_read_back_as_it_was_added(outbox: Outbox, workbook: Path) -> None:
    entry = add(outbox, workbook)
    again = reopened(outbox)
    (found,) = again.entries()
    assert found == entry
    assert (found.kind, found.params, found.title, found.state) == (
        "customers.import", {"mode": "upsert"}, "四月", "waiting",
    )  # fmt: skip
    assert (found.files[0].name, found.files[0].size, found.sent) == ("客户 2024.xlsx", 3_000_000, 0)
    again.close()


def test_a_kept_file_outlives_its_original(outbox: Outbox, workbook: Path) -> None:
    content = workbook.read_bytes()
    entry = outbox.keep(add(outbox, workbook).id)
    workbook.unlink()
    (file,) = outbox.get(entry.id).files
    assert file.kept is not None
    assert file.kept.read_bytes() == content
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert outbox.keep(entry.id).state == "waiting"  # nothing is to be copied any more


def test_a_file_that_changed_before_it_was_copied_is_said_and_not_sent(outbox: Outbox, workbook: Path) -> None:
    entry = add(outbox, workbook)
    workbook.write_bytes(b"something else")
    refused = outbox.keep(entry.id)
    assert (refused.state, refused.error_code) == ("refused", "file_changed")
    assert refused.error_values["name"] == "客户 2024.xlsx"
    assert refused.files[0].kept is None

    assert outbox.keep(outbox.again(entry.id).id).error_code == "file_changed"  # not by itself
    taken = outbox.keep(outbox.again(entry.id, take_changed=True).id)
    assert taken.state == "waiting"
    assert taken.files[0].kept.read_bytes() == b"something else"


def test_a_file_that_vanished_before_it_was_copied_is_said(outbox: Outbox, workbook: Path) -> None:
    entry = add(outbox, workbook)
    workbook.unlink()
    assert outbox.keep(entry.id).error_code == "file_vanished"


def test_a_missing_file_is_refused_when_it_is_added(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as error:
        add(outbox, tmp_path / "nothing.xlsx")
    assert error.value.code == "file_vanished"
    assert outbox.entries() == []
    assert list((outbox.folder / "files").iterdir()) == []


def test_a_folder_or_a_pipe_is_no_file_to_submit(outbox: Outbox, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(FileProblem) as error:
            add(outbox, path)
        assert error.value.code == "file_not_opened"
    assert outbox.entries() == []


def test_an_entry_removed_while_it_is_copied_is_gone_and_leaves_nothing(outbox: Outbox, workbook: Path) -> None:
    entry = add(outbox, workbook)

    class RemovesOnLook(threading.Event):
        def is_set(self) -> bool:
            outbox.remove(entry.id)
            return False

    with pytest.raises(EntryGone):
        outbox.keep(entry.id, RemovesOnLook())
    assert list((outbox.folder / "files").iterdir()) == []


def test_only_the_entries_of_this_server_and_user_are_due(outbox: Outbox) -> None:
    mine, other = add(outbox), add(outbox, user="bob")
    assert [e.id for e in outbox.due(SERVER, USER)] == [mine.id]
    assert [e.id for e in outbox.due(SERVER, "bob")] == [other.id]
    assert outbox.due("https://elsewhere.example", USER) == []


def test_an_entry_that_waits_for_its_next_try_is_due_then_or_when_the_server_is_back(outbox: Outbox) -> None:
    entry = add(outbox)
    outbox.update(entry.id, next_try_at=1000.0)
    assert outbox.due(SERVER, USER, now=999.0) == []
    assert outbox.due(SERVER, USER, now=1000.0)
    outbox.wake()
    assert outbox.due(SERVER, USER, now=999.0)


def test_a_wait_that_a_wrong_clock_set_years_ahead_is_not_waited_for(outbox: Outbox) -> None:
    entry = add(outbox)
    outbox.update(entry.id, next_try_at=4e9)
    assert outbox.due(SERVER, USER, now=1000.0)


def test_what_was_being_uploaded_when_the_desktop_died_waits_again_but_what_was_handed_in_stays_so(
    outbox: Outbox,
) -> None:
    first, second = add(outbox), add(outbox)
    outbox.update(first.id, state="uploading")
    outbox.update(second.id, state="submitting")
    again = reopened(outbox)
    assert [again.get(e.id).state for e in (first, second)] == ["waiting", "submitting"]
    again.close()


def test_removing_an_entry_removes_our_copies_and_never_the_original(outbox: Outbox, workbook: Path) -> None:
    entry = outbox.keep(add(outbox, workbook).id)
    assert outbox.remove(entry.id)
    assert list((outbox.folder / "files").iterdir()) == []
    assert workbook.exists()
    with pytest.raises(EntryGone):
        outbox.update(entry.id, state="accepted")


def test_an_entry_that_the_server_may_have_is_removed_only_by_force(outbox: Outbox) -> None:
    entry = add(outbox)
    outbox.update(entry.id, state="submitting")
    assert not outbox.remove(entry.id)
    assert outbox.get(entry.id)
    assert outbox.remove(entry.id, force=True)
    assert outbox.entries() == []


@pytest.mark.parametrize("damage", ["garbage", "torn", "other shape", "empty"])
def test_a_damaged_list_is_set_aside_and_rebuilt(outbox: Outbox, workbook: Path, damage: str) -> None:
    kept = outbox.keep(add(outbox, workbook).id)
    plain = add(outbox)
    outbox.close()
    path = outbox.folder / "outbox.db"
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    whole = path.read_bytes()
    match damage:
        case "garbage":
            path.write_bytes(b"this is no database" * 1000)
        case "torn":
            path.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
        case "other shape":
            path.unlink()
            with sqlite3.connect(path) as db:
                db.execute("CREATE TABLE entries (something)")
            db.close()
        case "empty":
            path.unlink()
    again = Outbox(outbox.folder)
    try:
        if damage != "empty":
            assert again.set_aside is not None
            assert again.set_aside.exists()
        assert again.recovered == 2
        found = {e.id: e for e in again.entries()}
        assert set(found) == {kept.id, plain.id}
        assert found[kept.id].params == {"mode": "upsert"}
        workbook.unlink()
        ready = again.keep(kept.id)  # the copy from before is still good
        assert ready.state == "waiting"
        assert ready.files[0].kept.stat().st_size == 3_000_000
    finally:
        again.close()


def test_a_list_that_breaks_while_it_is_open_is_rebuilt_as_well(outbox: Outbox) -> None:
    entries = [add(outbox) for _ in range(40)]
    outbox.close()
    outbox = Outbox(outbox.folder)
    path = outbox.folder / "outbox.db"
    other = sqlite3.connect(path)  # its write makes our connection read the file again
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    other.execute("PRAGMA user_version=2")
    other.close()
    try:
        assert {e.id for e in outbox.entries()} == {e.id for e in entries}
        assert outbox.set_aside is not None
    finally:
        outbox.close()


def test_folders_without_an_entry_are_cleared_at_the_next_start(outbox: Outbox) -> None:
    (outbox.folder / "files" / "left-behind").mkdir()
    again = reopened(outbox)
    assert list((again.folder / "files").iterdir()) == []
    again.close()


def test_an_added_entry_survives_a_kill_at_once(tmp_path: Path, workbook: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from desktop.outbox import Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "outbox.add('customers.import', {}, [Path(sys.argv[2])], server='s', user='u')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    end = subprocess.run([sys.executable, "-c", script, str(tmp_path / "o"), str(workbook)], check=False)
    assert end.returncode == -signal.SIGKILL
    outbox = Outbox(tmp_path / "o")
    (entry,) = outbox.entries()
    assert outbox.keep(entry.id).files[0].kept.read_bytes() == workbook.read_bytes()
    outbox.close()


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    (folder / "outbox.db").mkdir(parents=True)  # a folder where the file should be: works for root, too
    with pytest.raises(FileProblem) as error:
        Outbox(folder)
    assert error.value.code == "file_not_written"
