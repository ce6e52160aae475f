"""Result files on their way to this computer."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop import problems
from desktop.client.downloads import download
from desktop.client.errors import SignInNeeded, TransferCancelled
from desktop.client.models import JobFile

if TYPE_CHECKING:
    from desktop.controller import Controller

_PROGRESS_SECONDS = 0.1
# What a result may be opened as; a file of any other sort is shown in its folder instead.
_DOCUMENTS = (".xlsx", ".xls", ".csv", ".tsv", ".txt", ".pdf", ".docx", ".json", ".png", ".jpg", ".zip")


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file being fetched, or fetched.

    Attributes:
        done, total: bytes.
        state: `running`, `done`, `failed`, `cancelled`.
        path: where it is, once it is there.
        error: why it failed, in words.
    """

    file_id: str
    name: str
    done: int = 0
    total: int | None = None
    state: str = "running"
    path: Path | None = None
    error: str = ""


class Transfers(QObject):
    """Fetches result files into the download folder.

    Signals:
        changed: a `Transfer`.
    """

    changed = Signal(object)
    _moved = Signal(str, object, object)

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._running: dict[str, Transfer] = {}
        self._then: dict[str, str] = {}
        self._moved.connect(self._progress, Qt.ConnectionType.QueuedConnection)

    def path(self, file_id: str) -> Path | None:
        """Where a file was put; None when it is not on this computer."""
        return self._controller.preferences.downloaded(file_id)

    def current(self, file_id: str) -> Transfer | None:
        """The transfer of a file that is under way."""
        return self._running.get(file_id)

    def fetch(self, file: JobFile, then: str = "") -> None:
        """Fetch a file; `then` is nothing, `open` or `folder`. One that is here already is not fetched again."""
        here = self.path(file.id)
        if here is not None:
            self._follow(here, then)
            if not then:
                self.changed.emit(Transfer(file.id, file.name, file.size, file.size, "done", here))
            return
        if then:
            self._then[file.id] = then
        if file.id in self._running:
            return
        client = self._controller.client
        if client is None:
            self._controller.report("download", SignInNeeded())
            return
        folder = self._controller.preferences.download_folder
        started = Transfer(file.id, file.name, 0, file.size)
        self._running[file.id] = started
        self.changed.emit(started)
        told = [0.0]

        def progress(done: int, total: int | None) -> None:
            now = time.monotonic()
            if now - told[0] >= _PROGRESS_SECONDS:
                told[0] = now
                self._moved.emit(file.id, done, total)

        def work(cancelled: threading.Event) -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            return download(client, file.id, folder, sha256=file.sha256 or None, progress=progress, cancel=cancelled)

        def done(path: Path) -> None:
            self._controller.preferences.keep_downloaded(file.id, path)
            self._end(file.id, Transfer(file.id, path.name, file.size, file.size, "done", path))
            self._follow(path, self._then.pop(file.id, ""))

        def failed(error: BaseException) -> None:
            self._then.pop(file.id, None)
            state = "cancelled" if isinstance(error, TransferCancelled) else "failed"
            self._end(file.id, Transfer(file.id, file.name, state=state, error=problems.words(error)))
            if state == "failed":
                self._controller.report("download", error)

        self._controller.operations.start(f"download:{file.id}", work, done, failed, lane="transfers")

    def stop(self, file_id: str) -> None:
        """Stop fetching a file; what came so far is used the next time."""
        transfer = self._running.get(file_id)
        if transfer:
            self._controller.operations.cancel(f"download:{file_id}")
            self._end(file_id, replace(transfer, state="cancelled"))

    def _progress(self, file_id: str, done: int, total: int | None) -> None:
        transfer = self._running.get(file_id)
        if transfer:
            self._running[file_id] = replace(transfer, done=done, total=total or transfer.total)
            self.changed.emit(self._running[file_id])

    def _end(self, file_id: str, transfer: Transfer) -> None:
        self._running.pop(file_id, None)
        self.changed.emit(transfer)

    def _follow(self, path: Path, then: str) -> None:
        if then == "open":
            open_file(path)
        elif then == "folder":
            show_in_folder(path)


def open_file(path: Path) -> None:
    """Open a document with the program that the system has for it; anything else is shown in its folder."""
    if path.suffix.lower() in _DOCUMENTS:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
    else:
        show_in_folder(path)


def show_in_folder(path: Path) -> None:
    """Show where a file is, marked in the file manager where the system can do that."""
    if sys.platform == "win32":
        subprocess.Popen(f'explorer /select,"{path}"')
    elif sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
