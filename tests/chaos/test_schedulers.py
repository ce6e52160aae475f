"""Schedulers as processes: Celery's beat and our own, several at once, edits while they run, a frozen worker."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.chaos.conftest import Plant, Process
from tests.support import wait_until
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import jobs, schedules
from worker.engine.fire_keys import due_of
from worker.schedules import schedules as service
from worker.schedules.views import NewSchedule, ScheduleChanges

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BEAT = ("celery", "-A", "worker.celery_app", "beat", "-l", "INFO", "--pidfile=")


def _schedule(plant: Plant, **values: Any) -> str:
    new = NewSchedule(**{"kind": "examples.echo", "cron": "* * * * *", "timezone": "UTC", "catch_up": "all"} | values)
    return service.create(plant.database, SYSTEM, new, "en").id


def _due_since(plant: Plant, schedule_id: str, due: datetime) -> None:
    with plant.database.write() as connection:
        connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(next_due_at=due))


def _fired(plant: Plant, schedule_id: str) -> list[datetime | None]:
    with plant.database.read() as connection:
        keys = connection.scalars(select(jobs.c.fire_key).where(jobs.c.fire_key.startswith(schedule_id)))
        return [due_of(key) for key in sorted(filter(None, keys))]


def test_three_schedulers_fire_each_due_time_once_and_an_edit_is_live_at_once(plant: Plant) -> None:
    """One by Celery's command, two by ours; the edit is made while they run."""
    name = _schedule(plant)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    beat = plant.start_command(*BEAT)
    ours = [plant.scheduler(), plant.scheduler()]
    for process in (beat, *ours):
        wait_until(lambda process=process: "fires schedules" in process.log.read_text(), 60, "a scheduler")
    _due_since(plant, name, now.replace(year=now.year - 1))  # more than they can make up in one round
    wait_until(lambda: len(_fired(plant, name)) >= 200, 60, "many due times")
    fired = _fired(plant, name)
    assert len(set(fired)) == len(fired)
    edited = service.change(
        plant.database, SYSTEM, name, ScheduleChanges(interval_seconds=10, catch_up="skip"), None, "en"
    )
    last = len(_fired(plant, name))
    due = edited.next_at[0]
    wait_until(lambda: due in _fired(plant, name), 20, "the first due time of the edited schedule")
    row = _job(plant, name, due)
    assert row.created_at < edited.next_at[1], "fired before the next one was due"
    assert len(_fired(plant, name)) <= last + 2, "what was to be made up no longer is"
    for process in (beat, *ours):
        assert process.stop() == 0, process.log.read_text()
        assert "Traceback" not in process.log.read_text()


def _job(plant: Plant, schedule_id: str, due: datetime) -> Any:
    with plant.database.read() as connection:
        rows = connection.execute(select(jobs).where(jobs.c.fire_key.startswith(schedule_id))).all()
    return next(row for row in rows if due_of(row.fire_key) == due)


@SQLITE
def test_beat_alone_rescues_and_fires(plant: Plant) -> None:
    """`celery … beat` does all that `tasktray scheduler` does."""
    first = plant.worker()
    job = plant.submit("chaos.count", rows=200, chunk=10, seconds=0.02)
    wait_until(lambda: len(plant.numbers(job)) >= 30, what="some chunks")
    first.kill()
    beat = plant.start_command(*BEAT)
    name = _schedule(plant, interval_seconds=10, cron=None)
    plant.worker(wait=False)
    assert plant.ended(job).attempt == 2
    wait_until(lambda: _fired(plant, name), 30, "the schedule")
    assert plant.ended(_job(plant, name, _fired(plant, name)[0]).id).result == {"message": "Task received: hello"}
    assert beat.stop() == 0
    assert not (plant.folder / "celerybeat-schedule").exists()


@SQLITE
def test_a_worker_frozen_with_sqlites_write_lock_is_ended_by_the_scheduler(plant: Plant) -> None:
    workers = [plant.worker(), plant.worker()]
    job = plant.submit("chaos.count", rows=10_000, chunk=500, seconds=0.0)
    wait_until(lambda: plant.numbers(job), what="a first chunk")
    owner = str(plant.job(job).worker)
    (victim,) = [worker for worker in workers if owner.endswith(f":{worker.pid}")]
    (other,) = [worker for worker in workers if worker is not victim]
    runners = _freeze_with_lock(plant, victim)
    plant.scheduler()

    assert victim.popen.wait(60) == -signal.SIGKILL
    assert psutil.wait_procs(runners, timeout=5)[1] == []
    row = plant.ended(job)
    assert row.state == "succeeded"
    assert row.attempt >= 2
    assert plant.numbers(job) == list(range(10_000))
    assert other.popen.poll() is None, "a worker that only waited is left alone"


def _freeze_with_lock(plant: Plant, worker: Process) -> list[psutil.Process]:
    """SIGSTOP the worker and its runner in the middle of a chunk; gives the runners."""
    probe = Database(plant.database.url, pool_size=1, lock_timeout_seconds=1.0)
    runners = worker.runners()

    def locked() -> bool:
        for runner in runners:
            os.kill(runner.pid, signal.SIGSTOP)
        try:
            with probe.write():
                pass
        except OperationalError:
            worker.signal(signal.SIGSTOP)
            return True
        for runner in runners:
            os.kill(runner.pid, signal.SIGCONT)
        return False

    wait_until(locked, 30, "a freeze in a transaction")
    probe.dispose()
    return runners
