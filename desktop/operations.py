"""Work off the GUI thread: each operation runs in a thread of its lane, its outcome comes back to the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

log = logging.getLogger(__name__)

Work = Callable[[threading.Event], Any]
LANES = {"poll": 1, "calls": 3, "transfers": 2, "files": 1, "hashing": 1, "outbox": 1, "sending": 1}


@dataclass(frozen=True, slots=True)
class _Ticket:
    key: str
    work: Work
    on_result: Callable[[Any], None]
    on_error: Callable[[BaseException], None]
    cancelled: threading.Event


class Operations(QObject):
    """Runs operations by key: a new one cancels the one of the same key before it, whose outcome is never delivered.

    Threads are daemons and started when their lane is first used, so that a server that never answers cannot keep the
    program from ending.

    Signals:
        busy_changed: `(key, bool)`: an operation of that key runs, or no longer does.
    """

    busy_changed = Signal(str, bool)
    _finished = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, _Ticket] = {}
        self._lanes: dict[str, SimpleQueue[_Ticket | None]] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        key: str,
        work: Work,
        on_result: Callable[[Any], None] = lambda _: None,
        on_error: Callable[[BaseException], None] = lambda _: None,
        lane: str = "calls",
    ) -> None:
        """Run `work(cancelled)` in a thread; then `on_result` or `on_error` in the GUI thread."""
        if self._closed:
            return
        self.cancel(key)
        ticket = _Ticket(key, work, on_result, on_error, threading.Event())
        self._running[key] = ticket
        self._queue(lane).put(ticket)
        self.busy_changed.emit(key, True)

    def cancel(self, key: str) -> None:
        """Stop an operation; its outcome will not be delivered."""
        ticket = self._running.pop(key, None)
        if ticket:
            ticket.cancelled.set()
            self.busy_changed.emit(key, False)

    def running(self, key: str) -> bool:
        """Whether an operation of that key is under way."""
        return key in self._running

    def close(self, seconds: float = 2.0) -> None:
        """Cancel everything and let the threads end; waits at most `seconds` for each lane's."""
        self._closed = True
        for ticket in self._running.values():
            ticket.cancelled.set()
        self._running.clear()
        for name, queue in self._lanes.items():
            for _ in range(LANES[name]):
                queue.put(None)
        for thread in self._threads:
            thread.join(seconds)
        self._threads.clear()

    def _queue(self, lane: str) -> SimpleQueue[_Ticket | None]:
        if lane not in self._lanes:
            queue: SimpleQueue[_Ticket | None] = SimpleQueue()
            self._lanes[lane] = queue
            for number in range(LANES[lane]):
                thread = threading.Thread(target=self._loop, args=(queue,), name=f"{lane}-{number}", daemon=True)
                thread.start()
                self._threads.append(thread)
        return self._lanes[lane]

    def _loop(self, queue: SimpleQueue[_Ticket | None]) -> None:
        while True:
            ticket = queue.get()
            if ticket is None:
                return
            if ticket.cancelled.is_set():
                continue
            result: Any = None
            failure: BaseException | None = None
            try:
                result = ticket.work(ticket.cancelled)
            except Exception as error:
                failure = error
            if self._closed:
                return
            try:
                self._finished.emit(ticket, result, failure)
            except RuntimeError:  # the window is gone already
                return

    def _deliver(self, ticket: _Ticket, result: Any, failure: BaseException | None) -> None:
        if self._running.get(ticket.key) is not ticket:
            return  # a newer one took its place, or it was cancelled
        del self._running[ticket.key]
        self.busy_changed.emit(ticket.key, False)
        if failure is not None:
            ticket.on_error(failure)
        else:
            ticket.on_result(result)
