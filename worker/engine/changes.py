"""The change feed: each visible change of a job takes the next number from ONE counter row.

The row is locked from the taking of the number to the commit, so numbers become visible in their order: who has read
up to N has missed nothing below N. That is why `stamp` and `tombstone` come last in a transaction, after every lock
on a job's row.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, insert, literal_column, or_, select, update

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import counters, jobs, tombstones
from worker.db.types import db_now
from worker.engine.presenter import present
from worker.engine.views import Changes, JobView
from worker.engine.visibility import listed, visible, visible_tombstones
from worker.errors import Refused

POLL_BUSY_MS = 1000
POLL_IDLE_MS = 5000
_SOON_SECONDS = 60.0
_COUNTER = "changes"
_OPEN: ColumnElement[bool] = literal_column("jobs.state IN ('pending', 'running')")  # as in the partial index

# Made once: they end every transaction that changes a job.
_TAKE = (
    update(counters)
    .where(counters.c.name == _COUNTER)
    .values(value=counters.c.value + bindparam("count", type_=BigInteger()))
    .returning(counters.c.value)
)
_STAMP = (
    update(jobs).where(jobs.c.id == bindparam("job")).values(change_no=bindparam("number"), version=jobs.c.version + 1)
)


def _take(connection: Connection, count: int) -> int:
    """Take `count` numbers; gives the first."""
    last = connection.execute(_TAKE, {"count": count}).scalar_one()
    return int(last) - count + 1


def stamp(connection: Connection, *job_ids: str) -> None:
    """Make the transaction's changes of these jobs visible in the feed: the last thing before the commit.

    The caller holds the rows' locks already (it has changed them in this transaction).
    """
    if not job_ids:
        return
    first = _take(connection, len(job_ids))
    connection.execute(
        _STAMP,
        [{"job": job_id, "number": first + i} for i, job_id in enumerate(job_ids)],
    )


def tombstone(connection: Connection, job_id: str, owner_id: str) -> None:
    """Tell the feed that a job is gone; last in the transaction that deleted it."""
    number = _take(connection, 1)
    connection.execute(insert(tombstones).values(change_no=number, job_id=job_id, owner_id=owner_id, at=db_now()))


def _epoch(actor: Actor, epoch: str) -> str:
    # A cursor counts for one user in one role: with another role other jobs are visible, so that the numbers already
    # passed do not tell what this user has seen.
    scope = "all" if actor.is_admin else "own"
    return hashlib.blake2b(f"{epoch}:{actor.user_id}:{scope}".encode(), digest_size=8).hexdigest()


def _counter(connection: Connection) -> Any:
    return connection.execute(
        select(counters.c.value, counters.c.epoch, counters.c.floor).where(counters.c.name == _COUNTER)
    ).one()


def head(database: Database, actor: Actor) -> str:
    """The present cursor, to be taken before a list is read, and the feed's ETag; costs one indexed read."""
    with database.read() as connection:
        counter = _counter(connection)
    return f"{_epoch(actor, counter.epoch)}.{counter.value}"


def _number(since: str, epoch: str, counter: Any) -> int:
    given, _, number = since.strip().strip('"').partition(".")
    if given == epoch and number.isascii() and number.isdigit() and len(number) < 19:
        value = int(number)
        if counter.floor <= value <= counter.value:
            return value
    raise Refused("cursor_gone", 410)


def read(
    database: Database,
    actor: Actor,
    language: str,
    since: str | None,
    limit: int = 500,
    *,
    scheduled: bool = False,
) -> Changes:
    """What changed since a cursor.

    Args:
        since: a cursor that `head` or this function gave; None: nothing but the present cursor is wanted.
        limit: at most so many jobs and removals together; `more` says that there is more.
        scheduled: with the jobs of schedules.

    Raises:
        Refused: `cursor_gone` (410): too old, of another role or user, or from before a restore. Read the list anew.
    """
    with database.read() as connection:
        # The number comes first and bounds both queries: on PostgreSQL each statement sees its own moment.
        counter = _counter(connection)
        epoch = _epoch(actor, counter.epoch)
        number = counter.value if since is None else _number(since, epoch, counter)
        until = int(counter.value)
        changed: list[JobView] = []
        removed: list[str] = []
        if number < until:
            rows = connection.execute(
                select(jobs)
                .where(jobs.c.change_no > number, jobs.c.change_no <= until, visible(actor), listed(scheduled))
                .order_by(jobs.c.change_no)
                .limit(limit + 1)
            ).all()
            gone = connection.execute(
                select(tombstones.c.change_no, tombstones.c.job_id)
                .where(tombstones.c.change_no > number, tombstones.c.change_no <= until, visible_tombstones(actor))
                .order_by(tombstones.c.change_no)
                .limit(limit + 1)
            ).all()
            numbers = sorted([row.change_no for row in rows] + [row.change_no for row in gone])
            if len(numbers) > limit:
                until = numbers[limit - 1]
            removed = [row.job_id for row in gone if row.change_no <= until]
            changed = present(connection, actor, language, [row for row in rows if row.change_no <= until])
        busy = _busy(connection, actor, scheduled)
    return Changes(
        cursor=f"{epoch}.{until}",
        jobs=changed,
        removed=removed,
        more=until < counter.value,
        poll_after_ms=POLL_BUSY_MS if busy else POLL_IDLE_MS,
    )


def poll_after_ms(database: Database, actor: Actor, *, scheduled: bool = False) -> int:
    """When to ask again: sooner while something of the asker's runs or is about to."""
    with database.read() as connection:
        return POLL_BUSY_MS if _busy(connection, actor, scheduled) else POLL_IDLE_MS


def _busy(connection: Connection, actor: Actor, scheduled: bool) -> bool:
    return (
        connection.execute(
            select(jobs.c.id)
            .where(
                _OPEN,
                visible(actor),
                listed(scheduled),
                or_(jobs.c.state == "running", jobs.c.run_at <= db_now(_SOON_SECONDS)),
            )
            .limit(1)
        ).first()
        is not None
    )
