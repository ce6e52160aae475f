"""Pausing and resuming lanes: nothing new of a paused lane is claimed; what runs goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Insert, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, lanes
from worker.db.types import db_now
from worker.engine import hints, workers
from worker.engine.limits import IS_PENDING, look
from worker.engine.routing import LANES, Publish, known_lane
from worker.errors import Forbidden
from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as an administrator sees it.

    Attributes:
        pending, due, running: jobs; `due` of the pending ones could run now.
        workers, slots: who serves it, not counting those that are stopping.
        paused_at: None: open.
    """

    name: str
    pending: int
    due: int
    running: int
    workers: int
    slots: int
    paused_at: datetime | None


def pause(database: Database, actor: Actor, lane: str) -> None:
    """Let nothing of this lane start any more.

    Raises:
        NotFound: `unknown_lane`.
        Forbidden: not an admin.
    """
    lane = _allowed(actor, lane)
    values = {"paused_at": db_now(), "paused_by": actor.user_id}
    with database.write() as connection:
        statement: Insert
        if database.dialect == "postgresql":
            insert_lane = postgresql.insert(lanes).values(name=lane, **values)
            statement = insert_lane.on_conflict_do_update(
                index_elements=["name"], set_=values, where=lanes.c.paused_at.is_(None)
            )
        else:
            insert_here = sqlite.insert(lanes).values(name=lane, **values)
            statement = insert_here.on_conflict_do_update(
                index_elements=["name"], set_=values, where=lanes.c.paused_at.is_(None)
            )
        connection.execute(statement)
        audit.record(connection, actor, "lane.pause", "lane", lane)


def resume(database: Database, settings: Settings, actor: Actor, lane: str, *, publish: Publish | None = None) -> None:
    """Open a paused lane again, and hint its workers.

    Raises:
        NotFound: `unknown_lane`.
        Forbidden: not an admin.
    """
    lane = _allowed(actor, lane)
    with database.write() as connection:
        connection.execute(update(lanes).where(lanes.c.name == lane).values(paused_at=None, paused_by=None))
        audit.record(connection, actor, "lane.resume", "lane", lane)
    (publish or partial(hints.publish, settings))(lane)


def overview(database: Database, settings: Settings) -> list[Lane]:
    """All lanes, with what waits and runs in them."""
    with database.read() as connection:
        paused: dict[str, Any] = dict(connection.execute(select(lanes.c.name, lanes.c.paused_at)).all())
        counts: dict[str, Counter[str]] = {}
        for name, condition in (
            ("pending", IS_PENDING),
            ("due", IS_PENDING & (jobs.c.run_at <= db_now())),
        ):
            query = select(jobs.c.lane, func.count()).where(condition).group_by(jobs.c.lane)
            counts[name] = Counter(dict(connection.execute(query).all()))
        situation = look(connection, settings)
        there = [worker for worker in workers.online(connection, settings) if not worker.stopping]
    return [
        Lane(
            name=lane,
            pending=counts["pending"][lane],
            due=counts["due"][lane],
            running=situation.running_lanes[lane],
            workers=sum(lane in worker.lanes for worker in there),
            slots=sum(worker.slots for worker in there if lane in worker.lanes),
            paused_at=paused.get(lane),
        )
        for lane in LANES
    ]


def _allowed(actor: Actor, lane: str) -> str:
    if not actor.is_admin:
        raise Forbidden
    return known_lane(lane)
