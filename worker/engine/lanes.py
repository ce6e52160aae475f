"""Pausing and resuming lanes: nothing new of a paused lane is claimed; what runs goes on."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Insert, update
from sqlalchemy.dialects import postgresql, sqlite

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import lanes
from worker.db.types import db_now
from worker.engine import hints
from worker.engine.routing import Publish, known_lane
from worker.errors import Forbidden
from worker.settings import Settings


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


def _allowed(actor: Actor, lane: str) -> str:
    if not actor.is_admin:
        raise Forbidden
    return known_lane(lane)
