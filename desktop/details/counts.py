"""What an import did, in words; the numbers add up to the rows of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desktop import formats, language
from desktop.language import QT_TRANSLATE_NOOP, pick, translate
from tabular.reasons import reason

# In the order in which they are told; the colour is the name of one of `theme.Colors`.
_NAMES = (
    ("inserted", QT_TRANSLATE_NOOP("Counts", "New"), "succeeded"),
    ("updated", QT_TRANSLATE_NOOP("Counts", "Updated"), "running"),
    ("unchanged", QT_TRANSLATE_NOOP("Counts", "Unchanged"), "muted"),
    ("skipped", QT_TRANSLATE_NOOP("Counts", "Skipped"), "muted"),
    ("rejected", QT_TRANSLATE_NOOP("Counts", "Rejected"), "failed"),
)


_SHOWN_REASONS = 12
_SHOWN_COLUMNS = 12
_LISTED = 5  # parts of a list that are shown


# Names of plain values; those that are not here are shown as the server calls them.
_FACTS = {
    "rows": QT_TRANSLATE_NOOP("Counts", "Rows"),
    "file": QT_TRANSLATE_NOOP("Counts", "File"),
    "message": QT_TRANSLATE_NOOP("Counts", "Message"),
    "sum": QT_TRANSLATE_NOOP("Counts", "Sum"),
    "format": QT_TRANSLATE_NOOP("Counts", "Format"),
    "seconds": QT_TRANSLATE_NOOP("Counts", "Seconds"),
    "removed": QT_TRANSLATE_NOOP("Counts", "Removed"),
    "restored": QT_TRANSLATE_NOOP("Counts", "Restored"),
    "kept": QT_TRANSLATE_NOOP("Counts", "Kept"),
    "job": QT_TRANSLATE_NOOP("Counts", "Job"),
    "name": QT_TRANSLATE_NOOP("Counts", "Note"),
}
# Of many counts only those that count something are shown.
_SILENT_AT_ZERO = frozenset(
    (
        "scanned", "encrypted", "broken", "unsupported", "stopped", "pages", "tables", "characters", "renamed",
        "changed", "missing", "added", "duplicates", "near_duplicates", "wrong_endings", "altered", "dates",
        "amounts", "phones", "emails", "id_numbers", "company_codes", "bank_cards", "companies", "people", "events",
        "keyword_hits",
    )
)  # fmt: skip


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


def reasons(result: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Why rows were rejected: number and words, the most frequent first."""
    found = (result or {}).get("reasons")
    if not isinstance(found, dict):
        return []
    ordered = sorted(((int(n), str(code)) for code, n in found.items()), reverse=True)
    return [(formats.count(n), reason(code, language.current())) for n, code in ordered[:_SHOWN_REASONS]]


def imported_before(result: Mapping[str, Any] | None) -> str:
    """Says that the same file was imported before, by whom and when; empty when it was not."""
    found = (result or {}).get("imported_before")
    if not isinstance(found, dict):
        return ""
    try:
        at = formats.moment(datetime.fromisoformat(str(found.get("at"))).timestamp())
    except ValueError:
        at = ""
    return translate("Counts", "The same file was imported before by {name}, {time}.").format(
        name=found.get("by") or "?", time=at
    )


def not_imported(result: Mapping[str, Any] | None) -> str:
    """Names the columns of the file that went nowhere; empty when all went in."""
    found = (result or {}).get("not_imported")
    if not isinstance(found, list) or not found:
        return ""
    names = translate("Counts", ", ").join(str(name) for name in found[:_SHOWN_COLUMNS])
    if len(found) > _SHOWN_COLUMNS:
        names += " …"
    return translate("Counts", "Columns that were not imported: {names}").format(names=names)


def facts(
    result: Mapping[str, Any] | None, titles: Mapping[str, dict[str, str]] | None = None
) -> list[tuple[str, str]]:
    """The values of another kind's result as name and text.

    Args:
        result: of a job.
        titles: what its kind calls them, by language; lists and groups are shown when they are named here.
    """
    if not result or counts(result):
        return []
    titles = titles or {}
    found = []
    # In the order in which the kind names them: the database keeps none.
    order = {name: place for place, name in enumerate(titles)}
    for name, value in sorted(result.items(), key=lambda item: order.get(item[0], len(order))):
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list | dict):
            if name not in titles:
                continue
            text = _several(value)
        elif isinstance(value, bool):
            if name not in _FACTS and name not in titles:
                continue
            text = translate("Counts", "yes") if value else translate("Counts", "NO")
        elif value == 0 and name in _SILENT_AT_ZERO:
            continue
        else:
            text = formats.count(value) if isinstance(value, int) else str(value)
        known = translate("Counts", _FACTS[name]) if name in _FACTS else name.replace("_", " ")
        found.append((pick(titles.get(name), known), text))
    return found


def _several(value: list[Any] | dict[str, Any]) -> str:
    """The first few of a list or group, and how many more there are."""
    if isinstance(value, dict):
        parts = [f"{name}: {one}" for name, one in value.items()]
    else:
        parts = [" – ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value]
    more = f" … (+{formats.count(len(parts) - _LISTED)})" if len(parts) > _LISTED else ""
    return "; ".join(parts[:_LISTED]) + more
