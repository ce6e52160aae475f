"""A cell becomes a value of a field's type, or it is said why not: the slow path that decides and explains.

`tabular.checker` accepts what is plainly right by whole columns and asks here about the rest.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as field_
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from tabular import choices
from tabular.cells import EMPTY, ERRORS, Cell, Uncalculated
from tabular.dates import Ambiguous, read_date
from tabular.schema import Field

Value: TypeAlias = str | int | Decimal | dt.date | bool | None
"""What a field can hold."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Why a cell is refused.

    Attributes:
        code: of the text that says so.
        values: what the text needs beside the field's title; JSON values only.
    """

    code: str
    values: dict[str, Any] = field_(default_factory=dict)


Convert: TypeAlias = Callable[[Cell], "Value | Suspect"]

EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\\\"]+@[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\.[^\W\d_][\w-]{0,61}[^\W_]"
)
PHONE = re.compile(r"[+(（]?[\d(][\d\s()（）.\-–/+]*(?:(?:ext\.?|x|#|转|分机)\s*[\d]{1,6})?", re.I)
_BETWEEN = re.compile(r"\s*(?:[;；、,，|]|\s/\s)\s*")
_TRUE = frozenset({"是", "真", "对", "有", "yes", "y", "true", "t", "1", "on", "√", "✓", "✔"})
_FALSE = frozenset({"否", "假", "错", "无", "没有", "no", "n", "false", "f", "0", "off", "×", "✗", "✘", "x"})
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[,'\s]\d{3})+(?:\.\d*)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.I)
_CURRENCY = re.compile(r"^(?:[¥￥$€£]|CNY|RMB|USD|EUR|人民币)\s*|\s*(?:元|块|CNY|RMB|USD|EUR|[¥€£])$", re.I)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_MANY = Decimal(10) ** 15


def clean(text: str) -> str:
    """A text without white space (full-width too) and invisible marks at its ends."""
    text = text.strip()
    return text.strip(" \t\r\n\u3000\xa0\ufeff\u200b\u200c\u200d\u2060") if not text.isascii() else text


_ZERO_WIDTH = re.compile("[\ufeff\u200b\u2060]")
_UNLIKE = re.compile("[\uff01-\uffee\u3000\xa0\xad\u2000-\u200f\u202a-\u202f\u205f-\u2064\u2066-\u2069\ufeff]")


def visible(text: str) -> str:
    """A text without marks of no width; joiners stay, with which some scripts and signs are written."""
    return text if text.isascii() else clean(_ZERO_WIDTH.sub("", text))


def looks_unlike(text: str) -> bool:
    """Whether a text holds characters that a key is not told apart by, see `key_text`."""
    return not text.isascii() and _UNLIKE.search(text) is not None


def key_text(text: str) -> str:
    """A text as a key: full-width and half-width forms are one, spaces of any width are spaces, invisible marks are
    none; upper and lower case stay different.
    """
    return clean(unicodedata.normalize("NFC", _UNLIKE.sub(_alike, text))) if looks_unlike(text) else text


def _alike(found: re.Match[str]) -> str:
    mark = found[0]
    category = unicodedata.category(mark)
    return "" if category == "Cf" else " " if category == "Zs" else unicodedata.normalize("NFKC", mark)


def as_text(cell: Cell) -> str | Suspect:
    """What a cell shows, as text: a number without the `.0` that spreadsheets keep it with."""
    if isinstance(cell, str):
        return clean(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        # Beyond 15 digits a spreadsheet's number is no longer what was typed.
        return str(cell) if -(10**15) < cell < 10**15 else Suspect("digits_lost")
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return Suspect("not_a_number", {"value": str(cell)})
        if abs(cell) >= 1e15:
            return Suspect("digits_lost")
        text = format(cell or 0.0, ".15g")  # a zero shows no sign
        return format(Decimal(text), "f") if "e" in text else text
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, dt.datetime):
        plain = cell.time() == dt.time(0) and cell.tzinfo is None
        return cell.date().isoformat() if plain else cell.isoformat(" ")
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return cell.isoformat()


def converter(
    f: Field, value_map: dict[str, Any] | None = None, *, serial_dates: bool = True, key: bool = False
) -> Convert:
    """The function that reads one cell for `f`: empty -> None, fitting -> the value, else a `Suspect`.

    Args:
        f: the field.
        value_map: {value in the file: value instead}, compared without case.
        serial_dates: read plain numbers in a date field as days since 1900.
        key: records are told apart by this field.
    """
    read = _reader(f, serial_dates)
    tidy = key_text if key and f.type == "text" else visible
    replaced = {tidy(clean(str(k))).casefold(): v for k, v in (value_map or {}).items()}

    def convert(cell: Cell) -> Value | Suspect:
        if isinstance(cell, str):
            text = tidy(clean(cell))
            if isinstance(cell, Uncalculated):
                return Suspect("formula_without_value", {"value": str(cell)})
            if text in ERRORS:
                return Suspect("error_cell", {"value": text})
            cell = text
        if replaced and cell is not None:
            key = cell if isinstance(cell, str) else as_text(cell)
            if isinstance(key, str) and key.casefold() in replaced:
                cell = replaced[key.casefold()]
                if isinstance(cell, str):
                    cell = tidy(clean(cell))
        if cell is None or (isinstance(cell, str) and cell in EMPTY):
            return Suspect("required") if f.required else None
        return read(cell)

    return convert


def _reader(f: Field, serial_dates: bool) -> Convert:
    match f.type:
        case "integer":
            return lambda cell: _integer(f, cell)
        case "decimal":
            return lambda cell: _decimal(f, cell)
        case "date":
            return lambda cell: _date(cell, serial_dates)
        case "boolean":
            return _boolean
        case "choice":
            meaning = choices.reader(f)
            return lambda cell: _choice(f, meaning, cell)
        case _:
            return lambda cell: _text(f, cell)


def brief(cell: Cell) -> str:
    """A cell as text for a message, at most 80 characters."""
    text = as_text(cell)
    shown = text if isinstance(text, str) else str(cell)
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _text(f: Field, cell: Cell) -> str | Suspect | None:
    text = as_text(cell)
    if isinstance(text, Suspect):
        return text
    if _UNSTORABLE.search(text):
        return Suspect("bad_character")
    if f.format == "email":
        text = clean(unicodedata.normalize("NFKC", text)).removeprefix("mailto:")
        if not is_email(text):
            return Suspect("not_an_email", {"value": brief(cell)})
    elif f.format == "phone":
        if not is_phone(unicodedata.normalize("NFKC", text)):
            return Suspect("not_a_phone", {"value": brief(cell)})
    elif f.format == "id_number" and not is_id_number(text):
        return Suspect("wrong_id_number", {"value": brief(cell)})
    if f.max_length is not None and len(text) > f.max_length:
        return Suspect("too_long", {"length": len(text), "limit": f.max_length})
    return text


def is_email(text: str) -> bool:
    """Whether a text can be an e-mail address, of any alphabet."""
    if len(text) > 254 or ".." in text or not EMAIL.fullmatch(text):
        return False
    local = text.rpartition("@")[0]
    return len(local) <= 64 and local[0] != "." and local[-1] != "."


def is_phone(text: str) -> bool:
    """Whether a text can be a phone number, or several; any country, any grouping, extensions too."""
    parts = [p for p in _BETWEEN.split(text) if p]
    return bool(parts) and all(PHONE.fullmatch(p) and 3 <= sum(c.isdigit() for c in p) <= 24 for p in parts)


def is_id_number(text: str) -> bool:
    """Whether a text can be an ID number; the check digit counts when it looks like a Chinese identity card."""
    number = unicodedata.normalize("NFKC", text).upper()
    if not re.fullmatch(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", number):
        return True
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11] == number[17]


def read_number(cell: Cell) -> Decimal | None:
    """The number that a cell holds or writes: `1,234.50`, `￥12`, `(3.5)`, `15%`, `1.5万`, full-width; else None."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return Decimal(cell)
    if isinstance(cell, Decimal):
        return cell if cell.is_finite() else None
    if isinstance(cell, float):
        # A spreadsheet calculates in binary and shows 15 digits; what follows was never meant.
        return Decimal(format(cell, ".15g")) if math.isfinite(cell) else None
    if not isinstance(cell, str):
        return None
    text = clean(unicodedata.normalize("NFKC", cell).translate(_INVISIBLE)).replace("−", "-")
    sign = 1
    if text[:1] == "(" and text[-1:] == ")":
        sign, text = -1, text[1:-1].strip()
    if text[:1] in "+-" and text[1:2] in "¥￥$€£":
        sign, text = (-sign if text[0] == "-" else sign), text[1:]
    text = _CURRENCY.sub("", text).strip()
    factor = Decimal(1)
    for mark, value in (
        ("%", Decimal("0.01")),
        ("‰", Decimal("0.001")),
        ("万", Decimal(10**4)),
        ("亿", Decimal(10**8)),
    ):
        if text.endswith(mark):
            text, factor = text[:-1].strip(), value
            break
    if _GROUPED.fullmatch(text):
        text = re.sub(r"[,'\s]", "", text)
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return sign * Decimal(text) * factor
    except InvalidOperation:
        return None


