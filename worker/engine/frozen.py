"""Ends a worker that is frozen while it holds SQLite's write lock: nobody could write again until it wakes up.

PostgreSQL ends such a transaction by itself (`idle_in_transaction_session_timeout`); SQLite waits for ever.
`tasktray up` watches its own worker; where API, workers and scheduler are started one by one, the scheduler does it,
under conditions that leave no doubt: the process is a worker of this database on this computer (its row names the
process id and the time of the process's start), it was not seen for longer than a lease, it or one of its runners is
stopped (SIGSTOP, a debugger), and nobody can write; all of it twice in a row. A frozen worker that holds no lock does
no harm: it is left alone, its job goes to another, and when it wakes up it can write nothing.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterable

import psutil
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from worker.db.database import Database
from worker.db.schema import workers
from worker.db.types import db_now
from worker.settings import Settings

log = logging.getLogger(__name__)

_SAME_SECONDS = 2.0  # the system derives a process's start from its own, and corrects that by some milliseconds
_PROBE_SECONDS = 1.0  # an import leaves a gap between its chunks twenty times a second
_LONGEST_PAUSE = 5.0


class FrozenWorkers:
    """Looks for them from time to time.

    Args:
        settings: of the installation; anything but SQLite leaves nothing to do.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease_seconds = settings.lease_seconds
        self._pause = min(_LONGEST_PAUSE, settings.lease_seconds)
        self._probe = Database(database.url, pool_size=1, lock_timeout_seconds=_PROBE_SECONDS)
        self._looked_at = float("-inf")
        self._suspects: set[tuple[int, float]] = set()

    def look(self) -> list[int]:
        """End those that were in the way at the last look, too; gives their process ids."""
        now = time.monotonic()
        if self._database.dialect != "sqlite" or now < self._looked_at + self._pause:
            return []
        self._looked_at = now
        stopped = [(pid, started) for pid, started in self._silent() if _is_stopped(pid, started)]
        if not stopped or self._writable():
            self._suspects = set()
            return []
        ended = []
        for pid, started in stopped:
            if (pid, started) in self._suspects:
                log.warning("the worker (process %s) is frozen and keeps the database locked; it is ended", pid)
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()  # its runners end with it
                ended.append(pid)
        self._suspects = set(stopped) - {one for one in stopped if one[0] in ended}
        return ended

    @property
    def in_the_way(self) -> bool:
        """True while nobody can write because of one of them: it is ended at the next look."""
        return bool(self._suspects)

    def close(self) -> None:
        """Close its connection."""
        self._probe.dispose()

    def _silent(self) -> Iterable[tuple[int, float]]:
        """Workers of this computer past their lease."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(workers.c.pid, workers.c.process_started_at).where(
                    workers.c.seen_at < db_now(-self._lease_seconds),
                    workers.c.process_started_at.is_not(None),
                    workers.c.name.contains(f"@{socket.gethostname()}:", autoescape=True),
                )
            ).all()
        return [(row.pid, row.process_started_at) for row in rows]

    def _writable(self) -> bool:
        try:
            with self._probe.write():
                return True
        except OperationalError:
            return False


def _is_stopped(pid: int, started: float) -> bool:
    """Is it that very process, and does it or a runner of it stand still?"""
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started) > _SAME_SECONDS:
            return False
        family = [process, *process.children()]
    except psutil.Error:
        return False
    for one in family:
        with contextlib.suppress(psutil.Error):
            if one.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
                return True
    return False
