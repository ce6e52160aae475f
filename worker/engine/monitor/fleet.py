"""The workers as an administrator sees them: who is there, and what each of them runs."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs
from worker.engine import kinds, workers
from worker.engine.limits import IS_RUNNING
from worker.engine.monitor.views import RunningJob, WorkerView
from worker.errors import Forbidden
from worker.settings import Settings


def fleet(
    database: Database, settings: Settings, actor: Actor, language: str, *, silent: bool = False
) -> list[WorkerView]:
    """The workers, by name.

    Args:
        silent: also those that have not been seen for longer than a lease lasts (they are forgotten after a day).

    Raises:
        Forbidden: not an admin.
    """
    if not actor.is_admin:
        raise Forbidden
    c = jobs.c
    with database.read() as connection:
        online = {worker.id for worker in workers.online(connection, settings)}
        there = [w for w in workers.everyone(connection) if silent or w.id in online]
        running = connection.execute(
            select(c.id, c.kind, c.title, c.lane, c.attempt, c.progress, c.claimed_at, c.worker)
            .where(IS_RUNNING, c.lease_until.is_not(None))  # the second for SQLite's planner: the index is by it
            .order_by(c.claimed_at, c.id)
        ).all()
    at_work: dict[str, list[RunningJob]] = defaultdict(list)
    for row in running:
        at_work[row.worker].append(
            RunningJob(
                id=row.id,
                kind=row.kind,
                kind_title=kinds.title(row.kind, language),
                title=row.title,
                lane=row.lane,
                attempt=row.attempt,
                progress=row.progress,
                since=row.claimed_at,
            )
        )
    return [
        WorkerView(
            id=worker.id,
            name=worker.name,
            pid=worker.pid,
            state="silent" if worker.id not in online else "stopping" if worker.stopping else "online",
            lanes=list(worker.lanes),
            slots=worker.slots,
            jobs=at_work[worker.name],
            memory_bytes=worker.memory_bytes,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
        )
        for worker in there
    ]
