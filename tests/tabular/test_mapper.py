# ruff: noqa: E501  (a case a line reads as a table)
"""Columns find their fields: by name, spelling, pinyin, likeness and by what stands in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tabular.checker import Checker
from tabular.errors import TableError
from tabular.mapper import Mapping, Proposal, Remembered, alike, propose
from tabular.names import compact, fingerprint, reference, words
from tabular.texts import text
from tasktray.sample_data import HEADERS
from tests.tabular.schemas import CUSTOMERS_SCHEMA


def best(header: str, *values: object) -> tuple[str | None, float]:
    proposals = propose([header], [[v] for v in values], CUSTOMERS_SCHEMA)  # type: ignore[list-item]
    return proposals[0].field, round(proposals[0].confidence, 2)


def by_itself(headers: list[str], rows: list[list[object]] | None = None) -> dict[str, str]:
    proposals = propose(headers, rows or [], CUSTOMERS_SCHEMA)  # type: ignore[arg-type]
    return {p.header: p.field for p in proposals if p.field and p.confidence >= 0.9}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("customerID", ("customer", "id")), ("HTTPServer", ("http", "server")), ("客户编号（必填）*", ("客户编号",)),
        ("Credit limit [CNY]", ("credit", "limit")), ("ＣＩＴＹ", ("city",)), ("e-mail_address", ("e", "mail", "address")),
        ("(金额)", ("金额",)), ("  ", ()),
    ],
)  # fmt: skip
def test_headers_fall_into_words(header: str, expected: tuple[str, ...]) -> None:
    assert words(header) == expected


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("客户编号", "customer_no"), ("客户编号 *", "customer_no"), ("CUSTOMER NO.", "customer_no"), ("customer_no", "customer_no"),
        ("customerID", "customer_no"), ("电子邮箱", "email"), ("E-Mail", "email"), ("信用额度（元）", "credit_limit"),
        ("Ｐｈｏｎｅ", "phone"), ("postalCode", "postal_code"), ("签约\n日期", "signed_on"),
    ],
)  # fmt: skip
def test_a_fields_own_names_are_sure(header: str, field: str) -> None:
    assert best(header) == (field, 1.0)


@pytest.mark.parametrize(
    ("header", "field"), [("kehuhao", "customer_no"), ("ke_hu_ming_cheng", "name"), ("DianHua", "phone")]
)
def test_pinyin_is_nearly_sure(header: str, field: str) -> None:
    assert best(header) == (field, 0.95)


def test_a_name_that_holds_a_synonym_is_likely_and_fitting_values_make_it_sure() -> None:
    field, alone = best("客户手机号码信息")
    assert field == "phone"
    assert 0.7 <= alone < 0.9
    field, supported = best("客户手机号码信息", "13800138000", "13900139000", "(010) 6552-9988")
    assert field == "phone"
    assert supported > alone
    field, doubted = best("客户手机号码信息", "苹果", "香蕉", "梨")
    assert doubted < alone


def test_a_typing_error_is_likely_but_never_sure() -> None:
    field, confidence = best("Custommer number")
    assert field == "customer_no"
    assert 0.7 <= confidence < 0.95
    assert best("adress")[0] == "address"


def test_a_column_of_addresses_with_an_unknown_name_is_guessed_but_not_applied() -> None:
    assert best("Spalte 7", "a@b.cn", "c@d.org", "e@f.com") == ("email", 0.7)


@pytest.mark.parametrize("header", ["fax", "contactTitle", "username", "employeeID", "colour", "Spalte 3", ""])
def test_what_is_no_field_is_not_applied(header: str) -> None:
    assert best(header, "x", "y", "z")[1] < 0.9


def test_each_field_is_given_once_and_a_title_beats_a_synonym() -> None:
    assert by_itself(["客户", "客户名称", "公司", "编号", "客户编号"]) == {
        "客户名称": "name",
        "客户编号": "customer_no",
    }
    proposals = propose(["电话", "手机"], [], CUSTOMERS_SCHEMA)
    assert [p.field for p in proposals] == ["phone", None]


def test_the_sample_headers_of_a_branch_map_by_themselves() -> None:
    assert list(by_itself(list(HEADERS)).values()) == [
        "customer_no", "name", "contact", "phone", "email", "id_number", "country", "province", "city", "address",
        "postal_code", "level", "credit_limit", "signed_on",
    ]  # fmt: skip


def test_columns_that_an_error_workbook_added_are_no_data_and_do_not_change_the_shape() -> None:
    headers = ["客户编号", "名称", "备注", "原因"]
    for language in ("zh_CN", "en"):
        added = [text(code, language) for code in ("source_row", "problem_columns", "problem_reasons")]
        proposals = propose([*added, *headers], [], CUSTOMERS_SCHEMA)
        assert [p.reason for p in proposals[:3]] == ["added"] * 3
        assert proposals[3].field == "customer_no"
        assert fingerprint([*added, *headers]) == fingerprint(headers)
    # A file may have a column of that name itself.
    assert fingerprint(["错误原因", "名称"]) != fingerprint(["名称"])


def test_the_shape_of_a_header_is_stable() -> None:
    shape = fingerprint(["客户编号", "Name", "E-mail"])
    assert shape == fingerprint(["e mail", "客户编号 *", "NAME"])
    assert shape != fingerprint(["客户编号", "Name"])
    # Mappings are remembered under it for years: it must not change between releases.
    assert shape == "c95d6cb8f1d99830849d0521f45d25b3"


def test_a_required_field_that_is_left_over_is_named() -> None:
    proposals = [Proposal(0, "名称", "name", 1.0, "title"), Proposal(1, "x", "customer_no", 0.89, "part")]
    with pytest.raises(TableError) as caught:
        Mapping.automatic(proposals, CUSTOMERS_SCHEMA)
    assert (caught.value.code, caught.value.values["fields"]) == ("mapping_required", ["customer_no"])
    assert Mapping.automatic(proposals, CUSTOMERS_SCHEMA, threshold=0.8).columns == {"name": 0, "customer_no": 1}
    made = Mapping.automatic(proposals, CUSTOMERS_SCHEMA, constants={"customer_no": "7"})
    assert (made.columns, made.constants) == ({"name": 0}, {"customer_no": "7"})


def test_fields_are_named_to_people_by_their_titles_in_their_language_and_to_programs_by_their_names() -> None:
    with pytest.raises(TableError) as left_over:
        Mapping.explicit(["x"], {}, None, None, CUSTOMERS_SCHEMA)
    with pytest.raises(TableError) as twice:
        Mapping.explicit(["x", "y"], {"x": "customer_no", "y": "customer_no"}, None, None, CUSTOMERS_SCHEMA)
    mapping = Mapping.explicit(["x"], {"x": "customer_no"}, {"name": "a", "level": "Z"}, None, CUSTOMERS_SCHEMA)
    with pytest.raises(TableError) as constant:
        Checker(CUSTOMERS_SCHEMA, mapping)
    for caught, names in ((left_over, ["customer_no", "name"]), (twice, ["customer_no"]), (constant, ["level"])):
        error = caught.value
        assert error.values.get("fields", [error.values.get("field")]) == names
        assert json.loads(json.dumps(error.values)) == error.values
        for language in ("zh_CN", "en"):
            said = text(error.code, language, **error.values)
            for name in names:
                assert CUSTOMERS_SCHEMA.by_name[name].titles[language] in said
                assert "_" not in said


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"no": "customer_no", "gone": "name"}, "mapping_unknown_column"),
        ({"no": "customer_no", "name": "title"}, "mapping_unknown_field"),
        ({"no": "name", "name": "name"}, "mapping_field_twice"),
        ({"no": "customer_no", "name": None}, "mapping_required"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(mapping: dict[str, str | None], code: str) -> None:
    with pytest.raises(TableError) as caught:
        Mapping.explicit(["no", "name"], mapping, None, None, CUSTOMERS_SCHEMA)
    assert caught.value.code == code


def test_constants_and_replaced_values_must_name_fields() -> None:
    for more in ({"constants": {"x": 1}}, {"value_map": {"x": {}}}):
        with pytest.raises(TableError) as caught:
            Mapping.explicit(
                ["no", "name"], {"no": "customer_no", "name": "name"}, more.get("constants"), more.get("value_map"),
                CUSTOMERS_SCHEMA,
            )  # fmt: skip
        assert caught.value.code == "mapping_unknown_field"


def test_a_mapping_is_remembered_by_names_and_found_again_in_other_spellings() -> None:
    made = Mapping.explicit(
        ["No.", "", "Name"], {"No.": "customer_no", "B": "city", "name": "name"}, None, None, CUSTOMERS_SCHEMA
    )
    assert made.to_json() == {"No.": "customer_no", "B": "city", "Name": "name"}
    again = Mapping.explicit(["NAME", "", "no"], made.to_json(), None, None, CUSTOMERS_SCHEMA)
    assert again.columns == {"customer_no": 2, "city": 1, "name": 0}


def test_compact_names_have_no_case_width_or_punctuation() -> None:
    assert compact("Customer-No. （必填）") == compact("ＣＵＳＴＯＭＥＲ　ＮＯ") == "customerno"


def test_columns_of_the_same_name_are_told_apart_by_their_letters() -> None:
    headers = ["编号", "名称", "电话", "", "电话"]
    assert [reference(headers, i) for i in range(5)] == ["编号", "名称", "电话", "D", "E"]
    made = Mapping.explicit(
        headers, {"编号": "customer_no", "名称": "name", "E": "phone", "d": "city"}, None, None, CUSTOMERS_SCHEMA
    )
    assert made.columns == {"customer_no": 0, "name": 1, "phone": 4, "city": 3}
    assert made.to_json() == {"编号": "customer_no", "名称": "name", "D": "city", "E": "phone"}
    kept = Remembered(made.to_json() | {"电话": None}, headers=tuple(headers))
    assert kept.columns(headers, CUSTOMERS_SCHEMA) == {0: "customer_no", 1: "name", 2: None, 3: "city", 4: "phone"}
    added = [text(code, "en") for code in ("source_row", "problem_columns", "problem_reasons")]
    shifted = kept.columns([*added, *headers], CUSTOMERS_SCHEMA)
    assert shifted == {3: "customer_no", 4: "name", 5: None, 6: "city", 7: "phone"}
    # In another order a letter says nothing.
    moved = ["电话", "电话", "编号", "", "名称"]
    assert kept.columns(moved, CUSTOMERS_SCHEMA) == {2: "customer_no", 4: "name", 0: None}


def test_a_header_much_like_a_remembered_one_is_found_and_another_is_not() -> None:
    kept = [
        Remembered(
            {"Nr": "customer_no", "Firma": "name", "Ort": "city", "x": None}, headers=("Nr", "Firma", "Ort", "x")
        ),
        Remembered({"Nr": "customer_no", "Firma": "name", "Ort": "city"}, headers=("Nr", "Firma", "Ort", "y", "z")),
    ]
    assert alike(["NR", "firma", "Ort", "x", "new"], kept) == 0
    assert alike(["Nr", "Firma", "Ort", "y", "z", "new"], kept) == 1
    assert alike(["Nr", "Firma", "Ort"], kept) == 0
    assert alike(["Nr", "Firma"], kept) is None
    assert alike(["Nr", "Firma", "Ort", *"abcdef"], kept) is None
    assert alike(["Nr", "Firma", "Ort"], []) is None
    proposals = propose(["Nr", "Firma", "Ort", "x", "手机"], [], CUSTOMERS_SCHEMA, replace(kept[0], alike=True))
    assert [(p.field, p.confidence, p.reason) for p in proposals] == [
        ("customer_no", 0.94, "remembered"), ("name", 0.94, "remembered"), ("city", 0.94, "remembered"),
        (None, 0.94, "remembered"), ("phone", 1.0, "synonym"),
    ]  # fmt: skip
