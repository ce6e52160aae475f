"""What the monitor page asks the server, and has it do. All of it waits in other threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, Signal

from desktop import problems
from desktop.client.client import Client
from desktop.client.errors import SignInNeeded
from desktop.client.monitor_models import Queue, Series, Stats, Worker
from desktop.controller import Controller


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked back at: so long, in such steps."""

    span: timedelta
    step: str


PERIODS = {
    "hour": Period(timedelta(hours=1), "minute"),
    "day": Period(timedelta(days=1), "hour"),
    "week": Period(timedelta(days=7), "hour"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the server told; `stats` is None where it was not asked for."""

    workers: list[Worker]
    queues: list[Queue]
    series: Series
    stats: Stats | None


class MonitorDesk(QObject):
    """Asks and orders.

    Signals:
        told: a `Reading`.
        failed: words about what went wrong.
    """

    told = Signal(object)
    failed = Signal(str)

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller

    def ask(self, period: Period, *, with_stats: bool) -> bool:
        """Read everything; False when nobody can be asked now, or the answer to the last question is still to come."""
        client = self._controller.client
        if client is None or not self._controller.online:
            return False
        if not with_stats and self._controller.operations.running("monitor"):
            return False

        def work(_: object) -> Reading:
            since = datetime.now(UTC) - period.span
            return Reading(
                client.workers(silent=True),
                client.queues(),
                client.series(period.step, since=since),
                client.stats(since=since) if with_stats else None,
            )

        self._controller.operations.start("monitor", work, self.told.emit, self._fail)
        return True

    def leave(self) -> None:
        """Nobody looks any more."""
        self._controller.operations.cancel("monitor")

    def pause(self, lane: str, then: Callable[[], None]) -> None:
        """Let nothing of a lane start any more."""
        self._order(lane, lambda client: client.pause_queue(lane), then)

    def resume(self, lane: str, then: Callable[[], None]) -> None:
        """Open a paused lane again."""
        self._order(lane, lambda client: client.resume_queue(lane), then)

    def _order(self, lane: str, call: Callable[[Client], object], then: Callable[[], None]) -> None:
        client = self._controller.client
        if client is None:
            self._fail(SignInNeeded())
            return
        self._controller.operations.start(f"lane:{lane}", lambda _: call(client), lambda _: then(), self._fail)

    def _fail(self, error: BaseException) -> None:
        self.failed.emit(problems.words(error))
