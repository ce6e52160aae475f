"""Uploads and downloads over connections that break, change bytes, or go away for a while."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.client import Client, FileProblem, Offline, Problem, TransferCancelled, uploads
from desktop.client.downloads import download
from tests.desktop.client.conftest import Wire
from tests.support_system import Office, wait_ended

MB = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "账单 2024.csv"
    path.write_bytes(os.urandom(3 * MB + 12345))
    return path


@pytest.fixture
def wired(system: Office, wire: Wire) -> Iterator[Client]:
    """A client whose connections go over the wire."""
    with Client(wire.url, system.token, language="en", retries=1) as client:
        yield client


def fetched(client: Client, file_id: str) -> bytes:
    return client.request("GET", f"files/{file_id}", headers={"Accept": "*/*"}).content


def test_a_file_arrives_as_it_is(client: Client, file: Path) -> None:
    seen: list[int] = []
    upload_id = uploads.upload(client, file, progress=lambda sent, total: seen.append(sent), piece_bytes=MB)
    assert uploads.offset(client, upload_id) == file.stat().st_size
    assert fetched(client, upload_id) == file.read_bytes()
    assert seen == sorted(seen)
    assert seen[-1] == file.stat().st_size
    assert len(seen) > 100  # a bar that moves, not one that jumps
    uploads.discard(client, upload_id)
    uploads.discard(client, upload_id)  # gone already


def test_an_empty_file_is_a_complete_upload_at_once(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    assert uploads.offset(client, uploads.upload(client, path)) == 0


def test_a_connection_that_breaks_is_mended_and_nothing_stored_is_sent_again(
    wired: Client, wire: Wire, client: Client, file: Path
) -> None:
    wire.cuts = [MB + MB // 2, MB // 2, 700_000]
    upload_id = uploads.upload(wired, file, piece_bytes=MB)
    assert wire.cuts == []
    assert fetched(client, upload_id) == file.read_bytes()
    assert wire.sent < file.stat().st_size + 4 * MB  # at most one piece again for each cut


def test_a_network_that_never_carries_a_whole_piece_is_met_with_smaller_ones(
    wired: Client, wire: Wire, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "wackelig.csv"
    path.write_bytes(os.urandom(MB))
    wire.cuts = [150_000] * 6
    upload_id = uploads.upload(wired, path)
    assert fetched(client, upload_id) == path.read_bytes()


def test_an_upload_goes_on_where_it_stopped_in_an_earlier_life(wired: Client, wire: Wire, file: Path) -> None:
    cancel, created, stored = threading.Event(), [], []

    def stop_in_the_middle(sent: int, total: int) -> None:
        if sent > 2 * MB:
            cancel.set()

    with pytest.raises(TransferCancelled):
        uploads.upload(
            wired, file, piece_bytes=MB, progress=stop_in_the_middle, cancel=cancel,
            on_created=created.append, on_stored=stored.append,
        )  # fmt: skip
    assert stored == [MB, 2 * MB]
    first: list[int] = []
    again = uploads.upload(
        wired, file, upload_id=created[0], piece_bytes=MB, progress=lambda sent, total: first.append(sent)
    )
    assert again == created[0]
    assert first[0] == 2 * MB
    assert hashlib.sha256(fetched(wired, created[0])).digest() == hashlib.sha256(file.read_bytes()).digest()


def test_bytes_that_change_on_the_way_are_noticed_and_sent_again(
    wired: Client, wire: Wire, client: Client, file: Path
) -> None:
    changed: list[bytes] = []

    def change(block: bytes) -> bytes:
        if not changed and len(block) > 8000 and not block.startswith((b"POST", b"PATCH", b"HEAD")):
            changed.append(block)
            return block[:4000] + bytes([block[4000] ^ 1]) + block[4001:]
        return block

    wire.change = change
    upload_id = uploads.upload(wired, file, piece_bytes=MB)
    assert changed
    assert fetched(client, upload_id) == file.read_bytes()


def test_a_network_that_changes_every_byte_is_given_up_with_words(wired: Client, wire: Wire, file: Path) -> None:
    wire.change = lambda block: block if len(block) < 8000 else block[:4000] + bytes([block[4000] ^ 1]) + block[4001:]
    with pytest.raises(Offline) as error:
        uploads.upload(wired, file, piece_bytes=MB)
    assert error.value.code == "upload_damaged"


def test_an_upload_that_the_server_no_longer_knows_starts_anew(client: Client, file: Path) -> None:
    first = uploads.upload(client, file)
    uploads.discard(client, first)
    created: list[str] = []
    second = uploads.upload(client, file, upload_id=first, on_created=created.append)
    assert created == [second]
    assert second != first


def test_a_file_that_is_too_large_is_refused_before_a_byte_is_sent(wired: Client, wire: Wire, tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as huge:
        huge.truncate(60 * MB)
    with pytest.raises(Problem) as error:
        uploads.upload(wired, path)
    assert error.value.status == 413
    assert error.value.detail
    assert wire.sent < 10_000


def test_a_file_that_changes_while_it_is_sent_is_told_and_its_upload_discarded(client: Client, file: Path) -> None:
    created: list[str] = []

    def meddle(offset: int) -> None:
        file.write_bytes(os.urandom(3 * MB + 12345))

    with pytest.raises(FileProblem) as error:
        uploads.upload(client, file, piece_bytes=2 * MB, on_created=created.append, on_stored=meddle)
    assert error.value.code == "file_changed"
    with pytest.raises(Problem):
        uploads.offset(client, created[0])


def test_a_missing_file_is_told(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as error:
        uploads.upload(client, tmp_path / "none.csv")
    assert error.value.code == "file_vanished"


def test_the_api_killed_in_the_middle_of_an_upload_is_survived(tmp_path: Path, file: Path) -> None:
    office = Office(tmp_path / "office")
    try:
        office.start(workers=0, scheduler=False)
        api = office.programs[0]
        killed: list[int] = []

        def kill_once(sent: int, total: int) -> None:
            if sent > MB + MB // 2 and not killed:
                api.kill()
                killed.append(sent)
                api.start()
                office.wait_ready(api)

        with office.client() as client:
            upload_id = uploads.upload(client, file, piece_bytes=MB, progress=kill_once)
            assert killed
            assert fetched(client, upload_id) == file.read_bytes()
    finally:
        office.stop()


# ---------------------------------------------------------------- downloads


@pytest.fixture
def upload_id(client: Client, file: Path) -> str:
    return uploads.upload(client, file)


def test_a_download_has_the_servers_name_and_its_bytes(client: Client, file: Path, upload_id: str, tmp_path) -> None:
    target = tmp_path / "downloads"
    target.mkdir()
    seen = []
    path = download(client, upload_id, target, progress=lambda done, total: seen.append((done, total)))
    assert path.name == "账单 2024.csv"
    assert path.read_bytes() == file.read_bytes()
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)
    again = download(client, upload_id, target)
    assert again.name == "账单 2024 (2).csv"
    assert sorted(p.name for p in target.iterdir()) == sorted([path.name, again.name])


def test_a_download_replaces_a_file_only_when_asked_to(client: Client, file: Path, upload_id: str, tmp_path) -> None:
    target = tmp_path / "mine.csv"
    target.write_text("old")
    assert download(client, upload_id, target).name == "mine (2).csv"
    assert target.read_text() == "old"
    assert download(client, upload_id, target, replace=True) == target
    assert target.read_bytes() == file.read_bytes()


def test_a_download_goes_on_after_the_connection_broke(
    wired: Client, wire: Wire, file: Path, upload_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    wire.cut_answers = [MB, MB // 2, MB // 4]
    path = download(wired, upload_id, target)
    assert wire.cut_answers == []
    assert path.read_bytes() == file.read_bytes()


def test_a_download_goes_on_in_a_later_life(
    wired: Client, wire: Wire, file: Path, upload_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    cancel = threading.Event()

    def stop(done: int, total: int | None) -> None:
        if done > 2 * MB:
            cancel.set()

    with pytest.raises(TransferCancelled):
        download(wired, upload_id, target, progress=stop, cancel=cancel)
    assert not [p for p in target.iterdir() if not p.name.startswith(".")]
    first: list[int] = []
    path = download(wired, upload_id, target, progress=lambda done, total: first.append(done))
    assert first[0] > 2 * MB
    assert path.read_bytes() == file.read_bytes()
    assert [p.name for p in target.iterdir()] == [path.name]


def test_a_part_that_was_damaged_on_this_disk_is_fetched_again(
    client: Client, file: Path, upload_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    part = target / f".{upload_id}.part"
    part.write_bytes(b"\0" * MB)
    part.with_suffix(".etag").write_text(f'"{hashlib.sha256(file.read_bytes()).hexdigest()}"')
    assert download(client, upload_id, target).read_bytes() == file.read_bytes()


def test_a_part_of_another_version_is_not_used(client: Client, file: Path, upload_id: str, tmp_path: Path) -> None:
    target = tmp_path / "d"
    target.mkdir()
    part = target / f".{upload_id}.part"
    part.write_bytes(b"\0" * MB)
    part.with_suffix(".etag").write_text('"something else"')
    first: list[int] = []
    path = download(client, upload_id, target, progress=lambda done, total: first.append(done))
    assert first[0] == 0
    assert path.read_bytes() == file.read_bytes()


def test_a_complete_part_of_a_killed_download_is_no_obstacle(
    client: Client, file: Path, upload_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    part = target / f".{upload_id}.part"
    part.write_bytes(file.read_bytes())
    part.with_suffix(".etag").write_text(f'"{hashlib.sha256(file.read_bytes()).hexdigest()}"')
    assert download(client, upload_id, target).read_bytes() == file.read_bytes()


def test_a_download_that_comes_damaged_twice_is_not_kept(
    wired: Client, wire: Wire, upload_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "d"
    target.mkdir()
    wire.change_answers = lambda block: block if len(block) < 8000 else block[:-1] + bytes([block[-1] ^ 1])
    with pytest.raises(FileProblem) as error:
        download(wired, upload_id, target)
    assert error.value.code == "download_damaged"
    assert list(target.iterdir()) == []


def test_another_users_file_is_missing(system: Office, upload_id: str, tmp_path: Path) -> None:
    with system.client(system.add_user("fremd")) as other, pytest.raises(Problem) as error:
        download(other, upload_id, tmp_path)
    assert error.value.status == 404


def test_a_folder_that_is_not_there_is_told(client: Client, upload_id: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as error:
        download(client, upload_id, tmp_path / "nowhere" / "file.csv")
    assert error.value.code == "file_not_written"


def test_an_import_made_of_an_upload_gives_its_files_back(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "kunden.csv"
    path.write_text("customer_no,name\nX-1,Eins\n,Ohne Nummer\n", "utf-8")
    job = client.submit("customers.import", {"mode": "upsert"}, [uploads.upload(client, path)], key="transfer-test-1")
    ended = wait_ended(client, job.id)
    assert ended.state == "succeeded", ended.error
    assert (ended.result["inserted"], ended.result["rejected"], ended.result["rows"]) == (1, 1, 2)
    errors = next(f for f in client.files(job.id) if f.role == "errors")
    got = download(client, errors.id, tmp_path, sha256=errors.sha256)
    assert got.stat().st_size == errors.size


@pytest.mark.parametrize("told", [None, 1_600_000_000_000_000_000])
def test_the_time_of_change_travels_with_the_file(client: Client, tmp_path: Path, told: int | None) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    os.utime(path, ns=(0, 1_709_601_300_000_000_000))
    upload_id = uploads.upload(client, path, modified_ns=told)
    answer = client.request("HEAD", f"uploads/{upload_id}", headers={"Tus-Resumable": "1.0.0"})
    about = dict(part.split(" ") for part in answer.headers["Upload-Metadata"].split(","))
    expected = "2024-03-05T01:15:00+00:00" if told is None else "2020-09-13T12:26:40+00:00"
    assert base64.b64decode(about["modified"]).decode() == expected
