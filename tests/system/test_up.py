"""The embedded system as a person starts it: one command, real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.support import wait_until

ROOT = Path(__file__).parents[2]


def command_line(process: psutil.Process) -> str:
    """Empty when the process has ended, perhaps between the look at the list and this one."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # zombies, too
        return ""


class System:
    """`tasktray up` in a session of its own."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKTRAY_")}
        environment |= {"TASKTRAY_LEASE_SECONDS": "3", "TASKTRAY_HEARTBEAT_SECONDS": "0.5", "LANG": "C.UTF-8"}
        environment |= {"TASKTRAY_LOOK_SECONDS": "0.5"} | settings
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tasktray", "up", "--data", str(data), "--port", "0", "--no-desktop"],
            cwd=ROOT, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.seen: set[psutil.Process] = set()

    @property
    def connection(self) -> dict[str, str]:
        return dict(json.loads((self.data / "connection.json").read_text()))

    def ready(self) -> System:
        def there() -> bool:
            assert self.popen.poll() is None, self.popen.stderr.read() if self.popen.stderr else ""
            return (self.data / "connection.json").exists()

        wait_until(there, 60, "connection.json")
        return self

    def family(self) -> set[psutil.Process]:
        """All its processes, also those seen before."""
        if self.popen.poll() is None:
            self.seen |= set(psutil.Process(self.popen.pid).children(recursive=True))
        return self.seen

    def part(self, name: str) -> psutil.Process:
        def find() -> psutil.Process | None:
            for process in psutil.Process(self.popen.pid).children():
                if command_line(process).endswith(f" {name}"):
                    return process
            return None

        found = wait_until(find, 60, f"the part {name}")
        assert isinstance(found, psutil.Process)
        return found

    def call(self, method: str, path: str, **body: Any) -> Any:
        connection = self.connection
        answer = requests.request(
            method, f"{connection['url']}/api/v1{path}", json=body or None, timeout=20,
            headers={"Authorization": f"Bearer {connection['access_token']}"},
        )  # fmt: skip
        assert answer.ok, answer.text
        return answer.json()

    def run(self, kind: str, **params: Any) -> Any:
        job = self.call("POST", "/jobs", kind=kind, params=params)["id"]
        wait_until(lambda: self.call("GET", f"/jobs/{job}")["state"] not in ("pending", "running"), 30, "its end")
        return self.call("GET", f"/jobs/{job}")

    def close(self) -> None:
        self.family()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(10)
        if self.popen.stderr:
            self.popen.stderr.close()
        for process in self.seen:
            if process.is_running():
                process.kill()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system of the test's own."""
    system = System(tmp_path / "data")
    yield system
    system.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that several tests kill parts of, one after the other: it must come back each time.

    Its folder was there before, with the modes of an earlier version.
    """
    data = tmp_path_factory.mktemp("up") / "data"
    data.mkdir()
    data.chmod(0o755)
    (data / "tasktray.db").touch(0o644)
    system = System(data)
    try:
        yield system.ready()
        system.popen.terminate()
        assert system.popen.wait(15) == 0
        assert gone(system.family())
    finally:
        system.close()


sharing = pytest.mark.xdist_group("tests/system/test_up.py")


def gone(processes: set[psutil.Process]) -> bool:
    return not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_up_runs_a_job_and_a_signal_to_its_group_leaves_nothing(system: System) -> None:
    system.ready()
    assert (system.data / "connection.json").stat().st_mode & 0o777 == 0o600
    assert system.run("examples.add", x=1, y=2)["result"] == {"sum": 3}
    family = system.family()
    assert len(family) >= 6, "api, worker, scheduler, broker, runners"

    second = System(system.data)
    assert second.popen.wait(30) == 5
    assert second.popen.stderr is not None
    assert "already running" in second.popen.stderr.read().decode()
    second.close()
    assert system.popen.poll() is None

    os.killpg(system.popen.pid, signal.SIGTERM)

    assert system.popen.wait(15) == 0
    assert gone(family)
    assert not (system.data / "connection.json").exists()


@sharing
@pytest.mark.skipif(sys.platform == "win32", reason="folders of a user are private there by themselves")
def test_nobody_else_can_read_what_it_keeps_in_a_folder_that_others_can_enter(shared: System) -> None:
    assert shared.run("customers.export", format="csv")["state"] == "succeeded"
    kept = [path for path in shared.data.rglob("*") if not path.is_socket()]
    assert {"tasktray.db", "tasktray.db-wal", "api.log", "secret.key"} <= {path.name for path in kept}
    assert any("objects" in path.parts and path.is_file() for path in kept)
    assert [path for path in kept if path.exists() and path.stat().st_mode & 0o077] == []


def test_a_killed_up_takes_everything_along(system: System) -> None:
    family = system.ready().family()
    system.popen.kill()
    system.popen.wait(10)
    wait_until(lambda: gone(family), 10, "the end of all its processes")


@sharing
def test_every_part_that_dies_is_started_again(shared: System) -> None:
    token = shared.connection["access_token"]
    before = {name: shared.part(name).pid for name in ("api", "worker", "scheduler")}
    shared.family()

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    next(one for one in shared.family() if "valkey-server" in command_line(one)).kill()

    for name, pid in before.items():
        wait_until(lambda name=name, pid=pid: shared.part(name).pid != pid, 60, f"a new {name}")

    def answers() -> bool:
        try:
            return requests.get(f"{shared.connection['url']}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    wait_until(answers, 60, "the API")
    assert shared.run("examples.echo", message="again")["result"] == {"message": "Task received: again"}
    assert shared.connection["access_token"] == token


@sharing
def test_no_other_program_can_take_the_port_while_the_api_is_down(shared: System) -> None:
    port = int(shared.connection["url"].rpartition(":")[2])
    shared.part("api").kill()
    with socket.socket() as intruder, pytest.raises(OSError, match="Address already in use"):
        intruder.bind(("127.0.0.1", port))
    assert shared.call("GET", "/auth/me")["username"] == "local"  # waits for the new API instead of being refused


@sharing
def test_a_frozen_worker_is_replaced(shared: System) -> None:
    worker = shared.part("worker")
    shared.family()
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 40, "its end")
    assert shared.run("examples.add", x=2, y=2)["result"] == {"sum": 4}


def test_a_job_of_a_killed_worker_goes_on_long_before_its_lease_ends(tmp_path: Path) -> None:
    system = System(tmp_path / "data", TASKTRAY_LEASE_SECONDS="600", TASKTRAY_BACKOFF_SECONDS="0.5")
    try:
        worker = system.ready().part("worker")
        job = system.call("POST", "/jobs", kind="examples.sleep", params={"seconds": 3})["id"]
        wait_until(lambda: system.call("GET", f"/jobs/{job}")["state"] == "running", 20, "its start")
        system.family()
        worker.kill()
        wait_until(lambda: system.call("GET", f"/jobs/{job}")["state"] == "succeeded", 60, "its end")
        assert "rescued" in [one["type"] for one in system.call("GET", f"/jobs/{job}/events")["events"]]
    finally:
        system.close()


def _ends_with_words(tmp_path: Path, module: str, **settings: str) -> tuple[list[str], int]:
    system = System(tmp_path / "data", TASKTRAY_EXTRA_KINDS=json.dumps([module]), **settings)
    try:
        _, words = system.popen.communicate(timeout=150)
        return words.decode().splitlines(), system.popen.returncode
    finally:
        system.close()


def test_a_plug_in_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    words, status = _ends_with_words(tmp_path, "no_such_plugin.kinds")
    assert status == 5
    assert "TASKTRAY_EXTRA_KINDS" in words[-1]
    assert "'no_such_plugin.kinds'" in words[-1]
    assert not (tmp_path / "data").exists()


def test_a_part_that_ends_again_and_again_is_told_while_it_starts_and_given_up(tmp_path: Path) -> None:
    # Broken in one part: that is given up, whatever the others do, and they need not be started as often.
    broken = "import sys\nif sys.argv[-1] == 'worker':\n    raise RuntimeError('the plug-in is broken')\n"
    (tmp_path / "broken_plugin.py").write_text(broken)
    words, status = _ends_with_words(tmp_path, "broken_plugin", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert status == 5
    assert "has ended 2 times while starting and is tried again" in words[0]
    assert "is not tried again" in words[-1]
    for line in words:
        assert "RuntimeError: the plug-in is broken" in line
        assert str(tmp_path / "data" / "logs") in line
