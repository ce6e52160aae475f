"""The numbers behind `/metrics`: cheap to ask for every few seconds, however long the history is.

Open jobs are counted by the partial indices. Ended ones are counted as they end: each look reads only the jobs that
have changed since the look before, by the change number, whose order is that of commits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select

from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import counters, jobs
from worker.db.types import db_now
from worker.engine import workers
from worker.engine.limits import IS_PENDING, IS_RUNNING
from worker.engine.monitor.queues import queues
from worker.engine.monitor.views import QueueView
from worker.engine.workers import WorkerRow
from worker.settings import Settings

_PAGE = 1000
# An end is dated some time before its transaction commits, at most as long as that waits for locks.
_LATE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended; `seconds` from its first start, None when it never started."""

    kind: str
    state: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is there now.

    Attributes:
        open_jobs: `(kind, state)` to number, for pending and running ones.
        queues: the lanes.
        workers: those that were seen within the time of a lease.
    """

    open_jobs: dict[tuple[str, str], int]
    queues: list[QueueView]
    workers: list[WorkerRow]


def read(database: Database, settings: Settings) -> Reading:
    """Look once."""
    found: dict[tuple[str, str], int] = {}
    with database.read() as connection:
        for state, condition in (
            ("pending", IS_PENDING),
            ("running", and_(IS_RUNNING, jobs.c.lease_until.is_not(None))),
        ):
            # By lane first: then the index alone tells.
            query = select(jobs.c.lane, jobs.c.kind, func.count()).where(condition).group_by(jobs.c.lane, jobs.c.kind)
            for _, kind, count in connection.execute(query):
                found[kind, state] = found.get((kind, state), 0) + count
        there = workers.online(connection, settings)
    return Reading(found, queues(database, settings, SYSTEM), there)


class EndedJobs:
    """Tells each job's end once, of all that end after the first call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._last: int | None = None
        self._since: datetime | None = None
        self._told: dict[str, datetime] = {}

    def news(self) -> Iterator[EndedJob]:
        """The jobs that have ended since the last call, a page of rows at a time."""
        c = jobs.c
        with self._lock:
            with self._database.read() as connection:
                now: datetime = connection.execute(select(db_now())).scalar_one()
                head: int = connection.execute(
                    select(counters.c.value).where(counters.c.name == "changes")
                ).scalar_one()
            if self._last is None or self._since is None or head < self._last:  # the first call, or a restored database
                self._last, self._since, self._told = head, now, self._lately(now)
                return
            since = self._since - _LATE
            while True:
                with self._database.read() as connection:
                    rows = connection.execute(
                        select(c.id, c.kind, c.state, c.started_at, c.finished_at, c.change_no)
                        .where(c.change_no > self._last, c.change_no <= head)
                        .order_by(c.change_no)
                        .limit(_PAGE)
                    ).all()
                for row in rows:
                    self._last = row.change_no
                    # A job may change after its end (a title, an undo); its end was told then.
                    if row.finished_at is None or row.finished_at < since or self._told.get(row.id) == row.finished_at:
                        continue
                    self._told[row.id] = row.finished_at
                    seconds = (row.finished_at - row.started_at).total_seconds() if row.started_at else None
                    yield EndedJob(row.kind, row.state, seconds)
                if len(rows) < _PAGE:
                    break
            self._last, self._since = head, now
            self._told = {job: at for job, at in self._told.items() if at >= now - _LATE}

    def _lately(self, now: datetime) -> dict[str, datetime]:
        """Ends that are so fresh that a later change of theirs would look like an end."""
        with self._database.read() as connection:
            query = select(jobs.c.id, jobs.c.finished_at).where(jobs.c.finished_at >= now - _LATE)
            return {row.id: row.finished_at for row in connection.execute(query)}
