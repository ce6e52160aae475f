"""The list of jobs, kept in step with the server: read once, then asked what changed, as often as it is worth it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.client import models
from desktop.client.client import Client
from desktop.client.errors import Gone, Offline
from desktop.connection import Pacer
from desktop.operations import Operations
from desktop.queue.rows import JobRow, from_job

log = logging.getLogger(__name__)

PAGE = 200  # jobs a request: small enough that reading its JSON does not hold up the window
FIRST_JOBS = 5000  # how many are read without being asked for; older ones come on scrolling down


@dataclasses.dataclass(slots=True)
class _Answer:
    """What one question to the server brought."""

    user: models.User | None = None
    rows: list[JobRow] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    cursor: str | None = None
    etag: str | None = None
    older: str | None = None
    first: bool = False
    more: bool = False
    poll_after_ms: int = 0


class Feed(QObject):
    """Asks the server by a timer.

    Attributes:
        user: who is signed in, as the server said; None before its first answer.

    Signals:
        changed: `(list[JobRow], list[str])`, new and changed rows, and ids that are gone.
        loading: the list is being read for the first time.
        signed_in: a `models.User`: the server has said who this is.
        answered: a `models.User`: the server has answered.
        lost: an exception: it has not; `retry` says when it is asked again.
    """

    changed = Signal(object, object)
    loading = Signal(bool)
    signed_in = Signal(object)
    answered = Signal(object)
    lost = Signal(object)

    def __init__(self, operations: Operations, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._operations = operations
        self._client: Client | None = None
        self.user: models.User | None = None
        self._pacer = Pacer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)
        self._cursor: str | None = None
        self._etag: str | None = None
        self._older: str | None = None
        self._versions: dict[str, int] = {}
        self._active: set[str] = set()
        self._minimised = False
        operations.busy_changed.connect(self._tell_busy)

    def follow(self, client: Client | None) -> None:
        """Forget all jobs; show those of this client from now on, or none."""
        self._timer.stop()
        for key in ("poll", "older"):
            self._operations.cancel(key)
        self._client, self.user = client, None
        self._cursor = self._etag = self._older = None
        gone = list(self._versions)
        self._versions.clear()
        self._active.clear()
        if gone:
            self.changed.emit([], gone)

    def leave(self) -> None:
        """Ask nobody any more; what was told stays."""
        self._timer.stop()
        self._client = None

    def ask_now(self) -> None:
        """Ask the server at once instead of at the next turn."""
        self._timer.stop()
        self._ask()

    def read_anew(self) -> None:
        """Read the whole list again, e.g. because its words are wanted in another language."""
        self._cursor = self._etag = None
        self._operations.cancel("poll")
        self.ask_now()

    def retry(self, after: float | None) -> float:
        """Ask again after a failure, `after` seconds at the earliest; gives how long that will take."""
        wait = self._pacer.after_failure(after)
        self._timer.start(round(wait * 1000))
        return wait

    def set_minimised(self, minimised: bool) -> None:
        """A window that nobody sees asks less often."""
        if minimised != self._minimised:
            self._minimised = minimised
            if not minimised and self._client and self._timer.isActive():
                self.ask_now()

    def load_older(self) -> None:
        """Read the next page of older jobs."""
        client, cursor = self._client, self._older
        if client is None or cursor is None or self._operations.running("older"):
            return

        def work(_: object) -> _Answer:
            page = client.jobs(cursor=cursor, limit=PAGE)
            return _Answer(rows=[from_job(job) for job in page.jobs], older=page.next)

        def done(answer: _Answer) -> None:
            self._older = answer.older
            self.take(answer.rows, [])
            if self._older and len(self._versions) < FIRST_JOBS:
                self.load_older()

        self._operations.start("older", work, done, lambda e: self.lost.emit(e) if isinstance(e, Offline) else None)

    def take(self, rows: Iterable[JobRow], removed: Iterable[str]) -> None:
        """Rows that the server told, whoever asked for them, and ids of jobs that are gone."""
        # An answer that was on its way while a newer one came must not turn the clock back.
        fresh = [row for row in rows if row.version >= self._versions.get(row.id, -1)]
        for row in fresh:
            self._versions[row.id] = row.version
            (self._active.discard if row.ended else self._active.add)(row.id)
        gone = list(removed)
        for job_id in gone:
            self._versions.pop(job_id, None)
            self._active.discard(job_id)
        if fresh or gone:
            self.changed.emit(fresh, gone)

    # ------------------------------------------------------------ one question

    def _ask(self) -> None:
        client = self._client
        if client is None or self._operations.running("poll"):
            return
        user, cursor, etag = self.user, self._cursor, self._etag

        def work(_: object) -> _Answer:
            who = user or client.me()
            if cursor is not None:
                try:
                    return _read_changes(client, who, cursor, etag)
                except Gone:
                    log.info("the change feed starts anew")
            return _read_list(client, who)

        self._operations.start("poll", work, self._answered, self.lost.emit, lane="poll")

    def _answered(self, answer: _Answer) -> None:
        if self._client is None or answer.user is None:
            return
        if self.user is None:
            self.user = answer.user
            self.signed_in.emit(answer.user)
        self._cursor, self._etag = answer.cursor, answer.etag
        removed = answer.removed
        if answer.first:
            self._older = answer.older
            now = {row.id for row in answer.rows}
            removed = [job_id for job_id in self._versions if job_id not in now]
            self._versions = {i: v for i, v in self._versions.items() if i in now}
        self.take(answer.rows, removed)
        self.answered.emit(answer.user)
        if answer.first and answer.older:
            self.load_older()
        wait = self._pacer.after_answer(
            running=bool(self._active), minimised=self._minimised, poll_after_ms=answer.poll_after_ms
        )
        self._timer.start(0 if answer.more else round(wait * 1000))

    def _tell_busy(self, key: str, busy: bool) -> None:
        if key == "older" or (key == "poll" and self._cursor is None):
            self.loading.emit(busy)


def _read_changes(client: Client, user: models.User, cursor: str, etag: str | None) -> _Answer:
    changes = client.changes(cursor, etag, limit=PAGE)
    if changes is None:
        return _Answer(user=user, cursor=cursor, etag=etag)
    return _Answer(
        user=user, rows=[from_job(job) for job in changes.jobs], removed=changes.removed, cursor=changes.cursor,
        etag=changes.etag, more=changes.more, poll_after_ms=changes.poll_after_ms,
    )  # fmt: skip


def _read_list(client: Client, user: models.User) -> _Answer:
    page = client.jobs(limit=PAGE)
    cursor = page.cursor
    if cursor is None:
        # The feed's present place would be too late: what changed between would be missed.
        first = client.changes(limit=1)
        cursor = first.cursor if first else None
        page = client.jobs(limit=PAGE)
    return _Answer(
        user=user, rows=[from_job(job) for job in page.jobs], cursor=cursor, older=page.next, first=True, more=False
    )
