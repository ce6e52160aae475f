from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.errors import Refused
from worker.files.storage import Storage, refuse_when_full
from worker.ids import new_id
from worker.settings import Settings

CONTENT = os.urandom(3_000_001)
AN_ID = "01a206f4-5cb1-7fcb-848a-f4eea2b0be41"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("link", [False, True])
def test_an_object_is_stored_whole_with_its_size_and_digest(storage: Storage, source: Path, link: bool):
    key = new_id()
    assert storage.put(source, key, link=link) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert storage.local_path(key).stat().st_mode & 0o777 == 0o600
    with storage.open(key) as stored:
        assert stored.read() == CONTENT
    assert storage.local_path(key).read_bytes() == CONTENT
    assert [found for found, _ in storage.objects()] == [key]
    assert list(storage.unfinished()) == []


@pytest.mark.parametrize("link", [False, True])
def test_storing_the_same_key_again_replaces_the_object_and_leaves_nothing_aside(
    storage: Storage, source: Path, link: bool
):
    key = new_id()
    storage.put(source, key, link=link)
    storage.put(source, key, link=link)
    assert storage.local_path(key).read_bytes() == CONTENT
    assert list(storage.unfinished()) == []


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(storage: Storage, source: Path):
    key = new_id()
    storage.put(source, key)
    storage.delete(key)
    storage.delete(key)
    with pytest.raises(FileNotFoundError):
        storage.open(key)
    with pytest.raises(FileNotFoundError):
        storage.local_path(key)


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "..", "", "a/b", f"{AN_ID}/../x", f"{AN_ID}\n"])
def test_nothing_but_an_id_is_a_key(storage: Storage, source: Path, key: str):
    for call in (storage.open, storage.local_path, storage.delete, storage.incoming_path):
        with pytest.raises(ValueError, match="not an id"):
            call(key)
    with pytest.raises(ValueError, match="not an id"):
        storage.put(source, key)


def test_the_folders_are_for_their_owner_only(storage: Storage):
    if os.name == "nt":
        pytest.skip("Windows has no modes")
    assert storage.root.stat().st_mode & 0o077 == 0


def test_a_place_that_is_no_folder_is_refused_at_the_start(tmp_path: Path):
    with pytest.raises(ValueError, match="must be a folder"):
        Storage(Settings(data=tmp_path, storage_url="ftp://host/x"))


def test_a_failed_write_leaves_neither_object_nor_rest(storage: Storage, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        storage.put(tmp_path / "absent", new_id())
    assert list(storage.objects()) == []
    assert list(storage.unfinished()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said_in_words():
    with pytest.raises(Refused) as caught, refuse_when_full(), Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert (caught.value.code, caught.value.status) == ("storage_full", 507)


def test_a_writer_killed_in_the_middle_leaves_no_half_object(tmp_path: Path):
    """The child is killed by its own file size limit, in the middle of the copy."""
    resource = pytest.importorskip("resource")
    big = tmp_path / "big"
    big.write_bytes(bytes(8 << 20))
    key = new_id()
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from worker.files.storage import Storage; from worker.settings import Settings\n"
        "storage = Storage(Settings(data=Path(sys.argv[1])))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20)); signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "storage.put(Path(sys.argv[2]), sys.argv[3])\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, tmp_path / "data", big, key], capture_output=True)
    assert ended.returncode < 0, ended.stderr
    assert resource
    storage = Storage(Settings(data=tmp_path / "data"))
    assert list(storage.objects()) == []
    assert len(list(storage.unfinished())) == 1  # for the cleaning
