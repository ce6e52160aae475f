"""A look at a file before it is submitted, in a process of its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import openpyxl
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from desktop.client.errors import TransferCancelled
from desktop.submit import look as look_
from desktop.submit.look import ROWS, look, read
from desktop.submit.mapping import FIELD, SURE, MappingModel
from tabular.schema import Field, TableSchema

SCHEMA = TableSchema(
    "customers", {"zh_CN": "客户", "en": "Customers"}, ("customer_no",),
    (
        Field("customer_no", "text", {"zh_CN": "客户编号", "en": "Customer no."}, ("编号",), required=True),
        Field("name", "text", {"zh_CN": "客户名称", "en": "Name"}, ("名称",), required=True),
        Field("signed_on", "date", {"zh_CN": "签约日期", "en": "Signed on"}),
    ),
)  # fmt: skip


@pytest.fixture
def workbook(tmp_path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "华东"
    sheet.append(["客户编号", "名称", "签约日期", "颜色"])
    for number in range(120):
        sheet.append([f"00{number}", f"客户 {number}", "2026-01-02", "红"])
    path = tmp_path / "客户.xlsx"
    book.save(path)
    return path


def test_a_workbook_is_looked_at_in_another_process(workbook):
    found = look(workbook, SCHEMA.to_json(), {}, "en", threading.Event())
    assert found.error == ""
    assert found.info["sheets"] == ["华东"]
    assert found.total == 120
    assert len(found.rows) == ROWS
    assert found.rows[1][:2] == ["001", "客户 1"]
    assert [p["field"] for p in found.proposals] == ["customer_no", "name", "signed_on", None]


def test_what_the_user_knows_better_holds(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("编号;名称\n1;中文\n".encode("gb18030"))
    found = read(path, SCHEMA.to_json(), {"encoding": "gb18030", "delimiter": ";"}, "en")
    assert found.rows == [["1", "中文"]]


@pytest.mark.parametrize(("language", "word"), [("en", "workbook"), ("zh_CN", "工作簿")])
def test_a_file_that_is_no_workbook_is_said_in_words(tmp_path, language, word):
    path = tmp_path / "photo.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    assert word in look(path, None, {}, language, threading.Event()).error


def test_a_look_can_be_stopped(workbook):
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(TransferCancelled):
        look(workbook, None, {}, "en", cancelled)


def test_a_reader_that_crashes_takes_only_its_own_process_with_it(workbook, monkeypatch):
    monkeypatch.setattr(look_, "command", lambda: [sys.executable, "-c", "import os; os.abort()"])
    assert look(workbook, None, {}, "en", threading.Event()) is None


def test_the_packaged_program_finds_its_way_to_the_look():
    from tasktray import part

    assert look_.ARGUMENT in Path(part.__file__).read_text("utf-8")


@pytest.fixture
def mapping(qtbot, workbook):
    model = MappingModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    found = read(workbook, SCHEMA.to_json(), {}, "en")
    model.load(SCHEMA, found.proposals, found.rows)
    yield model
    del tester


def test_an_untouched_mapping_is_left_to_the_server(mapping):
    assert mapping.mapping() is None
    assert mapping.missing() == []
    assert mapping.left_out() == 1


def test_a_field_takes_one_column_only_and_what_is_missing_is_named(mapping):
    assert mapping.setData(mapping.index(3, FIELD), "name")
    assert mapping.mapping() == {"客户编号": "customer_no", "名称": None, "签约日期": "signed_on", "颜色": "name"}
    assert mapping.setData(mapping.index(0, FIELD), None)
    assert mapping.missing() == ["Customer no."]
    assert mapping.index(3, SURE).data() == "chosen by you"
    assert mapping.flags(mapping.index(0, FIELD)) & Qt.ItemFlag.ItemIsEditable
    assert not mapping.flags(mapping.index(0, SURE)) & Qt.ItemFlag.ItemIsEditable


def test_a_mapping_that_was_made_before_is_shown_again(mapping):
    mapping.take({"名称": "customer_no"})
    assert mapping.mapping() == {"客户编号": None, "名称": "customer_no", "签约日期": None, "颜色": None}
