"""Values of a file that a choice or boolean field does not know, and what they probably mean."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from tabular.cells import Cell
from tabular.choices import AFFIXES, folded
from tabular.schema import Field, TableSchema
from tabular.values import Suspect, as_text, converter

_LISTED = 50  # different unknown values of one field that are listed; a column with more is no choice at all

ValueReason = Literal["remembered", "word", "similar", "order", "none"]


@dataclass(frozen=True, slots=True)
class ValueProposal:
    """A value of the file that its field does not take as it is.

    Attributes:
        field: the field's name.
        value: as it stands in the file.
        target: the field's value that it probably means; None: a person has to say it.
        confidence: 0 to 1; never sure, for what is sure (`A级` for A, a word of the field's own list) is read as it is.
        reason: `remembered` (a person said so for another file), `word` (one of similar meaning), `similar` (a typing
            error), `order` (甲 for the first), `none`.
        count: rows of the samples that have it.
    """

    field: str
    value: str
    target: str | bool | None
    confidence: float
    reason: ValueReason
    count: int

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "field": self.field, "value": self.value, "target": self.target,
            "confidence": round(self.confidence, 3), "reason": self.reason, "count": self.count,
        }  # fmt: skip


def propose_values(
    columns: Mapping[str, int],
    samples: Sequence[Sequence[Cell]],
    schema: TableSchema,
    value_map: Mapping[str, Mapping[str, Any]] | None = None,
    others: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[ValueProposal]:
    """List the values of choice and boolean fields that would be refused, with what they probably mean.

    Args:
        columns: field name -> 0-based column.
        samples: some rows of data.
        schema: the dataset.
        value_map: replacements that are decided already; what they cover is not listed.
        others: replacements that were decided for other files.

    Returns:
        By field in the schema's order, the most frequent value first. A column of which most values fit nothing is
        listed with the first 50 of them.
    """
    found: list[ValueProposal] = []
    for f in schema.fields:
        column = columns.get(f.name)
        if column is None or f.type not in ("choice", "boolean"):
            continue
        convert = converter(f, dict((value_map or {}).get(f.name, {})))
        unknown: Counter[str] = Counter()
        for row in samples:
            cell = row[column] if column < len(row) else None
            read = convert(cell)
            if isinstance(read, Suspect) and read.code in ("not_a_choice", "not_a_boolean"):
                shown = as_text(cell)
                if isinstance(shown, str) and shown:
                    unknown[shown] += 1
        known = {folded(value): target for value, target in (others or {}).get(f.name, {}).items()}
        for value, count in unknown.most_common(_LISTED):
            target, confidence, reason = _meaning(f, value)
            told = convert(known.get(folded(value)))
            if isinstance(told, (str, bool)):
                target, confidence, reason = told, 0.85, "remembered"
            found.append(ValueProposal(f.name, value, target, confidence, reason, count))
    return found


_ORDERS = ("甲乙丙丁戊己庚辛壬癸", "一二三四五六七八九十", "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹ", "123456789", "①②③④⑤⑥⑦⑧⑨⑩")
_YES = ("是", "已", "有", "真", "对", "yes", "ok", "active", "enabled")
_NO = ("否", "未", "无", "不", "非", "没", "no", "not", "none", "inactive", "disabled")


def _meaning(f: Field, value: str) -> tuple[str | bool | None, float, ValueReason]:
    from rapidfuzz import fuzz

    text = folded(value)
    if f.type == "boolean":
        for words, target in ((_NO, False), (_YES, True)):
            if any(text.startswith(w) for w in words):
                return target, 0.7, "word"
        return None, 0.0, "none"
    best: tuple[str | None, float] = (None, 0.0)
    for choice in f.choices:
        for word in (choice, *f.choice_words.get(choice, ())):
            ratio = fuzz.ratio(text, folded(word)) / 100
            if len(word) >= 4 and ratio >= 0.75 and ratio > best[1]:
                best = (choice, ratio)
    if best[0] is not None:
        return best[0], 0.88 * best[1], "similar"
    bare = _without_affix(text)
    for order in _ORDERS:
        at = order.find(unicodedata.normalize("NFKC", bare) if bare.isdigit() else bare) if len(bare) == 1 else -1
        if 0 <= at < len(f.choices) and _is_ranked(f.choices):
            return f.choices[at], 0.6, "order"
    return None, 0.0, "none"


def _without_affix(text: str) -> str:
    for affix in sorted(AFFIXES, key=len, reverse=True):
        text = text.removesuffix(affix).removeprefix(affix).strip()
    return text


def _is_ranked(choices: Sequence[str]) -> bool:
    """Choices that are single letters or numbers in order, A to D: only these have a first and a second."""
    return len(choices) > 1 and all(len(a) == len(b) == 1 and ord(b) - ord(a) == 1 for a, b in pairwise(choices))
