"""A slot and its real runner process: outcomes, orders and limits."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.support import kinds_of, wait_until
from tests.worker.engine.engine import person
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import jobs
from worker.engine import control
from worker.engine.claim import NextJob
from worker.engine.monitor.fleet import fleet
from worker.engine.slots import Slots
from worker.engine.submit import submit
from worker.engine.views import ENDED, Submission
from worker.ids import new_id
from worker.settings import Settings

KINDS = "tests.chaos.chaos_kinds"

pytestmark = pytest.mark.xdist_group("slot")  # in one process: `calm` is started once


class Bench:
    """Slots in this process, their runners as processes."""

    def __init__(self, database: Database, folder: Path, **changes: Any) -> None:
        self.settings = Settings(
            data=folder, database_url=database.url, lease_seconds=20, heartbeat_seconds=0.3, progress_seconds=0.05,
            look_seconds=0.1, cancel_grace_seconds=10, shutdown_grace_seconds=1, backoff_seconds=0.05,
            extra_kinds=[KINDS], **changes,
        )  # fmt: skip
        self.database = database
        self.slots = Slots(self.settings, ["default"], 1, "test")
        self.slots.start()

    def close(self) -> None:
        self.slots.stop()
        self.slots.join()

    def submit(self, kind: str, **params: Any) -> str:
        return submit(self.database, self.settings, SYSTEM, Submission(kind=kind, params=params), None)[0].id

    def job(self, job_id: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def ended(self, job_id: str) -> Any:
        wait_until(lambda: self.job(job_id).state in ENDED, 60, f"the end of {job_id}")
        return self.job(job_id)

    def run(self, kind: str, **params: Any) -> Any:
        return self.ended(self.submit(kind, **params))

    @property
    def runner(self) -> Any:
        return self.slots._slots[0]._runner


@contextmanager
def _bench(sqlite_url: str, folder: Path, **changes: Any) -> Iterator[Bench]:
    database = Database(sqlite_url)
    bench = Bench(database, folder, **changes)
    try:
        yield bench
    finally:
        bench.close()
        database.dispose()


@pytest.fixture(scope="module")
def chaos_kinds() -> Iterator[None]:
    with kinds_of(KINDS):
        yield


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path, chaos_kinds: None) -> Iterator[Bench]:
    with _bench(sqlite_url, tmp_path) as bench:
        yield bench


@pytest.fixture(scope="module")
def calm(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, chaos_kinds: None) -> Iterator[Bench]:
    """One for all tests that neither end a runner nor look at how many jobs there were."""
    folder = tmp_path_factory.mktemp("calm")
    path = folder / "tasktray.db"
    shutil.copy(_sqlite_template, path)
    with _bench(f"sqlite:///{path}", folder) as bench:
        yield bench


def test_the_examples_do_what_they_say(calm: Bench) -> None:
    assert calm.run("examples.echo", message="hello").result == {"message": "Task received: hello"}
    assert calm.run("examples.add", x=1, y=2).result == {"sum": 3}
    assert calm.run("examples.add", x=0.5, y=2).result == {"sum": 2.5}
    waited = calm.run("examples.sleep", seconds=0.3)
    assert (waited.state, waited.rows_done, waited.stage) == ("succeeded", 1, "stage_waiting")


def test_a_warm_runner_serves_one_job_after_the_other(calm: Bench) -> None:
    calm.run("examples.echo")
    first = calm.runner.pid
    calm.run("examples.echo")
    assert calm.runner.pid == first


def test_a_workers_memory_is_told_with_that_of_its_runners(bench: Bench, monkeypatch) -> None:
    monkeypatch.setattr(type(bench.runner), "memory_bytes", lambda self: 1 << 50)  # more than this process can have
    bench.run("examples.echo")
    actor = person(bench.database, "root", "admin")

    def told() -> bool:
        (worker,) = fleet(bench.database, bench.settings, actor, "en")
        return (worker.memory_bytes or 0) > 1 << 50

    wait_until(told, 30, "the memory")


def test_an_end_is_written_also_when_no_other_job_can_be_claimed_with_it(bench: Bench, monkeypatch, caplog) -> None:
    def fail(self: NextJob, connection: Any) -> tuple[str, ...]:
        raise ZeroDivisionError("no claim")

    monkeypatch.setattr(NextJob, "take", fail)
    jobs_ = [bench.submit("examples.echo") for _ in range(2)]
    assert [bench.ended(job).state for job in jobs_] == ["succeeded"] * 2
    assert "no other job could be claimed together with its end" in caplog.text


@pytest.mark.parametrize(
    ("how", "code", "values"),
    [
        ("refused", "unknown_upload", {"id": "x"}),
        ("table", "empty_file", {"name": "a.csv"}),
        ("other", "internal_error", None),
        ("transient", "connection_failed", None),
    ],
)
def test_an_error_keeps_its_code_and_values(calm: Bench, how: str, code: str, values: dict[str, str] | None) -> None:
    row = calm.run("chaos.fail", how=how)
    assert (row.state, row.error_code, row.error_values) == ("failed", code, values)
    assert row.retries == (1 if how == "transient" else 0)
    assert ("ZeroDivisionError: unforeseen" in (row.traceback or "")) is (how == "other")


def test_a_library_that_prints_does_not_disturb_and_nan_becomes_nothing(calm: Bench) -> None:
    assert calm.run("chaos.fail", how="print").result == {"value": None}


def test_a_runner_that_dies_each_time_is_quarantined_and_the_slot_goes_on(bench: Bench) -> None:
    row = bench.run("chaos.fail", how="exit")
    assert (row.state, row.error_code, row.attempt) == ("failed", "quarantined", bench.settings.crash_limit)
    assert bench.run("examples.add", x=1, y=1).state == "succeeded"


def test_an_idle_runner_that_was_killed_is_replaced_before_the_next_job(bench: Bench) -> None:
    bench.run("examples.echo")
    runner = bench.runner
    os.kill(runner.pid, signal.SIGKILL)
    wait_until(lambda: not runner.alive, what="its end")
    row = bench.run("examples.echo")
    assert (row.state, row.attempt) == ("succeeded", 1)


def test_the_soft_limit_asks_and_the_hard_limit_ends(bench: Bench) -> None:
    patient = bench.run("chaos.patient")
    assert (patient.state, patient.error_code, patient.error_values) == ("failed", "time_limit", {"seconds": 0.5})
    before = bench.runner.pid
    endless = bench.run("chaos.endless")
    assert (endless.state, endless.error_code, endless.error_values) == ("failed", "time_limit", {"seconds": 1.2})
    assert bench.runner.pid != before


def test_cancel_is_honoured_at_the_next_progress_call(calm: Bench) -> None:
    job = calm.submit("examples.sleep", seconds=600)
    wait_until(lambda: calm.job(job).state == "running", what="the start")
    runner = calm.runner.pid
    control.cancel(calm.database, SYSTEM, job)
    assert calm.ended(job).state == "cancelled"
    assert calm.runner.pid == runner, "the runner listened, so it lives on"


def test_a_kind_that_needs_too_much_memory_fails_with_a_clear_code(
    sqlite_url: str, tmp_path: Path, chaos_kinds: None
) -> None:
    with _bench(sqlite_url, tmp_path, runner_memory_bytes=250_000_000) as bench:
        row = bench.run("chaos.greedy")
        assert (row.state, row.error_code, row.error_values) == ("failed", "out_of_memory", {"megabytes": 250})
        assert bench.run("examples.echo").state == "succeeded"


def test_a_runner_is_renewed_after_its_number_of_jobs(sqlite_url: str, tmp_path: Path, chaos_kinds: None) -> None:
    with _bench(sqlite_url, tmp_path, runner_jobs=2) as bench:
        bench.run("examples.echo")
        first = bench.runner.pid
        bench.run("examples.echo")
        wait_until(lambda: bench.runner is not None and bench.runner.pid != first, what="a fresh runner")
        assert bench.runner.jobs == 0


def test_nothing_is_left_of_a_jobs_temporary_folder(sqlite_url: str, tmp_path: Path, chaos_kinds: None) -> None:
    with _bench(sqlite_url, tmp_path, crash_limit=1) as bench:
        bench.run("examples.echo")
        row = bench.run("chaos.fail", how="exit")
        assert (row.error_code, row.attempt) == ("quarantined", 1)
        assert list((bench.settings.data / "tmp").iterdir()) == []


def test_a_worker_that_starts_removes_what_killed_ones_left_on_its_computer(sqlite_url: str, tmp_path: Path) -> None:
    left = tmp_path / "tmp" / f"{new_id()}-{new_id()}"
    left.mkdir(parents=True)
    (left / "half.xlsx").write_bytes(b"half")
    database = Database(sqlite_url)
    bench = Bench(database, tmp_path)
    try:
        wait_until(lambda: not left.exists(), 30, "the removal")
    finally:
        bench.close()
        database.dispose()


def test_a_stop_while_a_job_runs_releases_it(bench: Bench) -> None:
    job = bench.submit("examples.sleep", seconds=600)
    wait_until(lambda: bench.job(job).state == "running", what="the start")
    bench.slots.stop()
    bench.slots.join()
    row = bench.job(job)
    assert (row.state, row.attempt, row.lease_token) == ("pending", 0, None)


def test_a_hint_that_finds_every_slot_taken_ends_at_once(calm: Bench) -> None:
    job = calm.submit("examples.sleep", seconds=600)
    wait_until(lambda: calm.job(job).state == "running", what="the start")
    hint = threading.Thread(target=calm.slots.hint)
    hint.start()
    hint.join(5)
    assert not hint.is_alive()
    control.cancel(calm.database, SYSTEM, job)
    calm.ended(job)
