"""Lines of delimited text become records; a quotation mark that never closes costs one record, not all that follow.

A reader of CSV that meets `"` at the start of a value goes on to the next `"`, over as many lines as it takes. A value
of several lines is legitimate. But when the file (or the longest value that is taken) ends before the mark closes, or
something else than a separator follows where it closes, the mark was a slip: the line is then read with the mark as
part of its text, is marked, and the lines behind it are read again as what they are.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator

from tabular.cells import Unclosed

_BLOCK = 1 << 14  # characters; short-lived lists stay in the cache: as fast as one `csv.reader` over the file


class Torn(list[str]):
    """A record with a value whose quotation mark never closes; that value is an `Unclosed`."""


class _Lines:
    """The lines of a file for a `csv.reader`, one record at a time, which can be given back.

    Attributes:
        taken: lines of the record that is being read.
        number: lines of the file before it.
        open: the reader asked for more lines than there are: it stands inside quotation marks.
    """

    def __init__(self, file: io.TextIOBase) -> None:
        self._file = file
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.open = False

    def block(self) -> list[str]:
        """The next lines, some thousand characters of them, as one record; only between records."""
        self.taken = self._file.readlines(_BLOCK)
        return self.taken

    def done(self) -> None:
        """What was taken has been used."""
        self.number += len(self.taken)
        self.taken = []

    def back(self, keep: int) -> None:
        """Give all lines of the record back but the first `keep`."""
        self._waiting.extendleft(reversed(self.taken[keep:]))
        del self.taken[keep:]

    def more(self) -> bool:
        """Whether lines wait that were given back."""
        return bool(self._waiting)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._file.readline()
        if not line:
            self.open = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        return line


def records(file: io.TextIOBase, delimiter: str) -> Iterator[list[str]]:
    """Each record as a list of texts, a blank line as an empty list; memory for a block of lines or one value.

    Args:
        file: opened with `newline=""`.
        delimiter: one character.

    Raises:
        csv.Error: a line alone has a value longer than `csv.field_size_limit()`.
    """
    lines = _Lines(file)
    while block := lines.block():
        # The line added at the end would be swallowed by a quotation mark still open there.
        block_and_end = [*block, "\n"]
        try:
            rows = list(csv.reader(block_and_end, delimiter=delimiter))
        except csv.Error:
            rows = []
        if len(rows) == len(block_and_end):
            rows.pop()
            yield from rows
            lines.done()
            continue
        del rows, block, block_and_end
        lines.back(0)
        while lines.more():
            yield _record(lines, delimiter)
            lines.done()


def _record(lines: _Lines, delimiter: str) -> list[str]:
    lines.open = False
    try:
        row = next(csv.reader(lines, delimiter=delimiter))
        slip = lines.open or (len(lines.taken) > 1 and _malformed(lines.taken, delimiter))
    except csv.Error:
        if len(lines.taken) < 2:
            raise
        slip = True
    if not slip:
        return row
    lines.back(1)
    [line] = lines.taken
    cells = next(csv.reader([line], delimiter=delimiter))
    rest = next(csv.reader([cells[-1].rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [""])
    return Torn([*cells[:-1], Unclosed('"' + rest[0], lines.number + 1), *rest[1:]])


def _malformed(taken: list[str], delimiter: str) -> bool:
    """Whether a value of several lines closes where no value can end."""
    asked = 0

    def feed() -> Iterator[str]:
        nonlocal asked
        for line in taken:
            asked += 1
            yield line

    try:
        next(csv.reader(feed(), delimiter=delimiter, strict=True))
    except csv.Error:
        # In the first line it is a value of one line that is oddly quoted, which says nothing about the others.
        return asked > 1
    return False
