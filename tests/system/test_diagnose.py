"""`tasktray diagnose` on an office that is well, and on one whose worker has gone. Other lacks: `tests/tasktray`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support import wait_until
from tests.support_system import Office, Program


@pytest.fixture
def worker(running: Office) -> Iterator[Program]:
    """The office's worker, which the test may stop: it is there again afterwards."""
    program = next(p for p in running.programs if p.name == "worker-1")
    yield program
    others = [p for p in running.programs if p.name.startswith("worker-") and p is not program]
    for other in others:
        other.stop()
        running.programs.remove(other)
    if program.process is None or program.process.poll() is not None:
        program.start()
    with running.client() as client:
        wait_until(lambda: [w.pid for w in client.workers()] == [program.pid], 60, "the worker")


def test_a_whole_office_is_well_and_a_missing_worker_is_noticed(running: Office, worker: Program) -> None:
    done = running.run("diagnose")
    assert done.returncode == 0, done.stdout
    assert "All is well." in done.stdout
    worker.stop()
    checks = json.loads(running.run("diagnose", "--json").stdout)["checks"]
    assert [check["check"] for check in checks if not check["ok"]] == ["workers"]
    running.program("worker", "--lanes", "default").start()
    with running.client() as client:
        job = client.submit("examples.echo", key="diagnose")
        wait_until(lambda: client.job(job.id).ended, 60, "the new worker")
    done = running.run("diagnose")
    assert done.returncode == 1
    assert "export" in done.stdout  # the lanes that nobody serves
