"""Dates as people write them: Chinese, ISO, numeric, with month names; ambiguous ones are told, not guessed."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A text that is one date to some and another to others.

    Attributes:
        first, second: both readings, the day-first one first.
    """

    first: dt.date
    second: dt.date


_CLOCK = (
    r"(?:上午|下午|中午|晚上|凌晨)?\s*\d{1,2}[:时点]\s*\d{0,2}分?(?::?\d{1,2}(?:[.,]\d+)?秒?)?\s*(?:[AaPp]\.?[Mm]\.?)?"
)
_TIME = rf"(?:[T\s]\s*{_CLOCK}\s*(?:Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}})?)?"
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?)" + _TIME
)
_CLOSE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?\d{4}(?:\d{2})?(?:\.\d+)?Z?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4})" + _TIME)
_NAMED = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[\s\-/.]*([a-z]{3,9})\.?|([a-z]{3,9})\.?[\s\-]*(\d{1,2})(?:st|nd|rd|th)?)"
    r"[\s\-,/.]+(\d{4}|\d{2})" + _TIME,
    re.I,
)
_MONTHS = {
    name: i
    for i, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), 1
    )
    for name in names.split()
}  # fmt: skip
_HAN = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HAN_DATE = re.compile(
    r"([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]?"
)


def _made(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _han_number(text: str) -> int:
    tens, ten, ones = text.partition("十")
    if not ten:
        return int(text.translate(_HAN))
    return (int(tens.translate(_HAN)) if tens else 1) * 10 + (int(ones.translate(_HAN)) if ones else 0)


def read_date(text: str) -> dt.date | Ambiguous | None:
    """The date that a text (stripped, half-width) writes; a time behind it is passed over; None: no date."""
    found = _YEAR_FIRST.fullmatch(text)
    if found:
        year, month, day, month2, day2 = found.groups()
        return _made(int(year), int(month or month2), int(day or day2))
    found = _CLOSE.fullmatch(text)
    if found:
        year, month, day = found.groups()
        return _made(int(year), int(month), int(day)) if 1900 <= int(year) < 3000 else None
    found = _YEAR_LAST.fullmatch(text)
    if found:
        return _year_last(int(found[1]), int(found[3]), int(found[4]), found[2])
    found = _NAMED.fullmatch(text)
    if found:
        name = (found[2] or found[3]).lower()
        year_ = int(found[5])
        if len(found[5]) == 2:
            year_ += 2000 if year_ < 70 else 1900
        return _made(year_, _MONTHS[name], int(found[1] or found[4])) if name in _MONTHS else None
    found = _HAN_DATE.fullmatch(text)
    if found:
        return _made(int(found[1].translate(_HAN)), _han_number(found[2]), _han_number(found[3]))
    return None


def _year_last(a: int, b: int, year: int, separator: str) -> dt.date | Ambiguous | None:
    day_first, month_first = _made(year, b, a), _made(year, a, b)
    # With points the day always comes first; else 03/05 is March in one country and May in another.
    if separator == "." or month_first is None or day_first == month_first:
        return day_first
    return month_first if day_first is None else Ambiguous(day_first, month_first)
