# ruff: noqa: DTZ001  (a table a line a row; workbooks know no zones)
"""The rejected rows as they were, with reasons; corrected, the file goes in as it is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from tabular import error_workbook as module
from tabular.checker import Problem, Rejected
from tabular.error_workbook import ErrorWorkbook
from tabular.source import open_source
from tabular.texts import text
from tests.tabular import workbooks
from tests.tabular.schemas import CUSTOMERS_SCHEMA, check_all

HEADER = ["客户编号", "客户名称", "邮箱", "签约日期", "信用额度", "我的备忘"]
ROWS = [
    ["007", "张三", "bad", dt.date(2024, 3, 5), 12.5, "keep me"],
    ["008", None, "a@b.cn", "03/04/2024", -5, 1e-7],
    ["009", "ok", "a@b.cn", dt.date(2024, 3, 5), 1, None],
    ["=1+1", "x" * 300, "@bad", dt.datetime(2024, 3, 5, 1, 2, 3), True, "_x0041_\nline"],
]


@pytest.fixture(params=["with comments", "past the comments"])
def _far(request, monkeypatch) -> None:
    """Rows past the comments are written in another way: all that holds for the first holds for them."""
    if request.param == "past the comments":
        monkeypatch.setattr(module, "MAX_COMMENTS", 0)


def made(tmp_path: Path, language: str) -> Path:
    source = workbooks.write(tmp_path / "in.xlsx", ("S", [HEADER]))
    book = openpyxl.load_workbook(source)
    for number, row in enumerate(ROWS, 2):
        for i, value in enumerate(row, 1):
            cell = book.active.cell(number, i, value)
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(source)
    _, rejected = check_all(source, CUSTOMERS_SCHEMA)
    assert [r.number for r in rejected] == [2, 3, 5]
    path = tmp_path / "errors.xlsx"
    with ErrorWorkbook(path, HEADER, language, CUSTOMERS_SCHEMA) as workbook:
        for row in rejected:
            workbook.add(row)
        assert workbook.rows == 3
    return path


@pytest.mark.usefixtures("_far")
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_all_columns_and_values_are_kept_with_number_columns_and_reason_before(tmp_path: Path, language: str) -> None:
    sheet = openpyxl.load_workbook(made(tmp_path, language)).active
    assert [c.value for c in sheet[1]] == [
        text("source_row", language), text("problem_columns", language), text("problem_reasons", language), *HEADER,
    ]  # fmt: skip
    assert [sheet.cell(r, 1).value for r in (2, 3, 4)] == [2, 3, 5]
    assert [c.value for c in sheet[2]][3:] == ["007", "张三", "bad", dt.datetime(2024, 3, 5), 12.5, "keep me"]
    assert [c.value for c in sheet[3]][3:] == ["008", None, "a@b.cn", "03/04/2024", -5, 1e-7]
    assert (sheet["D4"].value, sheet["D4"].data_type) == ("=1+1", "s")
    assert sheet["H4"].value is True
    assert sheet["G4"].value == dt.datetime(2024, 3, 5, 1, 2, 3)
    assert sheet["B2"].value == "邮箱"
    assert sheet["C2"].value == text("not_an_email", language, value="bad")
    assert sheet.freeze_panes == "D2"


def test_bad_cells_are_coloured_and_commented_also_where_they_are_empty(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(made(tmp_path, "zh_CN")).active
    coloured = {c.coordinate for row in sheet for c in row if c.row > 1 and c.fill.fgColor.rgb == "FFFFC7CE"}
    commented = {c.coordinate: c.comment.text for row in sheet for c in row if c.comment}
    assert coloured == set(commented) == {"F2", "E3", "G3", "H3", "E4", "F4", "H4"}
    assert commented["E3"] == "缺少客户名称，请填写。"


@pytest.mark.usefixtures("_far")
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_imported_again_as_it_is_the_same_rows_are_rejected_and_corrected_they_go_in(tmp_path, language) -> None:
    path = made(tmp_path, language)
    with open_source(path) as source, open_source(tmp_path / "in.xlsx") as original:
        assert source.info.fingerprint == original.info.fingerprint
    good, rejected = check_all(path, CUSTOMERS_SCHEMA)
    assert not good
    assert [[p.code for p in r.problems] for r in rejected] == [
        [p.code for p in r.problems] for r in check_all(tmp_path / "in.xlsx", CUSTOMERS_SCHEMA)[1]
    ]
    book = openpyxl.load_workbook(path)
    sheet = book.active
    for cell, value in {
        "F2": "z@b.cn",
        "E3": "李四",
        "G3": "2024-04-03",
        "H3": 5,
        "E4": "y",
        "F4": "",
        "H4": 2,
    }.items():
        sheet[cell] = value
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if cell.value == "=1+1":
                cell.data_type = "s"
    book.save(path)
    good, rejected = check_all(path, CUSTOMERS_SCHEMA)
    assert not rejected
    assert [row[0] for row in good] == ["007", "008", "=1+1"]


def test_a_second_round_of_corrections_has_the_three_columns_once(tmp_path: Path) -> None:
    path = made(tmp_path, "zh_CN")
    _, rejected = check_all(path, CUSTOMERS_SCHEMA)
    with open_source(path) as source:
        headers = source.info.headers
    with ErrorWorkbook(tmp_path / "again.xlsx", headers, "en", CUSTOMERS_SCHEMA) as workbook:
        for row in rejected:
            workbook.add(row)
    sheet = openpyxl.load_workbook(tmp_path / "again.xlsx").active
    assert [c.value for c in sheet[1]] == ["Source row", "Problem columns", "Reason", *HEADER]
    assert [c.value for c in sheet[2]][3:] == ["007", "张三", "bad", dt.datetime(2024, 3, 5), 12.5, "keep me"]
    assert sheet["F2"].comment is not None
    assert [r[0].value for r in sheet.iter_rows(min_row=2)] == [2, 3, 4]


def test_rows_past_a_number_have_colours_and_reasons_but_no_comments(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_COMMENTS", 2)
    monkeypatch.setattr(module, "MAX_ROWS", 4)
    problem = Problem(0, "编号", "customer_no", "required", {}, "")
    with ErrorWorkbook(tmp_path / "e.xlsx", ["编号"], "en", CUSTOMERS_SCHEMA) as workbook:
        for i in range(5):
            workbook.add(Rejected(i + 2, "S", [""], [problem]))
    first, second = openpyxl.load_workbook(tmp_path / "e.xlsx").worksheets
    assert [first.cell(r, 1).value for r in (2, 3, 4)] == [2, 3, 4]
    assert [second.cell(r, 1).value for r in (2, 3)] == [5, 6]
    assert [bool(first.cell(r, 4).comment) for r in (2, 3, 4)] == [True, True, False]
    assert second["D2"].fill.fgColor.rgb == "FFFFC7CE"


@pytest.mark.usefixtures("_far")
def test_rows_wider_than_the_header_and_odd_values_are_kept(tmp_path: Path) -> None:
    cells = [
        "a",
        "extra",
        float("nan"),
        dt.time(1, 2),
        dt.timedelta(hours=30),
        10**20,
        dt.date(1850, 1, 1),
        "\x00\x07",
        "y" * 40_000,
    ]
    problem = Problem(None, "", None, "too_many_cells", {"count": 9, "columns": 1}, None)
    with ErrorWorkbook(tmp_path / "e.xlsx", ["编号"], "zh_CN") as workbook:
        workbook.add(Rejected(2, "", cells, [problem]))  # type: ignore[arg-type]
    row = [c.value for c in openpyxl.load_workbook(tmp_path / "e.xlsx").active[2]]
    assert row[3:5] == ["a", "extra"]
    assert row[9] == "1850-01-01"
    assert len(row[11]) == 32_767


def test_a_workbook_without_rows_has_its_header(tmp_path: Path) -> None:
    ErrorWorkbook(tmp_path / "e.xlsx", ["编号"], "en").close()
    assert [c.value for c in openpyxl.load_workbook(tmp_path / "e.xlsx").active[1]][3:] == ["编号"]