def _bounded(f: Field, number: Decimal) -> Suspect | None:
    if f.minimum is not None and number < Decimal(str(f.minimum)):
        return Suspect("below_minimum", {"value": _plain(number), "limit": _plain(Decimal(str(f.minimum)))})
    if f.maximum is not None and number > Decimal(str(f.maximum)):
        return Suspect("above_maximum", {"value": _plain(number), "limit": _plain(Decimal(str(f.maximum)))})
    return None


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(f: Field, cell: Cell) -> Decimal | Suspect:
    number = read_number(cell)
    if number is None:
        return Suspect("not_a_number", {"value": brief(cell)})
    # A database column of 18 digits, whatever the field's own bounds.
    if abs(number) >= Decimal(10) ** (18 - (f.scale if f.scale is not None else 6)):
        return Suspect(
            "above_maximum", {"value": brief(cell), "limit": "9" * (18 - (f.scale if f.scale is not None else 6))}
        )
    if f.scale is not None:
        whole = number.quantize(Decimal(1).scaleb(-f.scale))
        if whole != number:
            return Suspect("too_many_decimals", {"value": brief(cell), "limit": f.scale})
        number = whole
    return _bounded(f, number) or number


def _integer(f: Field, cell: Cell) -> int | Suspect:
    number = read_number(cell)
    if number is None:
        return Suspect("not_a_number", {"value": brief(cell)})
    if number != number.to_integral_value():
        return Suspect("not_an_integer", {"value": brief(cell)})
    if isinstance(cell, float) and abs(number) >= _MANY:
        return Suspect("digits_lost")
    if not -(2**63) <= number < 2**63:
        return Suspect("above_maximum", {"value": brief(cell), "limit": 2**63 - 1})
    return _bounded(f, number) or int(number)


