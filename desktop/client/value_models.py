"""What the server says of values to choose from; read leniently, as all of `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Value:
    """A value that may be chosen; `label` says who or what it is, where that is known."""

    value: Any = None
    label: Any = None


@dataclass(slots=True)
class Values:
    """Values to choose from, in order; `more`: there are others, which are left out."""

    values: list[Value] = field(default_factory=list)
    more: bool = False
