# ruff: noqa: E501  (tables a line a row; cells know no zones)
"""Whole columns and single cells come to the same verdict; every row is either good or explained."""

from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular.batch import Batch
from tabular.cells import EMPTY, ERRORS, Uncalculated
from tabular.checker import Checker, Rejected, explain, key_problem, place
from tabular.columns import Column
from tabular.errors import TableError
from tabular.forms import shaper
from tabular.mapper import Mapping
from tabular.schema import Field, TableSchema
from tabular.values import Suspect, converter
from tests.support import examples
from tests.tabular.schemas import CUSTOMERS_SCHEMA

T = {"zh_CN": "字段", "en": "Field"}
FIELDS = [
    Field("a", "text", T, max_length=8),
    Field("b", "text", T, required=True),
    Field("c", "text", T, format="email", max_length=40),
    Field("d", "text", T, format="phone", max_length=20),
    Field("e", "text", T, format="id_number"),
    Field("f", "decimal", T, minimum=0, maximum=9_999_999_999_999, scale=2),
    Field("g", "decimal", T, scale=0),
    Field("h", "decimal", T, minimum=-5, maximum=5, scale=6),
    Field("i", "decimal", T),
    Field("j", "integer", T, minimum=0, maximum=100),
    Field("k", "date", T),
    Field("l", "date", T, required=True),
    Field("m", "boolean", T),
    Field("n", "choice", T, choices=("A", "b", "否")),
]
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(sorted(EMPTY | ERRORS)),
    st.sampled_from([
        "a@b.cn", " a@b.cn", "a@b", "13800138000", "(5) 555-4729", "1e5", "1,234.50", "-0.00", "007", "２", "A", "B", "是", "0",
        "2024-03-05", "03/04/2024", "2024年3月5日", "x" * 70 + "@b.cn", "1" * 30, "\u200bzero", "nul\0", "-0", "1.005", "12.30",
    ]),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.floats(-100, 100).map(lambda x: round(x, 2)),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.none(),
    st.just(Uncalculated("=A1")),
)  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(f=st.sampled_from(FIELDS), key=st.booleans(), cells=st.one_of(st.lists(CELLS, min_size=1, max_size=20), *(
    st.lists(s, min_size=1, max_size=20)
    for s in (st.text(max_size=10), st.text("aＡ１ \u3000\xa0\u200b\u200d\ufeff－ﾀﾞ", max_size=6), st.floats(-1e6, 1e6), st.integers(-1000, 10**16), st.dates(),
              st.from_regex(r"-?[0-9]{1,14}(\.[0-9]{0,7})?", fullmatch=True), st.emails(), st.datetimes(),
              st.one_of(st.floats(-9, 9).map(lambda x: round(x, 2)), st.sampled_from([float("nan"), float("inf"), -0.0])))
), st.tuples(st.sampled_from([" a", "A", "-", "", "#N/A", "１", "7.50", "x@y.cn", "2024-03-05"]), st.text(max_size=3)).flatmap(
    lambda two: st.lists(st.sampled_from(two), min_size=12, max_size=20))))  # fmt: skip
def test_a_column_is_judged_as_its_cells_are(f: Field, key: bool, cells: list[object]) -> None:
    convert = converter(f, key=key)
    expected = [convert(c) for c in cells]  # type: ignore[arg-type]
    column = Column(f, key=key)
    for _ in range(2):  # also with what it remembers from the first time
        values, suspects = column.judge(cells)  # type: ignore[arg-type]
        assert dict(suspects) == {i: v for i, v in enumerate(expected) if isinstance(v, Suspect)}
        accepted = [None if isinstance(v, Suspect) else v for v in expected]
        assert list(values) == accepted
        assert [type(v) for v in values] == [type(v) for v in accepted]
        assert [str(v) for v in values if v] == [str(v) for v in accepted if v]
    for form in ("plain", "text"):
        shape = shaper(f, form) or (lambda value: value)
        column = Column(f, key=key, form=form)
        for _ in range(2):
            shaped, found = column.judge(cells)  # type: ignore[arg-type]
            assert dict(found) == dict(suspects)
            wanted = [v if v is None else shape(v) for v in accepted]
            assert [type(v) for v in shaped] == [type(v) for v in wanted]
            if f.type == "decimal" and form == "text":  # any notation of the same number
                shaped, wanted = ([v if v is None else Decimal(v) for v in some] for some in (shaped, wanted))
            assert list(shaped) == wanted


