"""Lines of csv made in bulk from what a database joins or copies, with the guard against formulas put in.

A spreadsheet runs a text that begins with `=`, `+`, `-` or `@` (full-width ones too, in some languages) as a formula.
Such a text is written with an apostrophe before it, and read back without it (`tabular.delimited`). Looking at each
cell would take most of the time of an export; so whole blocks of rows are searched at once, and only values that may
hold such a text, or that need quotation marks, are cut out and written anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SEPARATOR = "\x1f"
"""Stands between the values of a row."""
UNFORMATTED = "\x1e"
"""Stands before a number that the database could not write with its digits: `Lines` does it."""

GUARD = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""What a text that gets an apostrophe begins with."""
GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
"""What a text that got one begins with."""

RISKY = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet runs as a formula when a text begins with it, or may take away so that it does."""
_RISKY = RISKY | {"'"}
_RISKY_BYTES = frozenset(text.encode()[:1] for text in _RISKY)
_BYTES = re.compile("'*(?:[=+\\-@\t\r\n]|＝|＋|－|＠)".encode())
_VALUE = re.compile('(?:"([^"]*(?:""[^"]*)*)"|([^,]*))(,|\\Z)')
_END = b"\r\n"
_LINE_FEED = b"\x1d"  # stands for one inside a value until the ends of the lines are made


def guarded(value: str) -> str:
    """A text, with an apostrophe before it if a spreadsheet would run it."""
    return f"'{value}" if value and value[0] in _RISKY and GUARD.match(value) else value


def _classes(ends: bytes, looked_at: bytes = b"") -> bytes:
    """A table for `bytes.translate`: `s` what a value may start behind, `r` what is risky there, `q` what needs a look
    wherever it stands.
    """
    table = bytearray(b"." * 256)
    for byte in b"=+-@\t\r'" + "＝".encode()[:1]:
        table[byte] = ord("r")
    for byte in looked_at:
        table[byte] = ord("q")
    for byte in ends:
        table[byte] = ord("s")
    return bytes(table)


class Ambiguous(Exception):
    """A value holds a mark that has a meaning here: the rows have to be written value by value."""


class Joined:
    """Rows whose values a database joined with `SEPARATOR`, as they are.

    Args:
        texts: for each column, whether it holds texts that need the guard.
        scales: for each column, the digits of numbers that come behind `UNFORMATTED`; None: none do.
    """

    _TABLE = _classes(b"\x1f\n", b'",\r\x1d\x1e')

    def __init__(self, texts: Sequence[bool], scales: Sequence[int | None]) -> None:
        self._texts = texts
        self._scales = scales
        self._inner = len(texts) - 1

    def encode(self, rows: Sequence[bytes]) -> bytes:
        """The rows as lines of csv.

        Raises:
            Ambiguous: nothing was lost; write the rows in another way.
        """
        block = b"\n%b\n" % b"\n".join(rows)
        inside = block.count(b"\n") > len(rows) + 1
        if inside:
            if _LINE_FEED in block:
                raise Ambiguous
            block = b"\n%b\n" % b"\n".join([row.replace(b"\n", _LINE_FEED) for row in rows])
        if block.count(b"\x1f") != len(rows) * self._inner:
            raise Ambiguous
        seen = block.translate(self._TABLE)
        quoted, risky = seen.find(b"q"), seen.find(b"sr")
        if quoted >= 0 or risky >= 0:
            block = self._anew(block, seen, quoted, risky, inside)
        if not self._inner:
            # A line with nothing in it would be no row.
            block = block.replace(b"\n\n", b'\n""\n').replace(b"\n\n", b'\n""\n')
        lines = block[1:].replace(b"\x1f", b",").replace(b"\n", _END)
        return lines.replace(_LINE_FEED, b"\n") if inside else lines

    def _anew(self, block: bytes, seen: bytes, quoted: int, risky: int, inside: bool) -> bytes:
        """The block with the guard, and quotation marks where they are needed.

        Args:
            seen: its classes.
            quoted, risky: the first places to look at.
            inside: `_LINE_FEED` stands for a line feed.
        """
        pieces: list[bytes] = []
        done = 0
        while quoted >= 0 or risky >= 0:
            at = quoted if risky < 0 or 0 <= quoted <= risky else risky + 1
            start, end = seen.rfind(b"s", 0, at) + 1, seen.find(b"s", at)
            value = block[start:end]
            if value[:1] == b"\x1e" and (scale := self._scales[_column(block, start)]) is not None:
                new = f"{float(value[1:]):.{scale}f}".encode()
            elif inside:
                new = self._fixed(block, start, value.replace(_LINE_FEED, b"\n")).replace(b"\n", _LINE_FEED)
            else:
                new = self._fixed(block, start, value)
            pieces += (block[done:start], new)
            done = end
            if 0 <= quoted < end:
                quoted = seen.find(b"q", end)
            if 0 <= risky < end:
                risky = seen.find(b"sr", end)
        pieces.append(block[done:])
        return b"".join(pieces)

    def _fixed(self, block: bytes, start: int, value: bytes) -> bytes:
        if value[:1] in _RISKY_BYTES and _BYTES.match(value) and self._texts[_column(block, start)]:
            value = b"'" + value
        if b'"' in value:
            return b'"%b"' % value.replace(b'"', b'""')
        return b'"%b"' % value if b"," in value or b"\n" in value or b"\r" in value else value


def _column(block: bytes, start: int) -> int:
    """The number of the column in which a value starts."""
    return block.count(b"\x1f", block.rfind(b"\n", 0, start), start)


class Copied:
    """Records of csv as PostgreSQL copies them out: quoted where it takes quotation marks, without the guard.

    Args:
        texts: for each column, whether it holds texts that need the guard.
    """

    _TABLE = _classes(b',\n"')

    def __init__(self, texts: Sequence[bool]) -> None:
        self._texts = texts
        self._inner = len(texts) - 1

    def encode(self, records: Sequence[bytes | memoryview]) -> bytes:
        """The records as lines of csv; each ends with a line feed as it comes."""
        if not self._inner:
            records = [b'""\n' if record == b"\n" else record for record in records]  # an empty line would be no row
        block = b"\n" + b"".join(records)
        lines = block.replace(b"\n", _END)
        if len(lines) > len(block) + len(records) + 1:
            # Line feeds inside values: the ends of records are to be told from them.
            apart = [bytes(record)[:-1] for record in records]
            return b"".join([(self._fixed(line) if self._suspect(line) else line) + _END for line in apart])
        seen = block.translate(self._TABLE)
        if (risky := seen.find(b"sr")) >= 0:
            lines = self._anew(block, seen, risky).replace(b"\n", _END)
        return lines[len(_END) :]

    def _anew(self, block: bytes, seen: bytes, risky: int) -> bytes:
        """The block with the guard, from the first place to look at on."""
        pieces: list[bytes] = []
        done = 0
        while risky >= 0:
            start, end = block.rfind(b"\n", 0, risky + 1) + 1, block.find(b"\n", risky + 1)
            # What a quotation mark or a comma inside a value shows as risky costs a second look only.
            pieces += (block[done:start], self._fixed(block[start:end]))
            done = end
            risky = seen.find(b"sr", end)
        pieces.append(block[done:])
        return b"".join(pieces)

    def _suspect(self, line: bytes) -> bool:
        return b"\n" in line or b"sr" in (b"\n" + line).translate(self._TABLE)

    def _fixed(self, line: bytes) -> bytes:
        if b'"' not in line:
            values = zip(line.split(b","), self._texts, strict=True)
            return b",".join([b"'" + v if text and _BYTES.match(v) else v for v, text in values])
        parsed = _parsed(line.decode())
        found = [guarded(v) if text else v for v, text in zip(parsed, self._texts, strict=True)]
        return line if found == parsed else ",".join(map(_quoted, found)).encode()


def _parsed(record: str) -> list[str]:
    """The values of one sound record, of any length."""
    values: list[str] = []
    place = 0
    while found := _VALUE.match(record, place):
        values.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        if not found[3]:
            break
        place = found.end()
    return values


def _quoted(value: str) -> str:
    if '"' in value:
        return '"' + value.replace('"', '""') + '"'
    return f'"{value}"' if "," in value or "\n" in value or "\r" in value else value
