"""Idempotency keys: the same key of the same user with the same body gives the first answer again, for 30 days."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.actor import Actor
from worker.db.schema import idempotency_keys
from worker.db.types import Json, db_now
from worker.engine.views import JobView, Submission
from worker.errors import Refused

KEY_SECONDS = 30 * 86400.0
"""How long an idempotency key is remembered: longer than a desktop's outbox waits."""
KEY_CHARACTERS = 128


def body_hash(submission: Submission, parent_id: str | None) -> str:
    """What two submissions under one key must have in common."""
    body = {"submission": submission.model_dump(mode="json"), "parent": parent_id}
    # Escaped to ASCII, so that half a surrogate has a hash too and is refused later, with a reason.
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("ascii")).hexdigest()


def check_key(key: str) -> None:
    """Raises Refused: `invalid_idempotency_key`."""
    if not 0 < len(key) <= KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        raise Refused("invalid_idempotency_key", limit=KEY_CHARACTERS)


class KeyTaken(Exception):
    """Another transaction has used the key meanwhile."""


_KEPT = select(idempotency_keys.c.body_hash, idempotency_keys.c.response).where(
    idempotency_keys.c.user_id == bindparam("by"),
    idempotency_keys.c.key == bindparam("given"),
    idempotency_keys.c.created_at > db_now(-KEY_SECONDS),
)


def first_answer(connection: Connection, actor: Actor, key: str, body: str) -> JobView | None:
    """The answer that was given to this key before; None: it is new.

    Args:
        body: the submission's `body_hash`.

    Raises:
        Refused: `idempotency_key_reused`: it was given to another body.
    """
    kept = connection.execute(_KEPT, {"by": actor.user_id, "given": key}).one_or_none()
    if kept is None:
        return None
    if kept.body_hash != body:
        raise Refused("idempotency_key_reused", key=key)
    return JobView.model_validate(kept.response)


def keep(connection: Connection, actor: Actor, key: str, body: str, answer: JobView) -> None:
    """Write the key down with its answer. Waits for another transaction that is writing it now.

    Raises:
        KeyTaken: it is there already.
    """
    values: dict[str, Any] = {
        "by": actor.user_id,
        "given": key,
        "hash": body,
        "job": answer.id,
        "answer": answer.model_dump(mode="json"),
    }
    adding = _ADD_KEY[connection.dialect.name]
    if connection.execute(adding, values).first() is not None:
        return
    # One that has served its time makes room.
    k = idempotency_keys.c
    old = (k.user_id == actor.user_id, k.key == key, k.created_at <= db_now(-KEY_SECONDS))
    if connection.execute(delete(idempotency_keys).where(*old)).rowcount == 0:
        raise KeyTaken
    if connection.execute(adding, values).first() is None:
        raise KeyTaken


_ADD_KEY = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(idempotency_keys)
    .values(
        user_id=bindparam("by"),
        key=bindparam("given"),
        body_hash=bindparam("hash"),
        job_id=bindparam("job"),
        response=bindparam("answer", type_=Json),
        created_at=db_now(),
    )
    .on_conflict_do_nothing()
    .returning(idempotency_keys.c.key)
    for dialect in (postgresql, sqlite)
}
