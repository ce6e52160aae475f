"""The forms in which accepted values can be given: as themselves, or as one who stores them takes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from tabular.schema import Field

Form = Literal["value", "plain", "text"]
"""`value`: `Decimal`, `date`, `bool` and so on. `plain`: decimals as floats, dates as ISO texts, booleans as 0 and 1
(as SQLite keeps them). `text`: all of it as texts that PostgreSQL reads. No value is `None` in each, a text itself."""


def shaper(f: Field, form: Form) -> Callable[[Any], Any] | None:
    """What turns a value of the field (never None) into the form; None: it is in it."""
    if form == "value" or f.type in ("text", "choice"):
        return None
    match f.type:
        case "date":
            return dt.date.isoformat
        case "decimal":
            return float if form == "plain" else _fixed
        case "boolean":
            return int if form == "plain" else _boolean
        case _:
            return None if form == "plain" else str


def _fixed(number: Decimal) -> str:
    return format(number, "f")


def _boolean(value: bool) -> str:
    return "true" if value else "false"
