"""What a backup and a restore cost, beside the bare copy of the same database.

    python -m tests.bench.backup [--rows 1000000] [--database-url URL]

`URL` names an empty database; without it SQLite is measured. The floor is what copies without looking: SQLite's backup
interface into a file, or `pg_dump` alone. The ratio is the price of counts, checksums, compression and of reading it
back. CPU is user + system time of this process and of the programs that it starts (not of a PostgreSQL server); memory
is the largest resident size of this process.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.engine import make_url

from tests.worker.datasets.office import CUSTOMERS
from worker.backup import clients, postgresql
from worker.backup.backup import check, create
from worker.backup.restore import restore
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.db.types import db_now
from worker.settings import Settings

_PAGE = 20_000


def silent(stage: str, done: int | None, total: int | None) -> None:
    """Nobody listens."""


def fill(database: Database, rows: int) -> None:
    """Customers, as wide as those of an office."""
    migrate(database, tables())
    for start in range(0, rows, _PAGE):
        page = [
            {
                "customer_no": f"C{number:08}", "name": f"客户公司 {number}", "contact": "王小明",
                "phone": "13800138000", "email": f"c{number}@example.com", "city": "上海",
                "address": f"中山路 {number} 号", "postal_code": "200000",
            }
            for number in range(start, min(start + _PAGE, rows))
        ]  # fmt: skip
        with database.write() as connection:
            connection.execute(insert(CUSTOMERS.table).values(updated_at=db_now()), page)


def timed(what: str, work: Callable[[], object], floor: float | None = None) -> float:
    """Do it and print what it took; gives the wall time."""

    def cpu() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(use.ru_utime + use.ru_stime for use in both)

    began, used = time.perf_counter(), cpu()
    work()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = f"  {took / floor:5.1f} × floor" if floor else ""
    print(f"{what:22} {took:7.1f} s  cpu {cpu() - used:6.1f} s  peak {peak:5.0f} MB{ratio}")
    return took


def floor_of(database: Database, folder: Path) -> Callable[[], object]:
    """The bare copy."""
    if database.dialect == "postgresql":
        with postgresql.connected(database.url) as connection:
            program = clients.find(postgresql.server_version(connection)).pg_dump
        target = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return lambda: subprocess.run([program, f"--dbname={target}", f"--file={folder / 'floor.sql'}"], check=True)

    def copy() -> None:
        source = sqlite3.connect(str(make_url(database.url).database))
        with closing(source), closing(sqlite3.connect(folder / "floor.db")) as target:
            source.backup(target)

    return copy


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(_env_file=None, data=folder / "data", database_url=options.database_url)
        database = Database(settings.effective_database_url)
        timed(f"fill ({options.rows} rows)", lambda: fill(database, options.rows))
        floor = timed("floor: bare copy", floor_of(database, folder))
        made = []
        timed("backup, not read back", lambda: create(database, folder / "b", silent, verify=False), floor)
        timed("backup", lambda: made.append(create(database, folder / "b", silent)), floor)
        timed("check", lambda: check(database, made[0].path, folder / "check", silent), floor)
        print(f"{'file':22} {made[0].size / 1e6:7.1f} MB of {made[0].manifest.dump.size / 1e6:.1f} MB")
        database.dispose()
        timed("restore, with a copy", lambda: restore(settings, made[0].path, silent, force=True), floor)


if __name__ == "__main__":
    main()
