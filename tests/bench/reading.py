"""What it costs to read, check and write tables, beside the bare libraries in the same run.

    python -m tests.bench.reading [--rows 100000] [--rounds 3] [--slow]

Reading: customers of 14 columns with 1 % bad rows, as xlsx (inline strings, shared strings in memory and on disk, where
those past 32 MB of text lie) and csv (UTF-8, GB18030). Each floor is its bare reader (calamine's stream, `csv.reader`)
over the same file. `check` is the time of the checker as a share of the reading. PSS is the peak of a process that
opens and reads the file (Linux). Writing: the floor is the bare writer on rows that are in memory. `--slow` also
measures openpyxl, in and out, and an error workbook in which every row was rejected. The best of the rounds is taken.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tabular import shared_strings
from tabular.checker import Checker, Problem, Rejected
from tabular.error_workbook import ErrorWorkbook
from tabular.mapper import Mapping, propose
from tabular.source import ReadOptions, open_source
from tabular.writer import ExportWriter
from tasktray.sample_data import customers
from tests.bench.watching import watched
from worker.datasets.customers import CUSTOMERS

SCHEMA = CUSTOMERS.schema
_MEMORY = shared_strings._MEMORY


def best(rounds: int, run: Callable[[], Any]) -> float:
    """The cheapest of some runs, seconds of processor time: neighbours on the machine do not count."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times)


def bare_workbook(path: Path) -> int:
    """All rows through calamine's stream."""
    import python_calamine_plus as calamine

    book = calamine.CalamineWorkbook.from_path(str(path))
    count = sum(1 for _ in book.stream_sheet_by_index(0))
    book.close()
    return count


def bare_text(path: Path, encoding: str) -> int:
    """All rows through the standard library's reader."""
    with path.open(encoding=encoding, newline="") as file:
        return sum(1 for _ in csv.reader(file))


def read(path: Path) -> int:
    """Open and read in batches."""
    with open_source(path, ReadOptions(schema=SCHEMA)) as source:
        return sum(len(batch) for batch in source.batches())


def good_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """Open, map, read, check."""
    with open_source(path, ReadOptions(schema=SCHEMA)) as source:
        mapping = Mapping.automatic(propose(source.info.headers, source.samples(), SCHEMA), SCHEMA)
        checker = Checker(SCHEMA, mapping)
        for batch in source.batches():
            yield from checker.check(batch).good


def openpyxl_rows(path: Path) -> int:
    """All rows through openpyxl."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    count = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return count


def reading(folder: Path, rows: int, rounds: int, slow: bool) -> Path:
    """Measure reading; gives back the workbook."""
    print(f"{'reading':24} {'floor s':>8} {'read':>6} {'+check':>7} {'check/read':>11} {'PSS MB':>7}")
    files = [
        ("xlsx inline", "inline.xlsx", {}),
        ("xlsx shared", "shared.xlsx", {"shared_strings": True}),
        ("xlsx shared, on disk", "shared.xlsx", {"shared_strings": True}),
        ("csv utf-8", "utf8.csv", {}),
        ("csv gb18030", "gb.csv", {"encoding": "gb18030"}),
    ]
    for title, name, options in files:
        shared_strings._MEMORY = _MEMORY if not title.endswith("disk") else 0
        path = folder / name
        if not path.exists():
            customers(path, rows, rows // 100, **options)  # type: ignore[arg-type]
        if path.suffix == ".xlsx":
            floor = best(rounds, lambda p=path: bare_workbook(p))  # type: ignore[misc]
        else:
            encoding = str(options.get("encoding", "utf-8-sig"))
            floor = best(rounds, lambda p=path, e=encoding: bare_text(p, e))  # type: ignore[misc]
        plain = best(rounds, lambda p=path: read(p))  # type: ignore[misc]
        checked = best(rounds, lambda p=path: sum(1 for _ in good_rows(p)))  # type: ignore[misc]
        step = [
            sys.executable,
            "-m",
            "tests.bench.reading",
            "--read",
            str(path),
            "--memory",
            str(shared_strings._MEMORY),
        ]
        _, peak = watched(step)
        print(
            f"{title:24} {floor:8.2f} {plain / floor:6.2f} {checked / floor:7.2f} {(checked - plain) / plain:11.2f}"
            f" {peak:7.0f}",
            flush=True,
        )
    if slow:
        path = folder / "inline.xlsx"
        print(f"{'openpyxl, reading only':24} {best(1, lambda: openpyxl_rows(path)):8.2f} s")
    return folder / "inline.xlsx"


def writing(folder: Path, source: Path, rounds: int, slow: bool) -> None:
    """Measure writing the good rows of `source`."""
    import rustpy_xlsxwriter as rust

    rows = list(good_rows(source))
    names = [f.name for f in SCHEMA.fields]
    print(f"\n{'writing':24} {'floor s':>8} {'export':>7}")

    def bare_xlsx() -> None:
        numbers = (
            {n: float(v) if n == "credit_limit" and v is not None else v for n, v in zip(names, row, strict=True)}
            for row in rows
        )
        rust.write_worksheet(numbers, str(folder / "bare.xlsx"))

    def bare_csv() -> None:
        with (folder / "bare.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)

    for title, form, bare in (("xlsx", "xlsx", bare_xlsx), ("csv", "csv", bare_csv)):
        floor = best(rounds, bare)
        out = folder / f"out.{form}"
        took = best(rounds, lambda o=out, f=form: ExportWriter(o, SCHEMA, "zh_CN", f).write(iter(rows), len(rows)))  # type: ignore[misc]
        print(f"{title:24} {floor:8.2f} {took / floor:7.2f}", flush=True)
    if not slow:
        return
    import openpyxl

    def by_openpyxl() -> None:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
        book.save(folder / "slow.xlsx")

    def rejected() -> None:
        problem = Problem(4, "电子邮箱", "email", "not_an_email", {"value": "x"}, "x")
        with ErrorWorkbook(folder / "errors.xlsx", names, "zh_CN", SCHEMA) as workbook:
            for i, row in enumerate(rows):
                workbook.add(Rejected(i + 2, "S", list(row), [problem]))

    print(f"{'openpyxl, writing':24} {best(1, by_openpyxl):8.2f} s")
    print(f"{'error workbook':24} {best(1, rejected):8.2f} s for {len(rows)} rejected rows")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        shared_strings._MEMORY = asked.memory
        print(read(asked.read))
        return
    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        folder = Path(name)
        source = reading(folder, asked.rows, asked.rounds, asked.slow)
        writing(folder, source, asked.rounds, asked.slow)
    print(f"\npeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


if __name__ == "__main__":
    main()
