"""`finance.calculate_monthly_revenue`: exact sums, one line a month, and a chart that Excel draws itself."""

from __future__ import annotations

import random
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.worker.finance.ledger import add, bill, customer
from worker.errors import Refused
from worker.finance import revenue

KIND = "finance.calculate_monthly_revenue"
NORTHWIND = Path(__file__).parents[2] / "data" / "northwind-orders.csv"


def paid(no, on, amount, currency="CNY", customer_no="A", status=None):
    import datetime as dt

    values = {"paid_on": dt.date.fromisoformat(on), "status": status, "currency": currency}
    return bill(no, customer_no, amount=amount, **values)


def sheets(office, view):
    path = office.file(view, "report")
    book = openpyxl.load_workbook(path)
    tables = [[row for row in sheet.values if any(v is not None for v in row)] for sheet in book.worksheets]
    charts = [name for name in zipfile.ZipFile(path).namelist() if name.startswith("xl/charts/chart")]
    titles = book.sheetnames
    book.close()
    return titles, tables, charts


def test_months_customers_and_currencies_are_kept_apart(office):
    add(office.database, "customers", [customer("A"), customer("B", name="=1+1")])
    add(office.database, "bills", [
        paid("1", "2026-01-31", "0.10"), paid("2", "2026-01-01", "0.20"), paid("3", "2026-02-01", "5", "USD", "B"),
        paid("4", "2026-02-28", "-1.25", None, None), paid("5", "2026-02-10", "7", status="void"),
        paid("6", "2026-02-10", "7", status="pending"), paid("7", "2025-12-31", "1000000.01", status="paid"),
        bill("8"),
    ])  # fmt: skip
    view = office.run(KIND)
    assert view.state == "succeeded", view.error
    assert {k: v for k, v in view.result.items() if k != "file"} == {
        "bills": 5, "months": 3, "customers": 2, "totals": {"-": "-1.25", "CNY": "1000000.31", "USD": "5.00"},
    }  # fmt: skip
    titles, (months, customers), charts = sheets(office, view)
    assert titles == ["Months", "Customers"]
    assert months[2:] == [
        ("Month", "no currency", "CNY", "USD", "Bills"), ("2025-12", None, 1000000.01, None, 1),
        ("2026-01", None, 0.3, None, 2), ("2026-02", -1.25, None, 5, 2), ("Total", -1.25, 1000000.31, 5, 5),
    ]  # fmt: skip
    assert customers[1:] == [
        ("2025-12", "A", "Name of A", "CNY", 1000000.01, 1), ("2026-01", "A", "Name of A", "CNY", 0.3, 2),
        ("2026-02", None, None, None, -1.25, 1), ("2026-02", "B", "=1+1", "USD", 5, 1),
    ]  # fmt: skip
    assert len(charts) == 1
    on_paper = openpyxl.load_workbook(office.file(view, "report"))["Months"]
    assert (on_paper.page_setup.fitToWidth, on_paper.page_setup.fitToHeight) == (1, 0)
    assert on_paper.sheet_properties.pageSetUpPr.fitToPage
    assert on_paper.print_title_rows == "$4:$4"


def test_the_days_are_included_and_texts_follow_the_language(office):
    add(office.database, "bills", [paid(str(n), f"2026-01-{n:02d}", "1") for n in range(1, 11)])
    view = office.run(KIND, by=office.lin, start_date="2026-01-03", end_date="2026-01-05")
    assert view.result["totals"] == {"CNY": "3.00"}
    assert view.result["file"].startswith("monthly_revenue_2026-01-03_")
    titles, (months, _), _ = sheets(office, view)
    assert titles == ["按月汇总", "按客户"]
    assert months[1] == ("付款日期 2026-01-03 至 2026-01-05", None, None)
    with pytest.raises(Refused):
        office.submit(KIND, start_date="2026-01-03", end_date="2026-01-02")


def test_nothing_paid_is_an_empty_table_without_a_chart(office):
    view = office.run(KIND)
    assert (view.state, view.result["totals"]) == ("succeeded", {})
    _, _, charts = sheets(office, view)
    assert charts == []


def test_ten_thousand_odd_cents_add_up_exactly(office):
    chance = random.Random(4)
    rows = [
        paid(
            f"b{n}",
            f"2026-{chance.randint(1, 12):02d}-15",
            f"{chance.randint(-999, 99_999_999)}.{chance.randint(0, 99):02d}",
        )
        for n in range(10_000)
    ]
    add(office.database, "bills", rows)
    expected = defaultdict(Decimal)
    for row in rows:
        expected[row["paid_on"].strftime("%Y-%m")] += row["amount"]
    view = office.run(KIND)
    assert view.result["totals"] == {"CNY": f"{sum(expected.values()):.2f}"}
    _, (months, _), _ = sheets(office, view)
    assert {row[0]: row[1] for row in months[3:-1]} == {month: float(total) for month, total in expected.items()}


def test_a_long_list_goes_on_in_the_next_sheet(office, monkeypatch):
    monkeypatch.setattr(revenue, "_SHEET_ROWS", 2)
    add(office.database, "bills", [paid(str(n), "2026-01-01", "1", customer_no=f"K{n}") for n in range(5)])
    titles, (_, *customers), _ = sheets(office, office.run(KIND))
    assert titles[1:] == ["Customers", "Customers 2", "Customers 3"]
    assert [row[1] for sheet in customers for row in sheet[1:]] == ["K0", "K1", "K2", "K3", "K4"]


def test_northwinds_orders_have_a_revenue(office):
    office.run("bills.import", NORTHWIND)
    view = office.run(KIND)
    assert (view.result["bills"], view.result["months"]) == (809, 23)
    assert view.result["customers"] == 89
