"""Our scheduler class for Celery Beat: `celery -A worker.celery_app beat` runs it by itself.

Beat is the loop only. Schedules are rows of the database, due times become jobs there, and nothing is sent but hints;
so any number of beats may run beside each other, and none keeps a schedule file.
"""

from __future__ import annotations

from typing import Any

from celery import beat

from worker.scheduler import TICK_SECONDS, Duties
from worker.settings import Settings, get_settings

_settings: Settings | None = None  # of `service`; None under the celery command, which reads the environment


class Scheduler(beat.Scheduler):  # type: ignore[misc]  # Celery is not typed
    """Does a scheduler's duties at each tick."""

    max_interval = TICK_SECONDS

    def setup_schedule(self) -> None:
        """Begin. Not called for the instances that Beat makes only to look at (`lazy`)."""
        self.max_interval = TICK_SECONDS
        self._duties = Duties(_settings or get_settings())

    def tick(self, *_: Any, **__: Any) -> float:
        """Do what is due; gives the seconds until the next tick."""
        return self._duties.tick()

    def should_sync(self) -> bool:
        """Never: there is nothing in memory that would have to be kept."""
        return False

    def close(self) -> None:
        """End."""
        self._duties.close()

    @property
    def info(self) -> str:
        """For Beat's banner."""
        return "    . schedules -> rows of the database"


def service(settings: Settings) -> Any:
    """Beat's loop with this scheduler, to be started in the main thread."""
    global _settings
    from worker.celery_app import app

    _settings = settings
    return beat.Service(app, scheduler_cls=Scheduler)
