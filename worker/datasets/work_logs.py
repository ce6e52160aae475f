"""What employees have worked on, day by day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field as Param
from pydantic import field_validator

from tabular.schema import Field, TableSchema
from worker.datasets.dataset import Dataset
from worker.datasets.parameters import ExportChoices
from worker.engine.form import not_before_start, words


class WorkLogsExport(ExportChoices):
    """The export by days and employees.

    Attributes:
        start_date, end_date: first and last day, both included; None: no bound.
        employee_ids: employee numbers; None or empty: all.
    """

    start_date: dt.date | None = Param(None, json_schema_extra=words("开始日期", "From"))
    end_date: dt.date | None = Param(None, json_schema_extra=words("结束日期", "To"))
    employee_ids: list[str] | None = Param(
        None,
        max_length=10_000,
        json_schema_extra=words(
            "工号",
            "Employees",
            "每行一个工号。不填表示全部员工。",
            "One employee no. a line. Empty: all.",
            pick=("work_logs", "employee_name"),
        ),
    )

    _in_order = field_validator("end_date")(not_before_start)

    def more_filters(self) -> dict[str, dict[str, Any]]:
        """The days and employees as filters."""
        filters: dict[str, dict[str, Any]] = {"work_date": {"from": self.start_date, "to": self.end_date}}
        if self.employee_ids:
            filters["employee_no"] = {"in": self.employee_ids}
        return filters

    def stem(self) -> str | None:
        """`2024-01-01_2024-01-31` where both days are given."""
        return f"{self.start_date}_{self.end_date}" if self.start_date and self.end_date else None


WORK_LOGS = Dataset(
    TableSchema(
        name="work_logs",
        titles={"zh_CN": "工作日志", "en": "Work logs"},
        key=("employee_no", "work_date", "project"),
        fields=(
            Field("employee_no", "text", {"zh_CN": "工号", "en": "Employee no."}, ("employee id", "employee number", "employee code", "emp no", "emp id", "emp code", "staff no", "staff id", "staff number", "personnel no", "worker id", "user id", "员工编号", "员工号", "员工工号", "员工ID", "职工号", "职工编号", "人员编号", "人员工号", "编号"), required=True, max_length=64),
            Field("work_date", "date", {"zh_CN": "工作日期", "en": "Date"}, ("work day", "log date", "day", "date of work", "worked on", "report date", "日期", "工作日", "日志日期", "填报日期", "填写日期", "出勤日期", "考勤日期", "工时日期"), required=True),
            Field("project", "text", {"zh_CN": "项目", "en": "Project"}, ("project name", "project code", "project no", "project id", "job", "assignment", "cost centre", "cost center", "项目名称", "项目编号", "项目代码", "项目名", "任务/项目", "所属项目", "project key", "工程", "工程名称", "案件"), required=True, max_length=200),
            Field("employee_name", "text", {"zh_CN": "员工姓名", "en": "Employee"}, ("employee name", "name", "full name", "staff", "staff name", "worker", "worker name", "person", "姓名", "员工", "员工名称", "名字", "职工姓名", "人员姓名", "人员", "填报人"), max_length=100),
            Field("hours", "decimal", {"zh_CN": "工时", "en": "Hours"}, ("hours worked", "work hours", "working hours", "time spent", "time", "duration", "hours logged", "logged hours", "manhours", "man hours", "hrs", "工时数", "投入工时", "实际工时", "小时", "小时数", "工作时长", "工作小时", "工作工时", "时长", "耗时", "用时"), required=True, minimum=0, maximum=24, scale=2),
            Field("content", "text", {"zh_CN": "工作内容", "en": "Content"}, ("日志", "工作日志", "work content", "work description", "description", "task", "tasks", "activity", "work done", "details", "summary", "note", "notes", "remark", "remarks", "comment", "内容", "日志内容", "工作描述", "工作事项", "工作说明", "任务", "任务描述", "事项", "描述", "说明", "备注"), max_length=5000),
        ),
    ),
    indexes=("work_date",),
    export_choices=WorkLogsExport,
)  # fmt: skip
