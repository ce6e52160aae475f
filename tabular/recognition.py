"""How much a column is like a field: by its name, in any spelling that offices use, and by its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal

from tabular.cells import EMPTY, Cell
from tabular.names import compact, words
from tabular.schema import Field
from tabular.values import Suspect, converter

Reason = Literal[
    "remembered", "shared", "title", "name", "synonym", "pinyin", "part", "similar", "values", "added", "none"
]
"""What speaks for a field; `remembered` and `shared` are a person's word."""


def recognise(
    header: str, values: Sequence[Cell], f: Field, record_words: tuple[str, ...] = ()
) -> tuple[float, Reason]:
    """How sure it is, 0 to 1, that a column is the field `f`, and why.

    Args:
        header: the column's name.
        values: some of its values; may be empty.
        f: the field.
        record_words: of the schema.
    """
    return _with_values(*_by_name(header, f, record_words), f, values)


def _spellings(f: Field) -> tuple[tuple[str, Reason], ...]:
    """The compact forms of all names of a field, titles first."""
    return _spelled((f.name, tuple(f.titles.values()), f.synonyms))


@lru_cache(maxsize=4096)
def _spelled(names: tuple[str, tuple[str, ...], tuple[str, ...]]) -> tuple[tuple[str, Reason], ...]:
    name, titles, synonyms = names
    listed: dict[str, Reason] = {}
    for title in titles:
        listed.setdefault(compact(title), "title")
    listed.setdefault(compact(name), "name")
    for synonym in synonyms:
        listed.setdefault(compact(synonym), "synonym")
    return tuple(listed.items())


@lru_cache(maxsize=4096)
def _pinyin(spellings: tuple[tuple[str, Reason], ...]) -> frozenset[str]:
    from pypinyin import lazy_pinyin

    return frozenset("".join(lazy_pinyin(s)) for s, _ in spellings if not s.isascii())


@lru_cache(maxsize=4096)
def _sound(name: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(name, style=Style.TONE3))


@lru_cache(maxsize=4096)
def _sounds(spellings: tuple[tuple[str, Reason], ...]) -> frozenset[str]:
    return frozenset(_sound(s) for s, _ in spellings if not s.isascii() and len(s) >= 2)


_SHORT = {
    "no": "number", "nr": "number", "num": "number", "nbr": "number", "dt": "date", "amt": "amount", "addr": "address",
    "desc": "description", "cust": "customer", "acct": "account", "acc": "account", "tel": "telephone",
    "emp": "employee", "proj": "project", "hrs": "hours", "hr": "hours", "cat": "category", "curr": "currency",
    "ctry": "country",
    "inv": "invoice", "doc": "document", "ref": "reference", "pmt": "payment", "lvl": "level", "mob": "mobile",
    "cd": "code", "lmt": "limit",
}  # fmt: skip
"""Words as they are cut short in the columns of databases and old programs."""


def _expanded(name: tuple[str, ...]) -> str:
    return "".join(_SHORT.get(word, word) for word in name)


def _expanded_names(name: str, titles: Iterable[str], synonyms: Iterable[str]) -> frozenset[str]:
    return _expanded_of((name, *titles, *synonyms))


@lru_cache(maxsize=4096)
def _expanded_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_expanded(words(name)) for name in names)


_PLAIN_WORDS = frozenset({"billing", "primary", "main", "business", "default", "current", "my", "the"})
_PLAIN_ENDS = frozenset({"name", "info", "information", "value", "field"})
_PLAIN_BEFORE = ("所属", "所在", "主要", "常用", "当前", "默认")
_PLAIN_AFTER = ("信息", "资料", "说明", "情况", "详情")
_CONTACT = "联系人"


def _bare(own: tuple[str, ...], f: Field, record_words: tuple[str, ...]) -> list[str]:
    """A header's name without the words that add nothing for this field: `Billing City`, `所属城市`, `联系人电话`.

    What a contact has for himself is the record's own only where one reaches somebody by it.
    """
    found = []
    name = "".join(own)
    reach = f.format in ("phone", "email")
    if name.isascii():
        before = {*_PLAIN_WORDS, *record_words, *(("contact",) if reach else ())}
        rest = list(own)
        while len(rest) > 1 and rest[0] in before:
            del rest[0]
            found.append("".join(rest))
        # `Customer Name` is not the customer's number, though that may be called `customer`.
        a_number = own[-1] == "name" and f.name.endswith(("_no", "_id", "_number"))
        if len(own) > 1 and own[-1] in _PLAIN_ENDS and own[-2] not in before and not a_number:
            found.append("".join(own[:-1]))
        return found
    starts = (*_PLAIN_BEFORE, *record_words, *((_CONTACT,) if reach else ()))
    found += [name.removeprefix(start) for start in starts if name.startswith(start)]
    found += [name.removesuffix(end) for end in _PLAIN_AFTER if name.endswith(end)]
    return [rest for rest in found if len(rest) >= 2 and rest not in starts]


