"""The periods of reports: whole hours, days, weeks (from Monday) and months of a time zone's clock.

Bounds are instants: a day has 23 or 25 hours when clocks change in it. A midnight that the clock skips is the moment of
the change; one that comes twice is the first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

Length = Literal["hourly", "daily", "weekly", "monthly"]
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """One period.

    Attributes:
        start, end: instants (UTC); the end does not belong to it.
        first_day, last_day: of the time zone's calendar, both included.
        zone: name of the time zone.
    """

    length: Length
    start: dt.datetime
    end: dt.datetime
    first_day: dt.date
    last_day: dt.date
    zone: str

    @property
    def label(self) -> str:
        """What tells it from others of its length: `2026-03-15T08`, `2026-03-15`, `2026-W11`, `2026-03`."""
        match self.length:
            case "hourly":
                return f"{self.start.astimezone(ZoneInfo(self.zone)):%Y-%m-%dT%H%M}"
            case "weekly":
                year, week, _ = self.first_day.isocalendar()
                return f"{year}-W{week:02d}"
            case "monthly":
                return f"{self.first_day:%Y-%m}"
            case _:
                return str(self.first_day)

    def steps(self) -> list[tuple[dt.datetime, str]]:
        """Beginnings of the parts that a chart shows, with their labels: 5 minutes of an hour, hours of a day, days."""
        zone = ZoneInfo(self.zone)
        if self.length in ("weekly", "monthly"):
            days = (self.last_day - self.first_day).days + 1
            dates = [self.first_day + n * _DAY for n in range(days)]
            return [(_midnight(day, zone), f"{day:%m-%d}") for day in dates]
        step = dt.timedelta(minutes=5) if self.length == "hourly" else _HOUR
        result, at = [], self.start
        while at < self.end:
            result.append((at, f"{at.astimezone(zone):%H:%M}"))
            at += step
        return result


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def at(length: Length, moment: dt.datetime, timezone: str) -> Period:
    """The period that `moment` (an instant) is in."""
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone)
    day = local.date()
    if length == "hourly":
        # In instants, not by the clock: an hour that comes twice is two periods.
        into = dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        start = moment.astimezone(dt.UTC) - into
        return Period(length, start, start + _HOUR, day, day, timezone)
    return of_day(length, day, timezone)


def of_day(length: Length, day: dt.date, timezone: str) -> Period:
    """The day, week or month that a date is in."""
    zone = ZoneInfo(timezone)
    first, after = day, day + _DAY
    if length == "weekly":
        first = day - day.weekday() * _DAY
        after = first + 7 * _DAY
    elif length == "monthly":
        first = day.replace(day=1)
        after = (first + 31 * _DAY).replace(day=1)
    return Period(length, _midnight(first, zone), _midnight(after, zone), first, after - _DAY, timezone)


def last_complete(length: Length, now: dt.datetime, timezone: str) -> Period:
    """The newest period that has ended at `now`."""
    current = at(length, now, timezone)
    return at(length, current.start - dt.timedelta(microseconds=1), timezone)
