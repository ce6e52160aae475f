"""What holds jobs back at this moment: paused lanes, limits of kinds and users, lanes that nobody serves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from worker.actor import SYSTEM_USER_ID
from worker.db.schema import jobs, lanes
from worker.engine import kinds, workers
from worker.settings import Settings

# Written out, not bound: only then does PostgreSQL's planner match the partial indexes.
IS_PENDING: ColumnElement[bool] = literal_column("jobs.state = 'pending'")
IS_RUNNING: ColumnElement[bool] = literal_column("jobs.state = 'running'")

_PAUSED = select(lanes.c.name).where(lanes.c.paused_at.is_not(None))
_COLUMNS = (jobs.c.kind, jobs.c.owner_id, jobs.c.lane)
_RUNNING = select(*_COLUMNS, func.count()).where(IS_RUNNING).group_by(*_COLUMNS)


@dataclass(frozen=True, slots=True)
class Situation:
    """One look at everything that may hold a job back.

    Attributes:
        paused: names of paused lanes.
        running_kinds, running_owners, running_lanes: how many jobs run, by kind, by owner's id, by lane.
        user_limit: jobs of one user that may run at the same time; 0: no limit.
        online: the workers that are there; empty unless asked for.
    """

    paused: frozenset[str]
    running_kinds: Counter[str]
    running_owners: Counter[str]
    running_lanes: Counter[str]
    user_limit: int
    online: tuple[workers.WorkerRow, ...] = ()

    @property
    def served(self) -> frozenset[str]:
        """Lanes that some worker serves now."""
        return frozenset(lane for worker in self.online for lane in worker.lanes)

    @property
    def full_kinds(self) -> set[str]:
        """Kinds of which no more may run now."""
        known = kinds.load()
        return {
            name
            for name, count in self.running_kinds.items()
            if name in known and 0 < known[name].running_limit <= count
        }

    @property
    def full_owners(self) -> set[str]:
        """Ids of users of whom no more may run now; the system itself has no limit."""
        if not self.user_limit:
            return set()
        return {
            owner
            for owner, count in self.running_owners.items()
            if count >= self.user_limit and owner != SYSTEM_USER_ID
        }


def look(connection: Connection, settings: Settings, *, online: bool = False) -> Situation:
    """The situation now.

    Args:
        online: with the workers that are there.
    """
    paused = connection.execute(_PAUSED).scalars()
    by_kind: Counter[str] = Counter()
    by_owner: Counter[str] = Counter()
    by_lane: Counter[str] = Counter()
    for kind, owner, lane, count in connection.execute(_RUNNING):
        by_kind[kind] += count
        by_owner[owner] += count
        by_lane[lane] += count
    there = tuple(workers.online(connection, settings)) if online else ()
    return Situation(frozenset(paused), by_kind, by_owner, by_lane, settings.user_running_limit, there)
