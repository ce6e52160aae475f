"""What the page of schedules asks the server, and has it do. All of it waits in other threads."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop import problems
from desktop.client import models
from desktop.client.client import Client
from desktop.client.errors import Problem, SignInNeeded
from desktop.client.schedule_models import Schedule
from desktop.controller import Controller


def conflict(error: BaseException) -> bool:
    """Somebody else has changed or deleted the schedule meanwhile."""
    return isinstance(error, Problem) and error.code in ("schedule_changed", "unknown_schedule")


class ScheduleDesk(QObject):
    """Asks and orders.

    Attributes:
        controller: behind it.

    Signals:
        told: all schedules.
        failed: words about what went wrong.
        started: a `models.Job` that a schedule was made to run now, and the schedule.
    """

    told = Signal(object)
    failed = Signal(str)
    started = Signal(object, object)

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self.controller = controller

    def ask(self) -> None:
        """Read all schedules: `told`."""
        client = self.controller.client
        if client is not None and self.controller.online:
            self.controller.operations.start("schedules", lambda _: client.schedules(), self.told.emit, self._fail)

    def save(
        self,
        schedule: Schedule | None,
        body: dict[str, Any],
        then: Callable[[Schedule], object],
        failed: Callable[[BaseException], object],
    ) -> None:
        """Make a schedule, or change one that still is as it was seen."""

        def call(client: Client) -> Schedule:
            if schedule is None:
                return client.add_schedule(body)
            return client.change_schedule(schedule.id, body, schedule.version)

        self._order("schedule:save", call, then, failed)

    def read(
        self, schedule_id: str, then: Callable[[Schedule], object], failed: Callable[[BaseException], object]
    ) -> None:
        """Read one schedule again."""
        self._order("schedule:read", lambda client: client.schedule(schedule_id), then, failed)

    def switch(self, schedule: Schedule, enabled: bool) -> None:
        """Turn a schedule on or off."""
        self._order(
            f"schedule:{schedule.id}",
            lambda client: client.change_schedule(schedule.id, {"enabled": enabled}, schedule.version),
            lambda _: self.ask(),
        )

    def delete(self, schedule: Schedule) -> None:
        """Delete a schedule."""
        self._order(
            f"schedule:{schedule.id}",
            lambda client: client.delete_schedule(schedule.id, schedule.version),
            lambda _: self.ask(),
        )

    def run(self, schedule: Schedule) -> None:
        """Make a job of it now."""
        key = str(uuid.uuid4())

        def done(job: models.Job) -> None:
            self.started.emit(job, schedule)
            self.ask()

        self._order(f"schedule:{schedule.id}", lambda client: client.run_schedule(schedule.id, key=key), done)

    def _order(
        self,
        key: str,
        call: Callable[[Client], Any],
        then: Callable[[Any], object],
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        client = self.controller.client
        wrong = failed or self._fail_and_ask
        if client is None:
            wrong(SignInNeeded())
            return
        self.controller.operations.start(
            key, lambda _: call(client), lambda r: _void(then(r)), lambda e: _void(wrong(e))
        )

    def _fail_and_ask(self, error: BaseException) -> None:
        """Where somebody else was faster, the words say so and the page shows what holds now."""
        self._fail(error)
        if conflict(error):
            self.ask()

    def _fail(self, error: BaseException) -> None:
        self.failed.emit(problems.words(error))


def _void(_: object) -> None:
    return None
