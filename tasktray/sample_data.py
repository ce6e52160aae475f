# ruff: noqa: E501  (a list a line reads as a table)
"""Realistic customer files with a known number of bad rows: for the demo, the tests and the benches."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADERS = (
    "客户代码", "公司名称", "联系人姓名", "手机号码", "电子邮箱", "统一社会信用代码", "国家/地区", "所在省", "所在城市",
    "详细地址", "邮编", "客户级别", "授信额度（元）", "签约日期",
)  # fmt: skip
"""A branch's own words for 14 fields of the dataset customers; they map by themselves."""

KINDS = (
    "missing_key", "missing_name", "bad_email", "bad_phone", "bad_date", "negative_credit", "unknown_level",
    "duplicate_key",
)  # fmt: skip
"""The sorts of bad rows, in the order in which they take turns."""

_PLACES = (
    ("北京市", "北京", "100000"), ("上海市", "上海", "200000"), ("广东省", "深圳", "518000"), ("广东省", "广州", "510000"),
    ("浙江省", "杭州", "310000"), ("江苏省", "南京", "210000"), ("江苏省", "苏州", "215000"), ("四川省", "成都", "610000"),
    ("湖北省", "武汉", "430000"), ("陕西省", "西安", "710000"), ("山东省", "青岛", "266000"), ("福建省", "厦门", "361000"),
    ("辽宁省", "大连", "116000"), ("重庆市", "重庆", "400000"), ("天津市", "天津", "300000"), ("湖南省", "长沙", "410000"),
)  # fmt: skip
_ABROAD = (
    ("Germany", "Bavaria", "München", "80331"), ("France", "Île-de-France", "Paris", "75001"),
    ("UK", "England", "London", "WC2N 5DU"), ("USA", "California", "San José", "95113"),
    ("Japan", "東京都", "千代田区", "100-0001"), ("Brazil", "São Paulo", "São Paulo", "01310-100"),
)  # fmt: skip
_STEMS = [
    "华信",
    "中科",
    "恒达",
    "瑞丰",
    "天成",
    "金石",
    "远航",
    "宏图",
    "盛世",
    "博雅",
    "嘉禾",
    "万通",
    "德邦",
    "新安",
    "东方",
    "长江",
    "泰和",
    "联创",
    "启明",
    "星海",
]
_TRADES = ["贸易", "科技", "电子", "物流", "建材", "医疗器械", "食品", "纺织", "机械", "化工", "文化传媒", "信息技术"]
_FORMS = ("有限公司", "有限责任公司", "股份有限公司", "集团")
_WEST = ("Alpine", "Northern", "Müller", "Blue River", "O'Neill", "Société", "Nakamura", "Côte", "Harbor", "Atlas")
_WEST_TRADES = ("Trading", "Logistics", "Electronics", "Foods", "Textiles", "Machinery")
_WEST_FORMS = ("Ltd.", "GmbH", "S.A.", "Inc.", "& Sons")
_SURNAMES = [
    "王",
    "李",
    "张",
    "刘",
    "陈",
    "杨",
    "黄",
    "赵",
    "吴",
    "周",
    "徐",
    "孙",
    "马",
    "朱",
    "胡",
    "郭",
    "何",
    "高",
    "林",
    "罗",
    "欧阳",
    "司马",
]
_GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "建国",
    "志强",
    "雪梅",
    "思远",
    "子涵",
    "欣怡",
]
_STREETS = [
    "人民路",
    "解放大道",
    "中山东路",
    "科技园南路",
    "建设街",
    "长安街",
    "滨江大道",
    "和平路",
    "朝阳门外大街",
    "软件大道",
]
_LEVELS = ("A", "B", "B", "C", "C", "C", "D", "a", "c")
_DAYS = 3650
_FIRST_DAY = dt.date(2015, 1, 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was written.

    Attributes:
        path: the file.
        rows: rows of data in it.
        bad: source row number -> sort of badness (one of `KINDS`).
    """

    path: Path
    rows: int
    bad: dict[int, str]


def customers(
    path: str | Path,
    rows: int,
    bad_rows: int = 0,
    *,
    seed: int = 1,
    encoding: str = "utf-8-sig",
    kinds: Sequence[str] = KINDS,
    shared_strings: bool = False,
    start: int = 1,
    scattered: bool = False,
    changed_every: int = 0,
) -> Sample:
    """Write a file of customers.

    Args:
        path: `.xlsx`, or `.csv` / `.txt` (tab) in `encoding`.
        rows: rows of data, bad ones among them.
        bad_rows: rows that must be rejected, spread evenly over the file; each has exactly one fault of `kinds`.
        seed: the same seed writes the same rows.
        encoding: of a text file; characters that it lacks become `?`.
        kinds: sorts of bad rows that take turns.
        shared_strings: of an xlsx, as Excel itself saves it; needs more memory while it is written.
        start: number of the first customer.
        scattered: the customers' numbers come in no order; the same customer has the same number each time.
        changed_every: every so many rows one has another credit limit than without this.

    Raises:
        ValueError: more bad rows than rows.
    """
    path = Path(path)
    if bad_rows > rows:
        raise ValueError(f"{bad_rows} bad rows do not fit into {rows}")
    # A duplicate needs a good row before it: the first row stays good whenever that is possible.
    offset = 1 if bad_rows < rows else 0
    room = rows - offset
    positions = [offset + i * room // bad_rows + (room // bad_rows) // 2 for i in range(bad_rows)] if bad_rows else []
    faults = {p: kinds[i % len(kinds)] for i, p in enumerate(positions)}
    made = _rows(rows, faults, random.Random(seed), start)  # noqa: S311 - the same rows each time are wanted
    if scattered or changed_every:
        made = _varied(made, scattered, changed_every)
    if path.suffix.lower() == ".xlsx":
        _write_xlsx(path, made, shared_strings)
    else:
        with path.open("w", encoding=encoding, errors="replace", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if path.suffix.lower() in (".txt", ".tsv") else ",")
            writer.writerow(HEADERS)
            writer.writerows(made)
    return Sample(path, rows, {p + 2: fault for p, fault in faults.items()})


def _rows(rows: int, faults: dict[int, str], chance: random.Random, start: int) -> Iterator[list[Any]]:
    good_key = f"C{start:07d}"
    for i in range(rows):
        number = start + i
        row = _customer(number, chance)
        fault = faults.get(i)
        if fault is None:
            good_key = row[0]
        else:
            _spoil(row, fault, good_key)
        yield row


def _varied(rows: Iterator[list[Any]], scattered: bool, changed_every: int) -> Iterator[list[Any]]:
    for i, row in enumerate(rows):
        if scattered and row[0]:
            row[0] = scattered_key(int(row[0][1:]))
        if changed_every and i % changed_every == 0 and row[12] >= 0:
            row[12] += 1
        yield row


def scattered_key(number: int) -> str:
    """The key of customer `number` where keys are in no order; two customers never have the same."""
    return f"C{number * 6_180_339_887 % 10**10:010d}"


def _customer(number: int, chance: random.Random) -> list[Any]:
    pick = chance.random
    key = f"C{number:07d}"
    if pick() < 0.85:
        province, city, postal = _PLACES[int(pick() * len(_PLACES))]
        country = "中国"
        stem = _STEMS[int(pick() * len(_STEMS))] + _STEMS[int(pick() * len(_STEMS))]
        name = f"{city}{stem}{_TRADES[int(pick() * len(_TRADES))]}{_FORMS[int(pick() * len(_FORMS))]}"
        contact = _SURNAMES[int(pick() * len(_SURNAMES))] + _GIVEN[int(pick() * len(_GIVEN))]
        phone = f"1{3 + int(pick() * 6)}{int(pick() * 1_000_000_000):09d}"
        address = f"{_STREETS[int(pick() * len(_STREETS))]}{1 + int(pick() * 999)}号{1 + int(pick() * 30)}层"
    else:
        country, province, city, postal = _ABROAD[int(pick() * len(_ABROAD))]
        name = (
            f"{_WEST[int(pick() * len(_WEST))]} {_WEST_TRADES[int(pick() * len(_WEST_TRADES))]} "
            f"{_WEST_FORMS[int(pick() * len(_WEST_FORMS))]}"
        )
        contact = f"{chance.choice(('Maria', 'José', 'Anne', 'Peter', 'Yuki'))} {chance.choice(_WEST)}"
        phone = f"({int(pick() * 900) + 100}) 555-{int(pick() * 10000):04d}"
        address = f"{1 + int(pick() * 250)} Main Street, Floor {1 + int(pick() * 20)}"
    email = f"sales{number}@example{number % 97}.com"
    credit_code = f"91{int(pick() * 10**6):06d}MA{int(pick() * 10**8):08d}"
    level = _LEVELS[int(pick() * len(_LEVELS))]
    credit = round(pick() * 500_000, 2) if pick() < 0.7 else int(pick() * 50) * 10_000
    signed = _FIRST_DAY + dt.timedelta(days=int(pick() * _DAYS))
    return [
        key, name, contact, phone, email, credit_code, country, province, city, address, postal, level, credit, signed,
    ]  # fmt: skip


def _spoil(row: list[Any], fault: str, good_key: str) -> None:
    match fault:
        case "missing_key":
            row[0] = ""
        case "missing_name":
            row[1] = ""
        case "bad_email":
            row[4] = row[4].replace("@", " at ")
        case "bad_phone":
            row[3] = "请致电前台"
        case "bad_date":
            row[13] = "2023年2月30日"
        case "negative_credit":
            row[12] = -1000
        case "unknown_level":
            row[11] = "VIP"
        case "duplicate_key":
            row[0] = good_key
        case _:
            raise ValueError(f"no such sort of bad row: {fault}")


def _write_xlsx(path: Path, rows: Iterator[list[Any]], shared_strings: bool) -> None:
    import rustpy_xlsxwriter as rust

    date = HEADERS[-1]
    rust.write_worksheet(
        (dict(zip(HEADERS, row, strict=True)) for row in rows),
        str(path),
        sheet_name="客户",
        freeze_row=1,
        bold_headers=True,
        column_formats={date: rust.Format().set_num_format("yyyy-mm-dd")},
        dedupe_strings=shared_strings,
    )