def _by_name(header: str, f: Field, record_words: tuple[str, ...]) -> tuple[float, Reason]:
    from rapidfuzz import fuzz

    name = compact(header)
    if not name:
        return 0.0, "none"
    spellings = _spellings(f)
    for spelling, reason in spellings:
        if name == spelling:
            return 1.0, reason
    own = words(header)
    if name.isascii() and len(name) >= 3 and name in _pinyin(spellings):
        return 0.95, "pinyin"
    if len(name) >= 2 and not name.isascii() and _sound(name) in _sounds(spellings):
        return 0.94, "pinyin"  # traditional characters, and others of the same sound
    if _expanded(own) in _expanded_names(f.name, f.titles.values(), f.synonyms):
        return 0.95, "synonym"
    if any(bare == spelling for bare in _bare(own, f, record_words) for spelling, _ in spellings):
        return 0.92, "part"
    best: tuple[float, Reason] = (0.0, "none")
    for spelling, _ in spellings:
        if len(spelling) >= 2 and _contains(name, spelling, own):
            best = max(best, (0.70 + 0.2 * len(spelling) / len(name), "part"))
        elif len(name) >= 2 and not name.isascii() and name in spelling:
            best = max(best, (0.60 + 0.2 * len(name) / len(spelling), "part"))
        ratio = fuzz.ratio(name, spelling) / 100
        if ratio >= 0.75 and min(len(name), len(spelling)) >= 4:
            best = max(best, (0.88 * ratio, "similar"))
    return best


def _contains(name: str, spelling: str, own: tuple[str, ...]) -> bool:
    if not spelling.isascii():
        return spelling in name
    # An English name is part of another one only as whole words: `name` is no part of `username`.
    joined = {"".join(own[i:j]) for i in range(len(own)) for j in range(i + 1, len(own) + 1)}
    return spelling in joined


_EMAIL_LIKE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE_LIKE = re.compile(r"\+?[\d\s().\-/]{6,25}(?:(?:ext|x|转)\.?\s?\d+)?", re.I)
_ID_LIKE = re.compile(r"\d{17}[\dXx]|[0-9A-HJ-NP-RTUW-Y]{18}")


def _evidence(f: Field, values: Sequence[Cell]) -> float | None:
    """The share of the values that look like this field; None when the values of this field have no looks."""
    filled = [v for v in values if v is not None and str(v).strip() not in EMPTY]
    if len(filled) < 3:
        return None
    fits: Callable[[Cell], bool]
    if f.format in ("email", "phone") or (f.format == "id_number"):
        pattern = {"email": _EMAIL_LIKE, "phone": _PHONE_LIKE, "id_number": _ID_LIKE}[f.format]
        fits = lambda v: pattern.fullmatch(str(v).strip()) is not None  # noqa: E731
    elif f.type in ("date", "decimal", "integer", "boolean", "choice"):
        convert = converter(f)
        fits = lambda v: not isinstance(convert(v), Suspect)  # noqa: E731
    else:
        return None
    return sum(map(fits, filled)) / len(filled)


def _with_values(confidence: float, reason: Reason, f: Field, values: Sequence[Cell]) -> tuple[float, Reason]:
    strong = f.type in ("date", "choice", "boolean") or f.format in ("email", "phone", "id_number")
    if confidence == 0.0 and f.format != "email":
        return 0.0, "none"
    share = _evidence(f, values)
    if share is None or confidence >= 0.99:
        # A column that bears the field's own name is that field; wrong values in it are for the checker to explain.
        return confidence, reason
    if confidence == 0.0:
        return (0.7, "values") if share >= 0.9 else (0.0, "none")
    if share >= 0.9:
        return min(0.98, confidence + (0.08 if strong else 0.03)), reason
    if share < 0.5:
        return confidence * 0.6, reason
    return confidence, reason
