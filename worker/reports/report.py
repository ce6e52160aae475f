"""The activity report: a workbook of the figures of a period, with native charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils import get_column_letter

from worker.engine import kinds
from worker.reports.activity import STATES, TOP, Activity, Tally
from worker.reports.period import Period
from worker.texts import text as words
from worker.workbook import DATE, HOURS, MONEY, WHOLE, Book, Column

_SECONDS = "#,##0.0"


class Report:
    """Writes one report.

    Args:
        language: zh_CN or en.
        own_jobs_only: the jobs are those of the one who asked; the report says so.
    """

    def __init__(self, activity: Activity, period: Period, language: str, *, own_jobs_only: bool = False) -> None:
        self.own_jobs_only = own_jobs_only
        self.activity = activity
        self.period = period
        self.language = language

    def text(self, code: str, **values: Any) -> str:
        """Words in the report's language."""
        return words(code, self.language, **values)

    def write(self, path: Path) -> None:
        """Write the workbook."""
        with Book(path) as book:
            self._overview(book)
            self._course(book)
            self._kinds(book)
            self._failures(book)
            self._people(book)
            self._revenue(book)
            self._hours(book)

    def _column(self, name: str, width: float = 12, format: str = WHOLE) -> Column:
        return Column(self.text(f"report_col_{name}"), width, format)

    def _states(self) -> list[Column]:
        return [self._column(state) for state in STATES]

    def _between(self) -> str:
        zone = ZoneInfo(self.period.zone)
        start, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (self.period.start, self.period.end))
        return self.text("report_period", start=start, end=end, zone=self.period.zone)

    def _overview(self, book: Book) -> None:
        a, total = self.activity, self.activity.total
        columns = [self._column("figure", 34, "General"), Column(self.text("report_col_value"), 20, MONEY)]
        sheet = book.sheet(self.text("report_sheet_overview"), [34, 20])
        sheet.heading(self.text(f"report_title_{self.period.length}", label=self.period.label), self._between())
        counts = [("submitted", a.submitted), ("ended", total.ended), *((s, total.states[s]) for s in STATES)]
        counts += [("scheduled", a.scheduled.ended), ("rows", total.rows)]
        whole = [Column(columns[0].title, 34), Column(columns[1].title, 20, WHOLE)]
        sheet.table(whole, [(self.text(f"report_figure_{name}"), value) for name, value in counts])
        money = [(self._currency("report_figure_revenue", c), amount) for c, (amount, _) in a.revenue.items()]
        sheet.table(columns, [*money, (self.text("report_figure_hours"), a.hours)])
        if self.period.length == "hourly":
            sheet.heading("", self.text("report_note_days", day=self.period.first_day))
        sheet.heading("", self.text("report_note_scheduled"))
        if self.own_jobs_only:
            sheet.heading("", self.text("report_note_own"))

    def _currency(self, code: str, currency: str) -> str:
        return self.text(code, currency=currency or self.text("no_currency"))

    def _course(self, book: Book) -> None:
        columns = [self._column("time", 10, "General"), *self._states(), self._column("rows", 14)]
        sheet = book.sheet(self.text("report_sheet_course"), [c.width for c in columns])
        sheet.heading(self.text("report_sheet_course"), self._between())
        steps = zip(self.period.steps(), self.activity.course, strict=True)
        rows = [(label, *(tally.states[s] for s in STATES), tally.rows) for (_, label), tally in steps]
        written = sheet.table(columns, rows)
        sheet.chart("stacked", self.text("report_chart_jobs"), written, 1, (2, 3, 4), "G3", width=24)
        sheet.chart("line", self.text("report_chart_rows"), written, 1, (5,), "G21", width=24)

    def _tallies(self, first: Column, tallies: dict[str, Tally], name: Callable[[str], str]) -> tuple[Any, Any]:
        columns = [
            first, *self._states(), self._column("rows", 14), self._column("average", 14, _SECONDS),
            self._column("longest", 14, _SECONDS),
        ]  # fmt: skip
        listed = sorted(tallies.items(), key=lambda item: (-item[1].ended, item[0]))
        rows = [
            (name(key), *(t.states[s] for s in STATES), t.rows, t.average, t.longest if t.timed else None)
            for key, t in listed
        ]
        return columns, rows

    def _kinds(self, book: Book) -> None:
        known = kinds.load()

        def title(kind: str) -> str:
            return known[kind].titles.get(self.language, kind) if kind in known else kind

        columns, rows = self._tallies(self._column("kind", 34, "General"), self.activity.kinds, title)
        sheet = book.sheet(self.text("report_sheet_kinds"), [c.width for c in columns])
        sheet.heading(self.text("report_sheet_kinds"), self._between())
        written = sheet.table(columns, rows)
        height = max(8.5, 1.0 * min(len(written), TOP))
        sheet.chart("bars", self.text("report_chart_jobs"), written[:TOP], 1, (2, 3, 4), "I3", width=22, height=height)

    def _failures(self, book: Book) -> None:
        known = kinds.load()
        columns = [self._column("kind", 34, "General"), self._column("reason", 90, "General"), self._column("failures")]
        sheet = book.sheet(self.text("report_sheet_failures"), [c.width for c in columns])
        sheet.heading(self.text("report_sheet_failures"), self._between())
        rows = [
            (
                known[kind].titles.get(self.language, kind) if kind in known else kind,
                self.text(code, **self.activity.examples[kind, code]),
                count,
            )
            for (kind, code), count in self.activity.failures.most_common()
        ]
        sheet.table(columns, rows)

    def _people(self, book: Book) -> None:
        columns, rows = self._tallies(self._column("person", 24, "General"), self.activity.people, str)
        sheet = book.sheet(self.text("report_sheet_people"), [c.width for c in columns])
        sheet.heading(self.text("report_sheet_people"), self._between())
        written = sheet.table(columns, rows[:TOP])
        sheet.chart("bars", self.text("report_chart_people"), written, 1, (2, 3, 4), "I3", width=20, height=11)

    def _days(self) -> str:
        return self.text("report_days", first=self.period.first_day, last=self.period.last_day)

    def _revenue(self, book: Book) -> None:
        a = self.activity
        currencies = list(a.revenue)
        names = [c or self.text("no_currency") for c in currencies]
        columns = [self._column("day", 12, DATE), *(Column(name, 16, MONEY) for name in names)]
        sheet = book.sheet(self.text("report_sheet_revenue"), [c.width for c in columns])
        sheet.heading(self.text("report_sheet_revenue"), self._days())
        days = (self.period.last_day - self.period.first_day).days + 1
        dates = [self.period.first_day + dt.timedelta(days=n) for n in range(days)]
        rows = [(day, *(a.revenue_days.get(day, {}).get(c, Decimal(0)) for c in currencies)) for day in dates]
        total = (self.text("total"), *(amount for amount, _ in a.revenue.values()))
        written = sheet.table(columns, rows, total)
        if currencies:
            sheet.chart(
                "columns", self.text("report_sheet_revenue"), written, 1, range(2, 2 + len(currencies)),
                f"{get_column_letter(len(columns) + 2)}3", width=22,
            )  # fmt: skip

    def _hours(self, book: Book) -> None:
        a = self.activity
        employees = [
            self._column("employee_no", 14, "General"), self._column("employee", 24, "General"),
            self._column("hours", 12, HOURS), self._column("entries"),
        ]  # fmt: skip
        projects = [
            self._column("project", 14, "General"), Column("", 24), self._column("hours", 12, HOURS),
            self._column("employees"),
        ]  # fmt: skip
        sheet = book.sheet(self.text("report_sheet_hours"), [c.width for c in employees])
        sheet.heading(self.text("report_sheet_hours"), self._days())
        people = sheet.table(employees, [(no, name, hours, count) for no, name, hours, count in a.employees])
        works = sheet.table(projects, [(project, None, hours, count) for project, hours, count in a.projects])
        sheet.chart("bars", self.text("report_chart_employees"), people, 1, (3,), "F3", height=11, number_format=HOURS)
        sheet.chart("bars", self.text("report_chart_projects"), works, 1, (3,), "F27", height=11, number_format=HOURS)
