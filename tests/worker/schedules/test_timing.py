"""When schedules are due, also where the clock is changed: held to a plain model that looks at every minute."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.errors import Refused
from worker.schedules.timing import Timing, timing

FUZZ = int(os.environ.get("TASKTRAY_FUZZ", "0"))
MINUTE = timedelta(minutes=1)
# Zones with the usual changes, with half an hour (Lord Howe), at midnight (Santiago, Cairo), and without any; and a
# calendar day that never was (Apia left out 30 December 2011).
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
)
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"), ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"), ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"), ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Santiago", "2026-04-05T03:00"), ("America/Santiago", "2026-09-06T04:00"),
    ("Africa/Cairo", "2026-04-23T22:00"), ("Africa/Cairo", "2026-10-29T21:00"),
    ("Asia/Shanghai", "1991-04-13T18:00"), ("Asia/Shanghai", "1991-09-14T15:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
]  # fmt: skip


def _timing(cron: str, zone: str) -> Timing:
    return timing(cron, None, zone, datetime(1970, 1, 1, tzinfo=UTC))


# ---------------------------------------------------------------- the model


class Field:
    """One field of an expression: its text, and the numbers that it stands for."""

    def __init__(self, text: str, numbers: set[int]) -> None:
        self.text, self.numbers = text, numbers


def _field(low: int, high: int) -> st.SearchStrategy[Field]:
    every = set(range(low, high + 1))
    number = st.integers(low, high)
    return st.one_of(
        st.just(Field("*", every)),
        st.integers(2, max(2, high // 2)).map(lambda n: Field(f"*/{n}", set(range(low, high + 1, n)))),
        number.map(lambda n: Field(str(n), {n})),
        st.sets(number, min_size=2, max_size=4).map(lambda s: Field(",".join(map(str, sorted(s))), s)),
        st.tuples(number, number).map(lambda t: Field(f"{min(t)}-{max(t)}", set(range(min(t), max(t) + 1)))),
    )


def _model(fields: tuple[Field, ...], zone: str, begin: datetime, minutes: int) -> list[datetime]:
    """Looks at each minute of real time, one after the other."""
    minute, hour, day, month, weekday = fields
    often = minute.text.startswith("*") or hour.text.startswith("*")
    both = day.text.startswith("*") or weekday.text.startswith("*")

    def matches(reading: datetime) -> bool:
        dom, dow = reading.day in day.numbers, reading.isoweekday() % 7 in weekday.numbers
        on_day = (dom and dow) if both else (dom or dow)
        return (
            reading.minute in minute.numbers
            and reading.hour in hour.numbers
            and reading.month in month.numbers
            and on_day
        )

    found, tz = [], ZoneInfo(zone)
    shown: set[datetime] = set()  # readings of the last two days
    last = begin.astimezone(tz).replace(tzinfo=None)
    for back in range(1, 3 * 1440):
        shown.add((begin - back * MINUTE).astimezone(tz).replace(tzinfo=None))
    for i in range(1, minutes + 1):
        instant = begin + i * MINUTE
        reading = instant.astimezone(tz).replace(tzinfo=None)
        if often:
            due = matches(reading)
        else:
            # What the clock jumped over since the last minute, and what it shows for the first time.
            jumped = [last + k * MINUTE for k in range(1, (reading - last) // MINUTE)]
            due = any(matches(r) for r in jumped if r not in shown) or (matches(reading) and reading not in shown)
        shown.add(reading)
        last = reading
        if due:
            found.append(instant)
    return found


@settings(max_examples=FUZZ or 120, deadline=None)
@given(
    minute=_field(0, 59),
    hour=_field(0, 23),
    day=_field(1, 31),
    month=_field(1, 12),
    weekday=_field(0, 6),
    change=st.sampled_from(CHANGES),
    before=st.integers(1, 2000),
    any_day=st.booleans(),
)
def test_around_a_change_of_the_clock_it_is_due_when_the_model_says(
    minute, hour, day, month, weekday, change, before, any_day
):
    if any_day:  # most expressions name no day at all
        day, month, weekday = Field("*", set(range(1, 32))), Field("*", set(range(1, 13))), Field("*", set(range(7)))
    zone, at = change
    fields = (minute, hour, day, month, weekday)
    begin, minutes = datetime.fromisoformat(at).replace(tzinfo=UTC) - before * MINUTE, before + 1600
    cron = " ".join(field.text for field in fields)
    end = begin + minutes * MINUTE
    found = []
    for due in _timing(cron, zone).after(begin):
        if due > end:
            break
        found.append(due)
    assert found == _model(fields, zone, begin, minutes), cron


@settings(max_examples=FUZZ or 60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(
        ["30 2 * * *", "0 0 * * *", "15 1,2,3 * * *", "0 * * * *", "*/20 * * * *", "0 10 * * 1", "0 0 1 * *",
         "5 */6 * * *", "0 12 13 * 5", "59 23 L * *"]
    ),
    start=st.integers(0, 20 * 366 * 1440),
    asked=st.integers(0, 400),
)  # fmt: skip
@example(zone="Europe/Berlin", cron="30 2 * * *", start=5904000, asked=2)
def test_simulated_years_are_the_same_in_one_go_and_step_by_step(zone, cron, start, asked):
    """Strictly later each time; and whoever asks anew from any due time gets the same as who goes on."""
    one = _timing(cron, zone)
    begin = datetime(2015, 1, 1, tzinfo=UTC) + start * MINUTE
    dues = list(islice(one.after(begin), 430))
    assert all(a < b for a, b in zip([begin, *dues], dues, strict=False))
    assert list(islice(one.after(dues[asked]), 20)) == dues[asked + 1 : asked + 21]
    assert one.next(dues[asked] - timedelta(seconds=1)) == dues[asked]
    assert one.last(begin, dues[asked]) == dues[asked]
    assert one.last(begin, dues[asked] + timedelta(seconds=1)) == dues[asked]
    assert one.last(dues[asked], dues[asked]) is None


@pytest.mark.parametrize("zone", ZONES)
def test_a_daily_time_comes_once_on_each_day_of_twenty_years(zone):
    dues = list(islice(_timing("30 2 * * *", zone).after(datetime(2015, 1, 1, tzinfo=UTC)), 7300))
    days = [due.astimezone(ZoneInfo(zone)).date() for due in dues]
    assert len(set(days)) == len(days)
    assert (days[-1] - days[0]).days == len(days) - 1


@pytest.mark.parametrize(
    ("cron", "zone", "around", "expected"),
    [
        # jumped over: at the moment of the jump
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T20:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
        # twice on the clock: the first time
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T20:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        # again and again: each real half hour, twice where the clock shows it twice, not where it never shows it
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T20:00", ["2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-24T20:00",
         ["2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"]),
        # midnight that is not
        ("0 0 * * *", "America/Santiago", "2026-09-05T12:00", ["2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00"]),
        # a day that never was
        ("0 8 30 12 *", "Pacific/Apia", "2011-12-29T12:00", ["2011-12-31T00:00+14:00", "2012-12-30T08:00+14:00"]),
        ("0 0 1 * *", "Asia/Shanghai", "2026-11-26T00:00", ["2026-12-01T00:00+08:00", "2027-01-01T00:00+08:00"]),
    ],
)  # fmt: skip
def test_the_written_rules(cron, zone, around, expected):
    begin = datetime.fromisoformat(around).replace(tzinfo=UTC)
    dues = list(islice(_timing(cron, zone).after(begin), len(expected)))
    assert dues == [datetime.fromisoformat(text) for text in expected]


def test_an_interval_is_real_time_since_its_start():
    start = datetime(2026, 3, 29, 0, 30, 5, tzinfo=UTC)
    one = timing(None, 3600, "Europe/Berlin", start)
    assert list(islice(one.after(start), 2)) == [start + timedelta(hours=1), start + timedelta(hours=2)]
    assert one.next(start - timedelta(days=9)) == start + timedelta(hours=1)
    assert one.next(start + timedelta(hours=5)) == start + timedelta(hours=6)
    assert one.last(start, start + timedelta(days=400, minutes=7)) == start + timedelta(days=400)
    assert one.last(start, start + timedelta(minutes=7)) is None


@pytest.mark.parametrize(
    ("cron", "interval", "zone", "code"),
    [
        ("* * * *", None, "UTC", "invalid_cron"),
        ("* * * * * *", None, "UTC", "invalid_cron"),  # no seconds: a minute is the finest that it can do
        ("61 * * * *", None, "UTC", "invalid_cron"),
        ("@daily", None, "UTC", "invalid_cron"),
        ("x" * 200, None, "UTC", "invalid_cron"),
        ("0 0 31 2 *", None, "UTC", "invalid_cron"),
        ("0 0 */31 * 1#2", None, "UTC", "cron_never_due"),
        (None, 9, "UTC", "interval_out_of_range"),
        (None, 10**9, "UTC", "interval_out_of_range"),
        (None, None, "UTC", "cron_or_interval"),
        ("* * * * *", 60, "UTC", "cron_or_interval"),
        ("* * * * *", None, "Mars/Olympus", "unknown_timezone"),
        ("* * * * *", None, "../etc/passwd", "unknown_timezone"),
        ("* * * * *", None, "", "unknown_timezone"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(cron, interval, zone, code):
    with pytest.raises(Refused) as refused:
        timing(cron, interval, zone, datetime(2026, 1, 1, tzinfo=UTC))
    assert [error["code"] for error in refused.value.errors] == [code]
