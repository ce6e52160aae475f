"""The submit dialogs that are open, and what the window says about what came of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QWidget

from desktop import formats, icons
from desktop.banner import Banner
from desktop.client import models
from desktop.client.errors import SignInNeeded
from desktop.controller import Controller
from desktop.language import translate
from desktop.mending import BroughtBack, bring_back
from desktop.outbox import Entry
from desktop.parts.asking import ask_files
from desktop.queue.rows import JobRow
from desktop.submit.dialog import SubmitDialog
from desktop.submit.fitting import TABLES
from desktop.submit.folders import Folders


class Submissions(QObject):
    """Opens submit dialogs and tells in the banner how it goes on.

    Attributes:
        dialogs: those that are open.

    Signals:
        job_wanted: id of a job that is to be shown.
    """

    job_wanted = Signal(str)

    def __init__(self, controller: Controller, banner: Banner, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._banner = banner
        self._window = window
        self.dialogs: list[SubmitDialog] = []
        self._tickets: set[int] = set()
        self._listening: list[tuple[SignalInstance, Callable[..., object]]] = [
            (controller.outgoing.added, self._added),
            (controller.outgoing.accepted, self._accepted),
            (controller.outgoing.refused, self._refused),
        ]
        for signal, slot in self._listening:
            signal.connect(slot)
        self._folders = Folders(controller, self)
        self._folders.found.connect(self._found)
        self._folders.failed.connect(lambda words: banner.tell(words, error=True))

    def leave(self) -> None:
        """Close all dialogs and listen no more."""
        for dialog in list(self.dialogs):
            dialog.reject()
        for signal, slot in self._listening:
            signal.disconnect(slot)
        self._listening = []

    def choose_files(self) -> None:
        """Let the user choose files, then submit them."""
        chosen = ask_files(self._window, TABLES)
        if chosen:
            self.files(chosen)

    def files(self, paths: Iterable[Path | str], kind: str | None = None) -> SubmitDialog:
        """Open the dialog for these files; `kind` is chosen in it when it is given."""
        return self._open(SubmitDialog(self._controller, [Path(path) for path in paths], kind, self._window))

    def dropped(self, paths: Sequence[Path]) -> None:
        """Submit what was dropped: of folders the files that are in them."""
        gone = [path.name for path in paths if not path.exists()]
        if gone:
            self._banner.tell(
                translate("Submit", "{names} is no longer there.").format(names=", ".join(gone)), error=True
            )
        elif any(path.is_dir() for path in paths):
            most = max((kind.uploads.maximum for kind in self._controller.catalogue.offered_kinds()), default=1)
            self._folders.read(paths, (), most)
        else:
            self.files(paths)

    def _found(self, paths: list[Path]) -> None:
        self._open(SubmitDialog(self._controller, paths, None, self._window, found=True))

    def kind(self, kind: str) -> SubmitDialog:
        """Open the dialog for a kind, without files."""
        return self._open(SubmitDialog(self._controller, [], kind, self._window))

    def mend(self, row: JobRow) -> None:
        """Open a failed job again with its files, so that they can be read or mapped in another way."""
        controller, client = self._controller, self._controller.client
        if client is None:
            controller.report("mend", SignInNeeded())
            return
        folder = controller.preferences.data / "again"

        def work(cancelled: threading.Event) -> BroughtBack:
            return bring_back(client, row.id, controller.outgoing.sent(), folder, cancelled)

        def done(found: BroughtBack) -> None:
            dialog = SubmitDialog(controller, list(found.files), found.job.kind, self._window)
            dialog.mend(found.job, found.files, row.error)
            self._open(dialog)

        controller.operations.start(
            f"mend:{row.id}", work, done, lambda error: controller.report("mend", error), lane="transfers"
        )

    def _open(self, dialog: SubmitDialog) -> SubmitDialog:
        self.dialogs.append(dialog)
        dialog.submitted.connect(self._tickets.update)
        dialog.finished.connect(lambda _: self.dialogs.remove(dialog))
        icons.follow_theme(dialog)
        dialog.begin()
        return dialog

    def _added(self, ticket: int, entry: Entry) -> None:
        if ticket in self._tickets and not self._controller.online:
            self._tickets.discard(ticket)
            name = self._controller.outgoing.row(entry).title
            self._banner.tell(
                translate("MainWindow", "“{name}” is kept in the outbox and sent when the server is back.").format(
                    name=name
                )
            )

    def _accepted(self, entry_id: str, job: models.Job) -> None:
        self._banner.tell(
            estimate_text(job),
            button=translate("MainWindow", "Show"),
            action=lambda: self.job_wanted.emit(job.id),
        )

    def _refused(self, entry: Entry) -> None:
        if any(dialog.awaits(entry.id) for dialog in self.dialogs):
            return
        row = self._controller.outgoing.row(entry)
        self._banner.tell(
            translate("MainWindow", "The server refused “{name}”: {reason}").format(name=row.title, reason=row.error),
            error=True, button=translate("MainWindow", "Correct…"), action=lambda: self.correct(entry.id),
        )  # fmt: skip

    def correct(self, entry_id: str) -> None:
        """Open a refused submission again."""
        entry = self._controller.outgoing.entry(entry_id)
        if entry:
            dialog = SubmitDialog(self._controller, [file.path for file in entry.files], entry.kind, self._window)
            dialog.correct(entry)
            self._open(dialog)


def estimate_text(job: models.Job) -> str:
    """What the user is told after a submit: the job's id and how it is expected to go."""
    text = translate("MainWindow", "“{title}” is submitted as job {id}.").format(
        title=job.title or job.kind_title, id=job.id
    )
    estimate = job.estimate
    if estimate is None:
        return text
    if estimate.start_seconds is not None:
        if estimate.start_seconds < 2:
            text += translate("MainWindow", " It starts at once")
        else:
            text += translate("MainWindow", " It starts in about {time}").format(
                time=formats.duration(estimate.start_seconds)
            )
        if estimate.duration_seconds is not None:
            text += translate("MainWindow", " and takes about {time}").format(
                time=formats.duration(estimate.duration_seconds)
            )
        text += translate("MainWindow", ".")
    elif estimate.duration_seconds is not None:
        text += translate("MainWindow", " It takes about {time}.").format(
            time=formats.duration(estimate.duration_seconds)
        )
    return text
