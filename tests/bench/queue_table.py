"""The queue table with 100,000 rows: what sorting, filtering and updating cost, beside Python's own sort of the rows.

.venv/bin/python tests/bench/queue_table.py [rows]
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.queue.columns import BY_NAME, COLUMNS
from desktop.queue.model import QueueModel
from desktop.queue.rows import JobRow, needle
from desktop.queue.table import QueueTable

STATES = ("succeeded",) * 90 + ("failed",) * 5 + ("cancelled",) * 3 + ("running", "pending")


def row(number: int, random_: random.Random) -> JobRow:
    """A job as a server would tell it."""
    title = f"customers_{random_.randrange(10**6):06}.xlsx"
    return JobRow(
        id=f"job-{number:07}", kind="customers.import", kind_title="Import customers", title=title,
        state=random_.choice(STATES), progress=random_.random() * 100, rows_done=random_.randrange(10**6),
        rows_total=10**6, created=1.8e9 + number, owner=random_.choice(("li", "wang", "zhao")), version=1,
        needle=needle(title, "Import customers", f"job-{number:07}"),
    )  # fmt: skip


def clock(do: Callable[[], object], times: int = 1) -> float:
    """Median milliseconds of `do`."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    application = QApplication([])
    random_ = random.Random(1)
    rows = [row(number, random_) for number in range(total)]
    model = QueueModel()
    table = QueueTable(model)
    table.resize(1300, 700)
    table.show()
    key = COLUMNS[BY_NAME["title"]].key
    floor = clock(lambda: sorted(rows, key=lambda r: (key(r), r.id)), 3)
    print(f"{total:,} rows; floor: sorted() of the rows by title {floor:.0f} ms\n")

    def line(name: str, milliseconds: float) -> None:
        print(f"{name:<52}{milliseconds:9.2f} ms   {milliseconds / floor:6.2f} x floor")

    line("all rows come in at once", clock(lambda: table.apply(rows)))
    table.apply([], [r.id for r in rows])
    pages = [rows[max(0, end - 200) : end] for end in range(total, 0, -200)]
    taken = [clock(lambda page=page: table.apply(page)) for page in pages]
    line("they come in pages of 200: longest page", max(taken))
    application.processEvents()

    def sort(name: str) -> Callable[[], None]:
        def do() -> None:
            model.sort(BY_NAME[name], Qt.SortOrder.AscendingOrder)
            application.processEvents()

        return do

    line("sort by title", clock(sort("title")))
    line("sort by state", clock(sort("state")))
    line("turn the order round", clock(lambda: model.sort(BY_NAME["state"], Qt.SortOrder.DescendingOrder)))
    model.sort(BY_NAME["submitted"], Qt.SortOrder.DescendingOrder)
    line("filter: failed", clock(lambda: model.set_filter("failed")))
    line("filter: all again", clock(lambda: model.set_filter("all")))
    line("search: 99", clock(lambda: model.set_filter("all", "99")))
    line("search: none again", clock(lambda: model.set_filter("all")))
    running = [r for r in rows if r.state == "running"][:200]
    tick = [0]

    def poll(number: int) -> Callable[[], None]:
        def do() -> None:
            tick[0] += 1
            table.apply(
                [replace(r, progress=(r.progress + tick[0]) % 100, version=1 + tick[0]) for r in running[:number]]
            )

        return do

    for number in (1, 20, 200):
        line(f"poll with {number} changed rows, sorted by time", clock(poll(number), 20))
    model.sort(BY_NAME["progress"], Qt.SortOrder.DescendingOrder)
    for number in (1, 20):
        line(f"poll with {number} moved rows, sorted by progress", clock(poll(number), 20))
    line("poll with 200 moved rows, sorted by progress", clock(poll(200), 5))
    line("repaint of the table", clock(lambda: table.viewport().repaint(), 20))


if __name__ == "__main__":
    main()
