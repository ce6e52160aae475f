"""What happened in a period: jobs, rows, failures, people, revenue, work hours; kept in totals only."""

from __future__ import annotations

import bisect
import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from worker.datasets.work_logs import WORK_LOGS
from worker.db.schema import jobs, users
from worker.finance import revenue
from worker.finance.bills import b

if TYPE_CHECKING:
    from worker.db.database import Database
    from worker.reports.period import Period

STATES = ("succeeded", "failed", "cancelled")
TOP = 20
"""People, projects and employees that are listed."""
_w = WORK_LOGS.table.c


@dataclass(slots=True)
class Tally:
    """Jobs that ended: how many by state, rows of those that succeeded, seconds from start to end."""

    states: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    seconds: float = 0.0
    timed: int = 0
    longest: float = 0.0

    @property
    def ended(self) -> int:
        """All of them."""
        return self.states.total()

    @property
    def average(self) -> float | None:
        """Seconds from start to end; None where none has begun."""
        return self.seconds / self.timed if self.timed else None

    def add(self, state: str, rows: int | None, seconds: float | None) -> None:
        """Count one job."""
        self.states[state] += 1
        if state == "succeeded":
            self.rows += rows or 0
        if seconds is not None:
            self.seconds += seconds
            self.timed += 1
            self.longest = max(self.longest, seconds)


@dataclass(slots=True)
class Activity:
    """All figures of a period.

    Attributes:
        submitted: jobs that came in.
        total, kinds, people, scheduled: jobs that ended, all, by kind, by owner's name, and those of schedules.
        course: a tally a step of the period.
        failures: (kind, error code) -> how many; `examples`: the values of the last one's words.
        revenue: currency -> (sum, bills); `revenue_days`: day -> currency -> sum.
        hours, employees, projects: hours worked, in all and the most of them.
    """

    submitted: int = 0
    total: Tally = field(default_factory=Tally)
    scheduled: Tally = field(default_factory=Tally)
    kinds: dict[str, Tally] = field(default_factory=dict)
    people: dict[str, Tally] = field(default_factory=dict)
    course: list[Tally] = field(default_factory=list)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    revenue: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    revenue_days: dict[dt.date, dict[str, Decimal]] = field(default_factory=dict)
    hours: Decimal = Decimal(0)
    employees: list[tuple[str, str | None, Decimal, int]] = field(default_factory=list)
    projects: list[tuple[str, Decimal, int]] = field(default_factory=list)


def read(database: Database, period: Period, owner_id: str | None = None) -> Activity:
    """The figures of a period.

    Args:
        owner_id: whose jobs count: an operator sees only own ones; None: everybody's.
    """
    activity = Activity()
    starts = [start for start, _ in period.steps()]
    activity.course = [Tally() for _ in starts]
    with database.read() as connection:
        whose = [] if owner_id is None else [jobs.c.owner_id == owner_id]
        within = (jobs.c.created_at >= period.start, jobs.c.created_at < period.end, *whose)
        activity.submitted = connection.execute(select(func.count()).select_from(jobs).where(*within)).scalar_one()
        _jobs(connection, period, activity, starts, whose)
        activity.revenue = revenue.by_currency(connection, period.first_day, period.last_day)
        _revenue_days(connection, period, activity)
        _hours(connection, period, activity)
    return activity


def _jobs(
    connection: Connection,
    period: Period,
    activity: Activity,
    starts: list[dt.datetime],
    whose: list[ColumnElement[bool]],
) -> None:
    c = jobs.c
    query = (
        select(
            c.kind, c.state, c.scheduled, c.rows_done, c.started_at, c.finished_at, c.error_code,
            c.error_values,
            func.coalesce(users.c.display_name, users.c.username).label("person"),
        )
        .join(users, users.c.id == c.owner_id)
        .where(c.state.in_(STATES), c.finished_at >= period.start, c.finished_at < period.end, *whose)
    )  # fmt: skip
    for row in connection.execute(query, execution_options={"stream_results": True, "max_row_buffer": 2000}):
        seconds = (row.finished_at - row.started_at).total_seconds() if row.started_at else None
        step = activity.course[bisect.bisect_right(starts, row.finished_at) - 1]
        tallies = [activity.total, step, activity.kinds.setdefault(row.kind, Tally())]
        tallies.append(activity.scheduled if row.scheduled else activity.people.setdefault(row.person, Tally()))
        for tally in tallies:
            tally.add(row.state, row.rows_done, seconds)
        if row.state == "failed":
            reason = row.kind, row.error_code or "unknown_error"
            activity.failures[reason] += 1
            activity.examples[reason] = row.error_values or {}


def _revenue_days(connection: Connection, period: Period, activity: Activity) -> None:
    currency = func.coalesce(b.currency, "")
    query = select(b.paid_on, currency, revenue.cents()).where(*revenue.between(period.first_day, period.last_day))
    for day, name, hundredths in connection.execute(query.group_by(b.paid_on, currency).order_by(b.paid_on, currency)):
        activity.revenue_days.setdefault(day, {})[name] = revenue.amount(hundredths)


def _hours(connection: Connection, period: Period, activity: Activity) -> None:
    hundredths = cast(func.sum(cast(func.round(_w.hours * 100), BigInteger)), BigInteger)
    within = (_w.work_date >= period.first_day, _w.work_date <= period.last_day)
    activity.hours = revenue.amount(connection.execute(select(hundredths).where(*within)).scalar_one() or 0)
    most = hundredths.desc()
    people = select(_w.employee_no, func.max(_w.employee_name), hundredths, func.count()).where(*within)
    found = connection.execute(people.group_by(_w.employee_no).order_by(most, _w.employee_no).limit(TOP))
    activity.employees = [(no, name, revenue.amount(total), count) for no, name, total, count in found]
    works = select(_w.project, hundredths, func.count(_w.employee_no.distinct())).where(*within)
    found = connection.execute(works.group_by(_w.project).order_by(most, _w.project).limit(TOP))
    activity.projects = [(project, revenue.amount(total), count) for project, total, count in found]
