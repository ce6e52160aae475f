"""The server's answers read as plain dataclasses.

Leniently: fields that a newer server adds are passed over, and what an older one lacks keeps its default, so that
desktop and server need not be updated on the same day.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from desktop.client.answers import items

T = TypeVar("T")


@cache
def _readers(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((f.name, hints[f.name]) for f in fields(kind) if f.init)


def _convert(hint: Any, value: Any) -> Any:
    """`value` as `hint` asks, or as it is; raises ValueError or TypeError when it cannot be."""
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(hint) if a is not type(None)]
        return _convert(inner[0], value) if len(inner) == 1 else value
    if origin is list:
        (item,) = get_args(hint)
        return [_convert(item, v) for v in value] if isinstance(value, list) else []
    if hint is datetime:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if is_dataclass(hint) and isinstance(hint, type):
        return parse(hint, value) if isinstance(value, dict) else None
    if hint is float:
        return float(value)
    if hint in (int, str):
        return hint(value)
    return value


def parse(kind: type[T], data: Any) -> T:
    """A `kind` from JSON values; a field that is absent, null or senseless keeps its default."""
    found: dict[str, Any] = {}
    if isinstance(data, dict):
        for name, hint in _readers(kind):  # type: ignore[arg-type]  # a class is hashable, which mypy doubts for type[T]
            if data.get(name) is None:
                continue
            try:
                value = _convert(hint, data[name])
            except (TypeError, ValueError):
                continue
            if value is not None:
                found[name] = value
    return kind(**found)


def parse_all(kind: type[T], answer: Any, name: str) -> list[T]:
    """All of a list that is called `name` in an answer; also of an answer that is the list itself."""
    return [parse(kind, one) for one in items(answer, name)]
