"""What must be known of a sheet in an xlsx before its rows are read, but stands among or behind them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabular.header import Ranges
from tabular.merges import column_number
from tabular.unpack import unpacked

_CHUNK = 1 << 18
_MERGE = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})[\"']"
)
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


@dataclass(frozen=True, slots=True)
class Survey:
    """A sheet's merged cells, and whether it has formulas whose result was never stored."""

    merged: Ranges = ()
    uncalculated: bool = False


def survey(path: Path, part: str) -> Survey:
    """Go over the XML of a sheet.

    It is unpacked once and searched as bytes: a small share of the time that parsing it takes, in the memory of one
    chunk. Of a part that cannot be read nothing is known; reading its rows will tell.
    """
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = []
    uncalculated = False
    try:
        with zipfile.ZipFile(path) as archive:
            rest = b""
            for piece in unpacked(archive, part, _CHUNK):
                chunk = rest + piece
                # A tag or cell cut at the chunk's end is looked at with the next one.
                among = b"mergeCell" in chunk
                cut = chunk.rfind(b"</c>")
                if among:
                    cut = max(cut, chunk.rfind(b"<mergeCell"), chunk.rfind(b":mergeCell") - 8)
                rest = chunk[cut:] if cut >= 0 and len(chunk) - cut < 70_000 else b""
                if among:
                    merged += _merged(chunk[: len(chunk) - len(rest)])
                uncalculated = uncalculated or has_uncalculated(chunk)
            merged += _merged(rest)
    except Exception:
        # Whatever a damaged archive raises; whether the file can be read is decided by reading it.
        return Survey()
    return Survey(merged, uncalculated)


def has_uncalculated(chunk: bytes) -> bool:
    """Whether a piece of a sheet's XML has a formula without a stored result."""
    return b"f" in chunk and (b"<f" in chunk or b":f" in chunk) and _UNCALCULATED.search(chunk) is not None


def _merged(chunk: bytes) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    if b"mergeCell" in chunk:
        for left, top, right, bottom in _MERGE.findall(chunk):
            yield (int(top) - 1, _column(left)), (int(bottom) - 1, _column(right))


def _column(letters: bytes) -> int:
    return column_number(letters.decode()) - 1
