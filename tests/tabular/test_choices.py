"""Values of choice fields as offices write them, and what is suggested for those that nobody knows."""

import pytest

from tabular.schema import Field, TableSchema
from tabular.value_map import propose_values
from tabular.values import Suspect, converter
from tests.tabular.schemas import CUSTOMERS_SCHEMA

LEVEL = CUSTOMERS_SCHEMA.by_name["level"]
STATUS = Field("status", "choice", {"zh_CN": "状态", "en": "Status"}, choices=("pending", "paid", "void"),
               choice_words={"paid": ("已付", "settled"), "pending": ("未付",)})  # fmt: skip


@pytest.mark.parametrize(
    "written", ["A", "a", "Ａ", " A ", "A级", "Ａ 级", "A级客户", "Level A", "grade: a", "客户等级A", "A类", "A（级）"]
)
def test_a_usual_form_of_a_value_is_that_value(written):
    assert converter(LEVEL)(written) == "A"


@pytest.mark.parametrize(
    "written", ["AA", "A+", "A-", "A/B", "AB级", "VIP", "甲", "average", "grada", "A (VIP)", "1", "不是A"]
)
def test_what_is_not_certain_is_refused(written):
    found = converter(LEVEL)(written)
    assert isinstance(found, Suspect), found
    assert found.code == "not_a_choice"


@pytest.mark.parametrize(
    ("written", "value"),
    [("已付", "paid"), ("Settled", "paid"), ("未付", "pending"), ("PAID", "paid"), ("状态：已付", "paid")],
)
def test_a_word_for_a_value_is_that_value(written, value):
    assert converter(STATUS)(written) == value


def test_unpaid_is_not_paid():
    assert isinstance(converter(STATUS)("unpaid"), Suspect)
    assert isinstance(converter(STATUS)("未已付"), Suspect)


def test_unknown_values_are_listed_with_what_they_probably_mean_and_never_as_certain():
    schema = TableSchema("t", {"en": "T", "zh_CN": "表"}, ("no",), (
        Field("no", "text", {"en": "No", "zh_CN": "号"}, required=True),
        LEVEL, STATUS, Field("active", "boolean", {"en": "Active", "zh_CN": "有效"}),
    ))  # fmt: skip
    rows = [
        ["1", "VIP", "setled", "已开通"],
        ["2", "VIP", "已付", "是"],
        ["3", "乙级", "?", "未开通"],
        ["4", "3", "", "x"],
    ]
    columns = {"no": 0, "level": 1, "status": 2, "active": 3}
    found = propose_values(columns, rows, schema, others={"level": {"vip": "A", "3": "Z"}})
    assert [(p.field, p.value, p.target, p.reason, p.count) for p in found] == [
        ("level", "VIP", "A", "remembered", 2), ("level", "乙级", "B", "order", 1), ("level", "3", "C", "order", 1),
        ("status", "setled", "paid", "similar", 1), ("status", "?", None, "none", 1),
        ("active", "已开通", True, "word", 1), ("active", "未开通", False, "word", 1),
    ]  # fmt: skip
    assert all(p.confidence < 0.9 for p in found)
    assert [p.value for p in propose_values(columns, rows, schema, {"level": {"VIP": "B", "乙级": "B"}})][:1] == ["3"]
    assert propose_values({"no": 0}, rows, schema) == []


def test_the_words_of_choices_travel_with_the_schema():
    schema = TableSchema("t", {"en": "T", "zh_CN": "表"}, (), (STATUS,))
    import json

    assert TableSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
