"""A worker's right to run a job, held by a token: heartbeat, fence and checkpoint. How it is given back: `outcome`.

Every function here checks that the job still carries the token, in the same transaction as its effect; if not, it
raises `LeaseLost` and changes nothing. A lease does not end by itself when its time is up: it ends when the sweeper
takes the job back. So a worker that was away (a database restart, a sleeping laptop) goes on if nobody else has begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, select, update

from worker.db.database import Database
from worker.db.schema import jobs
from worker.db.types import db_now
from worker.engine.changes import stamp
from worker.engine.limits import IS_RUNNING
from worker.engine.plain import plain
from worker.engine.progress import ProgressReport
from worker.errors import LeaseLost


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat reads back.

    Attributes:
        cancel: the job was asked to stop.
        soft_passed, hard_passed: its time limits, by the database's clock.
    """

    cancel: bool
    soft_passed: bool
    hard_passed: bool


def held(job_id: str | BindParameter[str], token: str | BindParameter[str]) -> ColumnElement[bool]:
    """The row of a running job, as long as it carries the token."""
    return and_(jobs.c.id == job_id, jobs.c.lease_token == token, IS_RUNNING)


def _passed(column: Any) -> Any:
    return and_(column.is_not(None), column <= db_now())


_BEAT = (
    # The column itself: SQLite 3.40 gives 1 for `column IS NOT NULL` in RETURNING whatever the column holds.
    jobs.c.cancel_requested_at.label("cancel"),
    _passed(jobs.c.soft_deadline).label("soft"),
    _passed(jobs.c.hard_deadline).label("hard"),
)


def heartbeat(
    database: Database,
    job_id: str,
    token: str,
    progress: ProgressReport | None = None,
    *,
    lease_seconds: float = 45.0,
) -> Beat:
    """Renew the lease, write progress, read back cancel and deadlines: one statement; with progress, which people
    see, also the change number.

    Args:
        lease_seconds: from now on; a claim tells it.

    Raises:
        LeaseLost: stop, write nothing.
    """
    values: dict[str, Any] = progress.columns() if progress else {}
    with database.write() as connection:
        row = connection.execute(
            update(jobs)
            .where(held(job_id, token))
            .values(lease_until=db_now(lease_seconds), **values)
            .returning(*_BEAT)
        ).one_or_none()
        if row is None:
            raise LeaseLost
        if progress is not None:
            if progress.new_stage:
                progress.tell(connection, job_id)
            stamp(connection, job_id)
    return Beat(bool(row.cancel), bool(row.soft), bool(row.hard))


def fence(connection: Connection, job_id: str, token: str) -> Beat:
    """Make sure that the job is still this worker's, to the end of the transaction; call it after the effects.

    Raises:
        LeaseLost: leave the transaction by this exception, so that it is rolled back.
    """
    row = connection.execute(select(*_BEAT).where(held(job_id, token)).with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise LeaseLost
    return Beat(bool(row.cancel), bool(row.soft), bool(row.hard))


def checkpoint(
    connection: Connection,
    job_id: str,
    token: str,
    value: dict[str, Any] | None,
    progress: ProgressReport | None = None,
) -> Beat:
    """Fence a chunk's effects and set the checkpoint with them; earlier crashes no longer count.

    Args:
        connection: the chunk's transaction, after its effects; nothing but the commit may follow.
        value: where a later attempt goes on.
        progress: becomes visible together with the chunk.

    Raises:
        LeaseLost: leave the transaction by this exception, so that it is rolled back.
    """
    values: dict[str, Any] = progress.columns() if progress else {}
    row = connection.execute(
        update(jobs).where(held(job_id, token)).values(checkpoint=plain(value), crashes=0, **values).returning(*_BEAT)
    ).one_or_none()
    if row is None:
        raise LeaseLost
    if progress is not None:
        stamp(connection, job_id)
    return Beat(bool(row.cancel), bool(row.soft), bool(row.hard))
