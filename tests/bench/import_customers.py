"""How long an import and an export take, beside their floors in the same run.

    python -m tests.bench.import_customers [--rows 100000] [--rounds 2] [--database-url URL] [--profile]

Import: a file of 14 columns with 1 % bad rows, through submission, claim, checks, chunks, checkpoints and the error
workbook, in this process. Its floor: the same reader and one bare `executemany` (PostgreSQL: COPY), without any check;
beside it `sqlite3 .import` of the same csv, where the program is there. Export: its floor is the writer alone on rows
that are in memory. Ratios are what counts; the best of the rounds is taken of each.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tasktray.sample_data import customers
from tests.worker.datasets.office import CUSTOMERS, FIELDS, Office
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.engine import kinds

_COLUMNS = FIELDS[:14]  # the file has no note


def _raw_rows(path: Path) -> Iterable[list[Any]]:
    """The file by the bare reader."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            yield from reader
        return
    import python_calamine_plus as calamine

    book = calamine.load_workbook(str(path))
    rows = iter(book.get_sheet_by_index(0).iter_rows())
    next(rows)
    yield from rows
    book.close()


def _floor_sqlite(path: Path, folder: Path) -> float:
    target = folder / "floor.db"
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE c ({', '.join(f'{n} TEXT' for n in _COLUMNS)}, PRIMARY KEY (customer_no))")
    marks = ", ".join("?" for _ in _COLUMNS)
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    # A bad row's key may be missing or double.
    connection.executemany(f"INSERT OR IGNORE INTO c VALUES ({marks})", _bindable(_raw_rows(path)))
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def _bindable(rows: Iterable[list[Any]]) -> Iterable[list[Any]]:
    """Dates of a workbook as texts; nothing to do for a text file."""
    for row in rows:
        if row[13].__class__ is not str:
            row[13] = str(row[13])
        yield row


def _floor_postgresql(path: Path, database: Database) -> float:
    began = time.perf_counter()
    with database.write() as connection:
        columns = ", ".join(f"{n} TEXT" for n in _COLUMNS)
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE floor ({columns}) ON COMMIT DROP")
        connection.exec_driver_sql("CREATE TABLE floor_target (LIKE floor, PRIMARY KEY (customer_no))")
        buffer = io.StringIO()
        csv.writer(buffer).writerows(_bindable(_raw_rows(path)))
        cursor = connection.connection.cursor()
        with cursor.copy("COPY floor FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getvalue().encode())
        cursor.close()
        connection.exec_driver_sql(
            "INSERT INTO floor_target SELECT * FROM floor WHERE customer_no IS NOT NULL ON CONFLICT DO NOTHING"
        )
    took = time.perf_counter() - began
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE floor_target")
    return took


def _sqlite_import(path: Path, folder: Path) -> float | None:
    if path.suffix != ".csv" or not shutil.which("sqlite3"):
        return None
    target = folder / "import.db"
    target.unlink(missing_ok=True)
    script = f"CREATE TABLE c ({', '.join(f'{n} TEXT' for n in _COLUMNS)});\n.mode csv\n.import --skip 1 {path} c\n"
    began = time.perf_counter()
    subprocess.run(["sqlite3", target], input=script.encode(), check=True, capture_output=True)
    return time.perf_counter() - began


def _timed(work: Callable[..., Any], *values: Any) -> float:
    began = time.perf_counter()
    work(*values)
    return time.perf_counter() - began


def _empty(database: Database) -> None:
    with database.write() as connection:
        connection.execute(CUSTOMERS.table.delete())
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE customers")


def _attempt(office: Office, path: Path, **params: Any) -> tuple[float, Any]:
    office.submit("customers.import", [office.upload(path)], **params)
    began = time.perf_counter()
    view = office.attempt()
    took = time.perf_counter() - began
    assert view.state == "succeeded", view.error
    return took, view.result


def _import(office: Office, path: Path, rounds: int, folder: Path) -> None:
    best: dict[str, float] = {}

    def note(name: str, seconds: float | None) -> None:
        if seconds is not None:
            best[name] = min(seconds, best.get(name, 1e9))

    for _ in range(rounds):
        _empty(office.database)
        floor = (
            _floor_sqlite(path, folder)
            if office.database.dialect == "sqlite"
            else _floor_postgresql(path, office.database)
        )
        note("floor", floor)
        note("sqlite3 .import", _sqlite_import(path, folder))
        took, result = _attempt(office, path)
        note("import", took)
        took, again = _attempt(office, path)
        note("import again, all unchanged", took)
    print(f"{path.suffix[1:]} on {office.database.dialect}: {result['rows']:,} rows, {result['rejected']:,} rejected")
    assert again["unchanged"] == result["inserted"], again
    _table(result["rows"], best, best["floor"])


def _export(office: Office, format: str, rounds: int, folder: Path) -> None:
    from tabular.writer import ExportWriter

    rows = [tuple(row[name] for name in FIELDS) for row in office.rows().values()]
    floor = ours = 1e9
    for _ in range(rounds):
        path = folder / f"floor.{format}"
        floor = min(floor, _timed(_write_floor, path, format, rows))
        writer = ExportWriter(folder / f"writer.{format}", CUSTOMERS.schema, "en", format)  # type: ignore[arg-type]
        alone = _timed(writer.write, iter(rows), len(rows))
        office.submit("customers.export", format=format)
        ours = min(ours, _timed(office.attempt))
    print(f"export {format} of {len(rows):,} rows from {office.database.dialect}")
    _table(len(rows), {"fastest writer alone": floor, "our writer alone": alone, "export": ours}, floor)


def _table(rows: int, times: dict[str, float], floor: float) -> None:
    for name, seconds in times.items():
        print(f"  {name:30} {seconds:8.2f} s  {rows / seconds:10,.0f} rows/s  {seconds / floor:6.2f} x floor")


def _write_floor(path: Path, format: str, rows: list[tuple[Any, ...]]) -> None:
    if format == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
        return
    import rustpy_xlsxwriter as rust

    cells = ([float(v) if v.__class__.__name__ == "Decimal" else v for v in row] for row in rows)
    rust.write_worksheets([("Data", (dict(zip(FIELDS, row, strict=True)) for row in cells))], str(path))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; SQLite otherwise")
    parser.add_argument("--formats", nargs="+", default=["csv", "xlsx"])
    parser.add_argument("--profile", action="store_true", help="of one import, by cProfile")
    args = parser.parse_args()
    kinds.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(args.database_url or f"sqlite:///{folder / 'bench.db'}")
        migrate(database, tables())
        office = Office(database, folder)
        for format in args.formats:
            path = folder / f"customers.{format}"
            customers(path, args.rows, args.rows // 100)
            if args.profile:
                import cProfile
                import pstats

                office.submit("customers.import", [office.upload(path)])
                profile = cProfile.Profile()
                profile.runcall(office.attempt)
                pstats.Stats(profile).sort_stats("tottime").print_stats(28)
                _empty(database)
                continue
            _import(office, path, args.rounds, folder)
            _export(office, format, args.rounds, folder)
        database.dispose()


if __name__ == "__main__":
    main()
