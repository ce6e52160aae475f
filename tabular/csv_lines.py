"""Lines of csv made in bulk from what a database joins or copies, with the guard against formulas put in.

A spreadsheet runs a text that begins with `=`, `+`, `-` or `@` (full-width ones too, in some languages) as a formula.
Such a text is written with an apostrophe before it, and read back without it (`tabular.delimited`). Looking at each
cell would take most of the time of an export; so whole blocks are searched, and only rows that may hold such a text, or
one that needs quotation marks, are taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SEPARATOR = "\x1f"
"""Stands between the values of a joined row."""
UNFORMATTED = "\x1e"
"""Stands before a number that the database could not write with its digits: `Joined` does it."""

GUARD = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""What a text that gets an apostrophe begins with."""
GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
"""What a text that got one begins with."""

_RISKY = frozenset("=+-@\t\r\n'＝＋－＠")
_BYTES = re.compile("'*(?:[=+\\-@\t\r\n]|＝|＋|－|＠)".encode())
_VALUE = re.compile('(?:"([^"]*(?:""[^"]*)*)"|([^,]*))(,|\\Z)')
_END = b"\r\n"


def guarded(value: str) -> str:
    """A text, with an apostrophe before it if a spreadsheet would run it."""
    return f"'{value}" if value and value[0] in _RISKY and GUARD.match(value) else value


def _classes(starts: bytes) -> bytes:
    """A table for `bytes.translate`: `s` what a value may start behind, `r` what is risky there, `q` what is quoted."""
    table = bytearray(b"." * 256)
    for byte in b"=+-@\t'" + "＝".encode()[:1]:
        table[byte] = ord("r")
    for byte in b'",\r\n\x1e':
        table[byte] = ord("q")
    for byte in starts:
        table[byte] = ord("s")
    return bytes(table)


class Ambiguous(Exception):
    """A value holds the separator of joined rows: they have to be written value by value."""


class Joined:
    """Rows whose values a database joined with `SEPARATOR`, as they are.

    Args:
        texts: for each column, whether it holds texts that need the guard.
        scales: for each column, the digits of numbers that come behind `UNFORMATTED`; None: none do.
    """

    _TABLE = _classes(b"\x1f")

    def __init__(self, texts: Sequence[bool], scales: Sequence[int | None]) -> None:
        self._texts = texts
        self._scales = scales
        self._inner = len(texts) - 1

    def encode(self, rows: Sequence[bytes]) -> bytes:
        """The rows as lines of csv.

        Raises:
            Ambiguous: nothing was lost; write the rows in another way.
        """
        if not self._inner:
            return b"".join([self._fixed(row) + _END for row in rows])
        # Every value now has a separator before it.
        block = b"\x1f" + b"\x1f".join(rows)
        if block.count(b"\x1f") != len(rows) * len(self._texts):
            raise Ambiguous
        seen = block.translate(self._TABLE)
        special = [mark for mark in (b",", b'"', b"\n", b"\r", b"\x1e") if mark in block] if b"q" in seen else []
        if b"sr" in seen:
            table = self._TABLE
            rows = [
                self._fixed(row) if b"sr" in (b"\x1f" + row).translate(table) or _has(row, special) else row
                for row in rows
            ]
        elif special == [b","]:
            rows = [_quoted_commas(row) if b"," in row else row for row in rows]
        elif special:
            rows = [self._fixed(row) if _has(row, special) else row for row in rows]
        return _END.join(rows).replace(b"\x1f", b",") + _END

    def _fixed(self, row: bytes) -> bytes:
        values = row.split(b"\x1f")
        if len(values) != len(self._texts):
            raise Ambiguous
        for i, value in enumerate(values):
            scale = self._scales[i]
            if scale is not None:
                if value[:1] == b"\x1e":
                    values[i] = f"{float(value[1:]):.{scale}f}".encode()
                continue
            if self._texts[i] and _BYTES.match(value):
                value = b"'" + value
                values[i] = value
            if b'"' in value:
                values[i] = b'"%b"' % value.replace(b'"', b'""')
            elif b"," in value or b"\n" in value or b"\r" in value or not (self._inner or value):
                values[i] = b'"%b"' % value
        return b"\x1f".join(values)


def _quoted_commas(row: bytes) -> bytes:
    """A joined row whose values need nothing but quotation marks around those with commas."""
    return b"\x1f".join([b'"%b"' % value if b"," in value else value for value in row.split(b"\x1f")])


def _has(row: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in row for mark in marks)


class Copied:
    """Records of csv as PostgreSQL copies them out: quoted where it takes quotation marks, without the guard.

    Args:
        texts: for each column, whether it holds texts that need the guard.
    """

    _TABLE = _classes(b',\n"')

    def __init__(self, texts: Sequence[bool]) -> None:
        self._texts = texts

    def encode(self, records: Sequence[bytes]) -> bytes:
        """The records as lines of csv; each ends with a line feed as it comes."""
        if len(self._texts) == 1:
            records = [b'""\n' if record == b"\n" else record for record in records]
        block = b"\n" + b"".join(records)
        seen = block.translate(self._TABLE)
        lines = block.count(b"\n") > len(records) + 1
        if lines or b"sr" in seen or b"\r" in block:
            records = [self._fixed(r) if self._suspect(r) else r for r in records]
        return _END.join([record[:-1] for record in records]) + _END

    def _suspect(self, record: bytes) -> bool:
        # What a quotation mark or comma inside a value shows as risky costs a second look only.
        return b"sr" in (b"\n" + record).translate(self._TABLE) or b"\r" in record or b"\n" in record[:-1]

    def _fixed(self, record: bytes) -> bytes:
        values = _parsed(record[:-1].decode())
        found = [guarded(v) if text else v for v, text in zip(values, self._texts, strict=True)]
        return record if found == values else f"{','.join(map(_quoted, found))}\n".encode()


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
