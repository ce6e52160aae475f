"""The audit: who did what, when, from where. Written in the same transaction as the deed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert

from worker.actor import Actor
from worker.db.schema import audit
from worker.db.types import Json, db_now

# Made once: it is part of everything that anybody does.
_ADD = insert(audit).values(
    at=db_now(),
    user_id=bindparam("by"),
    username=bindparam("name"),
    action=bindparam("deed"),
    object_type=bindparam("type"),
    object_id=bindparam("id_"),
    details=bindparam("more", type_=Json),
    ip=bindparam("address"),
)


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    object_type: str | None = None,
    object_id: str | None = None,
    **details: Any,
) -> None:
    """Add a row.

    Args:
        connection: the writing transaction of the deed itself.
        actor: who.
        action: `object.verb`, e.g. `job.submit`, `user.create`, `auth.login_failed`.
        object_type, object_id: on what.
        details: JSON values; never a password, a token or file contents.
    """
    connection.execute(
        _ADD,
        {
            "by": actor.user_id or None,  # nobody yet: a sign-in that failed
            "name": actor.username,
            "deed": action,
            "type": object_type,
            "id_": object_id,
            "more": details or None,
            "address": actor.ip,
        },
    )
