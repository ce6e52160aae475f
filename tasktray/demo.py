"""`./run demo`: the main job, unattended, on the sample data, through the real window of a real embedded system.

Nothing here is staged: the same processes, the same window and the same files as a clerk would use. Every count that
is printed is checked; the exit status is 0 only when all of them are right.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktray import sample_data

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from desktop.queue.rows import JobRow
    from desktop.window import MainWindow

ROOT = Path(__file__).parent.parent
NORTHWIND = ROOT / "tests" / "data" / "northwind-customers.csv"
NORTHWIND_ROWS = 91
ENDED = ("succeeded", "failed", "cancelled")
_TO_CANCEL = 400_000  # rows


class DemoFailed(Exception):
    """Something did not come out as it must; the message says what."""


@contextmanager
def embedded_system(data: Path) -> Iterator[None]:
    """`tasktray up` on `data`, with its API, worker, scheduler and broker; stopped at the end."""
    log = data.parent / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tasktray", "up", "--data", str(data), "--port", "0", "--no-desktop"],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        try:
            deadline = time.monotonic() + 90
            while not (data / "connection.json").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise DemoFailed(f"the embedded system did not start:\n{log.read_text(errors='replace')}")
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Demo:
    """Drives the window as a clerk would and checks what it shows.

    Attributes:
        screens: folder for the screenshots.
        window: the present window.
    """

    def __init__(self, application: QApplication, window: MainWindow, screens: Path) -> None:
        self.application = application
        self.window = window
        self.screens = screens
        self.began = time.monotonic()

    def say(self, words: str) -> None:
        """A line for the person at the terminal."""
        print(f"[{time.monotonic() - self.began:5.1f} s] {words}", flush=True)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Let the window live until `condition` holds.

        Raises:
            DemoFailed: it did not within `seconds`.
        """
        from PySide6.QtCore import QEventLoop, QTimer

        deadline = time.monotonic() + seconds
        loop, found = QEventLoop(), []

        def look() -> None:
            value = condition()
            if value or time.monotonic() > deadline:
                found.append(value)
                loop.quit()

        timer = QTimer()
        timer.setInterval(20)
        timer.timeout.connect(look)
        timer.start()
        loop.exec()
        timer.stop()
        if not found[0]:
            raise DemoFailed(f"{what} did not happen within {seconds:.0f} s")
        return found[0]

    def shot(self, name: str) -> None:
        """Keep a picture of the window, with the dialog that lies on it."""
        from PySide6.QtCore import QEventLoop, QPoint, QTimer
        from PySide6.QtGui import QPainter

        loop = QEventLoop()  # two more turns of the event loop, so that layouts and animations are through
        QTimer.singleShot(250, loop.quit)
        loop.exec()
        picture = self.window.grab()
        modal = self.application.activeModalWidget()
        if modal is not None:
            painter = QPainter(picture)
            painter.fillRect(picture.rect(), "#50000000")
            offset = QPoint((self.window.width() - modal.width()) // 2, (self.window.height() - modal.height()) // 2)
            painter.drawPixmap(offset, modal.grab())
            painter.end()
        path = self.screens / f"{name}.png"
        picture.save(str(path))
        self.say(f"  screenshot: {_relative(path)}")

    def row(self, job_id: str) -> JobRow | None:
        """The line of a job in the queue table."""
        return self.window.page.model.job(job_id)

    def submit(self, kind: str, files: list[Path], params: dict[str, Any], picture: str | None = None) -> str:
        """Fill the submit dialog and press its button; gives the job's id."""
        accepted: list[str] = []

        def keep(entry_id: str, job: Any) -> None:
            accepted.append(job.id)

        outgoing = self.window.controller.outgoing
        outgoing.accepted.connect(keep)
        dialog = self.window.submit_files(files, kind) if files else self.window.new_job(kind)
        if files:
            self._wait_for_look(dialog)
        dialog.set_params(params)
        if picture:
            self.shot(picture)
        dialog.submit()
        self.wait(lambda: accepted, f"the acceptance of {kind}")
        outgoing.accepted.disconnect(keep)
        self.wait(lambda: self.row(accepted[0]), "the job's line in the table")
        return accepted[0]

    def _wait_for_look(self, dialog: Any) -> None:
        looked: list[object] = []
        dialog.files.looked.connect(looked.append)
        self.wait(lambda: looked, "the look at the file")

    def follow(self, job_id: str, picture: str | None = None) -> JobRow:
        """Wait until a job has ended, saying how far it is; a picture is taken in the middle."""
        said = -25.0

        def look() -> JobRow | None:
            nonlocal said
            row = self.row(job_id)
            if row is not None and row.state == "running" and row.progress - said >= 25:
                said = row.progress
                rate = f", {row.rate:,.0f} rows/s" if row.rate else ""
                self.say(f"  {row.progress:3.0f} %  {row.stage}  {row.rows_done or 0:,} rows{rate}")
            return row

        if picture:
            self.wait(lambda: (r := look()) and (r.progress > 15 or r.state in ENDED), f"the start of job {job_id}")
            self.window.show_job(job_id)
            self.shot(picture)
        row: JobRow = self.wait(lambda: (r := look()) and r.state in ENDED and r, f"the end of job {job_id}", 300)
        return row

    def expect(self, row: JobRow, **counts: int) -> None:
        """Check a job's result against `counts`.

        Raises:
            DemoFailed: with both.
        """
        if row.state != "succeeded":
            raise DemoFailed(f"{row.title}: {row.state} {row.error}")
        result = dict(row.result or {})
        for name, count in counts.items():
            if result.get(name) != count:
                raise DemoFailed(f"{row.title}: {name} is {result.get(name)}, not {count}; the result is {result}")

    def download(self, row: JobRow, role: str) -> Path:
        """Fetch a result file through the window."""
        file = next(f for f in row.files if f.role == role)
        transfers = self.window.controller.transfers
        transfers.fetch(file)
        path: Path = self.wait(lambda: transfers.path(file.id), f"the download of {file.name}")
        self.say(f"  downloaded {path.name}, {path.stat().st_size:,} bytes")
        return path


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)


