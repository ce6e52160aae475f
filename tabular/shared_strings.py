"""The shared strings of a workbook that are too many for memory: kept in a file, read back as rows need them.

A workbook stores each text once, in one part, and its cells hold the text's number.
"""

from __future__ import annotations

import functools
import itertools
import operator
import os
import tempfile
import zipfile
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import IO, Any

_CHUNK = 1 << 20
_OPEN, _CLOSE = b"<is><t>", b"</t></is>"
_ODD = (b"_x", b"&#", b"\r", b"\n", b"\t", b"<t> ", b" </t>")
"""What makes a text more than its characters: escapes, line ends, spaces that count only where the file says so."""
_FEW = 64

Parse = Callable[[list[bytes]], list[str]]
"""Gives the texts of raw `<is>` elements, as the reader of the sheets understands them."""


class SharedStrings:
    """The texts of an xlsx by number, in constant memory.

    Args:
        archive, part: where the XML of the texts is.
        parse: for texts with more to them than plain characters.

    Raises:
        ValueError: the part is not what it should be.
        OSError: no room for the file.
    """

    def __init__(self, archive: zipfile.ZipFile, part: str, parse: Parse) -> None:
        self._parse = parse
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._starts = array("Q" if archive.getinfo(part).file_size >> 32 else "I")
        try:
            with archive.open(part) as raw:
                self.count = self._store(raw)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise
        # Where the system has it, one call in C.
        self._at = functools.partial(os.pread, self._file.fileno()) if hasattr(os, "pread") else self._seek_and_read

    def _store(self, raw: IO[bytes]) -> int:
        """Copy the texts to the file, each as an `<is>` element, and note where each begins."""
        rest = raw.read(_CHUNK)
        begin = rest.find(b"<si")
        while begin < 0 and (chunk := raw.read(_CHUNK)):
            rest += chunk
            begin = rest.find(b"<si")
        if begin < 0:
            if b"<sst" in rest:
                return 0
            raise ValueError("no shared strings where they should be")
        rest = rest[begin:]
        position = count = 0
        while True:
            chunk = raw.read(_CHUNK)
            rest += chunk
            end = rest.rfind(b"</si>") + 5 if chunk else len(rest)
            if end < 5:
                continue
            body, rest = rest[:end], rest[end:]
            if b"<si/>" in body:
                body = body.replace(b"<si/>", b"<si></si>")
            body = body.replace(b"<si>", b"<is>").replace(b"</si>", b"</is>")
            pieces = body.split(b"</is>")
            tail = pieces.pop()
            if pieces:
                if b"<![CDATA[" in body or not all(map(_begins, pieces)):
                    raise ValueError("shared strings in an unknown form")
                ends = list(itertools.accumulate((len(p) + 5 for p in pieces), initial=position))
                self._file.write(body[: len(body) - len(tail)])
                self._starts.extend(ends[:-1])
                position, count = ends[-1], count + len(pieces)
            if not chunk:
                self._starts.append(position)
                return count

    def put_into(self, rows: list[list[Any]], mark: str) -> list[list[Any]]:
        """Rows with the texts in place of their numbers.

        Args:
            rows: some thousand; a cell with a text's number is `mark` and the number, as a string.
            mark: a character that no other string among the cells begins with.

        Raises:
            ValueError: there is no text of some number.
        """
        cells: set[Any] = set(itertools.chain.from_iterable(rows))
        keys = [c for c in cells if c.__class__ is str and c[:1] == mark]
        if not keys:
            return rows
        keys.sort()
        keys.sort(key=len)  # now by number
        numbers = list(map(int, "".join(keys).split(mark)[1:]))
        if numbers[-1] >= self.count:
            raise ValueError(f"no shared string {numbers[-1]}")
        find = dict(zip(keys, self._texts(numbers), strict=True)).get
        return [list(map(find, row, row)) for row in rows]

    def _texts(self, numbers: list[int]) -> list[str]:
        """The texts of numbers that rise.

        Most are new: writers number texts as they first meet them. Such a run is read at once, the others one by one.
        """
        middle = len(numbers) // 2
        run = numbers[middle] - middle
        places = range(len(numbers))
        first = bisect_left(places, run, key=lambda i: numbers[i] - i)
        last = bisect_right(places, run, key=lambda i: numbers[i] - i)
        before, between, after = numbers[:first], numbers[first:last], numbers[last:]
        start = self._starts
        joined = b"".join([
            *self._elements(before),
            self._at(start[between[-1] + 1] - start[between[0]], start[between[0]]),
            *self._elements(after),
        ])  # fmt: skip
        texts = _plain_texts(joined, len(numbers))
        return texts if texts is not None else self._odd_texts(self._elements(numbers))

    def _elements(self, numbers: list[int]) -> list[bytes]:
        starts = list(map(self._starts.__getitem__, numbers))
        ends = map(self._starts.__getitem__, map((1).__add__, numbers))
        return list(map(self._at, map(operator.sub, ends, starts), starts))

    def _seek_and_read(self, size: int, start: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def _odd_texts(self, raw: list[bytes]) -> list[str]:
        """The texts of elements of which some need the parser: not all of them, which would be slow."""
        if len(raw) <= _FEW:
            return self._parse(raw)
        texts: list[str] = []
        for half in (raw[: len(raw) // 2], raw[len(raw) // 2 :]):
            plain = _plain_texts(b"".join(half), len(half))
            texts += self._odd_texts(half) if plain is None else plain
        return texts

    def close(self) -> None:
        """Forget the texts and remove the file."""
        self._file.close()


def _plain_texts(joined: bytes, count: int) -> list[str] | None:
    """The texts of `count` elements of nothing but plain characters; None: not all are."""
    plain = joined.replace(b'<t xml:space="preserve">', b"<t>") if b"preserve" in joined else joined
    if plain.count(b"<") != 4 * count or any(map(joined.__contains__, _ODD)):
        return None
    texts = plain[len(_OPEN) : -len(_CLOSE)].decode().split("</t></is><is><t>")
    if len(texts) != count or not plain.startswith(_OPEN) or not plain.endswith(_CLOSE):
        return None
    return [_unescaped(t) if "&" in t else t for t in texts] if b"&" in plain else texts


def _begins(piece: bytes) -> bool:
    return piece.lstrip().startswith(b"<is>")


def _unescaped(text: str) -> str:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
