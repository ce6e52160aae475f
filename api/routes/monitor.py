"""Monitoring, for admins: workers, queues, statistics, history, and how it went over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from api.dependencies import AdminDep, DatabaseDep, SettingsDep
from api.routes.jobs import aware
from api.routing import v1_router
from worker.engine import lanes
from worker.engine.monitor.fleet import fleet
from worker.engine.monitor.history import history
from worker.engine.monitor.queues import queue, queues
from worker.engine.monitor.series import series
from worker.engine.monitor.stats import stats
from worker.engine.monitor.views import Ended, History, QueueView, Series, Stats, Step, WorkerView

router = v1_router("/monitor", "monitor")
_STATS_PERIOD = timedelta(days=1)


class WorkerList(BaseModel):
    """The workers, by name."""

    workers: list[WorkerView]


class QueueList(BaseModel):
    """The lanes."""

    queues: list[QueueView]


@router.get("/workers")
def list_workers(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    silent: Annotated[bool, Query(description="Also those that were not seen for a while.")] = False,
) -> WorkerList:
    """Who is there, and what each of them runs."""
    return WorkerList(workers=fleet(database, settings, admin, admin.language, silent=silent))


@router.get("/queues")
def list_queues(admin: AdminDep, database: DatabaseDep, settings: SettingsDep) -> QueueList:
    """What waits and runs in each lane, and who serves it."""
    return QueueList(queues=queues(database, settings, admin))


@router.post("/queues/{lane}/pause")
def pause_queue(lane: str, admin: AdminDep, database: DatabaseDep, settings: SettingsDep) -> QueueView:
    """Let nothing of this lane start any more; what runs goes on. Lasts until it is resumed."""
    lanes.pause(database, admin, lane)
    return queue(database, settings, admin, lane)


@router.post("/queues/{lane}/resume")
def resume_queue(lane: str, admin: AdminDep, database: DatabaseDep, settings: SettingsDep) -> QueueView:
    """Open a paused lane again."""
    lanes.resume(database, settings, admin, lane)
    return queue(database, settings, admin, lane)


@router.get("/stats")
def get_stats(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    since: Annotated[datetime | None, Query(alias="from", description="None: 24 hours before now.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="None: now.")] = None,
) -> Stats:
    """Jobs that ended in a period and those that are open now: by kind and state, durations, reasons of failures."""
    begin, end = aware(since, settings), aware(until, settings)
    if begin is None and end is None:
        begin = datetime.now(UTC) - _STATS_PERIOD
    return stats(database, admin, admin.language, since=begin, until=end)


@router.get("/history")
def list_history(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    kind: Annotated[list[str] | None, Query(description="May be given several times.")] = None,
    state: Annotated[list[Ended] | None, Query(description="May be given several times.")] = None,
    owner: Annotated[str | None, Query(description="User name or id.", max_length=64)] = None,
    since: Annotated[datetime | None, Query(alias="from", description="Ended at or after.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Ended before.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> History:
    """Jobs that have ended, the last ended first; those of schedules, too."""
    return history(
        database,
        admin,
        admin.language,
        of_kinds=kind or (),
        states=state or (),
        owner=owner,
        since=aware(since, settings),
        until=aware(until, settings),
        cursor=cursor,
        limit=limit,
    )


@router.get("/series")
def get_series(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    step: Step = "minute",
    lane: Annotated[str | None, Query(max_length=32, description="None: all together.")] = None,
    since: Annotated[datetime | None, Query(alias="from", description="None: an hour or a day before the end.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="None: now.")] = None,
) -> Series:
    """What ended and what waited in each minute or hour; at most 1500 points."""
    return series(database, admin, step=step, lane=lane, since=aware(since, settings), until=aware(until, settings))
