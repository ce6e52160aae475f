"""What an import costs through the running system, beside its floors in the same run.

    python -m tests.bench.import_customers [--rows 1000000] [--formats xlsx csv] [--database-url URL] …

A system of API, one worker with one slot and scheduler is started on an empty database, and customers are imported:
14 columns, 1 % bad rows, with checks, chunks, checkpoints, undo journal and error workbook. Time is that of the job,
from its claim to its end. Beside it, in this process: the floor, which is the same reader and one bare `executemany`
(PostgreSQL: COPY into a stage and one INSERT … SELECT), without any check.

For each format: a tenth of the rows (for the cost per row), all rows new, the same file again (all unchanged), and with
every tenth row changed. `--existing N` fills the table with other customers first, `--keys` says in which order all
keys come; `--sheets N` spreads an xlsx over so many sheets; `--all-bad` rejects every row; `--new-only` ends
there; `--undo` takes the changed import back.

CPU is user + system time: of the worker with its slot, of its runner and of the process that reads for it. Memory is
the largest sum of their PSS, looked at twice a second (Linux).

`--profile` runs one import in this process, under cProfile.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from sqlalchemy import delete, insert

from tasktray.sample_data import customers, scattered_key
from tests.support_system import Office, tree, wait_ended
from tests.worker.datasets.office import CUSTOMERS, FIELDS
from tests.worker.datasets.office import Office as InProcess
from worker.actor import SYSTEM
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.db.schema import files, import_journal
from worker.db.types import db_now
from worker.engine import kinds
from worker.files.storage import Storage
from worker.ids import new_id
from worker.settings import Settings

_COLUMNS = FIELDS[:14]  # the file has no note
_LOOK_SECONDS = 0.5  # looking at the memory of a big process costs it some milliseconds


# ---------------------------------------------------------------- floors


def _raw_rows(path: Path) -> Iterable[list[Any]]:
    """The file by the bare reader."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            yield from reader
        return
    import python_calamine_plus as calamine

    book = calamine.CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        rows = iter(book.stream_sheet_by_name(name))
        next(rows)
        for row in rows:
            row[13] = str(row[13])  # a date
            yield row
    book.close()


def _floor_sqlite(path: Path, folder: Path) -> None:
    target = folder / "floor.db"
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE c ({', '.join(f'{n} TEXT' for n in _COLUMNS)}, PRIMARY KEY (customer_no))")
    marks = ", ".join("?" for _ in _COLUMNS)
    connection.execute("BEGIN IMMEDIATE")
    # A bad row's key may be missing or double.
    connection.executemany(f"INSERT OR IGNORE INTO c VALUES ({marks})", _raw_rows(path))
    connection.execute("COMMIT")
    connection.close()


def _floor_postgresql(path: Path, database: Database) -> None:
    with database.write() as connection:
        columns = ", ".join(f"{n} TEXT" for n in _COLUMNS)
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE floor ({columns}) ON COMMIT DROP")
        connection.exec_driver_sql("CREATE TABLE floor_target (LIKE floor, PRIMARY KEY (customer_no))")
        cursor = connection.connection.cursor()
        rows = iter(_raw_rows(path))
        with cursor.copy("COPY floor FROM STDIN (FORMAT csv)") as copy:
            while part := list(islice(rows, 10_000)):
                buffer = io.StringIO()
                csv.writer(buffer).writerows(part)
                copy.write(buffer.getvalue().encode())
        cursor.close()
        connection.exec_driver_sql(
            "INSERT INTO floor_target SELECT * FROM floor WHERE customer_no IS NOT NULL ON CONFLICT DO NOTHING"
        )
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE floor_target")


# ---------------------------------------------------------------- looking at the processes


