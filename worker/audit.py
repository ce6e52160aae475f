"""The audit: who did what, when, from where. Written in the same transaction as the deed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from worker.actor import Actor
from worker.db.schema import audit
from worker.db.types import db_now


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
        insert(audit).values(
            at=db_now(),
            user_id=actor.user_id or None,  # nobody yet: a sign-in that failed
            username=actor.username,
            action=action,
            object_type=object_type,
            object_id=object_id,
            details=details or None,
            ip=actor.ip,
        )
    )
