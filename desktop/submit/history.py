"""Words about what happened to the very same file before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from desktop import formats
from desktop.details.counts import counts
from desktop.language import QT_TRANSLATE_NOOP, translate

_SHOWN = 4
_STATES = {
    "pending": QT_TRANSLATE_NOOP("History", "waits to be imported"),
    "running": QT_TRANSLATE_NOOP("History", "is being imported"),
    "failed": QT_TRANSLATE_NOOP("History", "failed"),
    "cancelled": QT_TRANSLATE_NOOP("History", "was cancelled"),
}


def counts_of(told: Mapping[str, Any]) -> str:
    """What an import did, e.g. `New 57, Rejected 3`; empty while nothing is known."""
    found = told.get("counts") or {}
    parts = [f"{part.title} {formats.count(part.number)}" for part in counts(found) if part.number]
    return translate("History", ", ").join(parts)


def line(told: Mapping[str, Any]) -> str:
    """One earlier import: when, by whom, with what result."""
    try:
        at = formats.moment(datetime.fromisoformat(str(told.get("at"))).timestamp())
    except ValueError:
        at = "?"
    who = told.get("by_name") or told.get("by") or "?"
    text = translate("History", "{time} by {name}").format(time=at, name=who)
    state = str(told.get("state") or "")
    facts = [translate("History", _STATES[state])] if state in _STATES else []
    if counts_of(told):
        facts.append(counts_of(told))
    if told.get("undone"):
        facts.append(translate("History", "taken back since"))
    return text + (translate("History", ": ") + translate("History", "; ").join(facts) if facts else "")


def worth_telling(imports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those imports that changed something or still may; one that failed at once is none to warn of."""
    return [
        told
        for told in imports
        if told.get("state") not in ("failed", "cancelled")
        or any((told.get("counts") or {}).get(name) for name in ("inserted", "updated"))
    ]


def announcement(name: str, imports: list[dict[str, Any]]) -> str:
    """Says that a file was imported before, with a line for each of the last times; empty when it was not."""
    if not imports:
        return ""
    first = translate("History", "“{name}” was imported before:").format(name=name)
    lines = [f"• {line(told)}" for told in imports[:_SHOWN]]
    if len(imports) > _SHOWN:
        lines.append("• …")
    return "\n".join([first, *lines])
