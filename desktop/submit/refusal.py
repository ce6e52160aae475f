"""What the server found wrong with a submission, sorted to the fields of its form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desktop.submit.form import ParamsForm


def field_of(error: dict[str, Any]) -> str:
    """`params.mode`, `mode` or `body.params.mode` → `mode`."""
    parts = [p for p in str(error.get("field") or "").replace("/", ".").split(".") if p not in ("", "body", "params")]
    return parts[0] if parts else ""


def words_of(error: dict[str, Any]) -> str:
    """What is wrong, in words."""
    return str(error.get("message") or error.get("detail") or error.get("code") or "")


def by_field(errors: Sequence[dict[str, Any]], form: ParamsForm) -> dict[str, str]:
    """The words of those errors that a field of the form has."""
    return {field_of(error): words_of(error) for error in errors if form.has(field_of(error))}


def in_words(summary: str, errors: Sequence[dict[str, Any]], placed: dict[str, str]) -> str:
    """The summary with the words of those errors that stand at no field."""
    others = [words_of(error) for error in errors if field_of(error) not in placed]
    return " ".join([summary, *(words for words in others if words and words not in summary)]).strip()
