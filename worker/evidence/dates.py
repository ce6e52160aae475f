"""Dates in running text. What a date is, `tabular.dates` decides; here is where one may stand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from tabular.dates import Ambiguous, read_date
from worker.evidence.finding import Finding

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,6}\.?"
_HAN = "〇零一二三四五六七八九十"
_DATE = re.compile(
    rf"""
      (?<![\d.\-/])(?:19|20)\d{{2}}\s?[-/.]\s?\d{{1,2}}\s?[-/.]\s?\d{{1,2}}(?![\d\-/])
    | (?<!\d)(?:19|20)\d{{2}}\s?年\s?\d{{1,2}}\s?月(?:\s?\d{{1,2}}\s?[日号])?
    | [{_HAN}]{{4}}年[{_HAN}]{{1,3}}月(?:[{_HAN}]{{1,3}}[日号])?
    | (?<![\w.\-/])\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:19|20)\d{{2}}(?![\d\-/])
    | (?<!\w)\d{{1,2}}(?:st|nd|rd|th)?(?:\s|-|\sof\s){_MONTH}[\s,\-]{{1,2}}(?:19|20)\d{{2}}(?!\d)
    | (?<!\w){_MONTH}\s?\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:19|20)\d{{2}}(?!\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MONTH_ONLY = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月")
_HAN_MONTH_ONLY = re.compile(rf"[{_HAN}]{{4}}年[{_HAN}]{{1,3}}月")


def find_dates(text: str) -> Iterator[Finding]:
    """Dates, as `2024-03-05`; a month alone as `2024-03`; an ambiguous one as both, e.g. `2024-05-03 / 2024-03-05`.

    Args:
        text: half-width.
    """
    for found in _DATE.finditer(text):
        words = found[0].strip()
        month = _MONTH_ONLY.fullmatch(words)
        if month:
            if 1 <= int(month[2]) <= 12:
                yield Finding("date", f"{month[1]}-{int(month[2]):02}", *found.span(), "finding_month_only")
            continue
        if _HAN_MONTH_ONLY.fullmatch(words):
            first = read_date(f"{words}一日")
            if isinstance(first, dt.date):
                yield Finding("date", f"{first:%Y-%m}", *found.span(), "finding_month_only")
            continue
        date = read_date(re.sub(r"\s+of\s+", " ", words))
        if isinstance(date, Ambiguous):
            yield Finding("date", f"{date.first} / {date.second}", *found.span(), "finding_ambiguous_date")
        elif date is not None and 1900 <= date.year < 2100:
            yield Finding("date", date.isoformat(), *found.span())