def _run(demo: Demo, folder: Path, rows: int, bad_rows: int) -> None:
    window = demo.window
    demo.wait(lambda: window.controller.online, "the connection")
    demo.wait(lambda: window.controller.kinds, "the list of kinds")
    demo.shot("1-empty")

    demo.say(f"Importing {NORTHWIND.name}: its header needs mapping, NULL means empty")
    job = demo.submit("customers.import", [NORTHWIND], {"mode": "upsert"}, "2-submit")
    row = demo.follow(job)
    demo.expect(row, rows=NORTHWIND_ROWS, inserted=NORTHWIND_ROWS, rejected=0)
    demo.say(f"  {NORTHWIND_ROWS} customers imported")

    big = folder / "客户资料-华东分公司.xlsx"
    demo.say(f"Writing a workbook of {rows:,} customers, {bad_rows} of them bad in 8 ways")
    sample_data.customers(big, rows, bad_rows)
    demo.say(f"Importing it ({big.stat().st_size:,} bytes)")
    job = demo.submit("customers.import", [big], {"mode": "upsert"})
    row = demo.follow(job, "3-importing")
    demo.expect(row, rows=rows, inserted=rows - bad_rows, rejected=bad_rows, updated=0, unchanged=0, skipped=0)
    demo.say(f"  {rows - bad_rows:,} imported + {bad_rows:,} rejected = {rows:,}")
    window.show_job(job)
    demo.wait(lambda: window.details.row and window.details.row.id == job, "the details")
    demo.shot("4-imported")
    demo.download(row, "errors")

    for form in ("xlsx", "csv"):
        demo.say(f"Exporting all customers to {form}")
        job = demo.submit("customers.export", [], {"format": form})
        row = demo.follow(job)
        demo.expect(row, rows=NORTHWIND_ROWS + rows - bad_rows)
        exported = demo.download(row, "export")
        demo.say(f"Importing that {form} again")
        job = demo.submit("customers.import", [exported], {"mode": "upsert"})
        row = demo.follow(job)
        total = NORTHWIND_ROWS + rows - bad_rows
        demo.expect(row, rows=total, unchanged=total, inserted=0, updated=0, rejected=0)
        demo.say(f"  {total:,} rows, 0 changes")

    demo.say("Cancelling an import in the middle")
    # So large that the import is still under way when its progress has been seen and a person's click has arrived.
    other = folder / "客户资料-华南分公司.csv"
    sample_data.customers(other, max(4 * rows, _TO_CANCEL), 0, seed=2, start=rows + 1, encoding="gb18030")
    job = demo.submit("customers.import", [other], {"mode": "upsert"})
    demo.wait(lambda: (r := demo.row(job)) and (r.progress > 5 or r.state in ENDED), "the import to be under way")
    window.controller.orders.cancel([job])
    row = demo.follow(job)
    if row.state != "cancelled":
        raise DemoFailed(f"the job was to be cancelled and is {row.state}")
    demo.say(f"  cancelled at {row.progress:.0f} %, after {row.rows_done or 0:,} rows")
    window.hide_details()
    demo.shot("5-queue")


