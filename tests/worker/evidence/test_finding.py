"""What is found in texts, and what is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from worker.evidence.amounts import formal_amount
from worker.evidence.examiner import find
from worker.evidence.finding import context, half_width, keyword_hits
from worker.evidence.identities import luhn


def found(text: str, kind: str) -> list[tuple[str, str]]:
    """`(value, note)` of all findings of a kind."""
    return [(f.value, f.note) for f in find(half_width(text)) if f.kind == kind]


def values(text: str, kind: str) -> list[str]:
    return [value for value, _ in found(text, kind)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("签订于2024年3月5日。", "2024-03-05"), ("２０２４年３月５日", "2024-03-05"), ("2024-03-05", "2024-03-05"),
        ("on 2024/3/5 at", "2024-03-05"), ("2024.3.5", "2024-03-05"), ("二〇二四年三月五日", "2024-03-05"),
        ("二〇二四年十二月三十一日", "2024-12-31"), ("5 March 2024", "2024-03-05"), ("Mar. 5, 2024", "2024-03-05"),
        ("5th of March 2024", "2024-03-05"), ("25/12/2024", "2024-12-25"), ("05.03.2024", "2024-03-05"),
        ("2024年3月", "2024-03"), ("二〇二四年三月", "2024-03"), ("03/05/2024", "2024-05-03 / 2024-03-05"),
    ],
)  # fmt: skip
def test_dates(text: str, value: str) -> None:
    assert values(text, "date") == [value]


@pytest.mark.parametrize("text", ["2024年13月", "2024-02-30", "192.168.2024.1", "1234-05-06", "12024-03-051", "3/5"])
def test_what_is_no_date(text: str) -> None:
    assert values(text, "date") == []


def test_an_ambiguous_date_and_a_month_alone_are_noted() -> None:
    assert found("03/05/2024", "date")[0][1] == "finding_ambiguous_date"
    assert found("2024年3月起", "date")[0][1] == "finding_month_only"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("￥1,200.00", "CNY 1200.00"), ("¥ 99", "CNY 99.00"), ("1200元", "CNY 1200.00"), ("3.5万元", "CNY 35000.00"),
        ("２０００元", "CNY 2000.00"), ("2亿元", "CNY 200000000.00"), ("RMB 5,000", "CNY 5000.00"),
        ("人民币500元整", "CNY 500.00"), ("$1,234.56", "USD 1234.56"), ("US$ 10", "USD 10.00"), ("€99.5", "EUR 99.50"),
        ("100 USD", "USD 100.00"), ("50美元", "USD 50.00"), ("$2.5 million", "USD 2500000.00"),
        ("£3bn", "GBP 3000000000.00"),
        ("人民币壹万贰仟元整", "CNY 12000.00"), ("叁佰贰拾伍元陆角柒分", "CNY 325.67"),
        ("壹亿零伍拾万元整", "CNY 100500000.00"),
    ],
)  # fmt: skip
def test_amounts(text: str, value: str) -> None:
    assert values(text, "amount") == [value]


@pytest.mark.parametrize("text", ["第3万次", "2024年", "零元购", "1200", "元旦", "$"])
def test_what_is_no_amount(text: str) -> None:
    assert values(text, "amount") == []


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("拾元", "10"),
        ("壹仟零壹元", "1001"),
        ("玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分", "99999999.99"),
        ("零元", None),
    ],
)
def test_formal_numerals(words: str, amount: str | None) -> None:
    assert formal_amount(words) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("手机：13800138000", "+8613800138000"), ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("电话（010）6278-1234", "+861062781234"), ("0755-26001234", "+8675526001234"),
        ("400-800-1234", "+864008001234"),
        ("010-62781234转801", "+861062781234-801"), ("010-62781234-801", "+861062781234-801"),
        ("+49 30 901820", "+4930901820"), ("+1 (650) 253-0000", "+16502530000"), ("0044 20 7946 0018", "+442079460018"),
    ],
)  # fmt: skip
def test_phones(text: str, value: str) -> None:
    assert values(text, "phone") == [value]


@pytest.mark.parametrize("text", ["12345678901", "1380013800", "20240305120000", "6222021234567890123", "No. 0001-23"])
def test_what_is_no_phone(text: str) -> None:
    assert values(text, "phone") == []


def test_id_numbers_are_proved_by_their_check_digit() -> None:
    assert found("身份证：11010519491231002X", "id_number") == [("11010519491231002X", "")]
    assert found("11010519491231002x，", "id_number") == [("11010519491231002X", "")]
    assert found("110105194912310021", "id_number") == [("110105194912310021", "finding_wrong_check_digit")]
    assert found("110105194913310021", "id_number") == []
    # It is nothing else besides.
    assert values("11010519491231002X", "phone") == values("11010519491231002X", "bank_card") == []


def test_bank_cards_are_proved_by_luhn() -> None:
    assert values("6222 0200 0000 0000 000", "bank_card") == ["6222020000000000000"]
    assert values("4111111111111111", "bank_card") == ["4111111111111111"]
    assert values("4111111111111112", "bank_card") == []
    assert luhn("79927398713")
    assert not luhn("79927398710")


def test_codes_of_organisations_are_proved_by_their_check_character() -> None:
    assert values("税号：91110000802100433B", "company_code") == ["91110000802100433B"]
    assert values("91110000802100433C", "company_code") == []


def test_emails() -> None:
    assert values("写信到 Zhang.San@Example.com.cn，或 a@b.co", "email") == ["zhang.san@example.com.cn", "a@b.co"]
    assert values("a@b a..b@c.com @x.com", "email") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("甲方：北京华信科技有限公司（以下简称甲方）", "北京华信科技有限公司"),
        ("由深圳市腾讯计算机系统有限公司承担", "深圳市腾讯计算机系统有限公司"),
        ("与华为技术有限公司签订", "华为技术有限公司"),
        ("上海宏图贸易股份有限公司北京分公司", "上海宏图贸易股份有限公司北京分公司"),
        ("between Acme Trading Co., Ltd. and", "Acme Trading Co., Ltd."), ("Siemens AG, München", "Siemens AG"),
        ("The Foo Bar GmbH & Co. KG", "Foo Bar GmbH & Co. KG"), ("Apple Inc. announced", "Apple Inc."),
    ],
)  # fmt: skip
def test_companies(text: str, value: str) -> None:
    assert values(text, "company") == [value]


@pytest.mark.parametrize("text", ["该公司", "本有限公司", "有限公司", "the Limited"])
def test_what_is_no_company(text: str) -> None:
    assert values(text, "company") == []


def test_people_are_found_beside_a_role_or_title_only() -> None:
    assert values("联系人：张三，法定代表人: 欧阳娜娜\nMr. John Smith, 王五", "person") == [
        "张三",
        "欧阳娜娜",
        "John Smith",
    ]
    assert values("联系人：有限公司", "person") == []


def test_the_context_is_what_stands_in_the_file() -> None:
    text = "前文" * 30 + "金额为￥1，200．00，\n已付。" + "后文" * 30
    finding = next(f for f in find(half_width(text)) if f.kind == "amount")
    assert finding.value == "CNY 1200.00"
    words = context(text, finding.start, finding.end)
    assert "￥1，200．00， 已付。" in words
    assert len(words) < 120


def test_keywords_without_regard_to_case_and_width() -> None:
    count, places = keyword_hits(half_width("Contract CONTRACT ｃｏｎｔｒａｃｔ 合同"), "contract", 2)
    assert (count, places) == (3, [(0, 8), (9, 17)])
    assert keyword_hits("a+b a+b", "a+b", 9)[0] == 2


@pytest.mark.parametrize("piece", ["壹万", "一", "A ", "a@", "1.", "Mr A ", "(", " ", "中", "1 "])
def test_text_made_to_be_slow_is_not(piece: str) -> None:
    """A search whose time grows with the square of the text would not come back here."""
    assert find(half_width(piece * 60_000)) == []
