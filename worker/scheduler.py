"""The scheduler process: sweeps, notes what waits, and cleans the storage. Any number of them may run."""

from __future__ import annotations

import logging
import queue
import signal
import sys
import threading
import time
from types import FrameType

from sqlalchemy.exc import DBAPIError

from worker.datasets import journal
from worker.db.database import Database
from worker.engine import hints, leftovers
from worker.engine.monitor import samples
from worker.engine.sweeper import Sweeper
from worker.files.cleanup import Cleaned, clean
from worker.files.storage import Storage
from worker.settings import Settings, get_settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Sweep every `sweep_seconds` until SIGTERM or SIGINT.

    Returns:
        The exit status.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.put(number)

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    database = Database(settings.effective_database_url, pool_size=2)
    sampler = samples.Sampler(database)
    sweeper = Sweeper(database, settings, lambda lane: hints.publish(settings, lane))
    log.info("the scheduler sweeps every %s s", settings.sweep_seconds)
    stopping = threading.Event()
    # Beside the sweeps: a walk through a large storage must not hold up the rescue of a job.
    cleaning = threading.Thread(target=_keep_clean, args=(settings, stopping), name="cleaning", daemon=True)
    cleaning.start()
    away = False
    try:
        while True:
            began = time.monotonic()
            try:
                sweeper.sweep()
                sampler.sample()
                away = False
            except DBAPIError as error:
                if not away:
                    log.warning("the database does not answer: %s", error)
                away = True
            except Exception:
                log.exception("a sweep failed")
            if _asked(asked, max(0.0, began + settings.sweep_seconds - time.monotonic())):
                return 0
    finally:
        stopping.set()
        cleaning.join(2.0)
        database.dispose()


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
        except Exception:
            log.exception("the storage could not be cleaned")
        finally:
            database.dispose()


def _asked(asked: queue.SimpleQueue[int], seconds: float) -> bool:
    """Wait `seconds`; True as soon as a signal asked to stop."""
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        try:
            asked.get(timeout=max(0.0, min(1.0, left)))  # Windows runs signal handlers only between two waits
            return True
        except queue.Empty:
            if left <= 1.0:
                return False


def main() -> int:
    """`python -m worker.scheduler`: with the settings of the environment."""
    return run(get_settings())


if __name__ == "__main__":
    sys.exit(main())
