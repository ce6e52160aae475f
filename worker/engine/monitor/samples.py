"""What waits and runs, noted once a minute by the scheduler: no other row remembers it later."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Insert, and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.db.database import Database
from worker.db.schema import jobs, queue_samples
from worker.db.types import db_now
from worker.engine.limits import IS_PENDING, IS_RUNNING

ALL_LANES = "*"
KEEP = timedelta(days=32)  # a month of hours, and the day that is under way
_STEP_SECONDS = 60


class Sampler:
    """Notes this minute's numbers, at most once a minute whoever asks; several schedulers note them once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = 0.0

    def sample(self) -> bool:
        """Note them if nobody has in this minute; gives whether this call did."""
        if time.time() < self._next:
            return False
        with self._database.read() as connection:
            now: datetime = connection.execute(select(db_now())).scalar_one()
            minute = now.replace(second=0, microsecond=0)
            there = connection.execute(select(queue_samples.c.at).where(queue_samples.c.at == minute).limit(1)).first()
            counts: dict[str, list[int]] = {}
            for place, condition in enumerate((IS_PENDING, and_(IS_RUNNING, jobs.c.lease_until.is_not(None)))):
                query = select(jobs.c.lane, func.count()).where(condition).group_by(jobs.c.lane)
                for lane, count in connection.execute(query):
                    counts.setdefault(lane, [0, 0])[place] = count
        self._next = time.time() + _STEP_SECONDS - (now - minute).total_seconds()
        if there is not None:
            return False
        counts[ALL_LANES] = [sum(found[0] for found in counts.values()), sum(found[1] for found in counts.values())]
        rows = [
            {"at": minute, "lane": lane, "waiting": waiting, "running": running}
            for lane, (waiting, running) in counts.items()
        ]
        with self._database.write() as connection:
            statement: Insert
            if self._database.dialect == "postgresql":
                statement = postgresql.insert(queue_samples).on_conflict_do_nothing()
            else:
                statement = sqlite.insert(queue_samples).on_conflict_do_nothing()
            connection.execute(statement, rows)
        return True


def forget(database: Database) -> int:
    """Remove samples that no series reaches back to; gives how many."""
    with database.write() as connection:
        return connection.execute(delete(queue_samples).where(queue_samples.c.at < datetime.now(UTC) - KEEP)).rowcount
