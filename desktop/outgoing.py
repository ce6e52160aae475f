"""The outbox as the window sees it: what is submitted goes in there first and is sent from there, once."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop import problems
from desktop.client import models
from desktop.client.errors import FileProblem, Offline, SignInNeeded, TransferCancelled
from desktop.language import translate
from desktop.outbox import Entry, EntryGone, Outbox, Sender
from desktop.queue.rows import JobRow, needle

if TYPE_CHECKING:
    from desktop.controller import Controller

EMBEDDED = "embedded"  # stands for this computer's own system, whose port changes from start to start
_STATES = {"waiting": "outbox", "uploading": "sending", "submitting": "sending", "refused": "refused"}
_TRY_MS = 2000
_PROGRESS_SECONDS = 0.15


class Outgoing(QObject):
    """Takes submissions, keeps them on disk, sends them when the server is there.

    Signals:
        rows_changed: `(list[JobRow], list[str])`, entries as lines of the queue table, and ids that left the outbox.
        added: `(ticket, Entry)`: a submission is safely on disk.
        not_added: `(ticket, words)`: it could not be put there.
        accepted: `(entry id, models.Job)`: the server made a job of it.
        refused: `Entry`: the server said no, `error_values["errors"]` has the fields.
    """

    rows_changed = Signal(object, object)
    added = Signal(int, object)
    not_added = Signal(int, str)
    accepted = Signal(str, object)
    refused = Signal(object)
    _entry_changed = Signal(object, object)
    _progress = Signal(str, object, object)

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._operations = controller.operations
        self._outbox: Outbox | None = None
        self._opening = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._tickets = itertools.count(1)
        self._timer = QTimer(self)
        self._timer.setInterval(_TRY_MS)
        self._timer.timeout.connect(self.wake)
        self._entry_changed.connect(self._changed, Qt.ConnectionType.QueuedConnection)
        self._progress.connect(self._moved, Qt.ConnectionType.QueuedConnection)

    def identity(self) -> tuple[str, str]:
        """Server and user that new entries are meant for."""
        preferences = self._controller.preferences
        return (preferences.server, preferences.username) if preferences.server else (EMBEDDED, "local")

    def start(self) -> None:
        """Read what waits from earlier days."""
        self.reload()

    def reload(self) -> None:
        """Show the entries of who is signed in."""
        server, user = self.identity()
        gone = list(self._entries)
        self._entries.clear()
        if gone:
            self.rows_changed.emit([], gone)

        def done(entries: list[Entry]) -> None:
            for entry in entries:
                if entry.state != "accepted":
                    self._entries[entry.id] = entry
            self.rows_changed.emit([self.row(entry) for entry in self._entries.values()], [])
            if self._entries:
                self.wake(now=True)

        self._operations.start(
            "outbox", lambda _: self._open().entries(server, user), done,
            lambda e: self._controller.report("outbox", e), lane="outbox",
        )  # fmt: skip

    def close(self) -> None:
        """Close the list; called when the threads have ended."""
        self._timer.stop()
        if self._outbox:
            self._outbox.close()

    def sent(self) -> list[Entry]:
        """All entries, also those that became jobs in the last days; to be called in a thread."""
        return self._open().entries()

    def entry(self, entry_id: str) -> Entry | None:
        """An entry that has not become a job yet."""
        return self._entries.get(entry_id)

    def submit(
        self,
        kind: str,
        params: dict[str, Any],
        paths: Sequence[Path],
        *,
        title: str | None = None,
        priority: str = "normal",
        replaces: str | None = None,
        stored: Mapping[Path, str] | None = None,
    ) -> int:
        """Submit a job; gives a ticket that `added` or `not_added` names.

        Args:
            replaces: a refused entry that this one is the corrected form of; it is removed.
            stored: path -> id of a file that the server has already, so that it is not sent again.
        """
        ticket = next(self._tickets)
        server, user = self.identity()

        def work(_: object) -> Entry:
            outbox = self._open()
            entry = outbox.add(
                kind, params, paths, server=server, user=user, title=title, priority=priority, stored=stored
            )
            if replaces:
                outbox.remove(replaces, force=True)
            return entry

        def done(entry: Entry) -> None:
            self._entries[entry.id] = entry
            if replaces:
                self._entries.pop(replaces, None)
            self.rows_changed.emit([self.row(entry)], [replaces] if replaces else [])
            self.added.emit(ticket, entry)
            if self._controller.online:
                self.wake(now=True)
            else:
                self._timer.start()
                # The originals may change or go before the server is back: keep copies now.
                self._operations.start(
                    f"keep:{entry.id}", lambda cancelled: self._open().keep(entry.id, cancelled), self._kept,
                    lambda e: None if isinstance(e, EntryGone) else self._controller.report("outbox", e), lane="files",
                )  # fmt: skip

        self._operations.start(
            f"submit:{ticket}", work, done, lambda e: self.not_added.emit(ticket, problems.words(e)), lane="outbox"
        )
        return ticket

    def again(self, entry_ids: Sequence[str]) -> None:
        """Send refused entries after all."""

        def work(_: object) -> list[Entry]:
            return [self._open().again(entry_id, take_changed=True) for entry_id in entry_ids]

        def done(entries: list[Entry]) -> None:
            for entry in entries:
                self._changed(entry, None)
            self.wake(now=True)

        self._operations.start(
            "outbox-again", work, done, lambda e: self._controller.report("outbox", e), lane="outbox"
        )

    def remove(self, entry_ids: Sequence[str]) -> None:
        """Take entries out of the outbox; one that is just being handed in stays."""

        def work(_: object) -> list[str]:
            outbox = self._open()
            # A refused entry never became a job, so that it can always go.
            return [
                i
                for i in entry_ids
                if outbox.remove(i, force=i in self._entries and self._entries[i].state == "refused")
            ]

        def done(gone: list[str]) -> None:
            for entry_id in gone:
                self._entries.pop(entry_id, None)
            self.rows_changed.emit([], gone)

        self._operations.start(
            f"outbox-remove:{entry_ids[0]}", work, done, lambda e: self._controller.report("outbox", e), lane="outbox"
        )

    def wake(self, *, now: bool = False) -> None:
        """Send what is due. `now`: also what would have waited longer, because the server is back."""
        client = self._controller.client
        waiting = [entry for entry in self._entries.values() if entry.state != "refused"]
        if not waiting:
            self._timer.stop()
            return
        if not self._timer.isActive():
            self._timer.start()
        if client is None or not self._controller.online or self._operations.running("send"):
            return
        server, user = self.identity()
        told = [0.0]

        def progress(entry_id: str, sent: int, total: int) -> None:
            moment = time.monotonic()
            if moment - told[0] >= _PROGRESS_SECONDS:
                told[0] = moment
                self._progress.emit(entry_id, sent, total)

        def changed(entry: Entry) -> None:
            job = client.job(entry.job_id) if entry.state == "accepted" and entry.job_id else None
            self._entry_changed.emit(entry, job)

        def work(cancelled: threading.Event) -> None:
            outbox = self._open()
            if now:
                outbox.wake()
            Sender(outbox, client, server=server, user=user).run_due(
                cancel=cancelled, progress=progress, changed=changed
            )

        self._operations.start("send", work, lambda _: self._after(), self._failed, lane="sending")

    # ------------------------------------------------------------ what the threads tell

    def _open(self) -> Outbox:
        with self._opening:
            if self._outbox is None:
                self._outbox = Outbox(self._controller.preferences.data / "outbox")
            return self._outbox

    def _after(self) -> None:
        if any(entry.state != "refused" for entry in self._entries.values()):
            self._timer.start()

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, TransferCancelled | EntryGone):
            return
        if isinstance(error, Offline | SignInNeeded):
            self._refresh()
            return
        self._controller.report("send", error)

    def _refresh(self) -> None:
        """Read the entries that may have changed in a thread."""
        ids = list(self._entries)

        def work(_: object) -> list[Entry]:
            found = {entry.id: entry for entry in self._open().entries()}
            return [found[i] for i in ids if i in found]

        def done(entries: list[Entry]) -> None:
            for entry in entries:
                if entry.id in self._entries and entry.state != "accepted":
                    self._changed(entry, None)

        self._operations.start("outbox-refresh", work, done, lane="outbox")

    def _kept(self, entry: Entry) -> None:
        if entry.id in self._entries:
            self._changed(entry, None)

    def _changed(self, entry: Entry, job: models.Job | None) -> None:
        if entry.state == "accepted":
            self._entries.pop(entry.id, None)
            if job is not None:
                self._controller.accepted(job)
                # In a turn of its own, so that no turn of the event loop takes long.
                QTimer.singleShot(0, self, lambda: self.accepted.emit(entry.id, job))
            self.rows_changed.emit([], [entry.id])
            return
        before = self._entries.get(entry.id)
        self._entries[entry.id] = entry
        self.rows_changed.emit([self.row(entry)], [])
        if entry.state == "refused" and (before is None or before.state != "refused"):
            self.refused.emit(entry)

    def _moved(self, entry_id: str, sent: int, total: int) -> None:
        entry = self._entries.get(entry_id)
        if entry is not None and entry.state != "refused":
            self.rows_changed.emit([self.row(entry, sent, total)], [])

    def row(self, entry: Entry, sent: int | None = None, total: int | None = None) -> JobRow:
        """An entry as a line of the queue table."""
        kinds = {kind.kind: kind.title for kind in self._controller.kinds}
        kind_title = kinds.get(entry.kind, entry.kind)
        names = ", ".join(file.name for file in entry.files)
        title = entry.title or names or kind_title
        state = "sending" if sent is not None else _STATES.get(entry.state, "outbox")
        owner = self._controller.connection.user or entry.user
        why = ""
        if entry.error_code:
            error = FileProblem(entry.error_code, **_plain(entry.error_values))
            why = entry.error_message or problems.words(error)
        elif state == "outbox" and not self._controller.online:
            why = translate("Outbox", "Is sent when the server is back")
        return JobRow(
            id=entry.id, kind=entry.kind, kind_title=kind_title, title=title, state=state,
            progress=100.0 * (entry.sent if sent is None else sent) / max(1, total or entry.size or 1),
            stage=translate("Outbox", "Sending to the server") if state == "sending" else "",
            created=entry.created_at, owner=owner, priority=entry.priority, note=why,
            error=why if state == "refused" else "", needle=needle(title, kind_title, entry.kind, owner, entry.id),
        )  # fmt: skip


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    # `errors` are for the form; they are no placeholder of a text.
    return {name: value for name, value in values.items() if name not in ("errors", "code")}


def field_errors(entry: Entry) -> list[dict[str, Any]]:
    """What the server found wrong with single fields of a refused entry."""
    errors = entry.error_values.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
