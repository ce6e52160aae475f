# ruff: noqa: E501, DTZ001  (tables a line a row; cells know no zones)
"""What people write for numbers, dates, yes and no, and what is refused with which reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tabular.schema import Field
from tabular.values import Suspect, converter, is_email, is_id_number, is_phone

T = {"zh_CN": "字段", "en": "Field"}
AMOUNT = converter(Field("amount", "decimal", T, minimum=0, maximum=1_000_000, scale=2))
FREE = converter(Field("x", "decimal", T, scale=4))
COUNT = converter(Field("n", "integer", T, minimum=0))
DAY = converter(Field("d", "date", T))
FLAG = converter(Field("b", "boolean", T))
LEVEL = converter(Field("c", "choice", T, choices=("A", "B", "VIP")))
NAME = converter(Field("t", "text", T, required=True, max_length=5))


def code(value: object) -> object:
    return value.code if isinstance(value, Suspect) else value


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1234.5", "1234.50"), ("1,234.50", "1234.50"), ("１２３４．５０", "1234.50"), (" 12 ", "12.00"), ("￥1,200", "1200.00"),
        ("¥12.3元", "12.30"), ("12元", "12.00"), ("USD 5", "5.00"), ("1e3", "1000.00"), ("1.5万", "15000.00"), ("50%", "0.50"),
        (0.1 + 0.2, "0.30"), (1024, "1024.00"), (Decimal("3.10"), "3.10"), ("1'234.5", "1234.50"), ("+7", "7.00"),
        (".5", "0.50"), ("1 234", "1234.00"), ("0", "0.00"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(written: object, number: str) -> None:
    value = AMOUNT(written)  # type: ignore[arg-type]
    assert value == Decimal(number)
    assert isinstance(value, Decimal)
    assert value.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("abc", "not_a_number"), ("12,5", "not_a_number"), ("1.234,50", "not_a_number"), ("1,23", "not_a_number"),
        (True, "not_a_number"), (float("nan"), "not_a_number"), (float("inf"), "not_a_number"), ("--5", "not_a_number"),
        ("1.234", "too_many_decimals"), (0.005, "too_many_decimals"), (-1, "below_minimum"), ("(5)", "below_minimum"),
        ("-5", "below_minimum"), (1_000_001, "above_maximum"), ("1e99", "above_maximum"), (dt.date(2024, 1, 1), "not_a_number"),
        ("#N/A", "error_cell"), ("#DIV/0!", "error_cell"), ("12 34 56", "not_a_number"),
    ],
)  # fmt: skip
def test_what_is_no_fitting_number_is_refused_with_its_reason(written: object, reason: str) -> None:
    assert code(AMOUNT(written)) == reason  # type: ignore[arg-type]


def test_a_negative_amount_in_brackets_is_negative() -> None:
    assert FREE("(1,234.5)") == Decimal("-1234.5")
    assert FREE("-￥12") == Decimal(-12)
    assert FREE("−3") == Decimal(-3)


@pytest.mark.parametrize(
    ("written", "number"), [("12", 12), (12.0, 12), ("1,000", 1000), (0, 0), ("９", 9), ("3.0", 3)]
)
def test_whole_numbers(written: object, number: int) -> None:
    value = COUNT(written)  # type: ignore[arg-type]
    assert value == number
    assert type(value) is int


def test_fractions_and_numbers_without_exact_digits_are_no_whole_numbers() -> None:
    assert code(COUNT(1.5)) == "not_an_integer"
    assert code(COUNT("1.5")) == "not_an_integer"
    assert code(COUNT(1e16)) == "digits_lost"
    assert COUNT("12345678901234567") == 12345678901234567
    assert code(COUNT("99999999999999999999")) == "above_maximum"


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-05", "2024/3/5", "2024.3.5", "2024年3月5日", "2024 年 3 月 5 日", "20240305", 20240305, 45356, 45356.0,
        "2024-03-05 00:00:00.000", "2024-03-05T23:59:59Z", "2024-03-05T08:00:00+08:00", "2024/3/5 9:05",
        "２０２４－０３－０５", "５.3.2024", "05.03.2024", "5 Mar 2024", "5-Mar-24", "Mar 5, 2024", "March 5th, 2024", "05/Mar/2024",
        "2024年3月5日 下午 3:20", "二〇二四年三月五日", "20240305T101500", "\u30002024-3-5\u200b", dt.date(2024, 3, 5),
        dt.datetime(2024, 3, 5, 12, 0), "Tue, 5 Mar 2024", "2024年3月5号", "2024-03-05 10:00:00 +0800",
    ],
)  # fmt: skip
def test_dates_are_read_in_the_usual_forms(written: object) -> None:
    value = DAY(written)  # type: ignore[arg-type]
    assert value == dt.date(2024, 3, 5)
    assert type(value) is dt.date


@pytest.mark.parametrize(
    ("written", "day"), [("25/12/2024", 25), ("12/25/2024", 25), ("5/5/2024", 5), ("13-12-2024", 13)]
)
def test_a_date_that_can_only_be_read_one_way_is_read(written: str, day: int) -> None:
    assert isinstance(DAY(written), dt.date)
    assert DAY(written).day == day  # type: ignore[union-attr]


def test_an_ambiguous_date_is_told_with_both_readings() -> None:
    suspect = DAY("03/05/2024")
    assert isinstance(suspect, Suspect)
    assert suspect.code == "ambiguous_date"
    assert suspect.values == {"value": "03/05/2024", "first": "2024-05-03", "second": "2024-03-05"}


@pytest.mark.parametrize(
    "written",
    [
        "2023-02-29",
        "2024-13-01",
        "2024年2月30日",
        "24/3/5",
        "2024-03",
        "soon",
        5,
        3.7,
        True,
        "45356",
        "99999999",
        "13/13/2024",
    ],
)
def test_what_is_no_date_is_refused(written: object) -> None:
    assert code(DAY(written)) == "not_a_date"  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["是", "Yes", "Y", "true", 1, 1.0, "1", "√", True, "有", "ＴＲＵＥ"])
def test_yes(written: object) -> None:
    assert FLAG(written) is True  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["否", "No", "n", "FALSE", 0, 0.0, "0", "×", False, "无"])
def test_no(written: object) -> None:
    assert FLAG(written) is False  # type: ignore[arg-type]


def test_neither_yes_nor_no() -> None:
    assert code(FLAG("maybe")) == "not_a_boolean"
    assert code(FLAG(2)) == "not_a_boolean"


def test_choices_are_compared_without_case_and_width_and_keep_their_own_spelling() -> None:
    assert [LEVEL(v) for v in ("a", "Ａ", " vip ", "Vip")] == ["A", "A", "VIP", "VIP"]
    suspect = LEVEL("Z")
    assert isinstance(suspect, Suspect)
    assert suspect.values["choices"] == ["A", "B", "VIP"]


def test_values_are_replaced_before_they_are_judged() -> None:
    level = converter(Field("c", "choice", T, choices=("A", "B")), {"VIP": "A", "普通": "B", "1": "A", "none": None})
    assert [level(v) for v in ("vip", " VIP ", "普通", 1, 1.0, "B", "none")] == ["A", "A", "B", "A", "A", "B", None]
    assert code(level("gold")) == "not_a_choice"


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u3000", "NULL", "N/A", "-", "——", "\ufeff"])
def test_words_for_nothing_are_none_or_missing(nothing: object) -> None:
    assert FREE(nothing) is None  # type: ignore[arg-type]
    assert code(NAME(nothing)) == "required"  # type: ignore[arg-type]


def test_texts_lose_only_the_white_space_around_them() -> None:
    assert NAME("\u3000 a b\u200b ") == "a b"
    assert NAME(12) == "12"
    assert NAME(1.0) == "1"
    assert NAME(1.25) == "1.25"
    assert NAME(True) == "TRUE"
    assert code(NAME("123456")) == "too_long"
    assert code(NAME("a\x00b")) == "bad_character"
    assert code(NAME(1e15)) == "digits_lost"


@pytest.mark.parametrize(
    "phone",
    ["(5) 555-4729", "0621-08460", "13800138000", "+86 138 0013 8000", "010-6552 9988 转 801", "(171) 555-7788", "88.60.15.31",
     "(1) 42.34.22.66", "030/0074321", "13800138000;13900139000", "400-810-8888", "110", "（010）65529988", "555-0100 ext. 12"],
)  # fmt: skip
def test_phones_are_judged_leniently(phone: str) -> None:
    assert is_phone(phone.replace("（", "(").replace("）", ")"))
    assert not isinstance(converter(Field("p", "text", T, format="phone"))(phone), Suspect)


@pytest.mark.parametrize(
    "phone", ["France", "请致电前台", "12", "a13800138000", "1380013800013800138000138001380", "a@b.cn"]
)
def test_what_is_no_phone_is_refused(phone: str) -> None:
    assert not is_phone(phone)


@pytest.mark.parametrize(
    "email", ["a@b.cn", "first.last+tag@sub.example.com", "张三@例子.公司", "o'neill@example.ie", "a_b-c@x-y.org"]
)
def test_emails(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "a@b",
        "a b@c.cn",
        "@b.cn",
        "a@",
        "a@@b.cn",
        "a.@b.cn",
        ".a@b.cn",
        "a..b@c.cn",
        "a@b..cn",
        "a@-b.cn",
        "x" * 65 + "@b.cn",
        "a@b.1",
    ],
)
def test_what_is_no_email_is_refused(email: str) -> None:
    assert not is_email(email)


def test_a_full_width_email_is_normalised() -> None:
    assert converter(Field("e", "text", T, format="email"))("ａ＠ｂ.ｃｎ") == "a@b.cn"


def test_the_check_digit_counts_where_a_number_looks_like_an_identity_card() -> None:
    assert is_id_number("11010519491231002X")
    assert is_id_number("11010519491231002x")
    assert not is_id_number("110105194912310021")
    assert is_id_number("91350100M000100Y43")
    assert is_id_number("E12345678")
