"""One column of a batch judged at once: the fast path of the checker.

Each rule is first asked about the whole column in a few calls that run in C; only a column that holds something
unusual is read cell by cell with `tabular.values`, which also explains. Both come to the same verdict: the fast path
may only accept what the slow one accepts, with the same value (a property test holds them to it).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tabular.cells import EMPTY, ERRORS, Cell
from tabular.schema import Field
from tabular.values import Suspect, Value, converter, is_email, is_phone

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


class Column:
    """Judges the cells of one column for one field.

    Args:
        f: the field.
        value_map: {value in the file: value instead}.
        serial_dates: as in `tabular.values.converter`.
    """

    def __init__(self, f: Field, value_map: dict[str, Any] | None = None, *, serial_dates: bool = True) -> None:
        self._field = f
        self._convert = converter(f, value_map, serial_dates=serial_dates)
        self._memories: dict[type, _Memory] = {}
        self._fast: Callable[[Sequence[Any], set[type]], Sequence[Value] | None] | None = None
        if value_map:
            pass  # every value may be replaced: remembering them is the fast path
        elif f.type == "text" and f.format is None:
            self._fast = self._texts
        elif f.type == "text" and f.format in ("email", "phone"):
            self._accepts = is_email if f.format == "email" else is_phone
            self._fast = self._formatted
        elif f.type == "date":
            self._fast = self._dates

    def judge(self, cells: Sequence[Cell]) -> Judged:
        """The values of all cells, and the suspects with their positions (their value is None)."""
        types = set(map(type, cells))
        if self._fast is not None:
            values = self._fast(cells, types)
            if values is not None:
                return values, []
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

    def _memory(self, kind: type) -> _Memory:
        memory = self._memories.get(kind)
        if memory is None:
            memory = self._memories[kind] = _Memory(self._convert)
        return memory

    def _texts(self, cells: Sequence[Any], types: set[type]) -> Sequence[Value] | None:
        if types != {str}:
            return None
        stripped = list(map(str.strip, cells))
        joined = "".join(stripped)
        if "\0" in joined or (not joined.isascii() and not _plain(joined)):
            return None
        limit = self._field.max_length
        if limit is not None and max(map(len, stripped)) > limit:
            return None
        if _ODD.isdisjoint(stripped):
            return stripped
        if self._field.required or not ERRORS.isdisjoint(stripped):
            return None
        return [None if text in EMPTY else text for text in stripped]

    def _formatted(self, cells: Sequence[Any], types: set[type]) -> Sequence[Value] | None:
        if types != {str}:
            return None
        stripped = list(map(str.strip, cells))
        # Full-width forms are normalised on the slow path.
        if not "".join(stripped).isascii():
            return None
        limit = self._field.max_length
        if limit is not None and max(map(len, stripped)) > limit:
            return None
        accepts = self._accepts
        if _ODD.isdisjoint(stripped):
            return stripped if all(map(accepts, stripped)) else None
        if self._field.required or not ERRORS.isdisjoint(stripped):
            return None
        values: list[Value] = [None if text in EMPTY else text for text in stripped]
        return values if all(accepts(v) for v in values if v is not None) else None  # type: ignore[arg-type]

    def _dates(self, cells: Sequence[Any], types: set[type]) -> Sequence[Value] | None:
        if types == {dt.date}:
            return cells
        if types == {dt.datetime}:
            return [cell.date() for cell in cells]
        return None


def _plain(text: str) -> bool:
    """Whether no invisible mark or half of a character is in a text."""
    if any(mark in text for mark in "\ufeff\u200b\u200c\u200d\u2060"):
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
