"""When a schedule is due: a cron expression in a time zone, or an interval. Pure: no clock, no database.

The rules for changes of the clock (daylight saving and the like), which the property test holds this module to:

- An expression whose minute or hour begins with `*` means "again and again": it is due at each minute of real time
  whose reading on the local clock matches. Where the clock is put back, a reading that comes twice is due twice; where
  it is put forward, readings that never come are not due.
- Any other expression means "at this time of day": a reading that comes twice is due the first time only; one that
  never comes is due at the moment at which the clock is put forward. Several that come to the same moment are one.
- An interval is real time since the schedule's start, whatever the clock shows.

These are the rules of Debian's and Vixie's cron. `cronsim` reads the expressions and steps through readings of a clock
that is never changed; what happens at its changes is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from worker.errors import Refused

CRON_CHARACTERS = 100
INTERVAL_SECONDS = (10, 366 * 86400)
"""Shortest and longest interval."""

_DAY = timedelta(days=1)
_WINDOWS = (timedelta(minutes=2), timedelta(hours=2), timedelta(days=2), timedelta(days=62), timedelta(days=731))


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule is due; made by `timing`, which checks it.

    Attributes:
        cron: five fields, or None.
        interval: None with a cron expression.
        start: due times of an interval are counted from here; an instant.
        zone: in which `cron` is read.
    """

    cron: str | None
    interval: timedelta | None
    start: datetime
    zone: tzinfo

    def after(self, instant: datetime) -> Iterator[datetime]:
        """Due times after `instant`, in order, in UTC; ends where none is left in 50 years or the calendar ends."""
        instant = instant.astimezone(UTC)
        if self.interval is not None:
            return self._steps(instant, self.interval)
        assert self.cron is not None  # noqa: S101 - for mypy: it is the one or the other
        minute, hour = self.cron.split()[:2]
        often = minute.startswith("*") or hour.startswith("*")
        return self._again_and_again(instant, self.cron) if often else self._at_times(instant, self.cron)

    def next(self, instant: datetime) -> datetime | None:
        """The first due time after `instant`, in UTC."""
        return next(self.after(instant), None)

    def last(self, after: datetime, until: datetime) -> datetime | None:
        """The last due time later than `after` and not later than `until`, without going through all before it."""
        for window in (*_WINDOWS, until - after):
            since = max(after, until - window)
            found = None
            for due in self.after(since):
                if due > until:
                    break
                found = due
            if found is not None or since == after:
                return found
        return None

    # ------------------------------------------------------------ the three rules

    def _steps(self, instant: datetime, interval: timedelta) -> Iterator[datetime]:
        due = self.start + interval * max(1, (instant - self.start) // interval + 1)
        while True:
            yield due
            due += interval

    def _at_times(self, instant: datetime, cron: str) -> Iterator[datetime]:
        last = instant
        for reading in _readings(cron, self._reading(instant)):
            due = self._first(reading)
            if due > last:
                last = due
                yield due

    def _again_and_again(self, instant: datetime, cron: str) -> Iterator[datetime]:
        """From one change of the clock to the next the readings follow each other; each stretch begins anew."""
        begin = instant
        while True:
            offset = self._offset(begin)
            seen = begin
            change: datetime | None = None
            # The instant itself is not asked for, but a change of the clock is when its first reading may be due.
            for reading in _readings(cron, begin.replace(tzinfo=None) + offset):
                due = reading.replace(tzinfo=UTC) - offset
                change = self._change(seen, due)
                if change is not None:
                    break
                seen = due
                yield due
            if change is None:
                return
            begin = change
            if _matches(cron, begin.replace(tzinfo=None) + self._offset(begin)):
                yield begin

    # ------------------------------------------------------------ the zone

    def _reading(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def _offset(self, instant: datetime) -> timedelta:
        return self._reading(instant) - instant.replace(tzinfo=None)

    def _first(self, reading: datetime) -> datetime:
        """The first instant at which the clock shows `reading`, or at which it jumps over it."""
        local = reading.replace(tzinfo=self.zone, fold=0)
        instant = local.astimezone(UTC)
        if self._reading(instant) == reading:
            return instant
        # In a gap, fold=1 tells the instant by the offset after it, which is before the change, and fold=0 the other.
        before = local.replace(fold=1).astimezone(UTC)
        change = self._change(before, instant)
        return instant if change is None else change

    def _change(self, after: datetime, until: datetime) -> datetime | None:
        """The first instant later than `after` and not later than `until` at which the clock is changed."""
        offset = self._offset(after)
        while after < until:
            there = min(after + _DAY, until)
            if self._offset(there) != offset:
                while there - after > timedelta(seconds=1):
                    middle = after + timedelta(seconds=(there - after) // timedelta(seconds=1) // 2)
                    if self._offset(middle) != offset:
                        there = middle
                    else:
                        after = middle
                return there
            after = there
        return None


def timing(cron: str | None, interval_seconds: int | None, timezone: str, start: datetime) -> Timing:
    """Check what a person has set.

    Raises:
        Refused: `invalid_schedule` with `errors`: both or neither of cron and interval, an expression that nobody can
            read or that is never due, an interval too short or too long, a time zone that there is not.
    """
    errors = []
    if (cron is None) == (interval_seconds is None):
        errors.append({"field": "cron", "code": "cron_or_interval", "values": {}})
    elif cron is not None:
        cron = " ".join(cron.split())
        code = _fault(cron)
        if code:
            errors.append({"field": "cron", "code": code, "values": {"cron": cron[:CRON_CHARACTERS]}})
    elif not INTERVAL_SECONDS[0] <= (interval_seconds or 0) <= INTERVAL_SECONDS[1]:
        values = {"minimum": INTERVAL_SECONDS[0], "maximum": INTERVAL_SECONDS[1]}
        errors.append({"field": "interval_seconds", "code": "interval_out_of_range", "values": values})
    if timezone not in _zones():
        errors.append({"field": "timezone", "code": "unknown_timezone", "values": {"timezone": timezone[:64]}})
    if errors:
        raise Refused("invalid_schedule", errors=errors)
    interval = None if interval_seconds is None else timedelta(seconds=interval_seconds)
    return Timing(cron, interval, start.astimezone(UTC), ZoneInfo(timezone))


def _fault(cron: str) -> str | None:
    """Code of what is wrong with an expression."""
    if len(cron) > CRON_CHARACTERS or len(cron.split()) != 5:
        return "invalid_cron"
    try:
        soon = next(_readings(cron, datetime(2024, 1, 1)), None)  # noqa: DTZ001 - a reading of a clock, no instant
    except (CronSimError, ValueError):
        return "invalid_cron"
    return "cron_never_due" if soon is None else None


def _readings(cron: str, after: datetime) -> Iterator[datetime]:
    """Readings of a clock that is never changed, later than `after`, which match."""
    steps = CronSim(cron, after)
    while True:
        try:
            reading = next(steps, None)
        except OverflowError:  # the end of the calendar
            return
        if reading is None:
            return
        yield reading


def _matches(cron: str, reading: datetime) -> bool:
    return next(_readings(cron, reading - timedelta(seconds=1)), None) == reading


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}
