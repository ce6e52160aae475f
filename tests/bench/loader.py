"""What SQLite pays for new rows in a table that already holds many: the loader alone, chunk by chunk, no checks.

    python -m tests.bench.loader [--existing 0 500000 5000000] [--rows N] [--chunk N] [--pragma NAME=VALUE …]

Keys come in random order, the worst case: each row of a chunk belongs into another page of the key's index, and each
commit writes these pages into the log, a checkpoint later into the database. A line for each number of existing rows:
processor time of a row (the chunk's statements, its commit with checkpoints), system calls and bytes written. Tables
are filled by plain SQL, with a cache that holds them, in the same order of keys.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tasktray.sample_data import scattered_key
from tests.worker.datasets.office import CUSTOMERS, FIELDS
from worker.datasets import tables
from worker.datasets.loader import Rows, create_loader
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.ids import new_id


def fill(path: Path, rows: int, after: int) -> None:
    """Other customers, with keys in no order."""
    chance = random.Random(2)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA cache_size=-1000000")
    connection.execute("PRAGMA synchronous=OFF")
    values = (
        (scattered_key(n), f"客户{int(chance.random() * 10**6)}", "上海", 12.5, "2026-01-01 00:00:00.000000")
        for n in range(after + 1, after + 1 + rows)
    )
    columns = "customer_no, name, city, credit_limit, updated_at"
    connection.executemany(f"INSERT INTO customers ({columns}) VALUES (?, ?, ?, ?, ?)", values)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def chunks(rows: int, size: int) -> Iterator[Rows]:
    """New customers."""
    rest = ["张三", "13800138000", "a@example.com", "91310000MA1K35XXXX", "中国", "上海市", "上海", "某某路100号"]
    for first in range(0, rows, size):
        numbers = range(first, min(first + size, rows))
        names = [f"客户{n}有限公司" for n in numbers]
        same: list[list[Any]] = [[value] * len(numbers) for value in (*rest, "200000", "A", 12.5, "2024-01-01")]
        yield Rows(len(numbers), [[scattered_key(n) for n in numbers], names, *same])


def _written() -> tuple[int, int]:
    """System calls and bytes of this process (Linux); zeros elsewhere."""
    place = Path("/proc/self/io")
    if not place.exists():
        return 0, 0
    said = dict(line.split(": ") for line in place.read_text().splitlines())
    return int(said["syscw"]), int(said["wchar"])


def measure(existing: int, asked: argparse.Namespace) -> None:
    """One line."""
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        path = Path(name) / "bench.db"
        database = Database(f"sqlite:///{path}")
        migrate(database, tables())
        fill(path, existing, asked.rows)
        database.dispose()

        @event.listens_for(database.engine, "connect")
        def _(connection: Any, record: Any) -> None:
            for pragma in asked.pragma:
                connection.execute(f"PRAGMA {pragma}")

        loader = create_loader(database, CUSTOMERS, FIELDS[:14], new_id())
        made = list(chunks(asked.rows, asked.chunk))
        work = commits = 0.0
        calls, size = _written()
        for rows in made:
            began = time.process_time()
            with database.write() as connection:
                loader.insert_new(connection, rows)
                done = time.process_time()
            work += done - began
            commits += time.process_time() - done
        calls_now, size_now = _written()
        database.dispose()
    print(
        f"  {existing:9,} rows before: {(work + commits) / asked.rows * 1e6:5.1f} µs of processor a row"
        f" (statements {work / asked.rows * 1e6:.1f}, commits {commits / asked.rows * 1e6:.1f});"
        f" {(calls_now - calls) / asked.rows:.2f} writes, {(size_now - size) / asked.rows:,.0f} bytes written",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--existing", type=int, nargs="+", default=[0, 500_000, 5_000_000])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--chunk", type=int, default=2000)
    parser.add_argument("--pragma", nargs="*", default=[], help="e.g. wal_autocheckpoint=16000 cache_size=-96000")
    asked = parser.parse_args()
    print(f"{asked.rows:,} new rows with keys in random order, {asked.chunk:,} a chunk")
    for existing in asked.existing:
        measure(existing, asked)


if __name__ == "__main__":
    main()
