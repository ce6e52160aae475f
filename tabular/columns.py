"""One column of a batch judged at once: the fast path of the checker.

Each rule is first asked about the whole column in a few calls that run in C; only a cell that holds something
unusual is read by itself with `tabular.values`, which also explains. Both come to the same verdict: the fast path
may only accept what the slow one accepts, with the same value (a property test holds them to it).

Patterns are matched against all cells of a column at once, joined by line ends: one call for a thousand cells instead
of a thousand. Their quantifiers are possessive (`++`), so that no place to come back to is kept for each cell.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tabular.cells import EMPTY, ERRORS, Cell
from tabular.forms import Form, shaper
from tabular.schema import Field
from tabular.values import Convert, Suspect, Value, converter, looks_unlike

Judged = tuple[Sequence[Value], list[tuple[int, Suspect]]]
_ODD = EMPTY | ERRORS
_REMEMBERED = 20_000
_FEW = 0.2  # share of values that are new to a column, up to which remembering them is the fast path


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


# Subsets of what `tabular.values` accepts, in the shapes that are common and quick to recognise; of whole lines.
_EMAIL = r"[A-Za-z0-9_%+-]++(?:\.[A-Za-z0-9_%+-]++)*+@(?:[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*+\.)++[A-Za-z]{2,24}+"
_PHONE = (
    r"(?>1[0-9]{10}+(?=\n)|\([0-9]{1,5}+\) ?[0-9]{3,4}+-[0-9]{3,4}+(?=\n)|\+?[0-9]{2,4}+-[0-9]{5,8}+(?=\n)"
    r"|\+?[0-9]{5,20}+(?=\n))"
)
_PATTERNS = {"email": _EMAIL, "phone": _PHONE}
_MAX_EMAIL = 64


def _lines(pattern: str, required: bool) -> re.Pattern[str]:
    """Matches as many whole lines of the pattern as there are; empty ones too where the field may be empty."""
    return re.compile(rf"(?:{pattern}\n)*+" if required else rf"(?:(?:{pattern})?+\n)*+", re.ASCII)


def _number(scale: int) -> str:
    return rf"-?[0-9]{{1,12}}+(?:\.[0-9]{{1,{scale}}}+)?+" if scale else "-?[0-9]{1,12}+"


def _unlike(lines: re.Pattern[str], cells: Sequence[str], joined: str) -> list[int] | None:
    """Positions of the cells that a pattern of `_lines` does not match; None: some cell is of several lines itself.

    Args:
        joined: all cells, each ended by a line feed.
    """
    if joined.count("\n") != len(cells):
        return None
    found: list[int] = []
    at = line = 0
    while True:
        end = lines.match(joined, at).end()  # type: ignore[union-attr]  # it matches no line at all, too
        if end == len(joined):
            return found
        line += joined.count("\n", at, end)
        found.append(line)
        at = joined.index("\n", end) + 1
        line += 1


Fast = Callable[[Sequence[Any], set[type]], "tuple[list[Any], list[int]] | None"]


class Column:
    """Judges the cells of one column for one field.

    Args:
        f: the field.
        value_map: {value in the file: value instead}.
        serial_dates, key: as in `tabular.values.converter`.
        form: in which accepted values are given.
    """

    def __init__(
        self,
        f: Field,
        value_map: dict[str, Any] | None = None,
        *,
        serial_dates: bool = True,
        key: bool = False,
        form: Form = "value",
    ) -> None:
        self._field = f
        self._key = key
        self._form = form
        self._convert = _shaped(converter(f, value_map, serial_dates=serial_dates, key=key), shaper(f, form))
        self._memories: dict[type, _Memory] = {}
        self._fast: Fast | None = None
        self._repeats: bool | None = None  # not known yet
        if value_map:
            return  # every value may be replaced: remembering them is the fast path
        if f.type == "text":
            if f.format is None:
                self._fast = self._texts
            elif f.format in _PATTERNS:
                self._fast = self._matching
                self._pattern = _lines(_PATTERNS[f.format], f.required)
        elif f.type == "date":
            self._fast = self._dates
        elif f.type == "decimal" and f.scale is not None and 0 <= f.scale <= 6:
            self._fast = self._decimals
            self._shape = f"%.{f.scale}f"
            self._times = 10.0**f.scale
            self._step = Decimal(1).scaleb(-f.scale)
            self._pattern = _lines(_number(f.scale), f.required)
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
        if self._repeats is not False:
            found = self._remembered(cells)
            if found is not None:
                return found
        stripped = list(map(str.strip, cells))
        joined = "".join(stripped)
        limit = self._field.max_length
        # Printable: no control, no invisible mark, no half of a character; what else is, is looked at more closely.
        if (
            (not joined.isprintable() and not _plain(joined))
            or (self._key and looks_unlike(joined))
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

    def _remembered(self, cells: Sequence[str]) -> tuple[list[Any], list[int]] | None:
        """Of a column in which the same texts come again and again: one look-up each; None: it is no such column."""
        if self._repeats is None:
            self._repeats = len(set(cells)) <= len(cells) * _FEW and len(cells) > 1 / _FEW
            if not self._repeats:
                return None
        memory = self._memory(str)
        before = len(memory)
        found: list[Any] = list(map(memory.__getitem__, cells))
        if len(memory) - before > len(cells) * _FEW or len(memory) < before:
            self._repeats = False
        if Suspect not in set(map(type, found)):
            return found, []
        return found, [i for i, value in enumerate(found) if type(value) is Suspect]

    def _matching(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        if types != {str}:
            return None
        joined = "\n".join(cells) + "\n"
        open_ = _unlike(self._pattern, cells, joined)
        if open_ is None:
            return None
        limit = min(self._field.max_length or _MAX_EMAIL, _MAX_EMAIL)
        if max(map(len, cells)) > limit:
            open_ = sorted({*open_, *(i for i, cell in enumerate(cells) if len(cell) > limit)})
        some_empty = "\n\n" in joined or joined[0] == "\n"
        return [cell or None for cell in cells] if some_empty else list(cells), open_

    def _dates(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        shape = dt.date.isoformat
        if types == {dt.date}:
            return list(cells) if self._form == "value" else list(map(shape, cells)), []
        if types == {dt.datetime}:
            days = map(dt.datetime.date, cells)
            return list(days) if self._form == "value" else list(map(shape, days)), []
        if dt.date in types and self._form == "value":
            return list(cells), [i for i, cell in enumerate(cells) if type(cell) is not dt.date]
        return None

    def _decimals(self, cells: Sequence[Any], types: set[type]) -> tuple[list[Any], list[int]] | None:
        open_: list[int] = []
        if types <= {float, int}:
            numbers = cells
        elif types == {str}:
            return self._written_decimals(cells)
        else:
            open_ = [i for i, cell in enumerate(cells) if type(cell) is not float and type(cell) is not int]
            numbers = [0 if type(cell) is not float and type(cell) is not int else cell for cell in cells]
        shape, low, high = self._shape, self._low, self._high
        # What is no number at all hides from comparisons, but not from a sum.
        inside = low <= min(numbers) and max(numbers) <= high and not math.isnan(sum(numbers))
        plain = self._form == "plain"
        texts: list[str] = []
        if plain:
            # The float nearest to a number of that scale is the quotient of two whole numbers, which are exact.
            times = self._times
            floats: list[Any] = [round(n * times) / times if inside or low <= n <= high else None for n in numbers]
        else:
            texts = [shape % n if inside or low <= n <= high else "" for n in numbers]
            floats = [float(t) if t else None for t in texts]
        if floats != list(numbers):
            asked = set(open_)
            asked.update(i for i, (n, value) in enumerate(zip(numbers, floats, strict=True)) if value != n)
            open_ = sorted(asked)
        if plain:
            return floats, open_
        if self._form == "text":
            return texts, open_
        return [Decimal(t) if t else None for t in texts], open_

    def _written_decimals(self, cells: Sequence[str]) -> tuple[list[Any], list[int]] | None:
        open_ = _unlike(self._pattern, cells, "\n".join(cells) + "\n")
        if open_ is None:
            return None
        asked = set(open_)
        texts: Sequence[str] = [t if i not in asked else "" for i, t in enumerate(cells)] if asked else cells
        numbers = [float(t) for t in texts if t]
        floats: list[Any] = numbers if len(numbers) == len(texts) else [float(t) if t else None for t in texts]
        low, high = self._low, self._high
        if numbers and not (low <= min(numbers) and max(numbers) <= high):
            asked.update(i for i, n in enumerate(floats) if n is not None and not low <= n <= high)
            open_ = sorted(asked)
        if self._form == "plain":
            return floats, open_
        if self._form == "text":
            return [t or None for t in texts], open_
        step = self._step
        return [Decimal(t).quantize(step) if t else None for t in texts], open_


def _shaped(convert: Convert, shape: Callable[[Any], Any] | None) -> Callable[[Cell], Any]:
    """A converter whose values (not its suspects) are given in a form."""
    if shape is None:
        return convert

    def shaped(cell: Cell) -> Any:
        value = convert(cell)
        return value if value is None or isinstance(value, Suspect) else shape(value)

    return shaped


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
