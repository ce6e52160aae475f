"""Claim-best: which pending job runs next, decided in one place, under one short lock.

In this order: what is due, in a lane that is not paused, of a kind and an owner below their limits; the highest
priority; the owner with the fewest running jobs, and among those the one who has waited longest for a turn; of that
owner's jobs the first due. So one person's 500 jobs never hold up another's first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Float,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    text,
    update,
)

from worker.actor import SYSTEM_USER_ID, Actor
from worker.db.database import Database
from worker.db.schema import job_uploads, jobs, users
from worker.db.types import db_now
from worker.engine import events, kinds
from worker.engine.changes import stamp
from worker.engine.fire_keys import due_of
from worker.engine.limits import IS_PENDING, look
from worker.ids import new_id
from worker.settings import Settings

_CLAIM_LOCK = 7310002  # advisory lock: two claims cannot both pass a limit


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker may run now.

    Attributes:
        job_id, kind, title, params, attempt, checkpoint, parent_id, lane, priority: as in `jobs`.
        owner: on whose behalf it runs, in whose language it writes.
        uploads: ids of its files, in order.
        lease_token: to be carried by every write.
        lease_seconds: how long the lease lasts without a heartbeat.
        soft_deadline, hard_deadline: instants by the database's clock.
        soft_seconds, hard_seconds: the same, from the claim on.
        due_at: the due time of the schedule that made it; None: no due time did.
        taken_at: monotonic clock of this process before the claim was written: its lease has not begun earlier.
    """

    job_id: str
    kind: str
    title: str
    params: dict[str, Any]
    owner: Actor
    attempt: int
    checkpoint: dict[str, Any] | None
    lane: str
    priority: int
    parent_id: str | None
    uploads: tuple[str, ...]
    lease_token: str
    lease_seconds: float
    soft_deadline: datetime
    hard_deadline: datetime
    soft_seconds: float
    hard_seconds: float
    due_at: datetime | None
    taken_at: float


def claim(database: Database, settings: Settings, worker: str, lanes: Sequence[str]) -> Claim | None:
    """Take the best job of `lanes`, or None when nothing may run there now.

    Args:
        worker: the worker's name, shown to people.
        lanes: names; a kind that this installation does not know is left to others.
    """
    if not lanes or not _anything_due(database, lanes):
        return None
    with database.write() as connection:
        lock(connection)
        taken = take(connection, settings, worker, lanes)
        if taken is not None:
            stamp(connection, taken.job_id)
    return taken


class NextJob:
    """Takes a slot's next job in the transaction that gives its last one back: one transaction instead of two.

    Attributes:
        claim: what was taken; counts only once that transaction is committed.
    """

    def __init__(self, settings: Settings, worker: str, lanes: Sequence[str]) -> None:
        self._settings, self._worker, self._lanes = settings, worker, lanes
        self.claim: Claim | None = None

    def lock(self, connection: Connection) -> None:
        """See `outcome.Next`."""
        lock(connection)

    def take(self, connection: Connection) -> tuple[str, ...]:
        """See `outcome.Next`."""
        self.claim = take(connection, self._settings, self._worker, self._lanes)
        return () if self.claim is None else (self.claim.job_id,)


def lock(connection: Connection) -> None:
    """Have every other claim wait until this writing transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(_LOCK)


def take(connection: Connection, settings: Settings, worker: str, lanes: Sequence[str]) -> Claim | None:
    """The claim itself, in a locked writing transaction; its change number is the caller's, last of all."""
    while (row := _best(connection, settings, lanes)) is not None:
        if (taken := _lease(connection, settings, worker, row)) is not None:
            return taken
    return None


# The statements are made once: making them anew for each claim took longer than running them.
_LOCK = text(f"SELECT pg_advisory_xact_lock({_CLAIM_LOCK})")
_LANES: BindParameter[Any] = bindparam("lanes", expanding=True)
_KINDS: BindParameter[Any] = bindparam("kinds", expanding=True)
_DUE = select(jobs.c.id).where(IS_PENDING, jobs.c.lane.in_(_LANES), jobs.c.run_at <= db_now()).limit(1)


