"""The shared strings of a workbook, kept as plain texts: the first in memory, the others in files.

A workbook stores each text once, in one part, and its cells hold the text's number. Writers number texts as they first
meet them, so those that come again and again are among the first, and those of some rows that follow each other stand
together: a run of them is read and decoded at once.
"""

from __future__ import annotations

import itertools
import mmap
import os
import re
import tempfile
import zipfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO

from tabular.unpack import unpacked

_CHUNK = 1 << 18
_CLOSE = len(b"</si>")
_ENDS = (b"", b"</sst>")
_MEMORY = 32 << 20
"""Bytes of texts that are held in memory."""
_NUMBERS = 8 << 20
"""Texts whose places are held in memory, 4 bytes each."""
_BETWEEN = b"\0"
"""Stands between texts; no XML holds it."""
_PLAIN = re.compile(rb"\s*<si>\s*<t( xml:space=\"preserve\")?>([^<&\r]*)</t>\s*")
_SPACE = b" \t\n\r"
_SPACES = (b" ", b"\t", b"\n")
_SEPARATOR = re.compile(rb"</t></si><si><t>")
_REFERENCE = re.compile(rb"&(#?\w*;?)")
_ENTITIES = {b"lt;": b"<", b"gt;": b">", b"quot;": b'"', b"apos;": b"'", b"amp;": b"&"}
_ESCAPE_LOOK_ALIKE = re.compile(rb"(_x[0-9a-fA-F]{4}_)")

Explain = Callable[[list[bytes]], list[str]]
"""Gives the texts of elements `<si>`, whatever is in them."""


class SharedStrings:
    """The texts of an xlsx by number, in memory of a fixed size.

    Args:
        archive, part: where they are; None: there are none.
        explain: is asked for elements that hold more than a plain text.

    Attributes:
        count: how many there are.

    Raises:
        ValueError: the part is not what it should be.
        OSError: no room for the file.
    """

    def __init__(self, archive: zipfile.ZipFile, part: str | None, explain: Explain) -> None:
        self._explain = explain
        size = archive.getinfo(part).file_size if part else 0
        self._starts = array("Q" if size >> 32 else "I", [0])  # without what stands between texts
        self._later: IO[bytes] | None = None  # the starts that follow
        self._end = self.count = 0
        self._inside = min(size + 1, _MEMORY) or 1
        self._memory = mmap.mmap(-1, self._inside)  # pages that are never touched take no room
        self._length = 0
        self._file: IO[bytes] | None = None
        try:
            if part:
                self._store(unpacked(archive, part, _CHUNK))
            for file in (self._file, self._later):
                if file is not None:
                    file.flush()
        except BaseException:
            self.close()
            raise

    def _store(self, raw: Iterator[bytes]) -> None:
        """Keep the texts and note where each begins."""
        rest = next(raw, b"")
        if re.search(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?![Uu][Tt][Ff]-8)", rest[:200]):
            raise ValueError("shared strings in another encoding")
        begin = rest.find(b"<si")
        while begin < 0 and (chunk := next(raw, b"")):
            rest += chunk
            begin = rest.find(b"<si")
        if begin < 0:
            if b"<sst" in rest:
                return
            raise ValueError("no shared strings where they should be")
        rest = rest[begin:]
        while True:
            chunk = next(raw, b"")
            rest += chunk
            end = rest.rfind(b"</si>") + _CLOSE if chunk else len(rest)
            if end < _CLOSE:
                continue
            body, rest = rest[:end], rest[end:]
            self._keep(_simple(body) or self._each(body))
            if not chunk:
                return

    def _each(self, body: bytes) -> list[bytes]:
        """The texts of elements, one by one."""
        if b"<si/>" in body:
            body = body.replace(b"<si/>", b"<si></si>")
        pieces = body.split(b"</si>")
        pieces.pop()
        if not pieces:
            return pieces
        if b"<![CDATA[" in body or _BETWEEN in body or not _known(body, pieces):
            raise ValueError("shared strings in an unknown form")
        odd: list[int] = []
        for i, piece in enumerate(pieces):
            found = _PLAIN.fullmatch(piece)
            if found is None or b"_x" in found[2]:
                odd.append(i)
            else:
                pieces[i] = found[2] if found[1] else found[2].strip(_SPACE)
        if odd:
            for i, text in zip(odd, self._explain([pieces[i] + b"</si>" for i in odd]), strict=True):
                pieces[i] = text.encode()
        return pieces

    def _keep(self, pieces: list[bytes]) -> None:
        if not pieces:
            return
        texts = _BETWEEN.join([*pieces, b""])
        if texts.count(_BETWEEN) != len(pieces):
            raise ValueError("a text that cannot be kept")
        starts = array(self._starts.typecode, itertools.accumulate(map(len, pieces), initial=self._end))
        self._end = starts[-1]
        self.count += len(pieces)
        here = max(0, _NUMBERS - len(self._starts))
        self._starts.extend(starts[1 : 1 + here])
        if here < len(pieces):
            if self._later is None:
                self._later = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
            self._later.write(starts[1 + here :].tobytes())
        inside = max(0, min(len(texts), self._inside - self._length))
        if inside:
            self._memory[self._length : self._length + inside] = texts[:inside]
        if inside < len(texts):
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
            self._file.write(texts[inside:])
        self._length += len(texts)

    def run(self, first: int, last: int) -> list[str]:
        """The texts from number `first` up to `last`, which is not among them.

        Raises:
            ValueError: there is no text of some number, or not in UTF-8.
        """
        if first >= last:
            return []
        if last > self.count:
            raise ValueError(f"no shared string {last - 1}")
        return self._at(self._start(first) + first, self._start(last) + last - 1).decode().split("\0")

    def some(self, numbers: Iterable[int]) -> list[str]:
        """The texts of these numbers.

        Raises:
            ValueError: as `run`.
        """
        starts, memory, inside = self._starts, self._memory, self._inside
        if self._later is not None:
            return [self._at(self._start(n) + n, self._start(n + 1) + n).decode() for n in numbers]
        try:
            return [
                (
                    memory[starts[n] + n : b] if (b := starts[n + 1] + n) <= inside else self._at(starts[n] + n, b)
                ).decode()
                for n in numbers
            ]
        except IndexError:
            raise ValueError("no shared string of some number") from None

    def _start(self, number: int) -> int:
        """Where a text begins, and after the last one the end; without what stands between texts."""
        if number < len(self._starts):
            return self._starts[number]
        if number > self.count or self._later is None:
            raise ValueError(f"no shared string {number}")
        size = self._starts.itemsize
        found = array(self._starts.typecode)
        found.frombytes(_read(self._later, (number - len(self._starts)) * size, size))
        return found[0]

    def _at(self, start: int, end: int) -> bytes:
        if end <= self._inside:
            return self._memory[start:end]
        before = self._memory[start : self._inside] if start < self._inside else b""
        assert self._file is not None  # noqa: S101 - made when the memory was full
        return before + _read(self._file, start + len(before) - self._inside, end - start - len(before))

    def elements(self, numbers: Sequence[int]) -> bytes:
        """The XML elements of texts, one behind the other.

        Raises:
            ValueError: as `run`.
        """
        texts = _BETWEEN.join([text.encode() for text in self.some(numbers)])
        if not numbers:
            return b""
        if b"_x" in texts:
            texts = _ESCAPE_LOOK_ALIKE.sub(rb"_x005F\1", texts)
        texts = texts.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b"\r", b"_x000D_")
        inner = texts.replace(_BETWEEN, b'</t></si><si><t xml:space="preserve">')
        return b'<si><t xml:space="preserve">%b</t></si>' % inner

    def close(self) -> None:
        """Forget the texts and remove the files."""
        self._memory.close()
        for file in (self._file, self._later):
            if file is not None:
                file.close()


