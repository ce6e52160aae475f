"""The scheduler process: fires schedules, sweeps, notes what waits, and cleans the storage. Any number of them may run.

Celery Beat is its loop: `tasktray scheduler` and `celery -A worker.celery_app beat` run the same `worker.beat`.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from sqlalchemy.exc import DBAPIError

from worker.datasets import journal
from worker.db.database import Database
from worker.engine import hints, leftovers
from worker.engine.frozen import FrozenWorkers
from worker.engine.monitor import samples
from worker.engine.sweeper import Sweeper
from worker.files.cleanup import Cleaned, clean
from worker.files.storage import Storage, StorageUnavailable
from worker.schedules.firing import Firing
from worker.settings import Settings, get_settings, note_unused

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""How often due schedules are looked for: an edit is in force, and a due time fired, within two of these."""


class Duties:
    """What a scheduler does, at each tick what is due; the storage is cleaned beside that, in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.effective_database_url, pool_size=2)

        def publish(queue: str) -> None:
            hints.publish(settings, queue)

        self._firing = Firing(self._database, settings, publish)
        self._sweeper = Sweeper(self._database, settings, publish)
        self._sampler = samples.Sampler(self._database)
        self._frozen = FrozenWorkers(self._database, settings)
        self._swept_at = float("-inf")
        self._away = False  # the database, as far as the log has told
        self._failed = False  # it, in this tick
        self._stopping = threading.Event()
        # Beside the rest: a walk through a large storage must not hold up the rescue of a job.
        self._cleaning = threading.Thread(
            target=_keep_clean, args=(settings, self._stopping), name="cleaning", daemon=True
        )
        self._cleaning.start()
        note_unused(settings)
        log.info("the scheduler fires schedules and sweeps every %s s", settings.sweep_seconds)

    def tick(self) -> float:
        """Do what is due; gives the seconds until the next tick."""
        began = time.monotonic()
        self._failed = False
        self._do("looking for frozen workers", self._frozen.look)
        if self._frozen.in_the_way:
            return TICK_SECONDS  # every other duty would only wait for the lock, and hold up the next look
        self._do("firing schedules", self._firing.fire)
        if began >= self._swept_at + self._settings.sweep_seconds:
            self._swept_at = began
            self._do("a sweep", self._sweep)
        self._away = self._failed
        pause = min(TICK_SECONDS, self._settings.sweep_seconds)
        return max(0.01, began + pause - time.monotonic())

    def close(self) -> None:
        """End the thread and the connections."""
        self._stopping.set()
        self._cleaning.join(2.0)
        self._frozen.close()
        self._database.dispose()

    def _sweep(self) -> None:
        self._sweeper.sweep()
        self._sampler.sample()

    def _do(self, what: str, duty: Callable[[], object]) -> None:
        """One duty that fails must not keep the others from being done."""
        try:
            duty()
        except DBAPIError as error:
            if not self._away:
                log.warning("%s: the database does not answer: %s", what, error)
            self._away = self._failed = True
        except Exception:
            log.exception("%s failed", what)


def run(settings: Settings) -> int:
    """Run a scheduler until SIGTERM or SIGINT.

    Returns:
        The exit status.
    """
    from worker import beat  # which imports this module

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    service = beat.service(settings)

    def stop(number: int, frame: FrameType | None) -> None:
        service.stop()

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    service.start()
    return 0


def _keep_clean(settings: Settings, stopping: threading.Event) -> None:
    """Clean the storage and the imports' journal a minute after the start, then every `clean_seconds`."""
    wait = min(60.0, settings.clean_seconds)
    while not stopping.wait(wait):
        wait = settings.clean_seconds
        database = Database(settings.effective_database_url, pool_size=1)
        try:
            if rows := leftovers.clean(database):
                log.info("removed %s rows that ended imports had rejected", rows)
            cleaned = clean(database, Storage(settings))
            if forgotten := journal.clean(database, settings):
                log.info("forgot %s old values of imports that cannot be taken back any more", forgotten)
            samples.forget(database)
            if cleaned != Cleaned(0, 0, 0):
                log.info("removed %s", cleaned)
        except StorageUnavailable as error:
            log.warning("the storage could not be cleaned: %s", error)
        except Exception:
            log.exception("the storage could not be cleaned")
        finally:
            database.dispose()


def main() -> int:
    """`python -m worker.scheduler`: with the settings of the environment."""
    return run(get_settings())


if __name__ == "__main__":
    sys.exit(main())
