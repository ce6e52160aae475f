"""Conformance with tus as other people understood it: `tuspy` and the reference client `tus-js-client`, against the
real API process, also while that is killed. One process a database serves them all; who ends it starts it again.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.support import free_port, wait_until
from tests.support_services import new_database
from tests.support_system import Program, environment

pytestmark = pytest.mark.xdist_group("tests/api/test_uploads_clients.py")

NODE = Path(__file__).parent.parent / "system" / "tus"
MIB = 1 << 20
PASSWORD = "a quiet afternoon"


@dataclass
class Served:
    """The API as a process of its own (`python -m api.serve`)."""

    program: Program
    url: str
    data: Path
    token: str = ""

    @property
    def uploads(self) -> str:
        return f"{self.url}/api/v1/uploads"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def start(self) -> None:
        self.program.start()
        wait_until(self._ready, 30, "the API")

    def _ready(self) -> bool:
        if self.program.process.poll() is not None:
            pytest.fail(self.program.tail())
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def part_size(self) -> int:
        return sum(path.stat().st_size for path in (self.data / "files" / "incoming").glob("*"))

    def offset(self, url: str) -> int:
        answer = requests.head(url, headers={**self.headers, "Tus-Resumable": "1.0.0"}, timeout=20)
        return int(answer.headers["Upload-Offset"])

    def check(self, url: str, content: bytes) -> None:
        """The upload became a file with just these bytes, and nothing is left beside it."""
        answer = requests.get(f"{self.url}/api/v1/files/{url.rsplit('/', 1)[1]}", headers=self.headers, timeout=60)
        assert answer.status_code == 200, answer.text
        assert hashlib.sha256(answer.content).hexdigest() == hashlib.sha256(content).hexdigest()
        assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
        assert self.part_size() == 0


# What other people's clients do is the same on either database; a crash is tried on both.
on_sqlite = pytest.mark.parametrize("served", ["sqlite"], indirect=True)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from worker.accounts import users
    from worker.actor import SYSTEM
    from worker.db.database import Database

    folder = tmp_path_factory.mktemp("served")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite_template"), folder / "tasktray.db")
        database_url = f"sqlite:///{folder / 'tasktray.db'}"
    else:
        database_url = new_database(request.getfixturevalue("_postgresql_template"), "tasktray_template")
    database = Database(database_url)
    users.create(database, SYSTEM, username="otto", password=PASSWORD, role="operator")
    database.dispose()
    port, data = free_port(), folder / "data"
    data.mkdir()
    env = environment(data, PORT=str(port), DATABASE_URL=database_url)
    program = Program("api", [sys.executable, "-m", "api.serve"], env, folder / "api.log")
    running = Served(program, f"http://127.0.0.1:{port}", data)
    running.start()
    try:
        answer = requests.post(
            f"{running.url}/api/v1/auth/login", data={"username": "otto", "password": PASSWORD}, timeout=20
        )
        running.token = answer.json()["access_token"]
        yield running
    finally:
        program.stop()


@pytest.fixture(scope="module")
def content() -> bytes:
    return os.urandom(8 * MIB + 321)


def _tuspy(served: Served, content: bytes, **options):
    client = TusClient(served.uploads, headers=served.headers)
    options = {"chunk_size": MIB, "metadata": {"filename": "客户.csv"}, "retries": 3, "retry_delay": 0} | options
    return client.uploader(file_stream=io.BytesIO(content), **options)


@on_sqlite
def test_tuspy_uploads_in_pieces_with_checksums_and_in_one(served, content):
    for chunk, checksum in ((700_001, True), (sys.maxsize, True), (sys.maxsize, False)):
        uploader = _tuspy(served, content, chunk_size=chunk, upload_checksum=checksum)
        uploader.upload()
        served.check(uploader.url, content)


@on_sqlite
def test_tuspy_goes_on_where_another_stopped(served, content):
    first = _tuspy(served, content)
    first.upload(stop_at=3 * MIB + 5)
    second = _tuspy(served, content, url=first.url)
    assert second.offset == 3 * MIB + 5
    second.upload()
    served.check(first.url, content)


@on_sqlite
def test_tuspy_uploads_an_empty_file(served):
    uploader = _tuspy(served, b"")
    uploader.upload()
    served.check(uploader.url, b"")


@on_sqlite
def test_tuspy_is_told_that_a_file_is_too_large(served):
    class Huge(io.BytesIO):
        def tell(self) -> int:
            return 2 << 30

    with pytest.raises(TusCommunicationError) as caught:
        _tuspy(served, b"").client.uploader(file_stream=Huge()).upload()
    assert caught.value.status_code == 413


def _half_patch(served: Served, url: str, content: bytes, sent: int) -> http.client.HTTPConnection:
    """A PATCH of the whole that stops after `sent` bytes, which have reached the disk."""
    connection = http.client.HTTPConnection("127.0.0.1", int(served.url.rsplit(":", 1)[1]), timeout=20)
    connection.putrequest("PATCH", url.removeprefix(served.url))
    for name, value in {
        **served.headers, "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Length": str(len(content)),
        "Content-Type": "application/offset+octet-stream",
    }.items():  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(content[:sent])
    wait_until(lambda: served.part_size() > sent - MIB, what="all but the last piece on the disk")
    return connection


@on_sqlite
def test_a_stop_of_the_api_keeps_all_that_had_arrived(served, content):
    url = _tuspy(served, content).create_url()
    connection = _half_patch(served, url, content, 3 * MIB + 77)
    served.program.stop()
    connection.close()
    served.start()
    assert served.offset(url) == 3 * MIB + 77
    _tuspy(served, content, url=url).upload()
    served.check(url, content)


def test_an_upload_goes_on_after_the_api_was_killed_in_the_middle_of_a_patch(served):
    content = os.urandom(40 * MIB + 17)
    url = _tuspy(served, content).create_url()
    connection = _half_patch(served, url, content, 30 * MIB)
    served.program.kill()
    connection.close()
    served.start()
    stored = served.offset(url)
    assert 16 * MIB <= stored <= 30 * MIB  # what was committed, though more lies in the file
    uploader = _tuspy(served, content, url=url, chunk_size=sys.maxsize)
    assert uploader.offset == stored
    uploader.upload()  # at once: the dead writer keeps nobody away
    served.check(url, content)


def _node(served: Served, path: Path, **wish) -> list[str]:
    why = None
    if not shutil.which("node"):
        why = "node is not installed (Debian: nodejs npm)"
    elif not (NODE / "node_modules" / "tus-js-client").is_dir():
        why = "tus-js-client is not installed: npm ci --prefix tests/system/tus"
    if why:
        if os.environ.get("TASKTRAY_TEST_REQUIRE_SERVICES"):
            pytest.fail(why)
        pytest.skip(why)
    about = {"endpoint": served.uploads, "file": str(path), "token": served.token, **wish}
    return ["node", str(NODE / "upload.js"), json.dumps(about)]


def _run(command: list[str]) -> dict:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "客户.csv"
    path.write_bytes(os.urandom(48 * MIB + 11))
    return path


@on_sqlite
def test_the_reference_client_uploads_in_one_patch(served, big):
    seen = _run(_node(served, big))
    assert seen["requests"] == ["POST", "PATCH"]
    served.check(seen["url"], big.read_bytes())


@on_sqlite
def test_the_reference_client_uploads_in_pieces_that_begin_with_the_creation(served, big):
    seen = _run(_node(served, big, chunkSize=20 * MIB, withCreation=True))
    assert seen["requests"] == ["POST", "PATCH", "PATCH"]
    served.check(seen["url"], big.read_bytes())


@on_sqlite
def test_the_reference_client_aborts_and_resumes(served, big):
    seen = _run(_node(served, big, abortAt=20 * MIB))
    assert seen["requests"][:2] == ["POST", "PATCH"]
    assert "HEAD" in seen["requests"]
    served.check(seen["url"], big.read_bytes())


@on_sqlite
def test_the_reference_client_aborts_and_gives_up(served, big):
    seen = _run(_node(served, big, abortAt=20 * MIB, terminate=True))
    assert seen["requests"][-1] == "DELETE"
    assert seen["statuses"][-1] == 204
    wait_until(lambda: served.part_size() == 0, what="no bytes of the upload")


def test_the_reference_client_comes_through_a_kill_of_the_api(served, big):
    with subprocess.Popen(_node(served, big), stdout=subprocess.PIPE, text=True) as node:
        try:
            wait_until(lambda: served.part_size() > 4 * MIB, what="4 MiB on the disk")
            node.send_signal(signal.SIGSTOP)
            served.program.kill()
            served.start()
            node.send_signal(signal.SIGCONT)
            output, _ = node.communicate(timeout=60)
        finally:
            node.kill()
    seen = json.loads(output)
    assert "error" not in seen, seen
    assert seen["requests"][:3] == ["POST", "PATCH", "HEAD"]
    served.check(seen["url"], big.read_bytes())