def batch(*rows: list[object], surplus: frozenset[int] = frozenset()) -> Batch:
    return Batch("S", list(range(2, 2 + len(rows))), [list(r) for r in rows], surplus)  # type: ignore[arg-type]


def mapped(headers: list[str], mapping: dict[str, str | None], **more) -> Mapping:
    return Mapping.explicit(headers, mapping, more.get("constants"), more.get("value_map"), CUSTOMERS_SCHEMA)


def test_good_and_rejected_rows_are_all_rows_with_numbers_and_keys_in_step() -> None:
    headers = ["no", "name", "mail", "limit"]
    mapping = mapped(headers, {"no": "customer_no", "name": "name", "mail": "email", "limit": "credit_limit"})
    rows = [[f"{i:03d}", "x", "a@b.cn" if i % 3 else "bad", -1 if i % 5 == 0 else 10] for i in range(100)]
    checked = Checker(CUSTOMERS_SCHEMA, mapping).check(batch(*rows))
    bad = {i + 2 for i in range(100) if i % 3 == 0 or i % 5 == 0}
    assert [r.number for r in checked.rejected] == sorted(bad)
    assert checked.numbers == [n for n in range(2, 102) if n not in bad]
    assert checked.keys == [(f"{n - 2:03d}",) for n in checked.numbers]
    assert [row[0] for row in checked.good] == [k[0] for k in checked.keys]
    both = next(r for r in checked.rejected if r.number == 2)
    assert [(p.field, p.code, p.column_index, p.header, p.cell) for p in both.problems] == [
        ("email", "not_an_email", 2, "mail", "bad"),
        ("credit_limit", "below_minimum", 3, "limit", -1),
    ]
    assert both.cells == rows[0]


def test_constants_fill_columns_that_the_file_lacks_and_are_judged_by_the_same_rules() -> None:
    mapping = mapped(
        ["no"], {"no": "customer_no"}, constants={"name": "匿名", "level": "b", "signed_on": "2024年3月5日"}
    )
    [row] = Checker(CUSTOMERS_SCHEMA, mapping).check(batch(["1"])).good
    values = dict(zip([f.name for f in CUSTOMERS_SCHEMA.fields], row, strict=True))
    assert (values["name"], values["level"], values["signed_on"]) == ("匿名", "B", dt.date(2024, 3, 5))
    with pytest.raises(TableError) as caught:
        Checker(CUSTOMERS_SCHEMA, mapped(["no"], {"no": "customer_no"}, constants={"name": "x", "level": "Z"}))
    assert caught.value.code == "constant_refused"


def test_values_are_replaced_by_the_value_map() -> None:
    mapping = mapped(
        ["no", "name", "lv"], {"no": "customer_no", "name": "name", "lv": "level"}, value_map={"level": {"VIP": "A"}}
    )
    checked = Checker(CUSTOMERS_SCHEMA, mapping).check(batch(["1", "x", "vip"], ["2", "y", "b"], ["3", "z", "gold"]))
    position = [f.name for f in CUSTOMERS_SCHEMA.fields].index("level")
    assert [row[position] for row in checked.good] == ["A", "B"]
    assert [p.code for r in checked.rejected for p in r.problems] == ["not_a_choice"]


@pytest.mark.parametrize(
    "written",
    [
        "Ｋ００１－Ａ",
        "K001\u200b-A",
        "\ufeffK001-A",
        "K001-A\xa0",
        "\u3000K001-A",
        "K0\u200d01-\u2060A",
        "K001\xad-A\u200e",
    ],
)
def test_what_cannot_be_seen_does_not_tell_two_keys_apart(written: str) -> None:
    mapping = mapped(["no", "name"], {"no": "customer_no", "name": "name"})
    checked = Checker(CUSTOMERS_SCHEMA, mapping).check(batch([written, "x"], ["K001-A", "y"], ["k001-a", "z"]))
    assert checked.keys == [("K001-A",), ("K001-A",), ("k001-a",)]
    assert [row[0] for row in checked.good] == ["K001-A", "K001-A", "k001-a"]


