"""Which encoding a text file is in: byte-order mark, then strict UTF-8, then GB18030 and the rest by statistics."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tabular.csv_lines import RISKY
from tabular.errors import TableError

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_TAIL = 1 << 16
_JUNK = b"\x1a\0"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one strict pass over a text file tells.

    Attributes:
        encoding: Python's name of the codec that decodes every byte.
        lines: lines in the whole file.
        guarded: some place looks like a cell that was neutralised against formula injection (`'=…`).
    """

    encoding: str
    lines: int
    guarded: bool


class Text(io.FileIO):
    """A file's bytes without what some programs put behind a text: the old mark of its end (0x1A), a block's zeros."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        size = self.seek(0, io.SEEK_END)
        self.seek(max(0, size - _TAIL))
        tail = self.read(_TAIL) or b""
        self.seek(0)
        # In UTF-16 and UTF-32 zeros are halves of characters.
        wide = b"\0" in (self.read(_TAIL) or b"")[: max(0, size - len(tail)) or len(tail.rstrip(_JUNK))]
        self.seek(0)
        self.end = size if wide else size - len(tail) + len(tail.rstrip(_JUNK))

    def readinto(self, buffer: Any) -> int | None:
        """As any file, up to the text's end."""
        return super().readinto(memoryview(buffer)[: max(0, self.end - self.tell())])


def verify(path: Path, encoding: str, called: str | None = None) -> Decoded:
    """Decode the whole file strictly; `called` is the name of the encoding that a person knows.

    Raises:
        TableError: `unknown_encoding`; `wrong_encoding` with the 1-based `byte` and `line` of the first misfit.
    """
    called = called or encoding
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError:
        raise TableError("unknown_encoding", file=path.name, encoding=called) from None
    lines, read, guarded, open_line = 0, 0, False, False
    with io.BufferedReader(Text(path)) as file:
        while True:
            chunk = file.read(_CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                lines += bytes(error.object[: error.start]).count(b"\n")
                byte = read - pending + error.start + 1
                raise TableError("wrong_encoding", file=path.name, encoding=called, byte=byte, line=lines + 1) from None
            except UnicodeError:  # a UTF-16 stream without its mark
                raise TableError("wrong_encoding", file=path.name, encoding=called, byte=1, line=1) from None
            if not chunk:
                return Decoded(encoding, lines + open_line, guarded)
            read += len(chunk)
            lines += text.count("\n")
            open_line = text[-1:] != "\n" if text else open_line
            guarded = guarded or ("'" in text and _is_guarded(text))


def _is_guarded(text: str) -> bool:
    """Whether an apostrophe stands before what a spreadsheet would run, or at the end: what follows is not known."""
    return any(behind[:1] in RISKY for behind in islice(text.split("'"), 1, None)) or text.endswith("'")


def detect(path: Path) -> Decoded:
    """Find the encoding in which the whole file decodes.

    Raises:
        TableError: `not_a_workbook` for binary content.
    """
    with io.BufferedReader(Text(path)) as file:
        sample = file.read(_SAMPLE)
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return verify(path, encoding)
    wide = _utf16_without_mark(sample)
    if wide:
        return verify(path, wide)
    if b"\0" in sample:
        raise TableError("not_a_workbook", file=path.name)
    try:
        return verify(path, "utf-8")
    except TableError as error:
        misfit = int(error.values["byte"]) - 1
    # The first misfit may lie far behind a plain ASCII start: judge by the text around it.
    with io.BufferedReader(Text(path)) as file:
        file.seek(max(0, misfit - 256))
        sample = file.read(_SAMPLE)
    for encoding in _ranked(sample):
        try:
            return verify(path, encoding)
        except TableError:
            continue
    raise TableError("not_a_workbook", file=path.name)


def _utf16_without_mark(sample: bytes) -> str | None:
    head = sample[:4096]
    if len(head) < 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 8 and even == 0:
        return "utf-16-le"
    if even > len(head) // 8 and odd == 0:
        return "utf-16-be"
    return None


def _ranked(sample: bytes) -> list[str]:
    """Encodings that may fit, the likeliest first."""
    scores = {"gb18030": _gb_score(sample), "big5": _big5_score(sample), "cp1252": _latin_score(sample)}
    # GB18030 wins ties: it is what a Chinese Excel saves.
    ranked = sorted(scores, key=lambda name: -scores[name])
    if max(scores.values()) < 0.5:
        import charset_normalizer

        best = charset_normalizer.from_bytes(sample).best()
        if best is not None and best.encoding not in ranked:
            ranked.insert(0, best.encoding)
    return [*ranked, "latin-1"] if ranked[0] == "cp1252" else ranked


def _pairs(sample: bytes) -> list[tuple[int, int]]:
    """The two-byte characters, read as a double-byte text would be from the first high byte on."""
    pairs, i, end = [], 0, min(len(sample), 1 << 16) - 1
    while i < end:
        if sample[i] >= 0x81:
            pairs.append((sample[i], sample[i + 1]))
            i += 2
        else:
            i += 1
    return pairs


def _gb_score(sample: bytes) -> float:
    """Share of the double-byte characters that are common in simplified Chinese (level 1 and punctuation)."""
    pairs = _pairs(sample)
    good = sum(1 for a, b in pairs if b >= 0xA1 and (0xB0 <= a <= 0xD7 or a in (0xA1, 0xA3)))
    return good / len(pairs) if pairs else 0.0


def _big5_score(sample: bytes) -> float:
    """Share of the double-byte characters that are common in traditional Chinese (level 1 and punctuation)."""
    pairs = _pairs(sample)
    good = sum(1 for a, b in pairs if 0xA1 <= a <= 0xC6 and (0x40 <= b <= 0x7E or 0xA1 <= b <= 0xFE))
    # Simplified text also falls into these ranges for the most part; only the low second bytes tell them apart.
    low = sum(1 for _, b in pairs if 0x40 <= b <= 0x7E)
    return (good / len(pairs)) * min(1.0, 5 * low / len(pairs)) if pairs else 0.0


def _latin_score(sample: bytes) -> float:
    """Share of the high bytes that are letters standing between ASCII letters, as accents in Western names do."""
    high = [i for i, b in enumerate(sample[: 1 << 16]) if b >= 0x80]
    if not high:
        return 0.0
    good = 0
    for i in high:
        before, after = sample[i - 1 : i], sample[i + 1 : i + 2]
        alone = (not before or before[0] < 0x80) and (not after or after[0] < 0x80)
        letter = sample[i] >= 0xC0 or sample[i] in (0x8A, 0x8E, 0x92, 0x96, 0x9A, 0x9E, 0x80, 0xA0, 0xB0)
        good += alone and letter and (before.isalpha() or after.isalpha() or not before.strip())
    return good / len(high)
