"""A look at a file before it is submitted, in a process of its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import openpyxl
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from desktop import language
from desktop.client.errors import TransferCancelled
from desktop.submit import look as look_
from desktop.submit.decision import Decision
from desktop.submit.look import ROWS, Looker, Question, read
from desktop.submit.mapping import FIELD, SURE, MappingModel
from desktop.submit.values import ConstantsModel, ValuesModel
from tabular.schema import Field, TableSchema

SCHEMA = TableSchema(
    "customers", {"zh_CN": "客户", "en": "Customers"}, ("customer_no",),
    (
        Field("customer_no", "text", {"zh_CN": "客户编号", "en": "Customer no."}, ("编号",), required=True),
        Field("name", "text", {"zh_CN": "客户名称", "en": "Name"}, ("名称",), required=True),
        Field("signed_on", "date", {"zh_CN": "签约日期", "en": "Signed on"}),
        Field("level", "choice", {"zh_CN": "等级", "en": "Level"}, choices=("A", "B")),
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


@pytest.fixture
def looker():
    looker = Looker()
    yield looker
    looker.close()


def look(looker: Looker, path: Path, language: str = "en", **options):
    return looker.look(Question(path, SCHEMA.to_json(), options, language), threading.Event())


def test_a_workbook_is_looked_at_in_another_process(looker, workbook):
    found = look(looker, workbook)
    assert found.error == ""
    assert found.info["sheets"] == ["华东"]
    assert found.total == 120
    assert len(found.rows) == ROWS
    assert found.rows[1][:2] == ["001", "客户 1"]
    assert [p["field"] for p in found.proposals] == ["customer_no", "name", "signed_on", None]
    assert found.columns == {"customer_no": 0, "name": 1, "signed_on": 2}
    assert found.distinct["3"] == [["红", 120]]
    assert "0" not in found.distinct  # every row has another number


def test_what_the_user_knows_better_holds_and_the_same_process_looks_again(looker, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("编号;名称\n1;中文\n".encode("gb18030"))
    assert look(looker, path, encoding="windows-1252", delimiter=";").rows == [["1", "ÖÐÎÄ"]]
    first = looker._process.pid
    assert look(looker, path, encoding="gb18030", delimiter=";").rows == [["1", "中文"]]
    assert looker._process.pid == first


@pytest.mark.parametrize(("language_", "word"), [("en", "workbook"), ("zh_CN", "工作簿")])
def test_a_file_that_is_no_workbook_is_said_in_words(tmp_path, language_, word):
    path = tmp_path / "photo.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    found = read(Question(path, language=language_))
    assert word in found.error
    assert found.code == "not_a_workbook"


def test_a_look_can_be_stopped(looker, workbook):
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(TransferCancelled):
        looker.look(Question(workbook), cancelled)


def test_a_reader_that_crashes_takes_only_its_own_process_with_it(looker, workbook, monkeypatch):
    crash = "import os, sys; sys.stdin.readline(); os.abort()"
    with monkeypatch.context() as patched:
        patched.setattr(look_, "command", lambda: [sys.executable, "-c", crash])
        assert look(looker, workbook) is None
    assert look(looker, workbook).total == 120


def test_the_process_ends_with_its_looker(workbook):
    looker = Looker()
    assert look(looker, workbook).total == 120
    process = looker._process
    looker.close()
    assert process.wait(10) != 0


def test_the_packaged_program_finds_its_way_to_the_look():
    from tasktray import part

    assert look_.ARGUMENT in Path(part.__file__).read_text("utf-8")


def kept(**values):
    """A remembered mapping as the API serves it."""
    return {
        "fingerprint": "", "seen_as": "", "headers": [], "mapping": {}, "constants": {}, "value_map": {},
        "sheet": None, "header_row": None, "encoding": None, "delimiter": None, "shared": False, "mine": True,
    } | values  # fmt: skip


def test_a_remembered_mapping_of_the_same_header_comes_first(workbook):
    shape = read(Question(workbook, SCHEMA.to_json())).info["fingerprint"]
    remembered = [
        kept(fingerprint="0" * 32),
        kept(fingerprint=shape, mapping={"颜色": "level"}, constants={"signed_on": "2026-01-01"},
             value_map={"level": {"红": "A"}}, shared=True, mine=False),
    ]  # fmt: skip
    found = read(Question(workbook, SCHEMA.to_json(), remembered=remembered))
    assert found.remembered == remembered[1]
    assert found.columns["level"] == 3
    assert found.constants == {"signed_on": "2026-01-01"}
    assert found.value_map == {"level": {"红": "A"}}
    assert found.proposals[3]["reason"] == "shared"


def test_a_remembered_header_row_is_found_again_by_the_header_that_is_seen_without_it(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("客户编号,客户名称\n甲编号,乙名称\n1,公司\n", "utf-8")
    plain = read(Question(path, SCHEMA.to_json())).info["fingerprint"]
    chosen = read(Question(path, SCHEMA.to_json(), {"header_row": 2})).info["fingerprint"]
    assert plain != chosen
    remembered = [kept(fingerprint=chosen, seen_as=plain, header_row=2, mapping={"甲编号": "customer_no"})]
    found = read(Question(path, SCHEMA.to_json(), remembered=remembered))
    assert found.info["header_row"] == 2
    assert found.columns["customer_no"] == 0
    assert read(Question(path, SCHEMA.to_json(), {"header_row": 1}, remembered=remembered)).remembered is None


@pytest.fixture
def levels(tmp_path) -> Path:
    path = tmp_path / "levels.csv"
    rows = [f"{n},公司 {n},{('VIP', 'A级', 'A')[n % 3]}" for n in range(9)]
    path.write_text("客户编号,客户名称,等级\n" + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture
def english(qapp):
    language.choose("en")


def decide(path: Path) -> Decision:
    found = read(Question(path, SCHEMA.to_json()))
    decision = Decision(SCHEMA, found)
    decision.see(path, found)
    return decision


def watched(model, decision):
    """The model, held to the rules of models as long as the tester lives."""
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show(decision)
    return model


def test_an_untouched_mapping_is_left_to_the_server(english, workbook):
    decision = decide(workbook)
    assert decision.params() == {}
    assert decision.missing() == []
    assert [field.name for field in decision.open_fields()] == ["level"]


def test_a_field_takes_one_column_only_and_what_is_missing_is_named(english, workbook):
    decision = decide(workbook)
    model = watched(MappingModel(), decision)
    assert model.index(1, SURE).data() == "100 % · another name for it"
    assert model.setData(model.index(3, FIELD), "name")
    assert decision.params()["mapping"] == {
        "客户编号": "customer_no", "名称": None, "签约日期": "signed_on", "颜色": "name",
    }  # fmt: skip
    assert model.setData(model.index(0, FIELD), None)
    assert decision.missing() == ["Customer no."]
    assert model.index(3, SURE).data() == "chosen by you"
    assert model.flags(model.index(0, FIELD)) & Qt.ItemFlag.ItemIsEditable
    assert not model.flags(model.index(0, SURE)) & Qt.ItemFlag.ItemIsEditable


def test_a_mapping_that_was_made_before_is_shown_again(english, workbook):
    decision = decide(workbook)
    decision.take({"mapping": {"名称": "customer_no"}, "constants": {"name": "公司"}})
    assert decision.params() == {
        "mapping": {"客户编号": None, "名称": "customer_no", "签约日期": None, "颜色": None},
        "constants": {"name": "公司"},
    }


def test_a_fixed_value_stands_in_for_a_required_column(english, workbook):
    decision = decide(workbook)
    decision.set_field(1, None)
    model = watched(ConstantsModel(), decision)
    titles = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert titles == ["Name *", "Level"]
    assert decision.missing() == ["Name"]
    assert model.setData(model.index(0, 1), " 公司 ")
    assert decision.missing() == []
    assert [value for value, _ in model.options(1)] == [None, "A", "B"]
    assert model.setData(model.index(1, 1), "B")
    assert decision.params()["constants"] == {"name": "公司", "level": "B"}
    decision.set_field(1, "name")  # a column again: the fixed value goes
    assert decision.to_params()["constants"] == {"level": "B"}


def test_values_that_a_choice_does_not_know_get_a_meaning(english, levels):
    decision = decide(levels)
    model = watched(ValuesModel(), decision)
    shown = {model.index(r, 1).data(): [model.index(r, c).data() for c in (2, 3, 4)] for r in range(model.rowCount())}
    assert shown == {"VIP": ["3", "– rejected –", ""]}  # A级 is read as it is
    assert (model.open_rows(), model.proposals()) == (1, 0)
    assert decision.params() == {}
    assert model.setData(model.index(0, model.edited), "A")
    assert decision.params()["value_map"] == {"level": {"VIP": "A"}}
    assert model.open_rows() == 0


def test_what_a_value_stood_for_in_another_file_is_proposed(english, levels):
    found = read(Question(levels, SCHEMA.to_json()))
    decision = Decision(SCHEMA, found, {"level": {"vip": "B"}})
    decision.see(levels, found)
    model = watched(ValuesModel(), decision)
    assert [model.index(0, column).data() for column in (1, 3, 4)] == [
        "VIP", "– rejected –", "B, 85 % · as in another file",
    ]  # fmt: skip
    assert (model.open_rows(), model.proposals()) == (1, 1)
    decision.take_proposed_values()
    assert (model.open_rows(), model.proposals()) == (0, 0)
    assert decision.params()["value_map"] == {"level": {"VIP": "B"}}


def test_values_of_other_files_with_the_same_header_count_too(english, levels, tmp_path):
    decision = decide(levels)
    other = tmp_path / "other.csv"
    other.write_text("等级,客户编号,客户名称\n普通,77,公司\n", "utf-8")
    found = read(Question(other, SCHEMA.to_json()))
    assert found.info["fingerprint"] == decision.look.info["fingerprint"]
    decision.see(other, found)
    assert {unknown.value for unknown in decision.unknown_values()} == {"VIP", "普通"}


def test_a_header_much_like_a_remembered_one_is_mapped_like_it(tmp_path):
    path = tmp_path / "next month.csv"
    path.write_text("甲号,乙名,丙级,新列\n1,公司,A,x\n", "utf-8")
    remembered = kept(
        fingerprint="f" * 32, seen_as="f" * 32, headers=["甲号", "乙名", "丙级"],
        mapping={"甲号": "customer_no", "乙名": "name", "丙级": "level"},
    )  # fmt: skip
    found = read(Question(path, SCHEMA.to_json(), remembered=[remembered]))
    assert found.remembered == remembered | {"alike": True}
    assert found.columns == {"customer_no": 0, "name": 1, "level": 2}


def test_of_two_columns_with_the_same_name_the_second_is_told_by_its_letter(english, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("客户编号,名称,名称\n1,甲,乙\n", "utf-8")
    decision = decide(path)
    decision.set_field(2, "name")
    assert decision.params()["mapping"] == {"客户编号": "customer_no", "名称": None, "C": "name"}
