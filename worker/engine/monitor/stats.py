"""How jobs went over a period: by kind and state, durations, reasons of failures."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

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
_PERCENTS = (50, 95)
_SECONDS = seconds_between(jobs.c.started_at, jobs.c.finished_at)


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
    succeeded = [*ended, jobs.c.state == "succeeded"]
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    with database.read() as connection:
        for state, condition in (
            ("pending", IS_PENDING),
            ("running", and_(IS_RUNNING, jobs.c.lease_until.is_not(None))),
        ):
            for kind, count in _by_kind(connection, [visible(actor), condition]):
                counts[kind][state] = count
        query = select(jobs.c.kind, jobs.c.state, func.count()).where(*ended).group_by(jobs.c.kind, jobs.c.state)
        for kind, state, count in connection.execute(query):
            counts[kind][state] = count
        sums = {
            row.kind: (row.total, row.seconds)
            for row in connection.execute(
                select(jobs.c.kind, func.count().label("total"), func.sum(_SECONDS).label("seconds"))
                .where(*succeeded)
                .group_by(jobs.c.kind)
            )
        }
        by_kind = _percentiles(connection, succeeded, each_kind=True)
        overall = _percentiles(connection, succeeded, each_kind=False)
        failures = _failures(connection, ended, language)
    all_states = {state: sum(found.get(state, 0) for found in counts.values()) for state in Counts.model_fields}
    total_sum = (sum(count for count, _ in sums.values()), sum(seconds for _, seconds in sums.values()))
    found = [
        KindFigures(
            kind=kind,
            title=kinds.title(kind, language),
            **_figures(states, sums.get(kind, (0, 0.0)), by_kind.get(kind, {})).model_dump(),
        )
        for kind, states in counts.items()
    ]
    return Stats(
        since=since,
        until=until,
        **_figures(all_states, total_sum, overall.get("", {})).model_dump(),
        kinds=sorted(found, key=lambda figures: (-figures.total, figures.kind)),
        failures=failures,
    )


def _figures(states: dict[str, int], took: tuple[int, float], percentiles: dict[int, float]) -> Figures:
    judged = states.get("succeeded", 0) + states.get("failed", 0)
    count, seconds = took
    return Figures(
        total=sum(states.values()),
        states=Counts(**states),
        success_rate=round(states.get("succeeded", 0) / judged, 4) if judged else None,
        average_seconds=round(seconds / count, 3) if count else None,
        p50_seconds=percentiles.get(50),
        p95_seconds=percentiles.get(95),
    )


def _by_kind(connection: Connection, conditions: list[ColumnElement[bool]]) -> list[tuple[str, int]]:
    query = select(jobs.c.kind, func.count()).where(*conditions).group_by(jobs.c.kind)
    return [(kind, count) for kind, count in connection.execute(query)]


def _percentiles(
    connection: Connection, conditions: list[ColumnElement[bool]], *, each_kind: bool
) -> dict[str, dict[int, float]]:
    """Percent to seconds, by kind; for all kinds together under the empty name. Computed by the database, so that a
    period of a million jobs needs no memory here.
    """
    group = [jobs.c.kind] if each_kind else []
    ranked = (
        select(
            *group,
            _SECONDS.label("seconds"),
            func.row_number().over(partition_by=group or None, order_by=_SECONDS).label("number"),
            func.count().over(partition_by=group or None).label("total"),
        )
        .where(*conditions)
        .subquery("ranked")
    )
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for percent in _PERCENTS:
        # Nearest rank: the smallest duration that `percent` of 100 do not exceed. Whole numbers, the same everywhere.
        rank = (ranked.c.total * percent + 99) // 100
        name: Any = ranked.c.kind if each_kind else func.coalesce("", "")
        query: Select[Any] = select(name.label("name"), ranked.c.seconds).where(ranked.c.number == rank)
        for row in connection.execute(query):
            found[row.name][percent] = row.seconds
    return found


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
