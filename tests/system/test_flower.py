"""A real Flower beside the system, on its Redis: it sees the workers, and each job under its own id and kind."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support import free_port, wait_until
from tests.support_services import RedisServer
from tests.support_system import Office, Program, wait_ended
from worker.engine import kinds


class Flower:
    """Flower's own API."""

    def __init__(self, running: Office, broker_url: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/api"
        command = [sys.executable, "-m", "celery", f"--broker={broker_url}", "flower", "--address=127.0.0.1"]
        # Its API asks for a sign-in of its own unless told otherwise; here it is reached from loopback only.
        env = running.env | {"FLOWER_UNAUTHENTICATED_API": "true"}
        self.program = Program("flower", [*command, f"--port={port}"], env, running.folder / "flower.log")

    def get(self, path: str) -> dict[str, Any]:
        """An answer; empty while Flower starts."""
        with contextlib.suppress(requests.ConnectionError):
            answer = requests.get(f"{self.url}/{path}", timeout=10)
            if answer.status_code == 200:
                return dict(answer.json())
        return {}


@pytest.fixture
def flower(running: Office, redis_server: RedisServer) -> Iterator[Flower]:
    flower = Flower(running, redis_server.url)
    flower.program.start()
    yield flower
    flower.program.stop()


def test_flower_sees_workers_and_jobs_with_their_kinds_and_ends(running: Office, flower: Flower) -> None:
    workers: dict[str, Any] = {}

    def worker_seen() -> bool:
        workers.update(flower.get("workers?refresh=1"))
        return any(worker.get("active_queues") for worker in workers.values())

    wait_until(worker_seen, 60, f"a worker in Flower\n{flower.program.tail()}")
    (worker,) = workers.values()
    assert {"default", "export", "high_priority"} <= {queue["name"] for queue in worker["active_queues"]}

    with running.client() as client:
        echo = client.submit("examples.echo", {"message": "hello"}, key="a")
        slow = client.submit("examples.sleep", {"seconds": 600}, key="b")
        assert wait_ended(client, echo.id).state == "succeeded"

        def task(job_id: str, state: str) -> dict[str, Any] | None:
            found = flower.get("tasks").get(job_id)
            return found if found and found["state"] == state else None

        done = wait_until(lambda: task(echo.id, "SUCCESS"), 20, "the job's end in Flower")
        assert isinstance(done, dict)
        assert (done["uuid"], done["name"], done["worker"]) == (echo.id, "examples.echo", worker_name(workers))
        assert done["runtime"] >= 0
        assert wait_until(lambda: task(slow.id, "STARTED"), 20, "the running job in Flower")
        client.cancel(slow.id)
        wait_ended(client, slow.id)
        assert wait_until(lambda: task(slow.id, "REVOKED"), 20, "the cancelled job in Flower")
        # What carries hints is no task of anybody's: each is a job. Schedules send some meanwhile; one whose beginning
        # was before Flower's has no name there.
        assert {found["name"] for found in flower.get("tasks").values()} - {None, ""} <= set(kinds.load())


def worker_name(workers: dict[str, Any]) -> str:
    """The only worker's name."""
    (name,) = workers
    return name