def _english_and_dark(demo: Demo) -> None:
    from desktop import theme
    from desktop.app import Shell

    theme.theme().choose("dark")
    demo.window.controller.set_language("en")
    shell = demo.application.findChild(Shell)
    assert isinstance(shell, Shell)  # noqa: S101 - made by desktop.app.create
    demo.window = shell.window
    demo.wait(lambda: demo.window.page.model.rowCount() and demo.window.controller.online, "the English window")
    big = next(row for row in demo.window.page.model.all_rows() if (row.result or {}).get("rejected"))
    demo.window.show_job(big.id)
    demo.shot("6-english-dark")


def _quiet_offscreen() -> None:
    """Pass over what the offscreen platform says at each new window; everything else is printed as ever."""
    from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def handle(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if "propagateSizeHints" not in message:
            print(message, file=sys.stderr)

    qInstallMessageHandler(handle)


def main(argv: list[str] | None = None) -> int:
    """Run the demonstration; gives its exit status."""
    parser = argparse.ArgumentParser(prog="./run demo", description="The main job on the sample data, unattended.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the generated workbook")
    parser.add_argument("--bad-rows", type=int, default=500, help="how many of them are bad")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "demo", help="where it works; emptied first")
    parser.add_argument("--screens", type=Path, default=ROOT / "build" / "screens", help="where pictures go")
    arguments = parser.parse_args(argv)

    # Without a display the window is drawn in memory, the same in all else.
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from desktop.app import create

    _quiet_offscreen()
    folder: Path = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    arguments.screens.mkdir(parents=True, exist_ok=True)
    print("Tasktray 任务台: starting the embedded system …", flush=True)
    began = time.monotonic()
    try:
        with embedded_system(folder / "data"):
            options = {"data": folder / "data", "profile": folder / "profile", "language": "zh_CN", "theme": "light"}
            application, window = create(
                [part for name, value in options.items() for part in (f"--{name}", str(value))]
            )
            window.controller.preferences.download_folder = folder / "downloads"
            window.show()
            demo = Demo(application, window, arguments.screens)
            try:
                _run(demo, folder, arguments.rows, arguments.bad_rows)
                _english_and_dark(demo)
            finally:
                demo.window.close()
                window.controller.close()
    except DemoFailed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    print(
        f"Done in {time.monotonic() - began:.0f} s: every count is right. Pictures: {_relative(arguments.screens)}/",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
