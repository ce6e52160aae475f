"""Which column of a file is which field: proposals with their confidence, and the mapping that is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass
from dataclasses import field as field_
from functools import lru_cache
from typing import Any, Literal, Self

from tabular.cells import EMPTY, Cell, column_letter
from tabular.errors import TableError
from tabular.names import compact, fingerprint, is_added, reference, words
from tabular.schema import Field, TableSchema
from tabular.values import Suspect, converter

__all__ = ["Mapping", "Proposal", "fingerprint", "propose"]

THRESHOLD = 0.9
"""Proposals of this confidence and more are applied without asking."""

LIKELY = 0.5
"""Proposals of less are none."""

Reason = Literal[
    "remembered", "shared", "title", "name", "synonym", "pinyin", "part", "similar", "values", "added", "none"
]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one column of a file probably is.

    Attributes:
        column: 0-based index.
        header: its name in the file.
        field: the field's name; None when it fits no field.
        confidence: 0 to 1.
        reason: what spoke for it; `remembered` and `shared`: a person decided so for the same header before;
            `added` for a column that an error workbook had added.
    """

    column: int
    header: str
    field: str | None
    confidence: float
    reason: Reason

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "column": self.column, "header": self.header, "field": self.field,
            "confidence": round(self.confidence, 3), "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a person mapped a file with the same header before.

    Attributes:
        mapping: column's name (see `tabular.names.reference`) -> field, None for a column that is left out.
        constants, value_map: as in `Mapping`.
        headers: the columns' names as they stood in that file, in its order; empty when they are not known.
        shared: by another user.
    """

    mapping: Mapping_[str, str | None]
    constants: Mapping_[str, Any] = field_(default_factory=dict)
    value_map: Mapping_[str, Mapping_[str, Any]] = field_(default_factory=dict)
    headers: tuple[str, ...] = ()
    shared: bool = False

    def columns(self, headers: Sequence[str], schema: TableSchema) -> dict[int, str | None]:
        """What was decided about the columns of a file with these headers: 0-based column -> field or None.

        Fields that the dataset no longer has are passed over. A column without a name is told by its place, which
        says something only in a file with the same columns in the same order.
        """
        first = next((i for i in range(len(headers)) if not is_added(headers, i)), 0)
        same = tuple(map(compact, headers[first:])) == tuple(map(compact, self.headers))
        names = [reference(self.headers, i) for i in range(len(self.headers))]
        by_letter = {name: i for i, name in enumerate(names) if name != self.headers[i]}
        decided: dict[int, str | None] = {}
        for name, target in self.mapping.items():
            column = _find(headers, name)
            if name in by_letter:
                column = by_letter[name] + first if same else None
            elif column is not None and reference(headers, column) != headers[column]:
                column = None
            if column is None or column in decided:
                continue
            if target is None or (target in schema.by_name and target not in decided.values()):
                decided[column] = target
        return decided


_RANK: dict[Reason, int] = {"title": 0, "name": 1, "synonym": 2, "pinyin": 3, "part": 4, "similar": 5, "values": 6}


def propose(
    headers: Sequence[str],
    samples: Sequence[Sequence[Cell]],
    schema: TableSchema,
    remembered: Remembered | None = None,
) -> list[Proposal]:
    """Propose a field for each column.

    Args:
        headers: the file's column names.
        samples: some rows of data, each as wide as the header or shorter; may be empty.
        schema: the dataset.
        remembered: what a person decided about the same header before; it comes before all guesses.

    Returns:
        One proposal a column, in the file's order; each field is proposed at most once.
    """
    scored: list[tuple[float, int, int, int, Reason]] = []
    decided = remembered.columns(headers, schema) if remembered is not None else {}
    settled = {*decided.values(), *(remembered.constants if remembered is not None else ())}
    for column, header in enumerate(headers):
        if column in decided or is_added(headers, column):
            continue
        values = [row[column] for row in samples if column < len(row)]
        for position, f in enumerate(schema.fields):
            if f.name in settled:
                continue
            confidence, reason = _by_name(header, f, schema.record_words)
            confidence, reason = _with_values(confidence, reason, f, values)
            if confidence >= LIKELY:
                scored.append((confidence, -_RANK[reason], -column, position, reason))
    # The best pair first: an exact title beats an exact synonym, the left column beats the right one.
    scored.sort(key=lambda s: (-s[0], -s[1], -s[2], s[3]))
    taken: dict[int, tuple[int, float, Reason]] = {}
    fields_taken: set[int] = set()
    for confidence, _, minus_column, position, reason in scored:
        if -minus_column not in taken and position not in fields_taken:
            taken[-minus_column] = (position, confidence, reason)
            fields_taken.add(position)
    proposals = []
    for column, header in enumerate(headers):
        if remembered is not None and column in decided:
            known: tuple[float, Reason] = (0.97, "shared") if remembered.shared else (1.0, "remembered")
            proposals.append(Proposal(column, header, decided[column], *known))
        elif column in taken:
            position, confidence, reason = taken[column]
            proposals.append(Proposal(column, header, schema.fields[position].name, confidence, reason))
        else:
            proposals.append(Proposal(column, header, None, 0.0, "added" if is_added(headers, column) else "none"))
    return proposals


def applied(
    proposals: Sequence[Proposal],
    schema: TableSchema,
    remembered: Remembered | None = None,
    constants: Mapping_[str, Any] | None = None,
    value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
) -> tuple[dict[str, int], dict[str, Any], dict[str, dict[str, Any]]]:
    """What is applied to a file for which nobody gives a mapping.

    Args:
        proposals: of `propose`, made with the same `remembered`.
        schema, remembered: as there.
        constants, value_map: what was given for this file; it comes before what is remembered.

    Returns:
        Columns (field -> 0-based column), constants and the value map.
    """
    fixed = {**(remembered.constants if remembered is not None else {}), **(constants or {})}
    fixed = {name: value for name, value in fixed.items() if name in schema.by_name or name in (constants or {})}
    columns = {
        p.field: p.column
        for p in proposals
        if p.field is not None and p.confidence >= THRESHOLD and p.field not in fixed
    }
    values: dict[str, dict[str, Any]] = {}
    for source in (remembered.value_map if remembered is not None else {}, value_map or {}):
        for name, pairs in source.items():
            if name in schema.by_name or source is value_map:
                values.setdefault(name, {}).update(pairs)
    return columns, fixed, values


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


def _by_name(header: str, f: Field, record_words: tuple[str, ...] = ()) -> tuple[float, Reason]:
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


@dataclass(frozen=True)
class Mapping:
    """A decided mapping of a file's columns to the fields of a dataset.

    Attributes:
        schema: the dataset.
        headers: the file's column names.
        columns: for each field that comes from a column, field name -> 0-based column.
        constants: field name -> the value that every row gets; used where no column is mapped.
        value_map: field name -> {value in the file: value instead}.
    """

    schema: TableSchema
    headers: tuple[str, ...]
    columns: dict[str, int]
    constants: dict[str, Any] = field_(default_factory=dict)
    value_map: dict[str, dict[str, Any]] = field_(default_factory=dict)

    @classmethod
    def automatic(
        cls,
        proposals: Sequence[Proposal],
        schema: TableSchema,
        threshold: float = THRESHOLD,
        constants: Mapping_[str, Any] | None = None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
    ) -> Self:
        """Apply the proposals that are sure enough; a constant wins over a proposal.

        Raises:
            TableError: `mapping_required` with `fields` when a required field is left over; and as `explicit`.
        """
        constants = constants or {}
        columns = {
            p.field: p.column
            for p in proposals
            if p.field is not None and p.confidence >= threshold and p.field not in constants
        }
        return cls._made(schema, tuple(p.header for p in proposals), columns, constants, value_map)

    @classmethod
    def recognised(
        cls,
        headers: Sequence[str],
        samples: Sequence[Sequence[Cell]],
        schema: TableSchema,
        remembered: Remembered | None = None,
        constants: Mapping_[str, Any] | None = None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
    ) -> Self:
        """Apply what is remembered of such a file, and the proposals that are sure enough; a constant wins over them.

        Raises:
            TableError: `mapping_required` with `fields` when a required field is left over; and as `explicit`.
        """
        proposals = propose(headers, samples, schema, remembered)
        columns, fixed, values = applied(proposals, schema, remembered, constants, value_map)
        return cls._made(schema, tuple(headers), columns, fixed, values)

    @classmethod
    def explicit(
        cls,
        headers: Sequence[str],
        mapping: Mapping_[str, str | None],
        constants: Mapping_[str, Any] | None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None,
        schema: TableSchema,
    ) -> Self:
        """Take the mapping that a person made: {column (see `tabular.names.reference`): field, or None for no field}.

        Raises:
            TableError: `mapping_unknown_column`, `mapping_unknown_field`, `mapping_field_twice`, `mapping_required`.
        """
        columns: dict[str, int] = {}
        for name, target in mapping.items():
            if not target:
                continue
            column = _find(headers, name)
            if column is None:
                raise TableError("mapping_unknown_column", column=name, columns=[h for h in headers if h])
            if target not in schema.by_name:
                raise TableError("mapping_unknown_field", field=target, fields=[f.name for f in schema.fields])
            if target in columns:
                titles = {"field": schema.by_name[target].titles}
                first = headers[columns[target]]
                raise TableError("mapping_field_twice", first=first, second=name, field=target, titles=titles)
            columns[target] = column
        return cls._made(schema, tuple(headers), columns, constants or {}, value_map)

    @classmethod
    def _made(
        cls,
        schema: TableSchema,
        headers: tuple[str, ...],
        columns: dict[str, int],
        constants: Mapping_[str, Any],
        value_map: Mapping_[str, Mapping_[str, Any]] | None,
    ) -> Self:
        for name in (*constants, *(value_map or {})):
            if name not in schema.by_name:
                raise TableError("mapping_unknown_field", field=name, fields=[f.name for f in schema.fields])
        missing = [f.name for f in schema.fields if f.required and f.name not in columns and f.name not in constants]
        if missing:
            raise TableError("mapping_required", fields=missing, titles={"fields": schema.titles_of(missing)})
        values = {name: dict(pairs) for name, pairs in (value_map or {}).items()}
        return cls(schema, headers, columns, {k: v for k, v in constants.items() if k not in columns}, values)

    def to_json(self) -> dict[str, str]:
        """`{file column: field}`, the form in which it is remembered."""
        by_column = {column: name for name, column in self.columns.items()}
        return {reference(self.headers, c): by_column[c] for c in sorted(by_column)}


def _find(headers: Sequence[str], name: str) -> int | None:
    for i, header in enumerate(headers):
        if header and header == name:
            return i
    wanted = compact(name)
    for i, header in enumerate(headers):
        if wanted and compact(header) == wanted:
            return i
    for i, header in enumerate(headers):
        if reference(headers, i) != header and column_letter(i) == name.upper():
            return i
    return None
