"""The workers' own rows: who is there, serving which lanes, with how many slots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Float, Row, bindparam, delete, insert, select, update

from worker.db.database import Database
from worker.db.schema import jobs, workers
from worker.db.types import db_now
from worker.ids import new_id
from worker.settings import Settings

_FORGET_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker process; `running` of its `slots` are at work."""

    id: str
    name: str
    pid: int
    lanes: tuple[str, ...]
    slots: int
    running: int
    memory_bytes: int | None
    started_at: datetime
    seen_at: datetime
    stopping: bool

    @property
    def free(self) -> int:
        """Slots that could take a job now."""
        return 0 if self.stopping else max(0, self.slots - self.running)


def register(database: Database, name: str, pid: int, lanes: Sequence[str], slots: int) -> str:
    """A worker has started; gives the id of its row. Rows that an earlier life of the same name left are removed."""
    worker_id = new_id()
    with database.write() as connection:
        connection.execute(delete(workers).where(workers.c.name == name))
        connection.execute(
            insert(workers).values(
                id=worker_id,
                name=name,
                pid=pid,
                process_started_at=_started(pid),
                lanes=list(lanes),
                slots=slots,
                started_at=db_now(),
                seen_at=db_now(),
            )
        )
    return worker_id


def _started(pid: int) -> float | None:
    """When a process of this computer has started, by its own clock; with the id it names one process for ever."""
    import psutil  # by workers only: the API reads this module, too

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def seen(database: Database, worker_id: str, running: int, memory_bytes: int | None = None) -> bool:
    """The worker is alive, `running` of its slots are at work. Call every `heartbeat_seconds` or sooner.

    Gives False when its row is gone (it was away for a day): it must register again.
    """
    with database.write() as connection:
        touched = connection.execute(
            update(workers)
            .where(workers.c.id == worker_id)
            .values(seen_at=db_now(), running=running, memory_bytes=memory_bytes)
        )
    return touched.rowcount == 1


def stopping(database: Database, worker_id: str) -> None:
    """The worker takes no more jobs, but finishes or releases those that it has."""
    with database.write() as connection:
        connection.execute(update(workers).where(workers.c.id == worker_id).values(stopping=True, seen_at=db_now()))


def gone(database: Database, worker_id: str) -> None:
    """The worker has ended in good order."""
    with database.write() as connection:
        connection.execute(delete(workers).where(workers.c.id == worker_id))


def lost(database: Database, pid: int, host: str) -> list[str]:
    """The worker process has ended without a goodbye: its jobs need not wait for the end of their leases.

    The sweeper takes them in its next round. A runner that still lives cannot commit then: its token is void.

    Args:
        pid: of the process.
        host: name of its computer, as workers' names end with it; other computers may have such a pid, too.

    Returns:
        The ids of the jobs.
    """
    with database.write() as connection:
        names = connection.scalars(
            delete(workers)
            .where(workers.c.pid == pid, workers.c.name.endswith(f"@{host}:{pid}", autoescape=True))
            .returning(workers.c.name)
        ).all()
        if not names:
            return []
        return list(
            connection.scalars(
                update(jobs)
                .where(jobs.c.worker.in_(names), jobs.c.state == "running", jobs.c.lease_until > db_now())
                .values(lease_until=db_now())
                .returning(jobs.c.id)
            )
        )


_ONLINE = select(workers).where(workers.c.seen_at > db_now(bindparam("since", type_=Float()))).order_by(workers.c.name)


def online(connection: Connection, settings: Settings) -> list[WorkerRow]:
    """Workers that were seen within the time of a lease, also those that are stopping; by name."""
    return _read(connection.execute(_ONLINE, {"since": -settings.lease_seconds}))


def everyone(connection: Connection) -> list[WorkerRow]:
    """Also workers that have not been seen for longer; by name."""
    return _read(connection.execute(select(workers).order_by(workers.c.name)))


def _read(rows: Iterable[Row[Any]]) -> list[WorkerRow]:
    return [
        WorkerRow(
            id=row.id,
            name=row.name,
            pid=row.pid,
            lanes=tuple(row.lanes),
            slots=row.slots,
            running=row.running,
            memory_bytes=row.memory_bytes,
            started_at=row.started_at,
            seen_at=row.seen_at,
            stopping=row.stopping,
        )
        for row in rows
    ]


def forget(connection: Connection) -> int:
    """Remove the rows of workers that were not seen for a day; gives how many."""
    return connection.execute(delete(workers).where(workers.c.seen_at < db_now(-_FORGET_SECONDS))).rowcount


def forgettable(connection: Connection) -> bool:
    """True when there are rows that `forget` would remove."""
    return (
        connection.execute(select(workers.c.id).where(workers.c.seen_at < db_now(-_FORGET_SECONDS)).limit(1)).first()
        is not None
    )
