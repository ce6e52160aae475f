"""Reading the audit, for admins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from worker.accounts.users import require_admin
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import audit
from worker.errors import Refused


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed; fields as in the table `audit`."""

    id: int
    at: datetime
    user_id: str | None
    username: str
    action: str
    object_type: str | None
    object_id: str | None
    details: dict[str, Any] | None
    ip: str | None


def page(
    database: Database,
    actor: Actor,
    *,
    username: str | None = None,
    action: str | None = None,
    object_id: str | None = None,
    at_from: datetime | None = None,
    at_to: datetime | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[list[Entry], str | None]:
    """Deeds, newest first, and the cursor of the next page (None on the last).

    Args:
        username, object_id: exactly these.
        action: exactly this, or all of an object with `object.` (e.g. `job.`).
        at_from, at_to: from (inclusive) and to (exclusive).

    Raises:
        Forbidden: the actor is no admin.
        Refused: `invalid_cursor`.
    """
    require_admin(actor)
    query = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise Refused("invalid_cursor")
        query = query.where(audit.c.id < int(cursor))
    if username:
        query = query.where(audit.c.username == username)
    if object_id:
        query = query.where(audit.c.object_id == object_id)
    if at_from:
        query = query.where(audit.c.at >= at_from)
    if at_to:
        query = query.where(audit.c.at < at_to)
    with database.read() as connection:
        if action:
            query = query.where(audit.c.action.in_([action] if action[-1] != "." else _verbs(connection, action)))
        found = [Entry(**row._mapping) for row in connection.execute(query)]
    more = len(found) > limit
    found = found[:limit]
    return found, str(found[-1].id) if more else None


def _verbs(connection: Connection, beginning: str) -> list[str]:
    """The actions that begin so. There are few different ones: each is found from the one before by a hop in the index,
    where a comparison of beginnings would read it all.
    """
    found = []
    action: str | None = ""
    while (action := connection.scalar(select(func.min(audit.c.action)).where(audit.c.action > action))) is not None:
        if action.startswith(beginning):
            found.append(action)
    return found
