"""Column names compared as people mean them: without case, width, spaces, punctuation and bracketed units."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tabular.cells import column_letter
from tabular.texts import catalogue

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[{<【〔（［〈《][^)\]}>】〕）］〉》]*[)\]}>】〕）］〉》]")
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=20_000)
def words(header: str) -> tuple[str, ...]:
    """A header's words: `customerID（新）*` -> `("customer", "id")`; Chinese runs stay one word."""
    text = unicodedata.normalize("NFKC", header)
    bare = _BRACKETS.sub(" ", text)
    if not _NOT_WORD.sub("", bare):
        bare = text  # all of it stands in brackets: that is the name
    return tuple(w for w in _NOT_WORD.split(_CAMEL.sub(" ", bare).casefold()) if w)


def compact(header: str) -> str:
    """A header's words run together: what two spellings of the same name have in common."""
    return "".join(words(header))


@lru_cache(maxsize=1)
def added_columns() -> frozenset[str]:
    """Compact names of the columns that an error workbook adds, in every language: never data."""
    codes = ("source_row", "problem_columns", "problem_reasons")
    return frozenset(compact(t) for code in codes for t in catalogue()[code].values())


def is_added(headers: Sequence[str], column: int) -> bool:
    """Whether `column` is one that an error workbook added: these stand first and together."""
    return column < 3 and len(headers) > 3 and all(compact(h) in added_columns() for h in headers[:3])


def reference(headers: Sequence[str], column: int) -> str:
    """By which name a mapping speaks of a column: its header; its letter (`C`) where it has none, or where a column
    further left has the same.
    """
    name = compact(headers[column])
    repeated = any(compact(h) == name for h in headers[:column])
    return headers[column] if headers[column] and not repeated else column_letter(column)


def fingerprint(headers: Iterable[str]) -> str:
    """A stable name (32 hex digits) for the shape of a header: the same for any order of the columns, any case and
    width, and for the error workbook made from it.
    """
    listed = list(headers)
    names = sorted(n for i, h in enumerate(listed) if not is_added(listed, i) and (n := compact(h)))
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()[:32]
