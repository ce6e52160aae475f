"""Amounts of money in running text, in figures and in the formal Chinese numerals of contracts and cheques."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from worker.evidence.finding import Finding

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,4})?"
_SCALES = {"千": 1000, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12}
_SCALE = "(?:" + "|".join(sorted(_SCALES, key=len, reverse=True)) + ")"
_ENGLISH_SCALES = {
    "thousand": 1000,
    "k": 1000,
    "million": 10**6,
    "mn": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
}
_ENGLISH_SCALE = r"(?:thousand|million|billion|mn|bn|[km])\b"
_BEFORE = {
    "¥": "CNY", "RMB": "CNY", "CNY": "CNY", "人民币": "CNY", "US$": "USD", "USD": "USD", "美元": "USD", "HK$": "HKD",
    "HKD": "HKD", "港币": "HKD", "€": "EUR", "EUR": "EUR", "欧元": "EUR", "£": "GBP", "GBP": "GBP", "$": "USD",
    "JPY": "JPY",
}  # fmt: skip
_AFTER = {
    "美元": "USD", "美金": "USD", "欧元": "EUR", "港元": "HKD", "港币": "HKD", "日元": "JPY", "英镑": "GBP",
    "元人民币": "CNY", "人民币": "CNY", "元": "CNY", "圆": "CNY", "RMB": "CNY", "CNY": "CNY", "yuan": "CNY",
    "USD": "USD", "dollars": "USD", "EUR": "EUR", "euros": "EUR", "euro": "EUR", "€": "EUR", "HKD": "HKD",
    "GBP": "GBP", "JPY": "JPY",
}  # fmt: skip


def _any(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT = re.compile(
    rf"""
      (?P<before>{_any(_BEFORE)})\s?:?\s?(?P<first>{_NUMBER})
      (?:\s?(?P<scale1>{_SCALE})|\s?(?P<english1>{_ENGLISH_SCALE}))?(?:\s?[元圆])?
    | (?<![\d.,])(?P<second>{_NUMBER})\s?(?:(?P<scale2>{_SCALE})|(?P<english2>{_ENGLISH_SCALE})\s)?余?\s?
      (?P<after>{_any(_AFTER)})(?![a-z])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DIGITS = {c: n for n, c in enumerate("零壹贰叁肆伍陆柒捌玖")} | {"〇": 0, "两": 2, "貳": 2, "參": 3, "陸": 6}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000}
_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_LETTERS = "".join([*_DIGITS, *_UNITS, *_GROUPS])
_FORMAL = re.compile(rf"[{_LETTERS}]{{1,40}}[元圆圓](?:[{_LETTERS}]角)?(?:[{_LETTERS}]{{1,2}}分)?[整正]?")


def find_amounts(text: str) -> Iterator[Finding]:
    """Amounts as `CNY 12000.00`.

    Args:
        text: half-width.
    """
    for found in _FORMAL.finditer(text):
        amount = formal_amount(found[0])
        if amount is not None:
            yield Finding("amount", f"CNY {amount:.2f}", *found.span(), "finding_formal_amount")
    for found in _AMOUNT.finditer(text):
        number = Decimal((found["first"] or found["second"]).replace(",", ""))
        scale = found["scale1"] or found["scale2"]
        english = found["english1"] or found["english2"]
        if scale:
            number *= _SCALES[scale]
        elif english:
            number *= _ENGLISH_SCALES[english.lower()]
        currency = _named(_BEFORE, found["before"]) if found["before"] else _named(_AFTER, found["after"])
        yield Finding("amount", f"{currency} {number:.2f}", *found.span())


def _named(words: dict[str, str], found: str) -> str:
    return words.get(found) or words.get(found.upper()) or words[found.lower()]


def formal_amount(words: str) -> Decimal | None:
    """`人民币壹万贰仟元整` in figures; None when it is no number.

    The numerals are those of the payment rules of the People's Bank of China (支付结算办法, annex 1).
    """
    whole, _, rest = re.sub(r"[圆圓]", "元", words).rstrip("整正").partition("元")
    amount = _integer(whole)
    if amount is None:
        return None
    cents = 0
    for unit, worth in (("角", 10), ("分", 1)):
        found = re.search(rf"([{''.join(_DIGITS)}]){unit}", rest)
        if found:
            cents += _DIGITS[found[1]] * worth
    return Decimal(amount) + Decimal(cents) / 100


def _integer(words: str) -> int | None:
    if not any(_DIGITS.get(c) for c in words) and words[:1] != "拾":
        return None
    total = group = digit = 0
    for c in words:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _UNITS:
            group += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            total = (total + group + digit) * _GROUPS[c] if c in "亿億" else total + (group + digit) * _GROUPS[c]
            group = digit = 0
    return total + group + digit