@dataclass
class Watched:
    """What the worker and its children took.

    Attributes:
        cpu: user + system seconds by role.
        pss: largest sum of their proportional set sizes, bytes; 0 where the system does not tell.
    """

    cpu: dict[str, float] = field(default_factory=dict)
    pss: int = 0
    _first: dict[int, float] = field(default_factory=dict)

    def look(self, worker: int) -> None:
        """Once more."""
        total = 0
        seen: dict[str, float] = {}
        for process in tree(worker):
            with contextlib.suppress(psutil.Error, OSError):
                role = _role(worker, process)
                times = process.cpu_times()
                spent = times.user + times.system
                first = self._first.setdefault(process.pid, spent if role != "reader" else 0.0)
                seen[role] = seen.get(role, 0.0) + spent - first
                total += _pss(process.pid)
        for role, spent in seen.items():
            self.cpu[role] = max(spent, self.cpu.get(role, 0.0))
        self.pss = max(self.pss, total)


def _role(worker: int, process: psutil.Process) -> str:
    if process.pid == worker:
        return "slot"
    line = " ".join(process.cmdline())
    return "reader" if "worker.reading" in line else "runner"


def _pss(pid: int) -> int:
    path = Path(f"/proc/{pid}/smaps_rollup")
    if not path.exists():
        return 0
    line = next((line for line in path.read_text().splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024


# ---------------------------------------------------------------- the running system


class Bench:
    """One running system and the table that is imported into."""

    def __init__(self, office: Office, database: Database, folder: Path) -> None:
        self.office = office
        self.database = database
        self.folder = folder
        self.settings = Settings(_env_file=None, data=office.data, database_url=office.env["TASKTRAY_DATABASE_URL"])
        self.storage = Storage(self.settings)
        self.client = office.client()
        self.worker = next(program for program in office.programs if program.name.startswith("worker"))

    def imported(self, path: Path) -> tuple[Any, float, Watched]:
        """Import a file; gives the job, its time and what it took."""
        file_id = new_id()
        size, sha256 = self.storage.put(path, file_id)
        with self.database.write() as connection:
            connection.execute(
                insert(files).values(
                    id=file_id, owner_id=self._admin(), role="upload", name=path.name, content_type="text/plain",
                    size=size, sha256=sha256, storage_key=file_id, created_at=db_now(),
                )
            )  # fmt: skip
        return self._ended(self.client.submit("customers.import", {}, [file_id], key=str(uuid4())))

    def undone(self, job_id: str) -> tuple[Any, float, Watched]:
        """Take an import back."""
        return self._ended(self.client.undo(job_id, key=str(uuid4())))

    def _ended(self, job: Any) -> tuple[Any, float, Watched]:
        watched = Watched()
        while not job.ended:
            watched.look(self.worker.pid)
            time.sleep(_LOOK_SECONDS)
            job = self.client.job(job.id)
        job = wait_ended(self.client, job.id)
        assert job.state == "succeeded", (job.state, job.error)
        return job, (job.finished_at - job.started_at).total_seconds(), watched

    def _admin(self) -> str:
        from sqlalchemy import select

        from worker.db.schema import users

        with self.database.read() as connection:
            return str(connection.scalar(select(users.c.id).where(users.c.id != SYSTEM.user_id)))

    def empty(self, keep: bool) -> None:
        """Nothing imported; with `keep` the rows stay that no import has made."""
        with self.database.write() as connection:
            if self.database.dialect == "postgresql" and not keep:
                connection.exec_driver_sql("TRUNCATE customers, import_journal")
            else:
                made = CUSTOMERS.table.c.created_job.is_not(None)
                connection.execute(delete(CUSTOMERS.table).where(made) if keep else delete(CUSTOMERS.table))
                connection.execute(delete(import_journal))

    def fill(self, rows: int, scattered: bool, after: int) -> None:
        """Other customers, by plain SQL, with numbers from `after` on (or, in order, all before the file's)."""
        chance = random.Random(2)
        numbers = range(after + 1, after + 1 + rows)
        keys: Iterator[str] = (scattered_key(n) if scattered else f"B{n:010d}" for n in numbers)
        values = (
            (key, f"客户{int(chance.random() * 10**6)}", "上海", 12.5, "2026-01-01 00:00:00.000000") for key in keys
        )
        columns = "customer_no, name, city, credit_limit, updated_at"
        with self.database.write() as connection:
            cursor = connection.connection.cursor()
            if self.database.dialect == "sqlite":
                # All of the key's index in memory, or each page of it is written and read again some hundred times.
                (kept,) = cursor.execute("PRAGMA cache_size").fetchone()
                cursor.execute("PRAGMA cache_size=-1000000")
                cursor.executemany(f"INSERT INTO customers ({columns}) VALUES (?, ?, ?, ?, ?)", values)
                cursor.execute(f"PRAGMA cache_size={kept}")
            else:
                with cursor.copy(f"COPY customers ({columns}) FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
            cursor.close()
        if self.database.dialect == "postgresql":
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE customers")


def _show(name: str, rows: int, seconds: float, floor: float | None, watched: Watched | None = None) -> None:
    times = f"{seconds:8.2f} s {seconds / rows * 1e6:7.2f} µs/row"
    ratio = f"{seconds / floor:6.2f} x floor" if floor else ""
    took = ""
    if watched is not None:
        cpu = "  ".join(f"{role} {spent:.1f}" for role, spent in sorted(watched.cpu.items()))
        took = f"  CPU s: {cpu}   PSS {watched.pss / 1e6:.0f} MB"
    print(f"  {name:34} {times} {ratio:14}{took}", flush=True)


def _floor(path: Path, database: Database, folder: Path, rounds: int) -> tuple[float, float]:
    """Wall and CPU time of the best round."""
    best = (1e9, 1e9)
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        if database.dialect == "sqlite":
            _floor_sqlite(path, folder)
        else:
            _floor_postgresql(path, database)
        best = min(best, (time.perf_counter() - began, time.process_time() - cpu))
    return best


def _measure(bench: Bench, path: Path, args: argparse.Namespace, options: dict[str, Any]) -> None:
    rows = args.rows
    bad = rows if args.all_bad else rows // 100
    small = customers(path.with_stem("small"), rows // 10, bad // 10, **options).path
    _made(path, rows, bad, args.sheets, options)
    print(f"{path.suffix[1:]} on {bench.database.dialect}: {rows:,} rows, {bad:,} bad, {path.stat().st_size >> 20} MB")
    floor, floor_cpu = _floor(path, bench.database, bench.folder, args.rounds)
    _show("floor", rows, floor, floor, Watched({"all": floor_cpu}))
    if args.existing:
        bench.empty(keep=False)
        bench.fill(args.existing, args.keys == "random", rows)
    for name, one, count in (("a tenth of the rows, new", small, rows // 10), ("new", path, rows)):
        bench.empty(keep=bool(args.existing))
        job, took, watched = bench.imported(one)
        assert job.result["inserted"] + job.result["rejected"] == count, job.result
        # The floor of a tenth is a tenth of the floor.
        _show(name, count, took, floor * count / rows, watched)
    if args.all_bad:
        _compare(bench, job, path)
    if args.all_bad or args.new_only:
        return
    inserted = job.result["inserted"]
    job, took, watched = bench.imported(path)
    assert job.result["unchanged"] == inserted, job.result
    _show("again, all unchanged", rows, took, floor, watched)
    changed = path.with_stem("changed")
    _made(changed, rows, bad, args.sheets, options | {"changed_every": 10})
    job, took, watched = bench.imported(changed)
    assert 0 < job.result["updated"] <= rows // 10, job.result
    _show("again, a tenth changed", rows, took, floor, watched)
    if args.undo:
        updated = job.result["updated"]
        job, took, watched = bench.undone(job.id)
        assert job.result["restored"] == updated, job.result
        _show("that taken back", updated, took, None, watched)


def _compare(bench: Bench, job: Any, path: Path) -> None:
    """See that the error workbook holds every row of a csv as it is, in its order."""
    import python_calamine_plus as calamine
    from sqlalchemy import select

    with bench.database.read() as connection:
        key = connection.scalar(select(files.c.storage_key).where(files.c.job_id == job.id, files.c.role == "errors"))
    book = calamine.CalamineWorkbook.from_path(str(bench.storage.local_path(str(key))))
    began, sheets = time.perf_counter(), book.sheet_names
    with path.open(encoding="utf-8-sig", newline="") as file:
        source = csv.reader(file)
        next(source)
        for name in sheets:
            rows = iter(book.stream_sheet_by_name(name))
            next(rows)
            for row in rows:
                assert [cell or "" for cell in row[3:]] == next(source), row
                assert row[2], row
        assert next(source, None) is None
    book.close()
    print(
        f"  the error workbook holds them all, in {len(sheets)} sheets; compared in {time.perf_counter() - began:.0f} s"
    )


def _made(path: Path, rows: int, bad: int, sheets: int, options: dict[str, Any]) -> None:
    if sheets == 1 or path.suffix != ".xlsx":
        customers(path, rows, bad, **options)
        return
    import rustpy_xlsxwriter as rust

    from tasktray import sample_data

    def sheet(number: int) -> Iterator[dict[str, Any]]:
        each = rows // sheets
        faults = {n: sample_data.KINDS[n % 7] for n in range(50, each, rows // bad)}
        made = sample_data._rows(each, faults, random.Random(number), number * each + 1)
        made = sample_data._varied(made, False, options.get("changed_every", 0))
        return (dict(zip(sample_data.HEADERS, row, strict=True)) for row in made)

    names = [f"S{n}" for n in range(sheets)]
    date = {sample_data.HEADERS[-1]: rust.Format().set_num_format("yyyy-mm-dd")}
    rust.write_worksheets(
        [(name, sheet(n)) for n, name in enumerate(names)],
        str(path),
        column_formats=dict.fromkeys(names, date),
        dedupe_strings=dict.fromkeys(names, options.get("shared_strings", False)),
    )


def _profile(args: argparse.Namespace, folder: Path) -> None:
    import cProfile
    import pstats

    database = Database(args.database_url or f"sqlite:///{folder / 'bench.db'}")
    migrate(database, tables())
    kinds.load()
    office = InProcess(database, folder)
    for format in args.formats:
        path = customers(folder / f"customers.{format}", args.rows, args.rows // 100).path
        office.submit("customers.import", [office.upload(path)])
        profile = cProfile.Profile()
        profile.runcall(office.attempt)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    database.dispose()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--formats", nargs="+", default=["xlsx", "csv"], choices=["xlsx", "csv"])
    parser.add_argument("--inline", action="store_true", help="an xlsx with inline strings instead of shared ones")
    parser.add_argument("--encoding", default="utf-8-sig", help="of the csv, e.g. gb18030 (no floor for others)")
    parser.add_argument("--rounds", type=int, default=1, help="of the floor; the best counts")
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; SQLite otherwise")
    parser.add_argument("--existing", type=int, default=0, help="rows that are in the table before")
    parser.add_argument("--keys", choices=["ascending", "random"], default="ascending")
    parser.add_argument("--sheets", type=int, default=1)
    parser.add_argument("--all-bad", action="store_true")
    parser.add_argument("--new-only", action="store_true", help="leave out what imports the file again")
    parser.add_argument("--undo", action="store_true")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        folder = Path(name)
        if args.profile:
            _profile(args, folder)
            return
        office = Office(
            folder, args.database_url, SLOTS="1", LEASE_SECONDS="45", HEARTBEAT_SECONDS="15", PROGRESS_SECONDS="0.5",
            SWEEP_SECONDS="5", LOOK_SECONDS="0.5",
        )  # fmt: skip
        try:
            office.start()
            database = Database(
                args.database_url or f"sqlite:///{office.data / 'tasktray.db'}", lock_timeout_seconds=120
            )
            bench = Bench(office, database, folder)
            for format in args.formats:
                options: dict[str, Any] = {"scattered": args.keys == "random"}
                options |= {"shared_strings": not args.inline} if format == "xlsx" else {"encoding": args.encoding}
                if args.all_bad:
                    options["kinds"] = ("missing_name", "bad_email", "bad_date", "negative_credit")
                _measure(bench, folder / f"customers.{format}", args, options)
            bench.client.close()
            database.dispose()
        finally:
            office.stop()


if __name__ == "__main__":
    main()
