"""What an export costs, beside the fastest that there is for the same rows, and how much memory it needs.

    python -m tests.bench.export_customers [--rows 100000] [--rounds 2] [--database-url URL] [--openpyxl] [--formats …]

Customers of 15 columns. Each export runs as a job (submission, claim, snapshot, file, SHA-256, storage) in a process of
its own, whose peak PSS is watched. The floors, of the same run: for xlsx rustpy-xlsxwriter alone, on rows that are in
memory (and openpyxl's write-only mode with `--openpyxl`); for csv `sqlite3 -csv` or psql's `\\copy` of the same query,
neither of which guards against formulas. The best of the rounds is taken of each. The database is left filled, so that
a second run with the same `--database-url` goes on at once; `--folder` keeps SQLite's, too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import make_url

from tests.bench.reading import good_rows
from tests.bench.watching import watched
from tests.worker.datasets.office import CUSTOMERS, FIELDS, Office
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.db.schema import files, users
from worker.engine import kinds


def fill(database: Database, rows: int, folder: Path) -> None:
    """Let the table hold so many customers."""
    from tasktray.sample_data import customers

    with database.read() as connection:
        if connection.execute(select(func.count()).select_from(CUSTOMERS.table)).scalar_one() == rows:
            return
    with database.write() as connection:
        connection.execute(CUSTOMERS.table.delete())
    path = customers(folder / "customers.csv", rows).path
    made = good_rows(path)
    now = dt.datetime.now(dt.UTC)
    while chunk := [dict(zip(FIELDS, row, strict=True), updated_at=now) for row in itertools.islice(made, 20_000)]:
        with database.write() as connection:
            connection.execute(insert(CUSTOMERS.table), chunk)
    path.unlink()
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE customers")


def export(url: str, folder: Path, format: str) -> None:
    """One export as a job; what the process of its own runs."""
    kinds.load()
    database = Database(url)
    with database.write() as connection:  # an office engages its people anew
        connection.execute(update(users).values(username=users.c.id))
    office = Office(database, folder)
    office.submit("customers.export", format=format)
    began, cpu = time.perf_counter(), time.process_time()
    view = office.attempt()
    took = time.perf_counter() - began
    assert view.state == "succeeded", view.error
    busy = time.process_time() - cpu
    with database.read() as connection:
        print(took, busy, connection.scalar(select(files.c.size).where(files.c.job_id == view.id)))
    database.dispose()


def timed(work: Callable[[], Any]) -> float:
    """Seconds on the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _rows(database: Database) -> Iterator[list[Any]]:
    query = select(*(CUSTOMERS.table.c[name] for name in FIELDS)).order_by(CUSTOMERS.table.c.customer_no)
    credit = FIELDS.index("credit_limit")
    with database.read() as connection:
        for row in connection.execution_options(stream_results=True).execute(query):
            cells = list(row)
            cells[credit] = None if cells[credit] is None else float(cells[credit])
            yield cells


def floor(url: str, folder: Path, format: str) -> None:
    """The fastest writer alone; also in a process of its own."""
    rows = list(_rows(Database(url)))
    out = folder / "floor.xlsx"
    if format == "openpyxl":
        import openpyxl

        def write() -> None:
            book = openpyxl.Workbook(write_only=True)
            sheets = [book.create_sheet() for _ in range(-(-len(rows) // 1_048_575))]
            for i, row in enumerate(rows):
                sheets[i // 1_048_575].append(row)
            book.save(out)
    else:
        import rustpy_xlsxwriter as rust

        def write() -> None:
            parts = [rows[i : i + 1_048_575] for i in range(0, len(rows), 1_048_575)]
            sheets = [(f"S{i}", (dict(zip(FIELDS, r, strict=True)) for r in part)) for i, part in enumerate(parts)]
            rust.write_worksheets(sheets, str(out))

    cpu = time.process_time()
    print(timed(write), time.process_time() - cpu, out.stat().st_size)


def _bare_csv(database: Database, folder: Path) -> float:
    """`sqlite3 -csv` or `\\copy`, seconds."""
    query = f"SELECT {', '.join(FIELDS)} FROM customers ORDER BY customer_no"
    out = folder / "floor.csv"
    url = make_url(database.url)
    if database.dialect == "sqlite":
        command = ["sqlite3", "-csv", "-header", str(url.database), query]

        def run() -> None:
            with out.open("wb") as file:
                subprocess.run(command, check=True, stdout=file)
    else:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        command = ["psql", "-q", plain, "-c", f"\\copy ({query}) TO '{out}' CSV HEADER"]

        def run() -> None:
            subprocess.run(command, check=True)

    if not shutil.which(command[0]):
        raise SystemExit(f"{command[0]} is not installed")
    return timed(run)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; SQLite otherwise")
    parser.add_argument("--folder", type=Path, help="where SQLite's database is kept")
    parser.add_argument("--formats", nargs="+", default=["xlsx", "csv"])
    parser.add_argument("--openpyxl", action="store_true")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step, url, format = asked.step
        (export if step == "export" else floor)(url, asked.folder, format)
        return
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        folder = Path(name)
        keep = asked.folder or folder
        keep.mkdir(exist_ok=True)
        url = asked.database_url or f"sqlite:///{keep / f'export-{asked.rows}.db'}"
        database = Database(url)
        migrate(database, tables())
        fill(database, asked.rows, folder)
        for format in asked.formats:
            _measure(database, folder, format, asked.rounds, asked.openpyxl)
        database.dispose()


def _measure(database: Database, folder: Path, format: str, rounds: int, slow: bool) -> None:
    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(CUSTOMERS.table)).scalar_one()
    print(f"\n{format} of {count:,} rows from {database.dialect}")

    def step(what: str, form: str) -> tuple[list[float], float]:
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        said = ["--folder", str(work), "--step", what, database.url, form]
        return watched([sys.executable, "-m", "tests.bench.export_customers", *said])

    least = ours = cpu = 1e9
    peak = size = 0.0
    name = "rustpy-xlsxwriter alone"
    for _ in range(rounds):
        if format == "csv":
            name = "sqlite3 -csv" if database.dialect == "sqlite" else "psql \\copy"
            least = min(least, _bare_csv(database, folder))
        else:
            least = min(least, step("floor", format)[0][0])
        (took, busy, size), memory = step("export", format)
        ours, cpu, peak = min(ours, took), min(cpu, busy), max(peak, memory)
    print(f"  {name:28} {least:8.2f} s")
    print(
        f"  {'export':28} {ours:8.2f} s  {count / ours:9,.0f} rows/s  {ours / least:6.2f} x {name}; "
        f"{cpu:.2f} s of processor, {size / 1e6:.0f} MB, peak PSS {peak:.0f} MB",
        flush=True,
    )
    if format == "xlsx" and slow:
        by_openpyxl = step("floor", "openpyxl")[0][0]
        print(f"  {'openpyxl, write-only':28} {by_openpyxl:8.2f} s; the export takes {ours / by_openpyxl:.3f} of it")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
