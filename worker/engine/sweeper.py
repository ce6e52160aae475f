"""The sweeper: puts right what nobody else will. Runs in the scheduler process; any number of them may run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, delete, func, or_, select, update

from worker.db.database import Database
from worker.db.schema import counters, idempotency_keys, jobs, tombstones
from worker.db.types import db_now
from worker.engine import outcome, workers
from worker.engine.idempotency import KEY_SECONDS
from worker.engine.limits import IS_PENDING, IS_RUNNING, look
from worker.engine.routing import LANES, Publish, hint_queue
from worker.settings import Settings

TOMBSTONE_SECONDS = 30 * 86400.0
_BATCH = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: ids of jobs taken from silent workers, hints sent, old rows removed."""

    rescued: tuple[str, ...]
    hinted: int
    forgotten: int


class Sweeper:
    """Expired leases, due jobs that nobody took, and rows that nobody needs any more.

    Args:
        publish: sends a hint to a queue, best effort.
    """

    def __init__(self, database: Database, settings: Settings, publish: Publish) -> None:
        self.database = database
        self.settings = settings
        self.publish = publish

    def sweep(self) -> Swept:
        """Do all of it once."""
        return Swept(tuple(self.rescue()), self.hint(), self.forget())

    def rescue(self) -> list[str]:
        """Take jobs whose lease has expired from their workers; gives the jobs' ids.

        Each in a transaction of its own, so that no lock is held longer than one job takes.
        """
        rescued: list[str] = []
        after = ""
        while len(rescued) < _BATCH:
            with self.database.write() as connection:
                row = connection.execute(
                    select(jobs)
                    .where(IS_RUNNING, jobs.c.lease_until < db_now(), jobs.c.id > after)
                    .order_by(jobs.c.id)
                    .limit(1)
                    .with_for_update(skip_locked=True, key_share=True)
                ).one_or_none()
                if row is None:
                    break
                state = outcome.rescue(connection, self.settings, row, "lease_expired", {"worker": row.worker})
            log.warning("job %s taken from silent worker %s: %s", row.id, row.worker, state)
            rescued.append(row.id)
            after = row.id
        return rescued

    def hint(self) -> int:
        """Hint due jobs that nobody has taken: no more than there are free slots for, and each at most once in
        `hint_seconds`; gives how many."""
        with self.database.read() as connection:
            free = [_Free(w.free, w.lanes) for w in workers.online(connection, self.settings) if w.free]
            situation = look(connection, self.settings)
            # Most sweeps find nothing: they must not take the write lock.
            anything = connection.execute(
                select(jobs.c.id).where(IS_PENDING, jobs.c.run_at <= db_now()).limit(1)
            ).first()
        total = sum(worker.slots for worker in free)
        if not total or anything is None:
            return 0
        unhinted = or_(jobs.c.hinted_at.is_(None), jobs.c.hinted_at < db_now(-self.settings.hint_seconds))
        lanes = [
            name for name in LANES if name not in situation.paused and any(name in worker.lanes for worker in free)
        ]
        with self.database.write() as connection:
            waiting: list[Any] = []
            for lane in lanes:
                held_back = [jobs.c.kind.not_in(sorted(situation.full_kinds))] if situation.full_kinds else []
                if situation.full_owners:
                    held_back.append(jobs.c.owner_id.not_in(sorted(situation.full_owners)))
                found = connection.execute(
                    select(jobs.c.id, jobs.c.lane, jobs.c.priority, jobs.c.run_at)
                    .where(IS_PENDING, jobs.c.lane == lane, jobs.c.run_at <= db_now(), unhinted, *held_back)
                    .order_by(jobs.c.priority, jobs.c.run_at, jobs.c.id)
                    .limit(total)
                    .with_for_update(skip_locked=True, key_share=True)
                ).all()
                waiting.extend(found)
            waiting.sort(key=lambda row: (row.priority, row.run_at, row.id))
            sent = [row for row in waiting if _take_slot(free, row.lane)]
            if sent:
                connection.execute(
                    update(jobs).where(jobs.c.id.in_([row.id for row in sent])).values(hinted_at=db_now())
                )
        for row in sent:
            self.publish(hint_queue(row.lane, row.priority))
        return len(sent)

    def forget(self) -> int:
        """Remove tombstones and idempotency keys that are older than 30 days, and workers not seen for a day."""
        with self.database.read() as connection:
            old_stones = connection.execute(
                select(func.max(tombstones.c.change_no)).where(tombstones.c.at < _ago(TOMBSTONE_SECONDS))
            ).scalar_one()
            old_key = connection.execute(
                select(idempotency_keys.c.job_id).where(idempotency_keys.c.created_at < _ago(KEY_SECONDS)).limit(1)
            ).first()
            silent = workers.forgettable(connection)
        if old_stones is None and old_key is None and not silent:
            return 0
        count = 0
        with self.database.write() as connection:
            if old_key is not None:
                count += connection.execute(
                    delete(idempotency_keys).where(idempotency_keys.c.created_at < _ago(KEY_SECONDS))
                ).rowcount
            if silent:
                count += workers.forget(connection)
            if old_stones is not None:
                # Cursors from before the last removed tombstone end: who holds one would not learn of the removal.
                count += connection.execute(delete(tombstones).where(tombstones.c.change_no <= old_stones)).rowcount
                connection.execute(
                    update(counters)
                    .where(counters.c.name == "changes", counters.c.floor < old_stones)
                    .values(floor=old_stones)
                )
        return count


def _ago(seconds: float) -> ScalarSelect[datetime]:
    # A subquery, evaluated once: PostgreSQL's clock is volatile and could not be looked up in an index.
    return select(db_now(-seconds)).scalar_subquery()


@dataclass(slots=True)
class _Free:
    slots: int
    lanes: tuple[str, ...]


def _take_slot(free: Sequence[_Free], lane: str) -> bool:
    for worker in free:
        if worker.slots and lane in worker.lanes:
            worker.slots -= 1
            return True
    return False
