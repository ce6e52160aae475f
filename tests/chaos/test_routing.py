"""Workers on chosen lanes, by our command and by Celery's; a paused lane stays paused through restarts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.chaos.conftest import Plant, Process
from tests.conftest import RedisServer
from tests.support import wait_until
from worker.actor import SYSTEM
from worker.db.schema import workers
from worker.engine import lanes

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _lanes_of(plant: Plant, process: Process) -> list[str]:
    with plant.database.read() as connection:
        return list(connection.scalar(select(workers.c.lanes).where(workers.c.pid == process.pid)) or [])


def _export(plant: Plant) -> str:
    return plant.submit("customers.export")


@SQLITE
def test_a_worker_of_some_lanes_leaves_the_others_and_a_pause_outlives_it(plant: Plant) -> None:
    lanes.pause(plant.database, SYSTEM, "reports")
    first = plant.start_command("tasktray", "worker", "--lanes", "export,reports")
    echo, export, report = plant.submit("examples.echo"), _export(plant), plant.submit("reports.hourly")
    assert plant.ended(export).state == "succeeded"
    assert _lanes_of(plant, first) == ["export", "reports"]
    assert first.stop() == 0
    second = plant.start_command("tasktray", "worker", "--lanes", "export,reports,default")
    assert plant.ended(echo).state == "succeeded"
    assert plant.job(report).state == "pending"  # the worker has looked at all its lanes by now
    lanes.resume(plant.database, plant.settings, SYSTEM, "reports")
    assert plant.ended(report).state == "succeeded"
    assert second.stop() == 0

    typo = plant.start_command("tasktray", "worker", "--lanes", "exports")
    assert typo.popen.wait(30) != 0
    assert "exports" in typo.log.read_text()
    assert "Traceback" not in typo.log.read_text()


@SQLITE
def test_celerys_command_starts_the_same_worker(plant: Plant, redis_server: RedisServer) -> None:
    plant.settings.broker_url = redis_server.url
    celery = ("celery", "-A", "worker.celery_app", "worker", "-l", "info")
    worker = plant.start_command(*celery, "-Q", "high_priority,default,export", "--pool", "prefork", "-c", "1")
    wait_until(lambda: _lanes_of(plant, worker), 60, "the worker")
    assert _lanes_of(plant, worker) == ["default", "export"]
    assert "the prefork pool is not for this system" in worker.log.read_text()
    echo, report, export = plant.submit("examples.echo"), plant.submit("reports.hourly"), _export(plant)
    assert [plant.ended(job).state for job in (echo, export)] == ["succeeded"] * 2
    assert plant.job(report).state == "pending"
    assert worker.stop() == 0

    typo = plant.start_command(*celery, "-Q", "exports")
    assert typo.popen.wait(30) == 2
    assert "there is no queue named exports" in typo.log.read_text()
