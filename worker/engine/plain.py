"""Plain JSON: what the database can keep and every reader can take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

_HOLES = {0: "�"} | dict.fromkeys(range(0xD800, 0xE000), "�")


def plain(value: Any) -> Any:
    """`value` made of JSON's types only.

    What a kind returns or an error quotes may hold anything that stood in a cell; the outcome of a job must be kept
    all the same. NUL characters and half surrogates, which PostgreSQL refuses, become U+FFFD; NaN and infinity become
    None; decimals, dates and unknown things become text.
    """
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value)
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case str():
            return plain_text(value)
        case Mapping():
            return {plain_text(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | PurePath():
            return str(value)
        case _:
            return plain_text(str(value))


def plain_text(value: str) -> str:
    """`value` without NUL characters and half surrogates."""
    return value.translate(_HOLES)


def is_shallow(value: Any, levels: int = 64) -> bool:
    """False when containers lie in one another deeper than `levels`: what reads or writes JSON by recursion gives up
    somewhere beyond."""
    layer = [value]
    for _ in range(levels + 1):
        containers = [one for one in layer if isinstance(one, Mapping | list | tuple)]
        if not containers:
            return True
        layer = [item for one in containers for item in (one.values() if isinstance(one, Mapping) else one)]
    return False


def is_plain(value: Any) -> bool:
    """True when `plain` would change nothing but the types of containers: what a person sent can be kept as it is."""
    match value:
        case None | bool() | int():
            return True
        case float():
            return math.isfinite(value)
        case str():
            return value == plain_text(value)
        case Mapping():
            return all(isinstance(key, str) and is_plain(key) and is_plain(item) for key, item in value.items())
        case list() | tuple():
            return all(is_plain(item) for item in value)
        case _:
            return False