def _date(cell: Cell, serial_dates: bool) -> dt.date | Suspect:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    found: dt.date | Ambiguous | None = None
    if isinstance(cell, str):
        found = read_date(clean(unicodedata.normalize("NFKC", cell).translate(_INVISIBLE)))
    elif isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool) and cell == cell // 1:
        number = int(cell)
        if 19_000_101 <= number <= 29_991_231:
            found = read_date(str(number))
        elif serial_dates and 10_000 <= number <= 99_999:  # 1927 to 2173; the cell merely lost its date format
            found = dt.date(1899, 12, 30) + dt.timedelta(days=number)
    if isinstance(found, Ambiguous):
        return Suspect(
            "ambiguous_date",
            {"value": brief(cell), "first": found.first.isoformat(), "second": found.second.isoformat()},
        )
    return found if found is not None else Suspect("not_a_date", {"value": brief(cell)})


def _boolean(cell: Cell) -> bool | Suspect:
    if isinstance(cell, bool):
        return cell
    text = brief(cell) if not isinstance(cell, str) else unicodedata.normalize("NFKC", cell)
    text = text.strip().casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return Suspect("not_a_boolean", {"value": brief(cell)})


def _choice(f: Field, meaning: Callable[[str], str | None], cell: Cell) -> str | Suspect:
    text = as_text(cell)
    if isinstance(text, str):
        found = meaning(text)
        if found is not None:
            return found
    return Suspect("not_a_choice", {"value": brief(cell), "choices": list(f.choices)})
