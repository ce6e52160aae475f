"""How many unchanged polls a second one API process answers, beside its floor: /healthz in the same run.

    python -m tests.bench.poll [--seconds 3] [--rounds 3] [--connections 8] [--jobs 1000] [--database-url URL]

Both are asked over the same kept-open connections by the same client, in alternating rounds; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.support import free_port, wait_until

PASSWORD = "correct horse"


async def _ask(port: int, request: bytes, status: bytes, until: float) -> tuple[int, list[float]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status), head
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths and status != b"304":
            await reader.readexactly(int(lengths[0].split(b":")[1]))
        took.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return len(took), took


async def _measure(port: int, request: bytes, status: bytes, seconds: float, connections: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile of the time of one in milliseconds."""
    began = time.perf_counter()
    answers = await asyncio.gather(*(_ask(port, request, status, began + seconds) for _ in range(connections)))
    took = sorted(t for _, times in answers for t in times)
    return sum(count for count, _ in answers) / (time.perf_counter() - began), took[int(len(took) * 0.99)] * 1000


def _prepare(url: str, count: int) -> None:
    from worker.accounts.users import create_admin
    from worker.actor import Actor
    from worker.datasets import tables
    from worker.db.database import Database
    from worker.db.migrate import migrate
    from worker.engine.submit import submit
    from worker.engine.views import Submission
    from worker.settings import Settings

    database = Database(url)
    migrate(database, tables())
    user = create_admin(database, "bench", PASSWORD)
    actor = Actor(user.id, user.username, user.role)
    settings = Settings(_env_file=None)
    for _ in range(count):
        submit(database, settings, actor, Submission(kind="examples.echo"), None)
    database.dispose()


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{Path(folder) / 'tasktray.db'}"
        _prepare(url, options.jobs)
        port = free_port()
        environment = os.environ | {"TASKTRAY_DATA": folder, "TASKTRAY_DATABASE_URL": url, "TASKTRAY_PORT": str(port)}
        log = (Path(folder) / "log").open("wb")
        server = subprocess.Popen([sys.executable, "-m", "api.serve"], env=environment, stdout=log, stderr=log)
        base = f"http://127.0.0.1:{port}"
        try:

            def up() -> bool:
                try:
                    return requests.get(base + "/healthz", timeout=2).ok
                except requests.ConnectionError:
                    return False

            wait_until(up, 30, "the API")
            form = {"username": "bench", "password": PASSWORD}
            token = requests.post(base + "/api/v1/auth/login", data=form, timeout=10).json()["access_token"]
            sent = {"Authorization": f"Bearer {token}"}
            cursor = requests.get(base + "/api/v1/jobs", headers=sent, timeout=10).json()["cursor"]
            floor = b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"
            poll = (
                f"GET /api/v1/jobs/changes?since={cursor} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
                f'If-None-Match: "{cursor}"\r\n\r\n'
            ).encode()
            floors, polls = [], []
            for _ in range(options.rounds):
                floors.append(asyncio.run(_measure(port, floor, b"200", options.seconds, options.connections)))
                polls.append(asyncio.run(_measure(port, poll, b"304", options.seconds, options.connections)))
        finally:
            server.terminate()
            server.wait(20)
            log.close()
    floor_rate, poll_rate = (statistics.median(rate for rate, _ in rounds) for rounds in (floors, polls))
    figures = {
        "healthz_per_second": round(floor_rate),
        "unchanged_polls_per_second": round(poll_rate),
        "ratio": round(poll_rate / floor_rate, 2),
        "poll_p99_ms": round(statistics.median(p99 for _, p99 in polls), 1),
        "jobs": options.jobs,
        "connections": options.connections,
        "database": url.split(":")[0],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
