"""An installation of real processes that the tests may disturb."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from tests.support import kinds_of, wait_until
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import job_events, jobs, workers
from worker.engine.submit import submit
from worker.engine.views import ENDED, Submission
from worker.settings import Settings

ROOT = Path(__file__).parents[2]
KINDS = "tests.chaos.chaos_kinds"
SHORT = {
    "slots": 1, "lease_seconds": 2.5, "heartbeat_seconds": 0.4, "progress_seconds": 0.1, "look_seconds": 0.3,
    "sweep_seconds": 0.3, "backoff_seconds": 0.1, "cancel_grace_seconds": 0.8, "hint_seconds": 1.0,
    "shutdown_grace_seconds": 2.0, "extra_kinds": [KINDS],
}  # fmt: skip


class Process:
    """A worker or scheduler process with its log."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as file:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *arguments], env=environment, cwd=log.parent, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self.popen.pid

    def runners(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.pid).children() if child.status() != psutil.STATUS_ZOMBIE]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self.popen.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.popen.wait(15)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(10)


class Plant:
    """One installation: a database, settings with short times, and processes."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(data=folder, database_url=url, **SHORT)
        self.database = Database(url)
        self.processes: list[Process] = []
        with self.database.write() as connection:
            connection.execute(
                text("CREATE TABLE chaos_rows (job_id VARCHAR(36), number INTEGER, pid INTEGER, attempt INTEGER)")
            )

    def close(self) -> None:
        for process in self.processes:
            if process.popen.poll() is None:
                process.kill()
        self.database.dispose()

    def start(self, module: str, **changes: Any) -> Process:
        return self.start_command(module, **changes)

    def start_command(self, *arguments: str, **changes: Any) -> Process:
        """`python -m …` with the installation's settings and `changes`."""
        settings = self.settings.model_copy(update=changes)
        environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        for name, value in settings.model_dump(mode="json", exclude_unset=False).items():
            if name in SHORT or name in changes or name in ("data", "database_url", "broker_url"):
                words = str(value) if not isinstance(value, list) else '["' + '","'.join(value) + '"]'
                environment[f"TASKTRAY_{name.upper()}"] = words
        process = Process(arguments, environment, self.folder / f"{arguments[0]}-{len(self.processes)}.log")
        self.processes.append(process)
        return process

    def worker(self, *, wait: bool = True, **changes: Any) -> Process:
        """A worker; with `wait` it is there and its runners are warm."""
        process = self.start("worker.celery_app", **changes)
        if not wait:
            return process
        slots = changes.get("slots", self.settings.slots)

        def there() -> bool:
            assert process.popen.poll() is None, process.log.read_text()
            with self.database.read() as connection:
                row = connection.execute(select(workers.c.id).where(workers.c.pid == process.pid)).first()
            return row is not None and len(process.runners()) == slots

        wait_until(there, 60, "a worker")
        return process

    def scheduler(self) -> Process:
        return self.start("worker.scheduler")

    def freeze(self, process: Process) -> None:
        """SIGSTOP, but not while it holds SQLite's write lock: ending such a worker is the supervisor's work."""
        probe = Database(self.database.url, pool_size=1, lock_timeout_seconds=1.0)

        def frozen() -> bool:
            process.signal(signal.SIGSTOP)
            try:
                with probe.write():
                    return True
            except OperationalError:
                process.signal(signal.SIGCONT)
                return False

        wait_until(frozen, what="a freeze outside of a transaction")
        probe.dispose()

    def submit(self, kind: str, **params: Any) -> str:
        return submit(self.database, self.settings, SYSTEM, Submission(kind=kind, params=params), None)[0].id

    def job(self, job_id: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def ended(self, job_id: str, seconds: float = 60.0) -> Any:
        """The job's row, once it has ended."""
        wait_until(lambda: self.job(job_id).state in ENDED, seconds, f"the end of {self.job(job_id)}")
        return self.job(job_id)

    def numbers(self, job_id: str) -> list[int]:
        """What `chaos.count` has written, in order."""
        query = text("SELECT number FROM chaos_rows WHERE job_id = :j ORDER BY number")
        with self.database.read() as connection:
            return list(connection.execute(query, {"j": job_id}).scalars())

    def runner_of(self, job_id: str) -> int:
        """Process id of the runner that wrote the newest rows of `chaos.count`."""
        query = text("SELECT pid FROM chaos_rows WHERE job_id = :j ORDER BY number DESC LIMIT 1")
        with self.database.read() as connection:
            return int(connection.execute(query, {"j": job_id}).scalar_one())

    def story(self, job_id: str) -> list[str]:
        """The types of the job's events."""
        query = select(job_events.c.type).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())


@pytest.fixture
def plant(database_url: str, tmp_path: Path) -> Iterator[Plant]:
    """An installation on both databases, without a broker unless the test sets one."""
    with kinds_of(KINDS):
        plant = Plant(database_url, tmp_path)
        yield plant
        plant.close()
