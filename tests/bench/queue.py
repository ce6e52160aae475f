"""How fast jobs start and how many no-op jobs a second are done, beside bare Celery on the same Redis in the same run.

    python -m tests.bench.queue [--jobs 500] [--latency 100] [--slots 2] [--database-url URL] [--rounds 3]

A job here is a row that survives everything (two durable transactions, three for one that waits for nobody: its
submission, its claim, its end together with the next claim); a bare Celery task is a message that may be
lost. Latency is from before the submission to the start of the function's slot or task.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import func, select

from tests.support import free_port, wait_until
from worker.actor import SYSTEM
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.db.schema import jobs, workers
from worker.engine.submit import submit
from worker.engine.views import Submission
from worker.settings import Settings


def _quantiles(values: Sequence[float]) -> str:
    ordered = sorted(value * 1000 for value in values)
    return f"p50 {statistics.median(ordered):7.1f} ms   p99 {ordered[int(len(ordered) * 0.99)]:7.1f} ms"


class _Bench:
    def __init__(self, folder: Path, url: str, broker: str, slots: int) -> None:
        self.settings = Settings(data=folder, database_url=url, broker_url=broker, slots=slots)
        self.database = Database(self.settings.effective_database_url)
        migrate(self.database, tables())
        self.environment = os.environ | {
            "TASKTRAY_DATA": str(folder), "TASKTRAY_DATABASE_URL": url, "TASKTRAY_BROKER_URL": broker,
            "TASKTRAY_SLOTS": str(slots), "BENCH_BROKER": broker,
        }  # fmt: skip
        self.client = redis.Redis.from_url(broker)
        self.slots = slots

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments], env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def worker(self) -> subprocess.Popen[bytes]:
        worker = self.start("worker.celery_app")

        def there() -> bool:
            with self.database.read() as connection:
                return connection.scalar(select(workers.c.id).where(workers.c.pid == worker.pid)) is not None

        wait_until(there, 30, "the worker")
        return worker

    def submit(self) -> str:
        return submit(self.database, self.settings, SYSTEM, Submission(kind="examples.echo"), None)[0].id

    def job(self, job_id: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def latency(self, count: int) -> tuple[list[float], list[float], list[float]]:
        """Seconds of submission, from its beginning to the start, and to the end seen by a poller, one at a time."""
        submitted, started, ended = [], [], []
        for _ in range(count):
            before, clock = time.time(), time.perf_counter()
            job_id = self.submit()
            submitted.append(time.perf_counter() - clock)
            wait_until(lambda job_id=job_id: self.job(job_id).state == "succeeded", 30, "the end")
            ended.append(time.perf_counter() - clock)
            started.append(max(0.0, self.job(job_id).started_at.timestamp() - before))
        return submitted, started, ended

    def throughput(self, count: int) -> float:
        """Jobs a second of `count` that wait when the worker starts, from the first start to the last end."""
        last = [self.submit() for _ in range(count)]
        worker = self.worker()
        ours = jobs.c.id.in_(last)
        done = select(func.count()).where(ours, jobs.c.state == "succeeded")

        def all_done() -> bool:
            with self.database.read() as connection:
                return connection.scalar(done) == count

        deadline = time.monotonic() + 300
        while not all_done() and time.monotonic() < deadline:
            time.sleep(0.2)  # rarely: the poller must not compete
        with self.database.read() as connection:
            first, end = connection.execute(
                select(func.min(jobs.c.started_at), func.max(jobs.c.finished_at)).where(ours)
            ).one()
        _stop(worker)
        return count / (end - first).total_seconds()

    def bare(self, count: int, latency: int) -> tuple[float, list[float]]:
        """The same of bare Celery: tasks a second, and seconds from sending to the start."""
        os.environ["BENCH_BROKER"] = self.environment["BENCH_BROKER"]
        from tests.bench.bare_celery import nothing

        for _ in range(count):
            nothing.delay(count, time.time())
        worker = self.start(
            "celery", "-A", "tests.bench.bare_celery", "worker", "-c", str(self.slots), "-P", "threads",
            "--without-mingle", "--without-gossip", "-l", "ERROR",
        )  # fmt: skip
        answer = json.loads(self.client.blpop(["bench"], timeout=120)[1])
        waited = []
        for _ in range(latency):
            nothing.delay(1, time.time())
            waited += json.loads(self.client.blpop(["bench"], timeout=60)[1])["waited"]
        _stop(worker)
        return count / answer["seconds"], waited


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--latency", type=int, default=100)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        folder = Path(name)
        port = free_port()
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", name, "--appendonly", "yes"],
            stdout=subprocess.DEVNULL,
        )
        broker = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis.from_url(broker)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

        wait_until(answers, 10, "Redis")
        bench = _Bench(folder, options.database_url, broker, options.slots)
        try:
            ours, floors, waited = [], [], []
            for _ in range(options.rounds):  # in turns, so that the machine's other load falls on both
                ours.append(bench.throughput(options.jobs))
                rate, seconds = bench.bare(options.jobs, options.latency // options.rounds)
                floors.append(rate)
                waited += seconds
            worker = bench.worker()
            bench.latency(3)
            submitted, started, ended = bench.latency(options.latency)
            _stop(worker)
            server.terminate()
            server.wait(10)
            worker = bench.worker()
            bench.latency(1)
            dead_submit, dead_start, _ = bench.latency(max(5, options.latency // 10))
            _stop(worker)
        finally:
            server.kill()
            server.wait()
            client.close()
            bench.database.dispose()
        ratio = statistics.median(a / b for a, b in zip(ours, floors, strict=True))
        print(f"database            {bench.database.dialect}, {options.slots} slots")
        print(f"submit              {_quantiles(submitted)}")
        print(f"submit to start     {_quantiles(started)}")
        print(f"submit to end seen  {_quantiles(ended)}")
        print(f"bare Celery start   {_quantiles(waited)}")
        print(f"no-op jobs/s        {statistics.median(ours):7.1f}   bare Celery {statistics.median(floors):7.1f}")
        print(f"share of the floor  {ratio:7.3f}")
        print(f"broker stopped: submit           {_quantiles(dead_submit)}")
        print(f"broker stopped: submit to start  {_quantiles(dead_start)}")


if __name__ == "__main__":
    main()
