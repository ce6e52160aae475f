"""Which jobs a user may see: decided here and nowhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, false, select, true

from worker.actor import Actor
from worker.db.schema import jobs, tombstones
from worker.engine.plain import plain_text
from worker.errors import NotFound
from worker.ids import is_id


def visible(actor: Actor) -> ColumnElement[bool]:
    """Condition on `jobs`: an admin sees all, an operator only the own ones."""
    return true() if actor.is_admin else jobs.c.owner_id == actor.user_id


def visible_tombstones(actor: Actor) -> ColumnElement[bool]:
    """The same for `tombstones`."""
    return true() if actor.is_admin else tombstones.c.owner_id == actor.user_id


def listed(scheduled: bool) -> ColumnElement[bool]:
    """Condition on `jobs`: those of schedules are left out unless asked for."""
    return true() if scheduled else jobs.c.scheduled == false()


def values_for(actor: Actor, values: dict[str, Any]) -> dict[str, Any]:
    """What the values of a text tell this actor: which worker it was is for admins only."""
    if actor.is_admin:
        return values
    return {
        name: values_for(actor, value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name != "worker"
    }


def require(connection: Connection, actor: Actor, job_id: str, *, lock: bool = False) -> Row[Any]:
    """The job's row, if the actor may see it.

    Args:
        lock: hold the row to the end of the transaction, for a change that follows. The lock leaves room for the
            foreign keys of a chunk under way (its files, events), so that nobody waits for the chunk's end.

    Raises:
        NotFound: `unknown_job`; the same whether it does not exist or belongs to another.
    """
    if not is_id(job_id):  # comes from an address: anything may stand there, also what no database takes
        raise NotFound("unknown_job", job=plain_text(job_id[:64]))
    query = select(jobs).where(jobs.c.id == job_id, visible(actor))
    row = connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
    if row is None:
        raise NotFound("unknown_job", job=job_id)
    return row
