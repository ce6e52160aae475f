"""Firing: due schedules become jobs, each due time once, however many schedulers there are.

A due time's job, the schedule's next due time and the change number are one transaction, and the schedule's row lets
only one through: it must still show the due time that was looked at. The job's `fire_key` says the same once more.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update
from sqlalchemy.exc import DBAPIError

from worker import notifications
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import schedules
from worker.db.types import db_now
from worker.engine import submit as engine
from worker.engine.fire_keys import fire_key
from worker.engine.routing import Publish
from worker.errors import Refused
from worker.notifications import ADMINS
from worker.schedules.schedules import submission, timing_of
from worker.schedules.timing import Timing
from worker.settings import Settings

LATE = timedelta(seconds=60)
"""So much later a due time that `skip` would leave out still counts: a restart of the scheduler is no absence."""
_ROWS = 100  # schedules looked at in one round
_JOBS = 50  # jobs made in one round: catching up must not hold up the other duties

log = logging.getLogger(__name__)


class _Overtaken(Exception):
    """Another scheduler has fired this due time, or somebody has edited the schedule."""


class Firing:
    """Makes jobs of due schedules.

    Args:
        publish: sends a hint to a queue, best effort.
    """

    def __init__(self, database: Database, settings: Settings, publish: Publish) -> None:
        self._database = database
        self._settings = settings
        self._publish = publish
        self._system = replace(SYSTEM, language=settings.language)
        self._told: dict[str, tuple[int, str]] = {}  # schedules that the log has named: id -> (version, reason)

    def fire(self) -> list[str]:
        """One round; gives the ids of the jobs that it made."""
        with self._database.read() as connection:
            due = or_(schedules.c.next_due_at <= db_now(), schedules.c.next_due_at.is_(None))
            query = select(schedules, db_now().label("now")).where(schedules.c.enabled, due)
            rows = connection.execute(query.order_by(schedules.c.next_due_at, schedules.c.id).limit(_ROWS)).all()
        made: list[str] = []
        for row in rows:
            if len(made) >= _JOBS:
                break
            try:
                self._fire(row, made)
            except _Overtaken:
                continue
            except Refused as refused:
                self._tell(row, refused)
            except DBAPIError:
                raise
            except Exception as error:  # of one schedule must not keep the others from being fired
                if self._is_news(row, type(error).__name__):
                    log.exception("schedule %s (%s) cannot be fired", row.id, row.kind)
        return made

    def _is_news(self, row: Row[Any], code: str) -> bool:
        news = self._told.get(row.id) != (row.version, code)
        self._told[row.id] = (row.version, code)
        return news

    def _fire(self, row: Row[Any], made: list[str]) -> None:
        """Make the jobs of one schedule; their ids are added to `made` one by one, whatever comes in between."""
        timed = timing_of(row)
        if row.next_due_at is None:
            # One that a migration has installed; or one that is never due again, for which this changes nothing.
            if (first := timed.next(row.now)) is not None:
                with self._database.write() as connection:
                    self._move(connection, row, None, first)
            return
        wanted = submission(row)
        at: datetime | None = row.next_due_at
        while at is not None and at <= row.now and len(made) < _JOBS:
            due, following = _turn(timed, row.catch_up, at, row.now)
            if due is None:
                log.info("schedule %s (%s): due times from %s on are left out", row.id, row.kind, at.isoformat())
                with self._database.write() as connection:
                    self._move(connection, row, at, following)
            else:
                job, created = engine.submit(
                    self._database,
                    self._settings,
                    self._system,
                    wanted,
                    None,
                    fire_key=fire_key(row.id, due),
                    scheduled=True,
                    also=self._mover(row, at, following, due),
                    publish=self._publish,
                )
                if created:
                    made.append(job.id)
                else:
                    # Fired before: by another scheduler just now, which this finds out, or when the clock stood there
                    # for the first time.
                    with self._database.write() as connection:
                        self._move(connection, row, at, following)
            at = following

    def _mover(self, row: Row[Any], at: datetime, following: datetime | None, due: datetime) -> Any:
        def move(connection: Connection, job_id: str) -> None:
            self._move(connection, row, at, following, last_due_at=due, last_job_id=job_id)

        return move

    def _move(
        self, connection: Connection, row: Row[Any], at: datetime | None, following: datetime | None, **values: Any
    ) -> None:
        s = schedules.c
        there = s.next_due_at.is_(None) if at is None else s.next_due_at == at
        moved = connection.execute(
            update(schedules)
            .where(s.id == row.id, s.version == row.version, there)
            .values(next_due_at=following, **values)
        )
        if moved.rowcount != 1:
            raise _Overtaken

    def _tell(self, row: Row[Any], refused: Refused) -> None:
        """A broken schedule makes no jobs and is not caught up: its due times pass. Said once, in the log and to the
        admins; shown all the time."""
        news = self._is_news(row, refused.code)
        if news:
            log.warning("schedule %s is broken and makes no jobs of %s: %s", row.id, row.kind, refused.code)
        try:
            following = timing_of(row).next(row.now)
        except Refused:
            following = None
        if following is None and not news:
            return
        try:
            with self._database.write() as connection:
                self._move(connection, row, row.next_due_at, following)
                if news:
                    # The same key by every scheduler, and by this one's next life: admins have one notification of it.
                    notifications.add(
                        connection, ADMINS, "schedule_broken", "warning",
                        key=f"schedule_broken:{row.id}:{row.version}:{refused.code}", title=row.title or row.kind,
                        code=refused.code, reason=refused.values,
                    )  # fmt: skip
        except _Overtaken:
            return


def _turn(timed: Timing, catch_up: str, at: datetime, now: datetime) -> tuple[datetime | None, datetime | None]:
    """What becomes of the due time `at`, which has come: the due time to make a job for, and the one after that."""
    if catch_up == "all":
        return at, timed.next(at)
    last = timed.last(at, now) or at
    due = None if catch_up == "skip" and now - last > LATE else last
    return due, timed.next(now)
