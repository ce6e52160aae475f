"""Our scheduler class for Celery Beat: `celery -A worker.celery_app beat` runs it by itself.

Beat is the loop only. Schedules are rows of the database, due times become jobs there, and nothing is sent but hints;
so any number of beats may run beside each other, and none keeps a schedule file.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import beat
from celery.apps import beat as program

from worker.scheduler import TICK_SECONDS, Duties
from worker.settings import Settings, get_settings

log = logging.getLogger(__name__)

NAME = "worker.beat:Scheduler"  # of the class below, as `celery … beat --scheduler` takes it

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


class Beat(program.Beat):  # type: ignore[misc]  # Celery is not typed
    """What `celery … beat` runs: Celery's own, always with our scheduler.

    Another one that was asked for would keep schedules elsewhere (Django's tables, a file) and fire none of ours.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        asked: Any = self.scheduler_cls
        self._other = None if asked in (NAME, Scheduler) else asked
        self.scheduler_cls: Any = NAME

    def setup_logging(self, colorize: bool | None = None) -> None:
        """Set the log up; what was asked for in vain is said in its first line."""
        super().setup_logging(colorize)
        if self._other is not None:
            log.warning(
                "the scheduler %s is not for this system (schedules are rows of its database): going on with %s",
                self._other,
                NAME,
            )


def service(settings: Settings) -> Any:
    """Beat's loop with this scheduler, to be started in the main thread."""
    global _settings
    from worker.celery_app import app

    _settings = settings
    return beat.Service(app, scheduler_cls=Scheduler)
