"""What an import did, in words; the numbers add up to the rows of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from desktop import formats
from desktop.language import QT_TRANSLATE_NOOP, translate

# In the order in which they are told; the colour is the name of one of `theme.Colors`.
_NAMES = (
    ("inserted", QT_TRANSLATE_NOOP("Counts", "New"), "succeeded"),
    ("updated", QT_TRANSLATE_NOOP("Counts", "Updated"), "running"),
    ("unchanged", QT_TRANSLATE_NOOP("Counts", "Unchanged"), "muted"),
    ("skipped", QT_TRANSLATE_NOOP("Counts", "Skipped"), "muted"),
    ("rejected", QT_TRANSLATE_NOOP("Counts", "Rejected"), "failed"),
)


@dataclass(frozen=True, slots=True)
class Count:
    """One number with its name and the name of its colour."""

    name: str
    title: str
    number: int
    color: str


def counts(result: Mapping[str, Any] | None) -> list[Count]:
    """The counts of an import's result; empty for results of other kinds."""
    if not result or not isinstance(result.get("rejected"), int):
        return []
    return [Count(name, translate("Counts", title), int(result.get(name) or 0), color) for name, title, color in _NAMES]


def summary(result: Mapping[str, Any] | None) -> str:
    """How the counts add up, in one line."""
    parts = counts(result)
    if not parts or result is None:
        return ""
    total = sum(part.number for part in parts)
    rows = result.get("rows")
    sum_text = " + ".join(formats.count(part.number) for part in parts if part.number) or "0"
    text = translate("Counts", "{sum} = {total} rows of the file").format(sum=sum_text, total=formats.count(total))
    if isinstance(rows, int) and rows != total:
        text += translate("Counts", " (the file has {rows} rows)").format(rows=formats.count(rows))
    if result.get("dry_run"):
        text = translate("Counts", "Trial run, nothing was changed") + " · " + text
    return text


def facts(result: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Plain values of another kind's result as name and text."""
    if not result or counts(result):
        return []
    names = {
        "rows": translate("Counts", "Rows"),
        "file": translate("Counts", "File"),
        "message": translate("Counts", "Message"),
        "sum": translate("Counts", "Sum"),
    }
    found = []
    for name, value in result.items():
        if isinstance(value, bool) or value is None or isinstance(value, list | dict):
            continue
        text = formats.count(value) if isinstance(value, int) else str(value)
        found.append((names.get(name, name.replace("_", " ")), text))
    return found
