"""Does the window stay alive? Gaps of a 5 ms timer in the GUI thread while 100,000 rows are imported, beside those of
the same window idle; and the longest of our own slots.

    .venv/bin/python -m tests.bench.window_alive [rows]
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QPushButton

from desktop import controller, feed, outgoing, statusline, submissions, transfers, window
from desktop.app import create
from desktop.details import pane
from desktop.operations import Operations
from desktop.parts import turns
from desktop.queue import table
from desktop.submit import announcing, dialog, files, preview
from tasktray.sample_data import customers
from tests.support_system import embedded_system

BEAT_MS = 5
_taken: dict[str, tuple[float, float]] = {}


def watch(owner: type, name: str) -> None:
    """Note the longest run of a method of ours that the event loop calls."""
    original = getattr(owner, name)
    # Signals give more arguments than a slot may take; PySide sees that by the slot's signature, which ours hides.
    most = len(inspect.signature(original).parameters) if inspect.isfunction(original) else None

    @functools.wraps(original)
    def timed(*arguments: Any, **options: Any) -> Any:
        began, worked = time.perf_counter(), time.thread_time()
        try:
            return original(*arguments[:most], **options)
        finally:
            # By its own work: on a machine that others load, too, the clock tells mostly about those.
            taken = (time.thread_time() - worked) * 1000, (time.perf_counter() - began) * 1000
            key = f"{owner.__name__}.{name}"
            _taken[key] = max(_taken.get(key, (0.0, 0.0)), taken)

    setattr(owner, name, timed)


for owner, names in (
    (Operations, ("_deliver",)),
    (controller.Controller, ("_answered", "_lost")),
    (feed.Feed, ("_answered", "_ask", "take")),
    (submissions.Submissions, ("files", "_accepted", "_added")),
    (outgoing.Outgoing, ("_changed", "_moved", "wake")),
    (transfers.Transfers, ("_progress",)),
    (statusline.StatusLine, ("_refresh",)),
    (window.MainWindow, ("_apply", "_current", "_refresh_details")),
    (table.QueueTable, ("apply", "paintEvent")),
    (turns.Turns, ("_step",)),
    (pane.DetailsPane, ("show_row", "_details", "paintEvent")),
    (dialog.SubmitDialog, ("__init__", "_kind_chosen", "_make_form", "_judge", "submit", "_estimate")),
    (preview.Preview, ("__init__", "refresh")),
    (files.FileSet, ("show", "_seen")),
    (announcing.Announcing, ("_refresh",)),
):
    for name in names:
        if hasattr(owner, name):
            watch(owner, name)


class Heart(QTimer):
    """Beats every 5 ms and keeps the gaps between its beats."""

    def __init__(self) -> None:
        super().__init__()
        self.setTimerType(Qt.TimerType.PreciseTimer)
        self.setInterval(BEAT_MS)
        self.gaps: list[float] = []
        self._last = 0.0
        self.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        if self._last:
            self.gaps.append((now - self._last) * 1000)
        self._last = now

    def measure(self, run: Callable[[], None]) -> list[float]:
        """The gaps, in milliseconds, while `run` turns the event loop."""
        self.gaps, self._last = [], 0.0
        self.start()
        run()
        self.stop()
        return sorted(self.gaps)


def turn(until: Callable[[], bool], seconds: float) -> bool:
    """Turn the event loop until something is true, or for so long."""
    timer = QTimer()
    deadline = time.monotonic() + seconds
    reached = [False]

    def look() -> None:
        reached[0] = until()
        if reached[0] or time.monotonic() > deadline:
            loop.quit()  # the application's own quit would close the windows

    loop = QEventLoop()
    timer.timeout.connect(look)
    timer.start(50)
    loop.exec()
    timer.stop()
    return reached[0]


def tell(name: str, gaps: list[float]) -> None:
    """One line of the result."""
    p999 = gaps[min(len(gaps) - 1, int(len(gaps) * 0.999))]
    middle = gaps[len(gaps) // 2]
    print(f"{name:<20}{len(gaps):7,} beats  median {middle:5.1f} ms  p99.9 {p999:6.1f} ms  longest {gaps[-1]:6.1f} ms")


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, embedded_system(Path(folder)) as system:
        path = Path(folder) / "customers.xlsx"
        customers(path, rows, bad_rows=rows // 200)
        application, main_window = create(
            ["--data", str(system.data), "--profile", f"{folder}/profile", "--language", "en"]
        )
        application.setQuitOnLastWindowClosed(False)
        main_window.show()
        heart = Heart()
        assert turn(lambda: main_window.controller.online and bool(main_window.controller.kinds), 60)
        idle = heart.measure(lambda: turn(lambda: False, 15))
        _taken.clear()
        ended: list[str] = []

        def job_ended() -> bool:
            found = [r for r in main_window.page.model.all_rows() if r.kind == "customers.import" and r.ended]
            ended[:] = [f"{r.state}, {r.rows_done:,} rows, {(r.finished or 0) - (r.started or 0):.1f} s" for r in found]
            return bool(found)

        def busy_run() -> None:
            submit = main_window.submit_files([path])
            turn(lambda: submit.files.decision() is not None, 60)
            submit.findChild(QPushButton, "submitButton").click()
            turn(lambda: bool(main_window.page.model.all_rows()), 60)
            main_window.show_job(main_window.page.model.all_rows()[0].id)
            turn(job_ended, 300)

        busy = heart.measure(busy_run)
        main_window.controller.close()
        print(f"import through the window: {ended[0] if ended else 'did not end'}\n")
        tell("window idle", idle)
        tell("during the import", busy)
        print("\nlongest runs of our own slots, CPU time of the GUI thread (and by the clock):")
        for name, (worked, taken) in sorted(_taken.items(), key=lambda item: -item[1][0])[:16]:
            print(f"  {worked:7.2f} ms  ({taken:7.2f} ms)  {name}")


if __name__ == "__main__":
    main()
