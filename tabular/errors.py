"""How this room says no about a whole file; a bad row is a `tabular.checker.Problem` instead."""

from __future__ import annotations

from typing import Any


class TableError(Exception):
    """A file, or a mapping for it, cannot be used, for a reason that a person can act on.

    Attributes:
        code: stable snake_case name of the reason; its words are in `tabular/texts.toml`.
        values: what the words need; JSON values only.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __reduce__(self) -> tuple[Any, ...]:
        # The error crosses the pipe between runner and slot; keyword values do not survive the default pickling.
        return _rebuild, (self.code, self.values)


def _rebuild(code: str, values: dict[str, Any]) -> TableError:
    return TableError(code, **values)
