"""What several calls need to write a question and to read an answer."""

from __future__ import annotations

from typing import Any


def flag(value: bool | None) -> str | None:
    """A yes or no as a query says it; None: not said."""
    return None if value is None else str(value).lower()


def items(answer: Any, name: str) -> list[dict[str, Any]]:
    """The list in an answer that is either the list itself or an object with it."""
    if isinstance(answer, dict):
        answer = answer.get(name)
    return [item for item in answer if isinstance(item, dict)] if isinstance(answer, list) else []
