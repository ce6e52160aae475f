"""Rows of an xlsx read by whole columns, in a few calls for hundreds of rows: what big sheets are made of.

Programs write millions of cells in a handful of ways. For each column one regular expression knows the usual way, and
one pass over a block of XML gives what stands in the cells, column by column. Whatever is written in another way is
asked of calamine, cell by cell (`Ask`), as is what a style makes of a number; so every cell means what it means to
calamine. A block that holds more than plain rows is left to others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from tabular.cells import Cell, column_letter
from tabular.shared_strings import SharedStrings, unescaped

Ask = Callable[[list[bytes]], list[Cell]]
"""Gives the values of cells, each the rest of its XML behind the reference: ` s="2"><v>45295</v></c>`."""

Kind = Literal["shared", "number", "odd_number", "inline", "text"]

_WIDEST = 400
_REMEMBERED = 50_000
_FEW = 0.25
_LOOKED_AT = 3000
_LEARNT_FROM = 200
_LESSONS = 12

_SHARED = rb"(?: s=\"[0-9]++\")?+ t=\"s\"(?: s=\"[0-9]++\")?+><v>([0-9]{1,9}+)</v></c>"
_DIGITS = rb"(-?+[0-9]{1,15}+(?:\.[0-9]{1,20}+)?+)"
_ODD = rb"[^>/]*+(?:/>|>(?:[^<]++|<(?!/c>))*+</c>)"
_SEEN = re.compile(rb"<c r=\"([A-Z]{1,3})[0-9]++\"([^>/]*+)>(<v>|<is><t(?: xml:space=\"preserve\")?+>|)([^<]*+)<")
_TYPE = re.compile(rb" t=\"([A-Za-z]++)\"")
_LETTERS = re.compile(rb"<c r=\"([A-Z]{1,3})[0-9]")
_ONE_SHARED = re.compile(_SHARED)
_ONE_NUMBER = re.compile(rb"((?: s=\"[0-9]++\")?+(?: t=\"n\")?+)><v>" + _DIGITS + rb"</v></c>")
_EMPTY = re.compile(rb"(?: s=\"[0-9]++\")?+/>")
_PROBES = (b"45295", b"0.5", b"-1.25", b"61")
_PROBED: list[Cell] = [45295, 0.5, -1.25, 61]


class NotPlain(Exception):
    """The block holds something else than plain rows."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a sheet.

    Attributes:
        numbers: of the rows in the file, 1-based, ascending; rows between them are blank.
        columns: the cells of each column.
    """

    numbers: list[int]
    columns: list[list[Cell]]


class _Texts(dict[bytes | None, str]):
    """Texts that come again and again, by their number as it is written."""

    def __init__(self, strings: SharedStrings) -> None:
        super().__init__({None: ""})
        self._strings = strings

    def __missing__(self, number: bytes) -> str:
        if len(self) > _REMEMBERED:
            self.clear()
            self[None] = ""
        text = self[number] = self._strings.some((int(number),))[0]
        return text


class PlainRows:
    """Reads the blocks of one sheet, in their order.

    Args:
        width: columns that are wanted.
        strings: the shared strings.
        ask: is asked for what only calamine knows.
    """

    def __init__(self, width: int, strings: SharedStrings, ask: Ask) -> None:
        if width > _WIDEST:
            raise NotPlain
        self._width = width
        self._strings = strings
        self._ask = ask
        self._letters = [column_letter(i).encode() for i in range(width)]
        self._kinds: list[Kind] = []
        self._openings: list[bytes] = []
        self._step = 2 * width + 3
        self._rows: re.Pattern[bytes] | None = None
        self._lessons = 0
        self._plain_styles: dict[bytes, bool] = {}
        self._texts = _Texts(strings)
        self._repeats: list[bool | None] = [None] * width  # None: not known yet
        self._seen: list[set[bytes | None]] = [set() for _ in range(width)]
        self._looked = 0
        self._numbers: list[dict[bytes | None, Cell]] = [{} for _ in range(width)]
        self._odd: dict[bytes, Cell] = {}
        self._next = 0  # shared strings before it have been met

    def read(self, xml: bytes) -> Stretch:
        """The rows of a block, which begins with one.

        Raises:
            NotPlain: nothing was read.
            ValueError: there is no shared string of some number.
        """
        if (b"!" in xml and b"<!" in xml) or (b"?" in xml and b"<?" in xml):
            raise NotPlain
        if self._rows is None:
            self._learn(xml)
        flat, count = self._split(xml)
        odds = [flat[3 + 2 * i :: self._step] for i in range(self._width)]
        if self._lessons < _LESSONS and max(map(_filled, odds), default=0) * 10 > count > 10:
            # Another way has become the usual one.
            self._learn(xml)
            flat, count = self._split(xml)
            odds = [flat[3 + 2 * i :: self._step] for i in range(self._width)]
        numbers = list(map(int, flat[1 :: self._step]))
        if numbers != list(range(numbers[0], numbers[0] + count)) and any(b <= a for a, b in pairwise(numbers)):
            raise NotPlain
        usual = [flat[2 + 2 * i :: self._step] for i in range(self._width)]
        columns = self._columns(usual, count)
        for column, odd in zip(columns, odds, strict=True):
            if any(odd):
                self._fill(column, odd)
        return Stretch(numbers, columns)

    def _split(self, xml: bytes) -> tuple[list[Any], int]:
        """What the expression finds, flat: what stands before each row, its number, two entries a column, the rest."""
        assert self._rows is not None  # noqa: S101 - the first block was learnt from
        flat: list[Any] = self._rows.split(xml)
        between = flat[:: self._step]
        if any(between) and b"".join(between).strip():
            raise NotPlain
        count = len(between) - 1
        if not count:
            raise NotPlain
        beyond = flat[self._step - 1 :: self._step]
        if any(beyond):
            # Cells behind the columns that are wanted; they must not hide one that is.
            wanted = set(self._letters)
            if not wanted.isdisjoint(_LETTERS.findall(b"".join(filter(None, beyond)))):
                raise NotPlain
        return flat, count

    # ------------------------------------------------------------ how cells are written

    def _learn(self, xml: bytes) -> None:
        """Find out from a block how the cells of each column are written."""
        self._lessons += 1
        place = {letter: i for i, letter in enumerate(self._letters)}
        seen: list[Counter[tuple[Kind, bytes]]] = [Counter() for _ in self._letters]
        for n, found in enumerate(_SEEN.finditer(xml)):
            if n >= _LEARNT_FROM * self._width:
                break
            column = place.get(found[1])
            written = self._way(found[2], found[3], found[4])
            if column is not None and written is not None:
                seen[column][written] += 1
        self._kinds = []
        self._openings = []
        parts = [rb"<row r=\"([0-9]{1,7}+)\"[^>/]*+(?:/>|>"]
        for letter, ways in zip(self._letters, seen, strict=True):
            kinds = Counter[Kind]()
            for (kind, _), times in ways.items():
                kinds[kind] += times
            kind = kinds.most_common(1)[0][0] if kinds else "shared"
            openings = [opening for (k, opening), _ in ways.most_common() if k == kind]
            self._kinds.append(kind)
            self._openings.append(openings[0] if openings else b"")
            parts.append(rb'(?:<c r="%b\1"(?:%b|(%b)))?+' % (letter, _usual(kind, openings), _ODD))
        parts.append(rb"((?:<c r=\"[A-Z]{1,3}+\1\"(?:[^<]++|<(?!/row>|c[ />]))*+)*+)</row>)")
        self._rows = re.compile(b"".join(parts))
        self._repeats = [None] * self._width
        self._seen = [set() for _ in range(self._width)]
        self._looked = 0
        self._numbers = [{} for _ in range(self._width)]

    def _way(self, attributes: bytes, opening: bytes, content: bytes) -> tuple[Kind, bytes] | None:
        """How a cell is written: its kind, and what stands before its content; None: in no usual way."""
        found = _TYPE.search(attributes)
        type_ = found[1] if found else b"n"
        if type_ == b"s" and opening == b"<v>":
            return "shared", b""
        if type_ == b"inlineStr" and opening.startswith(b"<is>"):
            return "inline", attributes + b">" + opening
        if type_ == b"str" and opening == b"<v>":
            return "text", attributes + b">" + opening
        if type_ == b"n" and opening == b"<v>" and content:
            return "number" if self._plain(attributes) else "odd_number", attributes + b">" + opening
        return None

    def _plain(self, attributes: bytes) -> bool:
        """Whether a number in a cell with these attributes is that number, and no date."""
        known = self._plain_styles.get(attributes)
        if known is None:
            found = self._ask([b"%b><v>%b</v></c>" % (attributes, probe) for probe in _PROBES])
            known = found == _PROBED and list(map(type, found)) == list(map(type, _PROBED))
            self._plain_styles[attributes] = known
        return known

    # ------------------------------------------------------------ what is in them

    def _columns(self, usual: list[list[bytes | None]], count: int) -> list[list[Cell]]:
        columns: list[Any] = [None] * self._width
        by_number: list[tuple[int, list[int]]] = []
        self._looked += count
        top = self._next
        for i, (kind, cells) in enumerate(zip(self._kinds, usual, strict=True)):
            match kind:
                case "shared":
                    if self._repeats[i] is not False and self._remembered(columns, i, cells):
                        continue
                    present = cells if None not in cells else [c for c in cells if c is not None]
                    called = list(map(int, present))  # type: ignore[arg-type]  # no None is left
                    by_number.append((i, called))
                    if called:
                        top = max(top, max(called) + 1)
                case "number":
                    columns[i] = ["" if c is None else float(c) if b"." in c else int(c) for c in cells]
                case "odd_number":
                    columns[i] = self._odd_numbers(cells, i)
                case "inline" | "text":
                    columns[i] = self._written_texts(cells, i)
        first, fresh = self._fresh(top, [called for _, called in by_number])
        for i, called in by_number:
            if not called:
                columns[i] = [""] * count
                continue
            if min(called) >= first and fresh:
                texts = list(map(fresh.__getitem__, map((-first).__add__, called)))
            else:
                older = iter(self._strings.some([n for n in called if n < first]))
                texts = [fresh[n - first] if n >= first else next(older) for n in called]
            if len(texts) < count:
                following = iter(texts)
                texts = ["" if c is None else next(following) for c in usual[i]]
            columns[i] = texts
        return columns

    def _remembered(self, columns: list[Any], i: int, cells: list[bytes | None]) -> bool:
        """Read a column in which the same texts come again and again; False: it is no such column."""
        if self._repeats[i] is None:
            seen = self._seen[i]
            seen.update(cells)
            if self._looked < _LOOKED_AT:
                return False
            self._repeats[i] = len(seen) <= self._looked * _FEW
            seen.clear()
            return False
        known = len(self._texts)
        columns[i] = list(map(self._texts.__getitem__, cells))
        if len(self._texts) - known > len(cells) * _FEW:
            self._repeats[i] = False
        return True

    def _fresh(self, top: int, called: list[list[int]]) -> tuple[int, list[str]]:
        """The texts that this block is the first to call, from the first of them on, and that one's number."""
        first = self._next
        most = 2 * sum(map(len, called)) + 1000
        if top - first > most:
            # Perhaps others have read the blocks between; else texts are in another order than the cells.
            first = min(n for numbers in called for n in numbers if n >= first)
            if top - first > most:
                return top, []
        self._next = top
        return first, self._strings.run(first, top)

    def _written_texts(self, cells: list[bytes | None], i: int) -> list[Cell]:
        """Texts that stand in their cells."""
        present = [c for c in cells if c is not None]
        if not present:
            return [""] * len(cells)
        inline, opening = self._kinds[i] == "inline", self._openings[i]
        joined = unescaped(b"\0".join(present), trim=inline and b" xml:" not in opening, escapes=inline)
        if joined is None:
            close = b"</t></is></c>" if inline else b"</v></c>"
            found = self._ask([b"%b%b%b" % (opening, c, close) for c in present])
        else:
            found = list(joined.decode().split("\0"))
            if len(found) != len(present):
                raise NotPlain
        if len(found) == len(cells):
            return found
        following = iter(found)
        return ["" if c is None else next(following) for c in cells]

    def _odd_numbers(self, cells: list[bytes | None], i: int) -> list[Cell]:
        """Numbers that a style makes dates or times of."""
        known, opening = self._numbers[i], self._openings[i]
        asked = set(cells).difference(known)
        if asked:
            if len(known) > _REMEMBERED:
                known.clear()
                asked = set(cells)
            known[None] = ""
            written = [c for c in asked if c is not None]
            known.update(zip(written, self._ask([b"%b%b</v></c>" % (opening, c) for c in written]), strict=True))
        return list(map(known.__getitem__, cells))

    def _fill(self, column: list[Cell], odd: list[bytes | None]) -> None:
        """Put the values of the cells that are written in another way into a column."""
        places: dict[bytes, list[int]] = {}
        known = self._odd
        for i, cell in enumerate(odd):
            if cell is not None:
                if _EMPTY.fullmatch(cell):
                    column[i] = ""
                elif cell in known:
                    column[i] = known[cell]
                else:
                    places.setdefault(cell, []).append(i)
        asked: list[bytes] = []
        for cell, where in places.items():
            shared = _ONE_SHARED.fullmatch(cell)
            if shared:
                value: Cell = self._strings.some((int(shared[1]),))[0]
            else:
                number = _ONE_NUMBER.fullmatch(cell)
                if number is None or not self._plain(number[1]):
                    if b'"s"' in cell or b"'s'" in cell:
                        raise NotPlain
                    asked.append(cell)
                    continue
                value = float(number[2]) if b"." in number[2] else int(number[2])
            for i in where:
                column[i] = value
        if asked:
            if len(known) > _REMEMBERED:
                known.clear()
            for cell, value in zip(asked, self._ask(asked), strict=True):
                known[cell] = value
                for i in places[cell]:
                    column[i] = value


def _filled(odd: list[bytes | None]) -> int:
    return len(odd) - odd.count(None)


def _usual(kind: Kind, openings: list[bytes]) -> bytes:
    """The expression of what stands behind the reference of a cell that is written in the usual way of its column."""
    if kind == "shared":
        return _SHARED
    opening = re.escape(openings[0])
    if kind == "number":
        return b"(?:%b)%b</v></c>" % (b"|".join(map(re.escape, openings[:8])), _DIGITS)
    if kind == "inline":
        return opening + rb"([^<]*+)</t></is></c>"
    return opening + (rb"([^<]*+)</v></c>" if kind == "text" else rb"([^<]{1,40}+)</v></c>")
