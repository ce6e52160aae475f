"""How it went over time: what ended in each minute or hour, and what waited."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, queue_samples
from worker.db.types import bucket_start, db_now
from worker.engine.monitor.samples import ALL_LANES
from worker.engine.monitor.views import Point, Series, Step
from worker.engine.routing import known_lane
from worker.errors import Forbidden, Refused

STEPS: dict[Step, int] = {"minute": 60, "hour": 3600}
POINTS = 1500  # at most: a day of minutes, two months of hours


def series(
    database: Database,
    actor: Actor,
    *,
    step: Step = "minute",
    lane: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Series:
    """One point for each minute or hour.

    Args:
        lane: only this one; None: all together.
        since: None: 60 minutes or 24 hours before the end.
        until: None: now.

    Raises:
        Forbidden: not an admin.
        NotFound: `unknown_lane`.
        Refused: `period_too_long` or `period_empty`.
    """
    if not actor.is_admin:
        raise Forbidden
    lane = known_lane(lane) if lane is not None else None
    seconds = STEPS[step]
    with database.read() as connection:
        end = until or connection.execute(select(db_now())).scalar_one()
        begin = since or end - (timedelta(hours=1) if step == "minute" else timedelta(days=1))
        first, last = int(begin.timestamp() // seconds), math.ceil(end.timestamp() / seconds)
        if until is None and last * seconds == end.timestamp():
            last += 1  # the step that begins right now counts too
        if last <= first:
            raise Refused("period_empty")
        if last - first > POINTS:
            raise Refused("period_too_long", limit=POINTS)
        begin, end = (datetime.fromtimestamp(place * seconds, UTC) for place in (first, last))
        bucket = bucket_start(jobs.c.finished_at, seconds)
        ended = (
            select(bucket.label("start"), jobs.c.state, func.count())
            .where(jobs.c.finished_at >= begin, jobs.c.finished_at < end)
            .group_by(bucket, jobs.c.state)
        )
        if lane is not None:
            ended = ended.where(jobs.c.lane == lane)
        counts: Counter[tuple[int, str]] = Counter()
        for start, state, count in connection.execute(ended):
            counts[start, state] = count
        looked = _samples(connection, ALL_LANES, seconds, begin, end)
        samples = looked if lane is None else _samples(connection, lane, seconds, begin, end)
    points = []
    for start in range(first * seconds, last * seconds, seconds):
        # A lane where nothing was has no row of its own.
        waiting, running = samples.get(start, (0, 0) if start in looked else (None, None))
        points.append(
            Point(
                at=datetime.fromtimestamp(start, UTC),
                succeeded=counts[start, "succeeded"],
                failed=counts[start, "failed"],
                cancelled=counts[start, "cancelled"],
                waiting=waiting,
                running=running,
            )
        )
    return Series(step_seconds=seconds, lane=lane, points=points)


def _samples(
    connection: Connection, lane: str, seconds: int, begin: datetime, end: datetime
) -> dict[int, tuple[int, int]]:
    c = queue_samples.c
    bucket = bucket_start(c.at, seconds)
    query = (
        select(bucket.label("start"), func.max(c.waiting), func.max(c.running))
        .where(c.at >= begin, c.at < end, c.lane == lane)
        .group_by(bucket)
    )
    return {start: (waiting, running) for start, waiting, running in connection.execute(query)}
