"""How jobs went over a period: by kind and state, durations, reasons of failures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, null, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs
from worker.db.types import seconds_between
from worker.engine import kinds
from worker.engine.limits import IS_PENDING, IS_RUNNING
from worker.engine.monitor.views import Counts, Failure, Figures, KindFigures, Stats
from worker.engine.visibility import visible
from worker.texts import text

FAILURES = 20
_SECONDS = seconds_between(jobs.c.started_at, jobs.c.finished_at)
# Durations in steps of about a hundredth, so that however many jobs there are, few different ones come back.
_STEPPED = case(
    (_SECONDS < 10, func.round(_SECONDS * 100) / 100.0),
    (_SECONDS < 100, func.round(_SECONDS * 10) / 10.0),
    else_=func.round(_SECONDS),
)


@dataclass(slots=True)
class _Tally:
    """What a set of jobs comes to; `durations` (and how many had each) and exact `seconds` of those that succeeded."""

    states: Counter[str] = field(default_factory=Counter)
    durations: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, state: str, count: int, duration: float | None, seconds: float | None) -> None:
        self.states[state] += count
        if state == "succeeded" and duration is not None:
            self.durations[duration] += count
            self.seconds += seconds or 0.0

    def percentile(self, percent: int) -> float | None:
        """Nearest rank: the smallest duration that `percent` of 100 do not exceed."""
        rank = -(-self.durations.total() * percent // 100)
        for duration in sorted(self.durations):
            rank -= self.durations[duration]
            if rank <= 0:
                return duration
        return None

    def figures(self) -> Figures:
        judged = self.states["succeeded"] + self.states["failed"]
        timed = self.durations.total()
        return Figures(
            total=self.states.total(),
            states=Counts(**self.states),
            success_rate=round(self.states["succeeded"] / judged, 4) if judged else None,
            average_seconds=round(self.seconds / timed, 3) if timed else None,
            p50_seconds=self.percentile(50),
            p95_seconds=self.percentile(95),
        )


def stats(
    database: Database,
    actor: Actor,
    language: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Stats:
    """The figures of the jobs that the actor may see, those of schedules included.

    Args:
        since, until: ended jobs that ended from (inclusive) to (exclusive); None: no limit. Jobs that were deleted
            are not counted any more. Open jobs are counted as they are now, whatever the period.
    """
    ended = [visible(actor), jobs.c.finished_at.is_not(None)]
    if since is not None:
        ended.append(jobs.c.finished_at >= since)
    if until is not None:
        ended.append(jobs.c.finished_at < until)
    kinds_found: dict[str, _Tally] = defaultdict(_Tally)
    overall = _Tally()
    with database.read() as connection:
        for row in _counted(connection, visible(actor), ended):
            for tally in (kinds_found[row.kind], overall):
                tally.add(row.state, row.total, row.duration, row.seconds)
        failures = _failures(connection, ended, language)
    found = [
        KindFigures(kind=kind, title=kinds.title(kind, language), **tally.figures().model_dump())
        for kind, tally in kinds_found.items()
    ]
    return Stats(
        since=since,
        until=until,
        **overall.figures().model_dump(),
        kinds=sorted(found, key=lambda figures: (-figures.total, figures.kind)),
        failures=failures,
    )


def _counted(connection: Connection, mine: ColumnElement[bool], ended: list[ColumnElement[bool]]) -> Iterator[Row[Any]]:
    """`kind, state, duration, total, seconds` of open and ended jobs."""
    nothing = null().label("duration"), func.count().label("total"), null().label("seconds")
    for condition in (IS_PENDING, and_(IS_RUNNING, jobs.c.lease_until.is_not(None))):
        yield from connection.execute(
            select(jobs.c.kind, jobs.c.state, *nothing).where(mine, condition).group_by(jobs.c.kind, jobs.c.state)
        )
    stepped = _STEPPED.label("duration")
    yield from connection.execute(
        select(jobs.c.kind, jobs.c.state, stepped, func.count().label("total"), func.sum(_SECONDS).label("seconds"))
        .where(*ended)
        .group_by(jobs.c.kind, jobs.c.state, stepped)
    )


def _failures(connection: Connection, ended: list[ColumnElement[bool]], language: str) -> list[Failure]:
    rows = connection.execute(
        select(jobs.c.kind, jobs.c.error_code, func.count().label("total"), func.max(jobs.c.finished_at).label("last"))
        .where(*ended, jobs.c.state == "failed")
        .group_by(jobs.c.kind, jobs.c.error_code)
        .order_by(func.count().desc(), jobs.c.kind, jobs.c.error_code)
        .limit(FAILURES)
    ).all()
    failures = []
    for row in rows:
        values = connection.execute(
            select(jobs.c.error_values)
            .where(
                jobs.c.kind == row.kind,
                jobs.c.state == "failed",
                jobs.c.finished_at == row.last,
                jobs.c.error_code == row.error_code,
            )
            .limit(1)
        ).scalar()
        code = row.error_code or "unknown_error"
        failures.append(
            Failure(
                kind=row.kind,
                code=code,
                message=text(code, language, **(values or {})),
                count=row.total,
                last_at=row.last,
            )
        )
    return failures
