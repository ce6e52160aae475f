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
from typing import IO

_CHUNK = 1 << 20
_CLOSE = len(b"</si>")


class SharedStrings:
    """The elements `<si>` of an xlsx by number, byte for byte, in constant memory.

    Args:
        archive, part: where they are.

    Raises:
        ValueError: the part is not what it should be.
        OSError: no room for the file.
    """

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
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
        """Copy the elements to the file and note where each begins."""
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
            end = rest.rfind(b"</si>") + _CLOSE if chunk else len(rest)
            if end < _CLOSE:
                continue
            body, rest = rest[:end], rest[end:]
            if b"<si/>" in body:
                body = body.replace(b"<si/>", b"<si></si>")
            pieces = body.split(b"</si>")
            tail = pieces.pop()
            if pieces:
                if b"<![CDATA[" in body or not _known(body, pieces):
                    raise ValueError("shared strings in an unknown form")
                self._file.write(body[: len(body) - len(tail)])
                lengths = map(_CLOSE.__add__, map(len, pieces))
                starts = list(itertools.accumulate(lengths, initial=position))
                position = starts.pop()
                self._starts.extend(starts)
                count += len(pieces)
            if not chunk:
                self._starts.append(position)
                return count

    def elements(self, numbers: list[int]) -> bytes:
        """The elements of numbers that rise, one behind the other.

        Most are new: writers number texts as they first meet them. Such a run is read at once, the others one by one.

        Raises:
            ValueError: there is no text of some number.
        """
        if not numbers:
            return b""
        if numbers[-1] >= self.count:
            raise ValueError(f"no shared string {numbers[-1]}")
        middle = len(numbers) // 2
        run = numbers[middle] - middle
        places = range(len(numbers))
        first = bisect_left(places, run, key=lambda i: numbers[i] - i)
        last = bisect_right(places, run, key=lambda i: numbers[i] - i)
        begin, end = self._starts[numbers[first]], self._starts[numbers[last - 1] + 1]
        return b"".join([*self._each(numbers[:first]), self._at(end - begin, begin), *self._each(numbers[last:])])

    def _each(self, numbers: list[int]) -> list[bytes]:
        starts = list(map(self._starts.__getitem__, numbers))
        ends = map(self._starts.__getitem__, map((1).__add__, numbers))
        return list(map(self._at, map(operator.sub, ends, starts), starts))

    def _seek_and_read(self, size: int, start: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def close(self) -> None:
        """Forget the texts and remove the file."""
        self._file.close()


def _known(body: bytes, pieces: list[bytes]) -> bool:
    """Whether each of the pieces of `body` is the inside of one `<si>`, and nothing stands between them."""
    count = len(pieces)
    if body.count(b"<si>") != count:
        return False
    if body.startswith(b"<si>") and body.count(b"</si><si>") == count - 1:
        return True
    return all(piece.lstrip().startswith(b"<si>") for piece in pieces)
