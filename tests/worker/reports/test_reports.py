"""Reports: every figure is that of the period, in the language asked for, with charts that Excel draws itself."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from tests.worker.engine.engine import person, set_job
from tests.worker.finance.ledger import add, bill
from worker.tasks import reports

DAY = dt.date(2026, 3, 15)  # a Sunday; the office's clock is 8 hours ahead of UTC


def instant(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def busy(office):
    """A week of work: jobs at known times, payments and work logs."""

    def job(kind, state, at, by=None, rows=None, seconds=10, code=None, **values):
        params = {"examples.add": {"x": 1, "y": 2}}.get(kind, {})
        job_id = office.submit(kind, by=by, **params)
        end = instant(at)
        set_job(
            office.database, job_id, state=state, created_at=end - dt.timedelta(seconds=seconds + 1),
            started_at=end - dt.timedelta(seconds=seconds), finished_at=end, rows_done=rows, error_code=code, **values,
        )  # fmt: skip

    job("examples.echo", "succeeded", "2026-03-14T15:59:59", rows=1000)  # the day before, by a second
    job("examples.echo", "succeeded", "2026-03-14T16:00:00", rows=100)
    job("examples.add", "succeeded", "2026-03-15T00:10:00", by=office.lin, rows=11, seconds=30)
    job("examples.add", "failed", "2026-03-15T00:20:00", by=office.lin, rows=500, code="smtp_no_tls",
        error_values={"host": "mail", "port": 25})  # fmt: skip
    job("examples.echo", "cancelled", "2026-03-15T15:59:59", scheduled=True)
    job("examples.echo", "succeeded", "2026-03-15T16:00:00", rows=1000)  # the day after
    waiting = office.submit("examples.echo")
    set_job(office.database, waiting, run_at=instant("2099-01-01T00:00:00"))
    paid = {"paid_on": DAY}
    add(office.database, "bills", [
        bill("1", amount="0.10", **paid), bill("2", amount="0.20", **paid),
        bill("3", amount="7", currency="USD", **paid), bill("4", amount="1000", paid_on=DAY + dt.timedelta(days=1)),
        bill("5", amount="3", paid_on=dt.date(2026, 3, 9)),
    ])  # fmt: skip
    names = ("employee_no", "employee_name", "work_date", "project", "hours")
    logs = [("007", "王芳", DAY, "甲", "7.5"), ("007", "王芳", DAY, "=乙", "0.25"), ("012", None, DAY, "甲", "8"),
            ("012", None, DAY + dt.timedelta(days=1), "甲", "8")]  # fmt: skip
    add(office.database, "work_logs", [dict(zip(names, (*r[:4], Decimal(r[4])), strict=True)) for r in logs])
    office.root = person(office.database, "root", "admin")
    return office


def workbook(office, view):
    """Sheet -> rows with something in them; and how many charts there are."""
    path = office.file(view, "report")
    book = openpyxl.load_workbook(path)
    sheets = {s.title: [row for row in s.values if any(v is not None for v in row)] for s in book.worksheets}
    book.close()
    return sheets, len([n for n in zipfile.ZipFile(path).namelist() if re.fullmatch(r"xl/charts/chart\d+.xml", n)])


def test_a_day_has_its_own_figures_and_no_others(busy):
    view = busy.run("reports.daily", by=busy.root, day=str(DAY))
    assert view.state == "succeeded", view.error
    assert {k: v for k, v in view.result.items() if k != "file"} == {
        "start": "2026-03-15T00:00:00+08:00", "end": "2026-03-16T00:00:00+08:00", "timezone": "Asia/Shanghai",
        "jobs": 4, "failed": 1, "rows": 111, "revenue": {"CNY": "0.30", "USD": "7.00"}, "hours": "15.75",
    }  # fmt: skip
    assert re.fullmatch(r"report_daily_2026-03-15_\w{8}\.xlsx", view.result["file"])
    sheets, charts = workbook(busy, view)
    overview = {row[0]: row[1] for row in sheets["Overview"]}
    assert overview["Daily report 2026-03-15"] is None
    expected = {
        "Jobs submitted": 4, "Jobs that ended": 4, "… succeeded": 2, "… failed": 1, "… cancelled": 1,
        "… of schedules": 1, "Rows processed": 111, "Revenue, CNY": 0.3, "Revenue, USD": 7, "Work hours": 15.75,
    }  # fmt: skip
    assert {name: overview[name] for name in expected} == expected
    course = {row[0]: row[1:5] for row in sheets["Course"]}
    assert course["00:00"] == (1, 0, 0, 100)
    assert course["08:00"] == (1, 1, 0, 11)
    assert course["23:00"] == (0, 0, 1, 0)
    assert sheets["By kind"][3:] == [("Add", 1, 1, 0, 11, 20, 30), ("Echo", 1, 0, 1, 100, 10, 10)]
    assert sheets["Failures"][3][0] == "Add"
    assert "mail:25" in sheets["Failures"][3][1]
    assert [row[:5] for row in sheets["By person"][3:]] == [("lin", 1, 1, 0, 11), ("ann", 1, 0, 0, 100)]
    assert sheets["Revenue"][3:] == [(dt.datetime.combine(DAY, dt.time()), 0.3, 7), ("Total", 0.3, 7)]
    assert ("012", None, 8, 1) in sheets["Work hours"]
    assert ("007", "王芳", 7.75, 2) in sheets["Work hours"]
    assert ("=乙", None, 0.25, 1) in sheets["Work hours"]
    assert charts == 7


def test_week_month_and_hour_take_in_what_is_theirs(busy):
    week = busy.run("reports.weekly", by=busy.root, day=str(DAY))
    assert (week.result["start"], week.result["jobs"]) == ("2026-03-09T00:00:00+08:00", 5)
    assert week.result["revenue"] == {"CNY": "3.30", "USD": "7.00"}
    month = busy.run("reports.monthly", by=busy.root, day="2026-03-31")
    assert (month.result["jobs"], month.result["revenue"]["CNY"]) == (6, "1003.30")
    assert month.result["file"].startswith("report_monthly_2026-03_")
    hour = busy.run("reports.hourly", by=busy.root, at="2026-03-15T08:15:00")
    assert (hour.result["jobs"], hour.result["failed"], hour.result["hours"]) == (2, 1, "15.75")
    sheets, _ = workbook(busy, hour)
    assert [row[0] for row in sheets["Course"][3:]] == [f"08:{m:02d}" for m in range(0, 60, 5)]
    assert busy.run("reports.hourly", at="2026-03-15T00:15:00Z").result["start"] == hour.result["start"]


def test_the_words_are_in_the_language_asked_for(busy):
    sheets, _ = workbook(busy, busy.run("reports.daily", by=busy.root, day=str(DAY), language="zh_CN"))
    assert list(sheets) == ["概览", "走势", "按任务类型", "失败原因", "按用户", "收入", "工时"]
    assert [row[0] for row in sheets["按任务类型"][3:]] == ["相加", "回显"]
    sheets, _ = workbook(busy, busy.run("reports.daily", by=busy.lin, day=str(DAY)))
    assert "概览" in sheets, "the submitter's, unless said otherwise"


def test_an_operator_sees_own_jobs_only(busy):
    view = busy.run("reports.daily", by=busy.lin, day=str(DAY))
    assert (view.result["jobs"], view.result["failed"], view.result["rows"]) == (2, 1, 11)
    sheets, _ = workbook(busy, view)
    assert [row[0] for row in sheets["按用户"][3:]] == ["lin"]
    assert any(row[0] and "仅限您本人" in str(row[0]) for row in sheets["概览"])


@pytest.mark.parametrize("length", ["hourly", "daily", "weekly", "monthly"])
def test_without_a_day_it_is_the_last_complete_period_also_of_nothing(office, length):
    before = dt.datetime.now(dt.UTC)
    view = office.run(f"reports.{length}")
    assert view.state == "succeeded", view.error
    end = dt.datetime.fromisoformat(view.result["end"])
    assert end <= dt.datetime.now(dt.UTC)
    assert before - end < dt.timedelta(days=32)
    assert (view.result["jobs"], view.result["revenue"], view.result["hours"]) == (0, {}, "0.00")


def test_a_second_attempt_reports_on_the_same_period(office, monkeypatch):
    office.submit("reports.hourly")
    office.attempt(stop_after_chunks=1)  # dies as it stores the file

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + dt.timedelta(hours=5)

    first = dt.datetime.now(dt.UTC)
    monkeypatch.setattr(reports.dt, "datetime", Later)
    view = office.attempt()
    assert abs(dt.datetime.fromisoformat(view.result["end"]) - first) <= dt.timedelta(hours=1, minutes=1)
