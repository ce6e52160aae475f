"""The lanes as an administrator sees them: what waits, what runs, how fast it goes."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import case, func, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, lanes, users
from worker.db.types import db_now, seconds_between
from worker.engine import workers
from worker.engine.limits import IS_PENDING, look
from worker.engine.monitor.views import QueueView
from worker.engine.routing import LANES, known_lane
from worker.errors import Forbidden
from worker.settings import Settings

RATE_MINUTES = 5

# One clock for the whole statement; volatile clocks would also keep PostgreSQL from its indices.
_NOW = select(db_now().label("now")).cte("clock")
_IS_DUE = jobs.c.run_at <= _NOW.c.now
_WAITING = (
    select(
        jobs.c.lane,
        func.count().label("waiting"),
        func.count(case((_IS_DUE, 1))).label("due"),
        seconds_between(func.min(jobs.c.run_at), func.min(_NOW.c.now)).label("oldest"),
    )
    .select_from(jobs.join(_NOW, IS_PENDING))
    .group_by(jobs.c.lane)
)
_FINISHED = (
    select(jobs.c.lane, func.count())
    .where(jobs.c.finished_at > select(db_now(-60.0 * RATE_MINUTES)).scalar_subquery())
    .group_by(jobs.c.lane)
)
_PAUSED = (
    select(lanes.c.name, lanes.c.paused_at, users.c.username)
    .select_from(lanes.outerjoin(users, users.c.id == lanes.c.paused_by))
    .where(lanes.c.paused_at.is_not(None))
)


def queues(database: Database, settings: Settings, actor: Actor) -> list[QueueView]:
    """All lanes, in the order of `routing.LANES`.

    Raises:
        Forbidden: not an admin.
    """
    if not actor.is_admin:
        raise Forbidden
    with database.read() as connection:
        waiting = {row.lane: row for row in connection.execute(_WAITING)}
        finished: Counter[str] = Counter(dict(connection.execute(_FINISHED).all()))
        paused = {row.name: row for row in connection.execute(_PAUSED)}
        running = look(connection, settings).running_lanes
        there = [worker for worker in workers.online(connection, settings) if not worker.stopping]
    views = []
    for lane in LANES:
        here, stop = waiting.get(lane), paused.get(lane)
        views.append(
            QueueView(
                lane=lane,
                waiting=here.waiting if here else 0,
                due=here.due if here else 0,
                running=running[lane],
                oldest_waiting_seconds=max(here.oldest, 0.0) if here and here.due else None,
                finished_per_minute=round(finished[lane] / RATE_MINUTES, 2),
                rate_minutes=RATE_MINUTES,
                workers=sum(lane in worker.lanes for worker in there),
                slots=sum(worker.slots for worker in there if lane in worker.lanes),
                paused_at=stop.paused_at if stop else None,
                paused_by=stop.username if stop else None,
            )
        )
    return views


def queue(database: Database, settings: Settings, actor: Actor, lane: str) -> QueueView:
    """One lane.

    Raises:
        Forbidden: not an admin.
        NotFound: `unknown_lane`.
    """
    name = known_lane(lane)
    return next(view for view in queues(database, settings, actor) if view.lane == name)