def _read(file: IO[bytes], place: int, size: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size, place)
    file.seek(place)
    return file.read(size)


def _simple(body: bytes) -> list[bytes] | None:
    """The texts of elements that are all written in the simplest way; None: they are not.

    A few calls for thousands of texts.
    """
    end = body.rfind(b"</si>") + _CLOSE
    if not body.startswith(b"<si><t>") or body[:end][-9:] != b"</t></si>" or body[end:].strip(_SPACE) not in _ENDS:
        return None
    if any(space in body and (b"<t>" + space in body or space + b"</t>" in body) for space in _SPACES):
        return None
    pieces = _SEPARATOR.split(body[7 : end - 9])
    joined = _BETWEEN.join(pieces)
    if joined.count(_BETWEEN) != len(pieces) - 1:
        return None
    texts = unescaped(joined, trim=False, escapes=True)
    return pieces if texts is joined else None if texts is None else texts.split(_BETWEEN)


def unescaped(texts: bytes, *, trim: bool, escapes: bool) -> bytes | None:
    """Contents of XML elements, NUL between them, as what they mean; None: some hold more than plain characters.

    Args:
        trim: white space at the ends means nothing; such texts are not taken.
        escapes: `_x000D_` means a character; such texts are not taken.
    """
    if b"<" in texts or b"\r" in texts or (escapes and b"_" in texts and b"_x" in texts):
        return None
    if trim and any(space in texts and _at_an_end(space, texts) for space in _SPACES):
        return None
    if b"&" in texts:
        try:
            return _REFERENCE.sub(lambda found: _ENTITIES[found[1]], texts)
        except KeyError:
            return None
    return texts


def _at_an_end(space: bytes, texts: bytes) -> bool:
    return texts.startswith(space) or texts.endswith(space) or space + _BETWEEN in texts or _BETWEEN + space in texts


def _known(body: bytes, pieces: list[bytes]) -> bool:
    """Whether each of the pieces of `body` is the inside of one `<si>`, and nothing stands between them."""
    count = len(pieces)
    if body.count(b"<si>") != count:
        return False
    if body.startswith(b"<si>") and body.count(b"</si><si>") == count - 1:
        return True
    return all(piece.lstrip().startswith(b"<si>") for piece in pieces)
