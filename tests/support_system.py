"""A real Tasktray of this test's own: its processes are started, waited for and stopped here.

`Office` is what an administrator of an office server would start by hand, one process each: `tasktray api`, `worker`,
`scheduler`, on any database, with or without a broker. `embedded_system` is `tasktray up`. Both fail a test that leaves
a process behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests

from tests.support import free_port, wait_until

if TYPE_CHECKING:
    from desktop.client.client import Client

ROOT = Path(__file__).parent.parent
ADMIN, PASSWORD = "chef", "eine gute Parole"
# Short times, so that a rescue is a matter of seconds. A lease lasts some heartbeats, as in earnest.
QUICK = {
    "LEASE_SECONDS": "3",
    "HEARTBEAT_SECONDS": "0.5",
    "PROGRESS_SECONDS": "0.1",
    "LOOK_SECONDS": "0.5",
    "SWEEP_SECONDS": "0.5",
    "HINT_SECONDS": "2",
    "BACKOFF_SECONDS": "0.2",
    "CANCEL_GRACE_SECONDS": "3",
}


def environment(data: Path, **settings: str) -> dict[str, str]:
    """An environment for our processes: nothing of the caller's own Tasktray, and the settings given."""
    ours = ("TASKTRAY_", "DATABASE_URL", "CELERY_", "SECRET_KEY", "DISPLAY", "WAYLAND_DISPLAY")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8", "TASKTRAY_DATA": str(data)}
    env["NO_PROXY"] = "127.0.0.1,localhost"
    return env | {f"TASKTRAY_{name}": value for name, value in settings.items()}


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that came from it."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def left(processes: list[psutil.Process], seconds: float = 5.0) -> list[str]:
    """Those of `processes` that still live after `seconds`, as text."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    found = []
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found


@dataclass
class Program:
    """One process of ours and its log."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    seen: dict[int, psutil.Process] = field(default_factory=dict)

    def start(self) -> None:
        """Start it, in a session of its own, so that a signal to the test reaches only the test."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, cwd=self.log.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def look(self) -> None:
        """Remember its children, so that one that is left behind is found although its parent is gone."""
        self.seen |= {p.pid: p for p in tree(self.pid)}

    def kill(self) -> None:
        """`kill -9`, without its children."""
        self.look()
        self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, seconds: float = 15.0) -> int:
        """SIGTERM; gives the exit status. Fails when it does not end in time, or leaves a process behind."""
        if self.process is None:
            return 0
        self.look()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for process in self.seen.values():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait(5)
            pytest.fail(f"{self.name} did not end within {seconds} s of SIGTERM\n{self.tail()}")
        remaining = left([p for p in self.seen.values() if p.pid != self.process.pid])
        for process in self.seen.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if remaining:
            pytest.fail(f"{self.name} left behind: {remaining}\n{self.tail()}")
        return status

    def tail(self, lines: int = 60) -> str:
        """The end of its log."""
        text = self.log.read_text("utf-8", errors="replace") if self.log.exists() else ""
        return f"--- {self.name}\n" + "\n".join(text.splitlines()[-lines:])


class Office:
    """API, workers and scheduler on one database.

    Args:
        folder: for data, logs.
        database_url: empty: SQLite in the data folder.
        broker_url: empty: none.
        settings: further settings by their names without `TASKTRAY_`.
    """

    def __init__(self, folder: Path, database_url: str = "", broker_url: str = "", **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = environment(
            self.data,
            **QUICK | {"PORT": str(self.port), "DATABASE_URL": database_url, "BROKER_URL": broker_url} | settings,
        )
        self.programs: list[Program] = []
        self.token = ""

    def program(self, name: str, *arguments: str, **settings: str) -> Program:
        """`tasktray NAME …`, not started yet."""
        number = sum(1 for p in self.programs if p.name.startswith(name)) + 1
        env = self.env | {f"TASKTRAY_{key}": value for key, value in settings.items()}
        new = Program(
            f"{name}-{number}", [sys.executable, "-m", "tasktray", name, *arguments], env,
            self.folder / f"{name}-{number}.log",
        )  # fmt: skip
        self.programs.append(new)
        return new

    def run(self, *arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """`tasktray …`, to its end, against this system."""
        env = self.env | {f"TASKTRAY_{key}": value for key, value in settings.items()}
        return subprocess.run(
            [sys.executable, "-m", "tasktray", *arguments], env=env, cwd=self.folder, input=stdin, text=True,
            capture_output=True, timeout=100, check=False,
        )  # fmt: skip

    def start_api(self) -> Program:
        """The API, ready."""
        api = next((p for p in self.programs if p.name == "api-1"), None) or self.program("api")
        api.start()
        self.wait_ready(api)
        return api

    def wait_ready(self, api: Program) -> None:
        """Until the API says that it is."""

        def ready() -> bool:
            if api.process is not None and api.process.poll() is not None:
                pytest.fail(f"the API ended\n{api.tail()}")
            try:
                return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
            except requests.RequestException:
                return False

        wait_until(ready, 60, "the API")

    def start(self, *, workers: int = 1, scheduler: bool = True) -> Office:
        """Database, an admin, API, workers (waited for) and scheduler."""
        self._prepare()
        self.start_api()
        for _ in range(workers):
            self.program("worker").start()
        if scheduler:
            self.program("scheduler").start()
        self.token = self.sign_in(ADMIN, PASSWORD)
        with self.client() as client:
            wait_until(lambda: len(client.workers()) >= workers, 60, "the workers")
        return self

    def _prepare(self) -> None:
        """What `tasktray migrate` and `create-admin` do, without two more processes for each test."""
        from worker.accounts import users
        from worker.datasets import tables
        from worker.db.database import Database
        from worker.db.migrate import migrate
        from worker.settings import Settings

        settings = Settings(_env_file=None, data=self.data, database_url=self.env["TASKTRAY_DATABASE_URL"])
        database = Database(settings.effective_database_url, pool_size=1)
        try:
            migrate(database, tables())
            users.create_admin(database, ADMIN, PASSWORD)
        finally:
            database.dispose()

    def sign_in(self, username: str, password: str) -> str:
        """An access token."""
        answer = requests.post(
            f"{self.url}/api/v1/auth/login", data={"username": username, "password": password}, timeout=20
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def add_user(self, username: str, role: str = "operator") -> str:
        """A user with `PASSWORD`; gives an access token."""
        answer = requests.post(
            f"{self.url}/api/v1/users", json={"username": username, "password": PASSWORD, "role": role},
            headers={"Authorization": f"Bearer {self.token}"}, timeout=20,
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        return self.sign_in(username, PASSWORD)

    def client(self, token: str | None = None, **options: Any) -> Client:
        """A REST client, for the admin by default. The caller closes it."""
        from desktop.client.client import Client

        return Client(self.url, token or self.token, **{"language": "en"} | options)

    def stop(self) -> None:
        """Stop all, workers first; fails when one hangs or leaves a process behind."""
        failures = []
        for program in reversed(self.programs):
            try:
                program.stop()
            except pytest.fail.Exception as failure:
                failures.append(str(failure))
        self.programs.clear()
        if failures:
            pytest.fail("\n".join(failures))

    def logs(self) -> str:
        """The ends of all logs, for a message."""
        return "\n".join(p.tail() for p in self.programs)


def wait_ended(client: Client, job_id: str, seconds: float = 60.0) -> Any:
    """The job, once it has ended."""
    last: list[Any] = []

    def ended() -> bool:
        last[:] = [client.job(job_id)]
        return bool(last[0].ended)

    wait_until(ended, seconds, f"the end of job {job_id}")
    return last[0]


@contextlib.contextmanager
def office(folder: Path, database_url: str = "", broker_url: str = "", **settings: str) -> Iterator[Office]:
    """A started `Office`, stopped afterwards."""
    running = Office(folder, database_url, broker_url, **settings)
    try:
        running.start()
        yield running
    except BaseException:
        print(running.logs())
        with contextlib.suppress(BaseException):
            running.stop()
        raise
    running.stop()


@dataclass
class Embedded:
    """A running `tasktray up`."""

    program: Program
    data: Path
    url: str
    token: str
    env: dict[str, str]

    def run(self, *arguments: str, stdin: str = "", cwd: Path | None = None, **env: str) -> Any:
        """`tasktray …` as a user of this computer would run it: it finds the system by itself."""
        return subprocess.run(
            [sys.executable, "-m", "tasktray", *arguments], env=self.env | env, cwd=cwd or self.data, input=stdin,
            text=True, capture_output=True, timeout=100, check=False,
        )  # fmt: skip

    def client(self, **options: Any) -> Client:
        """A REST client for the local user. The caller closes it."""
        from desktop.client.client import Client

        return Client(self.url, self.token, **{"language": "en"} | options)


@contextlib.contextmanager
def embedded_system(folder: Path, *, modules: Path | None = None, **settings: str) -> Iterator[Embedded]:
    """`tasktray up --no-desktop` on a folder of its own, ready; stopped afterwards, within 15 s, leaving nothing.

    Args:
        modules: a folder with Python modules that its processes find, too.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    env = environment(data, **QUICK | settings)
    if modules is not None:
        env["PYTHONPATH"] += f"{os.pathsep}{modules}"
    command = [sys.executable, "-m", "tasktray", "up", "--no-desktop", "--port", str(free_port())]
    program = Program("up", command, env, folder / "up.log")
    connection = data / "connection.json"
    program.start()

    def ready() -> Any:
        if program.process is not None and program.process.poll() is not None:
            logs = "".join(f"--- {p}\n{p.read_text('utf-8')[-1500:]}\n" for p in sorted(data.glob("logs/*.log")))
            pytest.fail(f"tasktray up ended\n{program.tail()}\n{logs}")
        try:
            return json.loads(connection.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    began = time.monotonic()
    try:
        found = wait_until(ready, 60, "tasktray up")
        yield Embedded(program, data, found["url"], found["access_token"], env)
    except BaseException:
        print(program.tail(), f"({time.monotonic() - began:.0f} s)")
        with contextlib.suppress(BaseException):
            program.stop()
        raise
    program.stop()
