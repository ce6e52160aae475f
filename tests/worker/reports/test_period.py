"""Periods follow the time zone's clock: they meet without a gap through every change of it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import examples
from worker.reports.period import at, last_complete, of_day

ZONES = (
    "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo",
    "Asia/Kolkata", "Pacific/Apia",
)  # fmt: skip
MOMENTS = st.integers(1_104_537_600, 2_051_222_400).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC))  # 2005 to 2035


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(["hourly", "daily", "weekly", "monthly"]), MOMENTS)
def test_a_moment_is_in_its_period_and_periods_meet(zone, length, moment):
    period = at(length, moment, zone)
    assert period.start <= moment < period.end
    before = at(length, period.start - dt.timedelta(microseconds=1), zone)
    assert before.end == period.start
    if length != "hourly":
        assert at(length, period.end, zone).start == period.end
        first = period.start.astimezone(ZoneInfo(zone))
        assert first.date() == period.first_day
        assert {"daily": True, "weekly": first.weekday() == 0, "monthly": first.day == 1}[length]
    complete = last_complete(length, moment, zone)
    assert complete.end <= moment
    assert complete == before
    starts = [start for start, _ in period.steps()]
    assert starts[0] == period.start
    assert starts == sorted(set(starts))
    assert starts[-1] < period.end


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25), ("Europe/Berlin", "2026-06-01", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5), ("Asia/Shanghai", "2026-03-29", 24),
        ("Africa/Cairo", "2026-04-24", 23),  # the clock skips midnight itself
        ("Pacific/Apia", "2011-12-31", 24),  # after a day that never was
    ],
)  # fmt: skip
def test_days_are_as_long_as_the_clock_says(zone, day, hours):
    period = of_day("daily", dt.date.fromisoformat(day), zone)
    assert (period.end - period.start) == dt.timedelta(hours=hours)


def test_an_hour_that_comes_twice_is_two_periods():
    first = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)  # 02:30 summer time in Berlin
    periods = [at("hourly", first + dt.timedelta(hours=n), "Europe/Berlin") for n in range(2)]
    assert [p.label for p in periods] == ["2026-10-25T0200", "2026-10-25T0200"]
    assert periods[0].end == periods[1].start


def test_labels_are_those_of_the_calendar():
    zone = "Asia/Shanghai"
    assert of_day("weekly", dt.date(2027, 1, 1), zone).label == "2026-W53"
    assert of_day("monthly", dt.date(2026, 2, 28), zone).label == "2026-02"
    assert of_day("monthly", dt.date(2026, 2, 28), zone).last_day == dt.date(2026, 2, 28)
    assert at("hourly", dt.datetime(2026, 3, 1, 16, 30, tzinfo=dt.UTC), zone).label == "2026-03-02T0000"
    assert len(of_day("monthly", dt.date(2026, 2, 1), zone).steps()) == 28
    assert len(at("hourly", dt.datetime(2026, 3, 1, tzinfo=dt.UTC), zone).steps()) == 12
