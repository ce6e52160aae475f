"""`reports.hourly`, `.daily`, `.weekly`, `.monthly`: what happened in a period, as a workbook with charts."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Kind, Params, register

if TYPE_CHECKING:
    from worker.reports.period import Length, Period

_LANGUAGES = {"auto": ("自动", "Automatic"), "zh_CN": ("简体中文", "简体中文"), "en": ("English", "English")}


class ReportParams(Params):
    """A report on a day, week or month.

    Attributes:
        day: any day of the period; None: the last complete one.
        language: auto: the submitter's.
    """

    day: dt.date | None = Field(
        None,
        json_schema_extra=words(
            "日期",
            "Day",
            "该周期内的任意一天。不填表示最近一个完整周期。",
            "Any day of it. Empty: the last complete one.",
        ),
    )
    language: Literal["auto", "zh_CN", "en"] = Field(
        "auto", json_schema_extra=words("报告语言", "Language", enum=_LANGUAGES)
    )


class HourlyParams(Params):
    """A report on an hour.

    Attributes:
        at: any moment of it, without an offset in the installation's time zone; None: the last complete hour.
        language: auto: the submitter's.
    """

    at: dt.datetime | None = Field(
        None,
        json_schema_extra=words(
            "时间",
            "Time",
            "该小时内的任意时刻。不填表示最近一个完整小时。",
            "Any moment of the hour. Empty: the last complete one.",
        ),
    )
    language: Literal["auto", "zh_CN", "en"] = Field(
        "auto", json_schema_extra=words("报告语言", "Language", enum=_LANGUAGES)
    )


def _period(job: JobContext, length: Length, params: ReportParams | HourlyParams) -> Period:
    from worker.reports import period

    zone = job.settings.timezone
    if isinstance(params, HourlyParams) and params.at is not None:
        moment = params.at if params.at.tzinfo else params.at.replace(tzinfo=ZoneInfo(zone))
        return period.at("hourly", moment, zone)
    if isinstance(params, ReportParams) and params.day is not None:
        return period.of_day(length, params.day, zone)
    if job.checkpoint is None:
        # A schedule's job reports on the period before its due time, however late it runs; and a later attempt on the
        # same one, whatever hour it is then.
        with job.chunk() as chunk:
            chunk.checkpoint({"now": (job.due_at or dt.datetime.now(dt.UTC)).isoformat()})
    assert job.checkpoint is not None  # noqa: S101 - just set
    return period.last_complete(length, dt.datetime.fromisoformat(job.checkpoint["now"]), zone)


def _run(length: Length, job: JobContext, params: ReportParams | HourlyParams) -> dict[str, Any]:
    """Write the report.

    Returns:
        `{start, end, timezone, jobs, failed, rows, revenue: {currency: "12.00"}, hours, file}`.
    """
    from worker.reports import activity
    from worker.reports.report import Report

    period = _period(job, length, params)
    job.progress("stage_gathering")
    own = None if job.actor.is_admin else job.actor.user_id
    found = activity.read(job.database, period, own)
    job.progress("stage_writing_report")
    path = job.folder / "report.xlsx"
    language = job.actor.language if params.language == "auto" else params.language
    Report(found, period, language, own_jobs_only=own is not None).write(path)
    zone = ZoneInfo(period.zone)
    name = f"report_{length}_{period.label}_{job.job_id[-8:]}.xlsx"
    job.add_file(path, name, "report")
    return {
        "start": period.start.astimezone(zone).isoformat(),
        "end": period.end.astimezone(zone).isoformat(),
        "timezone": period.zone,
        "jobs": found.total.ended,
        "failed": found.total.states["failed"],
        "rows": found.total.rows,
        "revenue": {currency or "-": f"{amount:.2f}" for currency, (amount, _) in found.revenue.items()},
        "hours": f"{found.hours:.2f}",
        "file": name,
    }


_TITLES: dict[Length, tuple[str, str]] = {
    "hourly": ("小时报告", "Hourly report"),
    "daily": ("日报告", "Daily report"),
    "weekly": ("周报告", "Weekly report"),
    "monthly": ("月报告", "Monthly report"),
}

_RESULT = {
    "start": ("开始", "Start"),
    "end": ("结束", "End"),
    "timezone": ("时区", "Time zone"),
    "jobs": ("结束的任务", "Jobs that ended"),
    "failed": ("失败", "Failed"),
    "rows": ("行数", "Rows"),
    "revenue": ("收入", "Revenue"),
    "hours": ("工时", "Work hours"),
    "file": ("文件", "File"),
}

for _number, (_length, (_zh, _en)) in enumerate(_TITLES.items()):
    register(
        Kind(
            name=f"reports.{_length}",
            titles={"zh_CN": _zh, "en": _en},
            params=HourlyParams if _length == "hourly" else ReportParams,
            run=partial(_run, _length),
            lane="reports",
            order=70 + _number,
            result_titles=_RESULT,
        )
    )
