"""What a cell of any file can hold, and which contents mean nothing or an error."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | Decimal | dt.date | dt.datetime | dt.time | dt.timedelta | None
"""A cell as read: an empty one is `""` (or `None`), an error one its text (`"#N/A"`)."""

EMPTY = frozenset({"", "NULL", "null", "Null", "(null)", "N/A", "n/a", "-", "--", "—", "——", "–", "－"})
"""Texts, already stripped, that stand for no value."""

ERRORS = frozenset({
    "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!",
    "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#PYTHON!", "#EXTERNAL!",
})  # fmt: skip
"""Error values of spreadsheets, as text."""


class Uncalculated(str):
    """The formula of a cell whose result was never stored in the file."""

    __slots__ = ()


class Unclosed(str):
    """A text behind a quotation mark that never closes, the mark included.

    Attributes:
        line: the 1-based line of the file in which it stands.
    """

    line: int

    def __new__(cls, text: str, line: int) -> Unclosed:
        """The text as it stands in `line`."""
        made = super().__new__(cls, text)
        made.line = line
        return made

    def __reduce__(self) -> tuple[type[Unclosed], tuple[str, int]]:
        return Unclosed, (str(self), self.line)


def is_blank(row: list[Cell]) -> bool:
    """Whether no cell of the row holds anything but white space."""
    return all(c is None or (isinstance(c, str) and not c.strip()) for c in row)


def column_letter(index: int) -> str:
    """Excel's name of the 0-based column: 0 -> A, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