def _best_statement(*, some_owners_full: bool) -> Select[Any]:
    """The best job of `lanes` and `kinds`, without those of the owners `full`."""
    # The owners who have anything pending, hopping through the index from one to the next.
    first = select(func.min(jobs.c.owner_id).label("id")).where(IS_PENDING)
    owners = first.cte("owners", recursive=True)
    following = select(func.min(jobs.c.owner_id)).where(IS_PENDING, jobs.c.owner_id > owners.c.id).scalar_subquery()
    owners = owners.union_all(select(following).where(owners.c.id.is_not(None)))

    own = jobs.alias("own")
    best_of_owner = (
        select(own.c.id)
        .where(
            literal_column("own.state = 'pending'"),
            own.c.owner_id == owners.c.id,
            own.c.lane.in_(_LANES),
            own.c.kind.in_(_KINDS),
            own.c.run_at <= db_now(),
        )
        .order_by(own.c.priority, own.c.run_at, own.c.id)
        .limit(1)
        .correlate(owners)
        .scalar_subquery()
    )
    turn = jobs.alias("turn")
    running = (
        select(func.count())
        .select_from(turn)
        .where(literal_column("turn.state = 'running'"), turn.c.owner_id == jobs.c.owner_id)
        .correlate(jobs)
        .scalar_subquery()
    )
    past = jobs.alias("past")
    last_turn = select(func.max(past.c.claimed_at)).where(past.c.owner_id == jobs.c.owner_id).correlate(jobs)
    candidates = select(best_of_owner.label("id")).where(owners.c.id.is_not(None))
    if some_owners_full:
        candidates = candidates.where(owners.c.id.not_in(bindparam("full", expanding=True)))
    chosen = candidates.subquery("candidates")
    return (
        select(jobs)
        .join_from(chosen, jobs, jobs.c.id == chosen.c.id)
        .order_by(
            jobs.c.priority,
            running,
            last_turn.scalar_subquery().asc().nulls_first(),
            jobs.c.run_at,
            jobs.c.id,
        )
        .limit(1)
    )


_BEST, _BEST_BUT = _best_statement(some_owners_full=False), _best_statement(some_owners_full=True)
_LEASE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), IS_PENDING)
    .values(
        state="running",
        attempt=jobs.c.attempt + 1,
        worker=bindparam("by"),
        lease_token=bindparam("token"),
        lease_until=db_now(bindparam("lease_seconds", type_=Float())),
        soft_deadline=db_now(bindparam("soft_seconds", type_=Float())),
        hard_deadline=db_now(bindparam("hard_seconds", type_=Float())),
        started_at=func.coalesce(jobs.c.started_at, db_now()),
        claimed_at=db_now(),
        waiting_for=None,
        hinted_at=None,
    )
    .returning(jobs.c.attempt, jobs.c.soft_deadline, jobs.c.hard_deadline, jobs.c.checkpoint)
)
_OWNER = select(users.c.username, users.c.role, users.c.language).where(users.c.id == bindparam("owner"))
_UPLOADS = (
    select(job_uploads.c.file_id).where(job_uploads.c.job_id == bindparam("job")).order_by(job_uploads.c.position)
)


def _anything_due(database: Database, lanes: Sequence[str]) -> bool:
    # Idle workers look every other second: that must not take the write lock.
    with database.read() as connection:
        return connection.execute(_DUE, {"lanes": list(lanes)}).first() is not None


def _best(connection: Connection, settings: Settings, lanes: Sequence[str]) -> Row[Any] | None:
    situation = look(connection, settings)
    lanes = [lane for lane in lanes if lane not in situation.paused]
    full_kinds, full_owners = situation.full_kinds, situation.full_owners
    allowed = [name for name in kinds.load() if name not in full_kinds]
    if not lanes or not allowed:
        return None
    wanted: dict[str, Any] = {"lanes": lanes, "kinds": allowed}
    if full_owners:
        return connection.execute(_BEST_BUT, wanted | {"full": sorted(full_owners)}).first()
    return connection.execute(_BEST, wanted).first()


def _lease(connection: Connection, settings: Settings, worker: str, row: Row[Any]) -> Claim | None:
    kind = kinds.load()[row.kind]
    soft = kind.soft_limit_seconds or settings.soft_limit_seconds
    hard = max(kind.hard_limit_seconds or settings.hard_limit_seconds, soft)
    token, taken_at = new_id(), time.monotonic()
    taken = connection.execute(
        _LEASE,
        {
            "job": row.id,
            "by": worker,
            "token": token,
            "lease_seconds": settings.lease_seconds,
            "soft_seconds": soft,
            "hard_seconds": hard,
        },
    ).one_or_none()
    if taken is None:  # cancelled between our look and our hand, which PostgreSQL allows: look again
        return None
    owner = connection.execute(_OWNER, {"owner": row.owner_id}).one()
    uploads: tuple[str, ...] = ()
    if kind.uploads.maximum:
        uploads = tuple(connection.execute(_UPLOADS, {"job": row.id}).scalars())
    # Nobody has chosen a language for the system itself.
    language = settings.language if row.owner_id == SYSTEM_USER_ID else owner.language
    events.add(connection, row.id, "claimed", worker=worker, attempt=taken.attempt)
    return Claim(
        job_id=row.id,
        kind=row.kind,
        title=row.title,
        params=row.params,
        owner=Actor(row.owner_id, owner.username, owner.role, language),
        attempt=taken.attempt,
        checkpoint=taken.checkpoint,
        lane=row.lane,
        priority=row.priority,
        parent_id=row.parent_id,
        uploads=uploads,
        lease_token=token,
        lease_seconds=settings.lease_seconds,
        soft_deadline=taken.soft_deadline,
        hard_deadline=taken.hard_deadline,
        soft_seconds=soft,
        hard_seconds=hard,
        due_at=due_of(row.fire_key),
        taken_at=taken_at,
    )
