"""One column of a batch judged at once: the fast path of the checker.

Each rule is first asked about the whole column in a few calls that run in C; only a column that holds something
unusual is read cell by cell with `tabular.values`, which also explains. Both come to the same verdict: the fast path
may only accept what the slow one accepts, with the same value (a property test holds them to it).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tabular.cells import EMPTY, ERRORS, Cell
from tabular.schema import Field
from tabular.values import Suspect, Value, converter, looks_unlike

Judged = tuple[Sequence[Value], list[tuple[int, Suspect]]]
_ODD = EMPTY | ERRORS
_REMEMBERED = 20_000


class _Memory(dict[Any, Any]):
    """Verdicts on values that were seen before: names of cities, dates and amounts come again and again.

    Keyed by type and value, since `1 == True == 1.0`.
    """

    def __init__(self, convert: Callable[[Cell], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, cell: Cell) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[cell] = self._convert(cell)
        return value


# Subsets of what `tabular.values` accepts, in the shapes that are common and quick to recognise.
_EMAIL = re.compile(
    r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}", re.A
)
_PHONE = re.compile(r"1[0-9]{10}|\([0-9]{1,5}\) ?[0-9]{3,4}-?[0-9]{3,4}|\+?[0-9]{2,4}-[0-9]{5,8}|\+?[0-9]{5,20}")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.([0-9]{1,6}))?")
_MAX_EMAIL = 64

Fast = Callable[[Sequence[Any], set[type]], "tuple[list[Any], list[int]] | None"]


class Column:
    """Judges the cells of one column for one field.

    Args:
        f: the field.
        value_map: {value in the file: value instead}.
        serial_dates, key: as in `tabular.values.converter`.
    """

    def __init__(
        self, f: Field, value_map: dict[str, Any] | None = None, *, serial_dates: bool = True, key: bool = False
    ) -> None:
        self._field = f
        self._key = key
        self._convert = converter(f, value_map, serial_dates=serial_dates, key=key)
        self._memories: dict[type, _Memory] = {}
        self._fast: Fast | None = None
        if value_map:
            return  # every value may be replaced: remembering them is the fast path
        if f.type == "text":
            patterns = {"email": _EMAIL, "phone": _PHONE}
            self._fast = self._texts if f.format is None else self._matching
            self._pattern = patterns.get(f.format or "")
            if f.format is not None and self._pattern is None:
                self._fast = None
        elif f.type == "date":
            self._fast = self._dates
        elif f.type == "decimal" and f.scale is not None and 0 <= f.scale <= 6:
            self._fast = self._decimals
            self._shape = f"%.{f.scale}f"
            self._step = Decimal(1).scaleb(-f.scale)
            # Up to here a float holds every value of that scale, and the database's 18 digits do too.
            limit = 10.0 ** min(15 - f.scale, 12)
            self._low = max(-limit, f.minimum) if f.minimum is not None else -limit
            self._high = min(limit, f.maximum) if f.maximum is not None else limit

    def judge(self, cells: Sequence[Cell]) -> Judged:
        """The values of all cells, and the suspects with their positions (their value is None)."""
        types = set(map(type, cells))
        if self._fast is not None:
            judged = self._fast(cells, types)
            if judged is not None:
                values, open_ = judged
                return values, self._ask(cells, values, open_) if open_ else []
        found: list[Any]
        if len(types) == 1:
            found = list(map(self._memory(next(iter(types))).__getitem__, cells))
        else:
            memories = {kind: self._memory(kind) for kind in types}
            found = [memories[type(cell)][cell] for cell in cells]
        if Suspect not in set(map(type, found)):
            return found, []
        suspects = [(i, v) for i, v in enumerate(found) if type(v) is Suspect]
        for i, _ in suspects:
            found[i] = None
        return found, suspects

    def _ask(self, cells: Sequence[Cell], values: list[Any], positions: Sequence[int]) -> list[tuple[int, Suspect]]:
        """Read the cells at `positions` the slow way, into `values`."""
        suspects = []
        for i in positions:
            cell = cells[i]
            value = self._memory(type(cell))[cell]
            if isinstance(value, Suspect):
                suspects.append((i, value))
                values[i] = None
            else:
                values[i] = value
        return suspects

    def _memory(self, kind: type) -> _Memory:
        memory = self._memories.get(kind)
        if memory is None:
            memory = self._memories[kind] = _Memory(self._convert)
        return memory

    def _texts(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        if types != {str}:
            return None
        stripped = list(map(str.strip, cells))
        joined = "".join(stripped)
        limit = self._field.max_length
        if (
            "\0" in joined
            or (not joined.isascii() and (not _plain(joined) or (self._key and looks_unlike(joined))))
            or (limit is not None and max(map(len, stripped)) > limit)
        ):
            longest = len(joined) if limit is None else limit
            return stripped, [
                i
                for i, t in enumerate(stripped)
                if t in _ODD or len(t) > longest or not _plain(t) or (self._key and looks_unlike(t))
            ]
        if _ODD.isdisjoint(stripped):
            return stripped, []
        if self._field.required or not ERRORS.isdisjoint(stripped):
            return stripped, [i for i, t in enumerate(stripped) if t in _ODD]
        return [None if t in EMPTY else t for t in stripped], []

    def _matching(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        if types != {str} or self._pattern is None:
            return None
        limit = min(self._field.max_length or _MAX_EMAIL, _MAX_EMAIL)
        match = self._pattern.fullmatch
        matched = list(map(match, cells))
        values = list(cells)
        if None not in matched and max(map(len, values)) <= limit:
            return values, []
        return values, [i for i, m in enumerate(matched) if m is None or len(values[i]) > limit]

    def _dates(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        if types == {dt.date}:
            return list(cells), []
        if types == {dt.datetime}:
            return [cell.date() for cell in cells], []
        if dt.date in types:
            return list(cells), [i for i, cell in enumerate(cells) if type(cell) is not dt.date]
        return None

    def _decimals(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        if types <= {float, int}:
            numbers, open_ = cells, []
        elif types == {str}:
            return self._written_decimals(cells)
        else:
            open_ = [i for i, cell in enumerate(cells) if type(cell) is not float and type(cell) is not int]
            numbers = [0 if type(cell) is not float and type(cell) is not int else cell for cell in cells]
        shape, low, high = self._shape, self._low, self._high
        if low <= min(numbers) and max(numbers) <= high:
            texts = [shape % number for number in numbers]
            values: list[Any] = list(map(Decimal, texts))
            if list(map(float, texts)) == list(numbers):
                return values, open_
        else:
            values = [Decimal(shape % n) if low <= n <= high else None for n in numbers]
        asked = set(open_)
        for i, (number, value) in enumerate(zip(numbers, values, strict=True)):
            if value is None or float(value) != number:
                asked.add(i)
        return values, sorted(asked)

    def _written_decimals(self, cells: Sequence[str]) -> tuple[list[Any], list[int]]:
        match, step, scale = _PLAIN_NUMBER.fullmatch, self._step, self._field.scale
        low, high = self._low, self._high
        values: list[Any] = []
        open_: list[int] = []
        for i, cell in enumerate(cells):
            found = match(cell)
            if found is not None:
                digits = found[1]
                count = len(digits) if digits else 0
                if count <= scale and low <= float(cell) <= high:  # type: ignore[operator]
                    values.append(Decimal(cell) if count == scale else Decimal(cell).quantize(step))
                    continue
            values.append(None)
            open_.append(i)
        return values, open_


def _plain(text: str) -> bool:
    """Whether no NUL, invisible mark or half of a character is in a text."""
    if any(mark in text for mark in "\0\ufeff\u200b\u200c\u200d\u2060"):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def constant(f: Field, value: Any) -> Value | Suspect:
    """A mapping's constant as a value of the field, by the same rules as a cell."""
    if isinstance(value, (str, int, float, Decimal, bool, dt.date)) or value is None:
        return converter(f)(value)
    return Suspect("not_a_choice", {"value": str(value), "choices": list(f.choices)})
