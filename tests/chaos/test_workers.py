"""Workers, runners and brokers die, freeze and come back; jobs do not notice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.chaos.conftest import Plant
from tests.conftest import RedisServer
from tests.support import free_port, wait_until
from worker.actor import SYSTEM
from worker.engine import control, hints

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_a_killed_worker_takes_its_runners_along_and_another_resumes_its_job(plant: Plant) -> None:
    plant.scheduler()
    first = plant.worker()
    job = plant.submit("chaos.count", rows=200, chunk=10, seconds=0.02)
    wait_until(lambda: len(plant.numbers(job)) >= 30, what="some chunks")
    runners = first.runners()

    first.kill()

    assert psutil.wait_procs(runners, timeout=5)[1] == []
    done = plant.numbers(job)
    second = plant.worker(wait=False)
    row = plant.ended(job)
    assert (row.state, row.attempt) == ("succeeded", 2)
    assert plant.numbers(job) == list(range(200))
    assert row.result["began_at"] >= len(done) > 0, "it was resumed at its checkpoint"
    assert second.stop() == 0


@SQLITE
def test_a_killed_runner_costs_its_job_an_attempt_and_nobody_else_anything(plant: Plant) -> None:
    worker = plant.worker(slots=2)
    job = plant.submit("chaos.count", rows=300, chunk=10, seconds=0.02)
    neighbour = plant.submit("chaos.count", rows=300, chunk=10, seconds=0.02)
    wait_until(lambda: plant.numbers(job) and plant.numbers(neighbour), what="both jobs at work")

    os.kill(plant.runner_of(job), signal.SIGKILL)

    row, other = plant.ended(job), plant.ended(neighbour)
    assert (row.state, row.attempt, row.result["began_at"] > 0) == ("succeeded", 2, True)
    assert (other.state, other.attempt) == ("succeeded", 1)
    assert plant.numbers(job) == plant.numbers(neighbour) == list(range(300))
    assert "rescued" in plant.story(job)
    assert worker.popen.poll() is None


@SQLITE
def test_a_frozen_worker_that_wakes_up_writes_nothing(plant: Plant) -> None:
    plant.scheduler()
    frozen = plant.worker()
    job = plant.submit("examples.sleep", seconds=2)
    wait_until(lambda: plant.job(job).rows_done, what="progress")

    plant.freeze(frozen)
    wait_until(lambda: "rescued" in plant.story(job), what="the rescue")
    plant.worker(wait=False)
    row = plant.ended(job)
    frozen.signal(signal.SIGCONT)
    wait_until(lambda: "no longer owns it" in frozen.log.read_text(), what="the woken worker's insight")

    assert (row.state, row.attempt) == ("succeeded", 2)
    assert plant.job(job) == row
    another = plant.submit("examples.add", x=1, y=2)
    assert plant.ended(another).result == {"sum": 3}


def test_the_runner_of_a_frozen_worker_writes_nothing_once_the_job_has_moved_on(plant: Plant) -> None:
    plant.scheduler()
    frozen = plant.worker()
    job = plant.submit("chaos.count", rows=1000, chunk=10, seconds=0.02)
    wait_until(lambda: plant.numbers(job), what="a first chunk")

    plant.freeze(frozen)  # its runner goes on, and the fence must stop it
    wait_until(lambda: "rescued" in plant.story(job), what="the rescue")
    plant.worker(wait=False)

    assert plant.ended(job).state == "succeeded"
    assert plant.numbers(job) == list(range(1000))


@POSTGRESQL
def test_a_runner_frozen_in_a_transaction_does_not_hold_its_locks_for_ever(plant: Plant) -> None:
    plant.scheduler()
    frozen = plant.worker()
    job = plant.submit("chaos.count", rows=3000, chunk=1000, seconds=0.0)
    wait_until(lambda: plant.job(job).state == "running", what="the start")
    for process in (frozen.pid, *(runner.pid for runner in frozen.runners())):
        os.kill(process, signal.SIGSTOP)
    plant.worker(wait=False)

    assert plant.ended(job).state == "succeeded"
    assert plant.numbers(job) == list(range(3000))
    for runner in frozen.runners():
        runner.send_signal(signal.SIGCONT)


@POSTGRESQL
def test_a_stopped_worker_releases_its_job_and_no_attempt_is_counted(plant: Plant) -> None:
    first = plant.worker()
    job = plant.submit("chaos.count", rows=100, chunk=10, seconds=0.05)
    wait_until(lambda: plant.numbers(job), what="a first chunk")

    assert first.stop() == 0

    row = plant.job(job)
    assert (row.state, row.attempt, row.crashes, row.waiting_for) == ("pending", 0, 0, "resume")
    plant.worker(wait=False)
    row = plant.ended(job)
    assert (row.state, row.attempt, row.result["began_at"] > 0) == ("succeeded", 1, True)
    assert plant.numbers(job) == list(range(100))


@SQLITE
def test_a_stopped_worker_does_not_wait_for_a_runner_that_does_not_listen(plant: Plant, tmp_path: Path) -> None:
    worker = plant.worker()
    job = plant.submit("chaos.hang", path=str(tmp_path / "here"))
    wait_until((tmp_path / "here").exists, what="the hanging call")

    assert worker.stop() == 0

    assert (plant.job(job).state, plant.job(job).attempt) == ("pending", 0)


@SQLITE
def test_a_cancelled_job_whose_runner_does_not_listen_is_ended(plant: Plant, tmp_path: Path) -> None:
    worker = plant.worker()
    job = plant.submit("chaos.hang", path=str(tmp_path / "here"))
    wait_until((tmp_path / "here").exists, what="the hanging call")
    wait_until((tmp_path / "here").read_text, what="the runner's process id")
    hanging = psutil.Process(int((tmp_path / "here").read_text()))

    control.cancel(plant.database, SYSTEM, job)

    assert plant.ended(job).state == "cancelled"
    assert psutil.wait_procs([hanging], timeout=5)[1] == []
    assert plant.ended(plant.submit("examples.echo", message="hello")).result == {"message": "Task received: hello"}
    assert worker.popen.poll() is None


@SQLITE
def test_with_the_broker_gone_all_the_time_every_job_ends(plant: Plant) -> None:
    plant.settings.broker_url = f"redis://127.0.0.1:{free_port()}/0"
    plant.scheduler()
    worker = plant.worker()
    jobs = [plant.submit("examples.add", x=n, y=1) for n in range(10)]

    assert [plant.ended(job).result for job in jobs] == [{"sum": n + 1} for n in range(10)]
    assert worker.stop() == 0


@SQLITE
def test_jobs_go_on_while_the_broker_is_away_and_hints_work_again_after_it(
    plant: Plant, redis_server: RedisServer
) -> None:
    plant.settings.broker_url = redis_server.url
    worker = plant.worker(look_seconds=1.0)
    running = plant.submit("chaos.count", rows=200, chunk=10, seconds=0.05)
    wait_until(lambda: plant.numbers(running), what="a first chunk")

    redis_server.stop(kill=True)

    meanwhile = plant.submit("examples.echo", message="meanwhile")
    assert plant.ended(meanwhile).state == "succeeded"
    row = plant.ended(running)
    assert (row.state, row.attempt) == ("succeeded", 1)
    redis_server.start()
    wait_until(lambda: worker.log.read_text().count("Connected to redis") >= 2, what="the worker's reconnection")
    assert worker.stop() == 0


@SQLITE
def test_a_hint_alone_starts_a_job_also_after_the_broker_was_restarted(plant: Plant, redis_server: RedisServer) -> None:
    plant.settings.broker_url = redis_server.url
    plant.worker(look_seconds=1000.0)  # so that nothing but a hint can start a job
    first = plant.submit("examples.echo", message="before")
    assert plant.ended(first).state == "succeeded"

    redis_server.stop(kill=True)
    redis_server.start()

    second = plant.submit("examples.echo", message="after")

    def hinted() -> bool:
        hints.publish(plant.settings, "default")
        return plant.job(second).state == "succeeded"

    wait_until(hinted, 30, "a job after the restart")
