"""How long `POST /jobs` takes over HTTP, with the broker up and with it stopped, beside `GET /healthz` in the same run.

    python -m tests.bench.submit [--posts 200] [--database-url URL] [--profile]

One caller, one connection, one call after the other, a real API process. No worker runs: the jobs pile up. Floors:
`/healthz` for HTTP and framework, and for the disk one commit of one row to the same database.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import redis
import requests
from sqlalchemy import text

from tests.support import free_port, wait_until
from worker.accounts.local import local_token
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.settings import Settings


def _measure(count: int, call: Callable[[], object]) -> list[float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return took


def _line(name: str, took: Sequence[float], floor: float) -> str:
    ordered = sorted(took)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    longest = f"longest {ordered[-1]:7.1f} ms"
    return f"{name:22} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   {longest}   {p50 / floor:5.1f} × healthz"


def _answers(call: Callable[[], object], *errors: type[Exception]) -> bool:
    try:
        return bool(call())
    except errors:
        return False


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--profile", action="store_true", help="of submissions in this process, without HTTP")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        port, broker_port = free_port(), free_port()
        broker = f"redis://127.0.0.1:{broker_port}/0"
        settings = Settings(
            data=Path(name), database_url=options.database_url, broker_url=broker, run_id=uuid.uuid4().hex
        )
        database = Database(settings.effective_database_url)
        migrate(database, tables())
        token = local_token(database, settings)
        if options.profile:
            _profile(database, settings, options.posts)
            database.dispose()
            return
        with database.write() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS bench_floor (x INTEGER)"))
        server = subprocess.Popen(
            ["redis-server", "--port", str(broker_port), "--bind", "127.0.0.1", "--dir", name, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        api = subprocess.Popen(
            [sys.executable, "-m", "api.serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {
                "TASKTRAY_DATA": name, "TASKTRAY_DATABASE_URL": options.database_url, "TASKTRAY_BROKER_URL": broker,
                "TASKTRAY_RUN_ID": settings.run_id, "TASKTRAY_PORT": str(port),
            },
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        session, client = requests.Session(), redis.Redis.from_url(broker)
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"

        def health() -> bool:
            return session.get(f"{url}/healthz", timeout=5).ok

        def post() -> None:
            answer = session.post(
                f"{url}/api/v1/jobs", json={"kind": "examples.echo", "params": {"message": "bench"}},
                headers={"Idempotency-Key": uuid.uuid4().hex}, timeout=30,
            )  # fmt: skip
            assert answer.status_code == 202, answer.text

        def commit() -> None:
            with database.write() as connection:
                connection.execute(text("INSERT INTO bench_floor VALUES (1)"))

        try:
            wait_until(lambda: _answers(client.ping, redis.RedisError), 10, "Redis")
            wait_until(lambda: _answers(health, requests.RequestException), 30, "the API")
            _measure(20, post)
            rounds: dict[str, list[float]] = {"healthz": [], "commit": [], "POST, broker up": []}
            for _ in range(4):  # in turns, so that the machine's other load falls on all
                rounds["healthz"] += _measure(options.posts // 4, health)
                rounds["commit"] += _measure(options.posts // 4, commit)
                rounds["POST, broker up"] += _measure(options.posts // 4, post)
            server.terminate()
            server.wait(10)
            rounds["POST, broker stopped"] = _measure(options.posts, post)
        finally:
            for process in (api, server):
                process.terminate()
                process.wait(20)
            session.close()
            client.close()
            with database.write() as connection:
                connection.execute(text("DROP TABLE bench_floor"))
            database.dispose()
        print(f"{database.dialect}, {options.posts} calls each")
        floor = statistics.median(rounds["healthz"])
        for what, took in rounds.items():
            print(_line(what, took, floor))


def _profile(database: Database, settings: Settings, count: int) -> None:
    import cProfile
    import pstats

    from worker.actor import SYSTEM
    from worker.engine.submit import submit
    from worker.engine.views import Submission

    def once() -> None:
        submit(database, settings, SYSTEM, Submission(kind="examples.echo"), uuid.uuid4().hex, publish=lambda _: None)

    _measure(10, once)
    profile = cProfile.Profile()
    profile.enable()
    _measure(count, once)
    profile.disable()
    pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
