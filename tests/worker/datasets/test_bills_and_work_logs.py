"""The datasets bills and work_logs: files of offices map by themselves; their exports by days, people and dataset."""

from __future__ import annotations

import csv
import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from tabular.mapper import propose
from worker.datasets import load
from worker.errors import Refused

DATA = Path(__file__).parents[2] / "data"
BILLS = load()["bills"]
WORK_LOGS = load()["work_logs"]


def mapped(dataset, headers, rows=()):
    return {p.field: p.header for p in propose(headers, rows, dataset.schema) if p.confidence >= 0.9 and p.field}


@pytest.mark.parametrize(
    ("dataset", "headers", "fields"),
    [
        (BILLS, ["账单编号", "客户编号", "金额（元）", "币种", "开票日期", "到期日期", "付款状态", "到账日期", "摘要"],
         ["bill_no", "customer_no", "amount", "currency", "issued_on", "due_on", "status", "paid_on", "note"]),
        (BILLS, ["发票号码", "客户代码", "价税合计", "应付日期", "缴费日期"],
         ["bill_no", "customer_no", "amount", "due_on", "paid_on"]),
        (BILLS, ["Invoice No.", "Customer", "Amount due", "CCY", "Invoice date", "Due date", "Paid"],
         ["bill_no", "customer_no", "amount", "currency", "issued_on", "due_on", "paid_on"]),
        (BILLS, ["zhang_dan_bian_hao", "kehubianhao", "jine", "daoqiri"],
         ["bill_no", "customer_no", "amount", "due_on"]),
        (WORK_LOGS, ["工号", "姓名", "日期", "项目名称", "工时（小时）", "工作内容"],
         ["employee_no", "employee_name", "work_date", "project", "hours", "content"]),
        (WORK_LOGS, ["员工编号", "填报日期", "所属项目", "工作时长"], ["employee_no", "work_date", "project", "hours"]),
        (WORK_LOGS, ["Employee ID", "Name", "Date", "Project code", "Hours worked", "Description"],
         ["employee_no", "employee_name", "work_date", "project", "hours", "content"]),
        (WORK_LOGS, ["gonghao", "xingming", "gongzuoriqi", "xiangmu", "gongshi"],
         ["employee_no", "employee_name", "work_date", "project", "hours"]),
    ],
)  # fmt: skip
def test_the_usual_headers_map_by_themselves(dataset, headers, fields):
    assert mapped(dataset, headers) == dict(zip(fields, headers, strict=True))


def test_northwinds_orders_go_in_as_bills_without_a_word_about_their_columns(office):
    view = office.run("bills.import", DATA / "northwind-orders.csv")
    assert view.state == "succeeded", view.error
    assert (view.result["rows"], view.result["inserted"], view.result["rejected"]) == (830, 830, 0)
    table = BILLS.table.c
    with office.database.read() as connection:
        query = select(table.customer_no, table.amount, table.issued_on, table.due_on, table.paid_on)
        first = connection.execute(query.where(table.bill_no == "10248")).one()
        unpaid = connection.execute(select(table.bill_no).where(table.paid_on.is_(None))).all()
    assert first == (
        "VINET", Decimal("32.38"), dt.date(1996, 7, 4), dt.date(1996, 8, 1), dt.date(1996, 7, 16)
    )  # fmt: skip
    assert len(unpaid) == 21, "NULL is empty"


LOGS = [
    ("007", "2024-01-01", "甲", "8", "王芳"), ("007", "2024-01-01", "乙", "1.5", "王芳"),
    ("007", "2024-01-31", "甲", "7.25", "王芳"), ("012", "2024-01-15", "甲", "8", "Ann"),
    ("012", "2024-02-01", "甲", "8", "Ann"), ("100", "2023-12-31", "乙", "4", ""),
]  # fmt: skip


@pytest.fixture
def logs(office):
    names = ("employee_no", "work_date", "project", "hours", "employee_name")
    view = office.run(
        "work_logs.import", office.table("logs.csv", [dict(zip(names, row, strict=True)) for row in LOGS])
    )
    assert view.result["inserted"] == 6, view
    return office


def exported(office, view):
    assert view.state == "succeeded", view.error
    path = office.file(view, "export")
    if path.suffix == ".csv":
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))[1:]
        return [tuple(row[:3]) for row in rows]
    book = openpyxl.load_workbook(path)
    rows = [
        (no, day.date().isoformat(), project) for no, day, project, *_ in book.active.values if no != "Employee no."
    ]
    book.close()
    return rows


def test_work_logs_of_some_days_and_people_are_exported_under_the_documented_name(logs):
    view = logs.run(
        "work_logs.export", start_date="2024-01-01", end_date="2024-01-31", employee_ids=["007", "100"],
        export_format="xlsx",
    )  # fmt: skip
    assert re.fullmatch(r"work_logs_2024-01-01_2024-01-31_\d{10}\.xlsx", view.result["file"])
    assert exported(logs, view) == [
        ("007", "2024-01-01", "乙"), ("007", "2024-01-01", "甲"), ("007", "2024-01-31", "甲"),
    ]  # fmt: skip


def test_the_documented_parameters_go_with_those_of_every_export(logs):
    view = logs.run(
        "work_logs.export", start_date="2024-01-01", employee_ids=[], format="csv", filters={"hours": {"from": 8}},
        columns=["employee_no", "work_date", "project", "hours"],
    )  # fmt: skip
    assert exported(logs, view) == [
        ("007", "2024-01-01", "甲"), ("012", "2024-01-15", "甲"), ("012", "2024-02-01", "甲"),
    ]  # fmt: skip
    assert re.fullmatch(r"work_logs_\d{8}-\d{6}_\d{10}\.csv", view.result["file"]), "one day alone makes no period"


@pytest.mark.parametrize(
    ("kind", "params", "field", "code"),
    [
        ("work_logs.export", {"start_date": "2024-02-01", "end_date": "2024-01-31"},
         "params.end_date", "dates_reversed"),
        ("work_logs.export", {"export_format": "pdf"}, "params.export_format", "field_not_allowed"),
        ("work_logs.export", {"format": "csv", "export_format": "csv"}, "params.export_format", "field_unknown"),
        ("bills.export", {"start_date": "2024-02-01"}, "params.start_date", "field_unknown"),
        ("data.export", {}, "params.dataset", "field_missing"),
        ("data.export", {"dataset": "nothing"}, "params.dataset", "field_not_allowed"),
        ("data.export", {"dataset": "bills", "columns": ["hours"]}, "params", "unknown_column"),
        ("data.export", {"dataset": "bills", "filters": {"hours": {"eq": 1}}}, "params", "unknown_column"),
        ("data.export", {"dataset": "bills", "columns": ["note", "note"]}, "params.columns", "column_twice"),
    ],
)  # fmt: skip
def test_what_an_export_cannot_be_asked_for_is_said_at_its_field(office, kind, params, field, code):
    with pytest.raises(Refused) as refused:
        office.submit(kind, **params)
    wrong = {error["field"]: error["code"] for error in refused.value.errors}
    assert wrong.get(field) == code, wrong or list(refused.value.errors)


def test_any_dataset_can_be_exported_by_its_name(logs):
    view = logs.run(
        "data.export", dataset="work_logs", format="csv", columns=["employee_no", "work_date", "project"],
        filters={"project": {"eq": "乙"}},
    )  # fmt: skip
    assert exported(logs, view) == [("007", "2024-01-01", "乙"), ("100", "2023-12-31", "乙")]
    assert view.result["file"].startswith("work_logs_")
    assert exported(logs, logs.run("data.export", dataset="bills", format="csv")) == []