def test_a_key_keeps_its_inner_spaces_as_plain_ones_and_a_key_of_nothing_visible_is_missing() -> None:
    mapping = mapped(["no", "name"], {"no": "customer_no", "name": "name"})
    checked = Checker(CUSTOMERS_SCHEMA, mapping).check(batch(["K\xa01", "x"], ["K\u30002", "y"], ["\u200b\ufeff", "z"]))
    assert checked.keys == [("K 1",), ("K 2",)]
    assert [p.code for r in checked.rejected for p in r.problems] == ["required"]


def test_texts_lose_marks_of_no_width_and_keep_their_full_width_characters_and_joiners() -> None:
    mapping = mapped(["no", "name"], {"no": "customer_no", "name": "name"})
    checked = Checker(CUSTOMERS_SCHEMA, mapping).check(
        batch(["1", "华信\u200b科技\ufeff（北京）"], ["2", "نمی\u200cخواهم"], ["3", "普通"])
    )
    position = [f.name for f in CUSTOMERS_SCHEMA.fields].index("name")
    assert [row[position] for row in checked.good] == ["华信科技（北京）", "نمی\u200cخواهم", "普通"]


def test_an_empty_batch_is_fine_and_narrow_rows_lack_their_columns() -> None:
    checker = Checker(
        CUSTOMERS_SCHEMA, mapped(["no", "name", "mail"], {"no": "customer_no", "name": "name", "mail": "email"})
    )
    assert checker.check(batch()).good == []
    assert len(checker.check(batch(["1", "x"])).good) == 1


def test_problems_are_put_into_words_with_the_fields_title() -> None:
    mapping = mapped(["no", ""], {"no": "customer_no", "B": "name"})
    [rejected] = Checker(CUSTOMERS_SCHEMA, mapping).check(batch(["1", ""])).rejected
    [problem] = rejected.problems
    assert explain(problem, CUSTOMERS_SCHEMA, "zh_CN") == "缺少客户名称，请填写。"
    assert explain(problem, CUSTOMERS_SCHEMA, "en") == "Name is missing. Fill it in."
    assert place(problem, "zh_CN") == "第 B 列"


def test_a_duplicate_names_the_row_that_came_first() -> None:
    mapping = mapped(["no", "name"], {"no": "customer_no", "name": "name"})
    row = Rejected(9, "S", ["007", "x"], [])
    problem = key_problem(CUSTOMERS_SCHEMA, mapping, row, "duplicate_in_file", row=4)
    assert (problem.code, problem.values, problem.column_index) == ("duplicate_in_file", {"value": "007", "row": 4}, 0)


def test_a_schema_that_travelled_as_json_checks_the_same(tmp_path: Path) -> None:
    import json

    travelled = TableSchema.from_json(json.loads(json.dumps(CUSTOMERS_SCHEMA.to_json())))
    rows = [["1", "x", "a@b.cn", "A", 1.5], ["", "y", "b", "Z", -1]]
    fields = ["customer_no", "name", "email", "level", "credit_limit"]
    verdicts = []
    for schema in (CUSTOMERS_SCHEMA, travelled):
        mapping = Mapping.explicit(fields, dict(zip(fields, fields, strict=True)), None, None, schema)
        verdicts.append(Checker(schema, mapping).check(batch(*rows)))
    assert verdicts[0] == verdicts[1]


def test_an_error_survives_the_pipe_between_two_processes() -> None:
    error = pickle.loads(pickle.dumps(TableError("wrong_encoding", line=3, byte=7)))
    assert (error.code, error.values) == ("wrong_encoding", {"line": 3, "byte": 7})


def test_amounts_have_the_scale_of_their_field_whatever_the_cell() -> None:
    column = Column(Field("f", "decimal", T, scale=2))
    for cells in ([1, 2.5], ["1", "2.5"], [Decimal(1), "2.50"], [1, None, 2.5]):
        values, suspects = column.judge(cells)
        assert not suspects
        assert [str(v) for v in values if v is not None] == ["1.00", "2.50"]
