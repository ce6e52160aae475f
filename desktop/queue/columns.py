"""The columns of the queue table, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from desktop import formats
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.plurals import plurals
from desktop.queue.rows import JobRow

STATE_TEXTS = {
    "pending": QT_TRANSLATE_NOOP("State", "Waiting"),
    "running": QT_TRANSLATE_NOOP("State", "Running"),
    "succeeded": QT_TRANSLATE_NOOP("State", "Succeeded"),
    "failed": QT_TRANSLATE_NOOP("State", "Failed"),
    "cancelled": QT_TRANSLATE_NOOP("State", "Cancelled"),
    "outbox": QT_TRANSLATE_NOOP("State", "Not sent yet"),
    "sending": QT_TRANSLATE_NOOP("State", "Sending"),
    "refused": QT_TRANSLATE_NOOP("State", "Refused"),
    "cancelling": QT_TRANSLATE_NOOP("State", "Stopping"),
}
# The order in which a person wants to see them: what moves first, what is over last.
_STATE_ORDER = {
    name: place
    for place, name in enumerate(
        ("refused", "outbox", "sending", "running", "pending", "failed", "cancelled", "succeeded")
    )
}


def state_text(row: JobRow) -> str:
    """The row's state in words."""
    key = "cancelling" if row.cancel_requested and not row.ended else row.state
    return translate("State", STATE_TEXTS.get(key, key))


def progress_text(row: JobRow) -> str:
    """Percent and stage, as the progress bar shows them."""
    if row.state in ("running", "sending"):
        percent = f"{row.progress:.0f} %"
        return f"{percent}  {row.stage}" if row.stage else percent
    if row.error and not row.cancel_requested:
        return row.error
    if row.state == "succeeded":
        return result_text(row)
    return row.note


def result_text(row: JobRow) -> str:
    """The outcome of an import in one line; empty for others."""
    result = row.result or {}
    if "rejected" not in result:
        return row.note
    done = sum(int(result.get(name) or 0) for name in ("inserted", "updated", "unchanged", "skipped"))
    rejected = int(result.get("rejected") or 0)
    return plurals.rows_done(done) + (plurals.rejected(rejected) if rejected else "")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: stable, for saved header states and tests.
        title: the header, to be translated in the context `Columns`.
        width: in device-independent pixels.
        text: what a cell shows.
        key: what it is sorted by; equal keys are told apart by the id.
        fields: the fields of `JobRow` that it shows, so that only cells that changed are painted again.
        right: aligned to the right.
        tip: longer words on hovering, where `text` may be cut off.
    """

    name: str
    title: str
    width: int
    text: Callable[[JobRow], str]
    key: Callable[[JobRow], Any]
    fields: tuple[str, ...]
    right: bool = False
    tip: Callable[[JobRow], str] | None = None


def _last(value: float | int | None) -> tuple[bool, float]:
    """Unknown values go behind known ones."""
    return (value is None, value or 0)


_SHOWN = ("state", "progress", "stage", "cancel_requested", "error", "result", "note")

COLUMNS: tuple[Column, ...] = (
    Column(
        "title", QT_TRANSLATE_NOOP("Columns", "Title"), 204,
        lambda r: r.title, lambda r: r.title.casefold(), ("title",), tip=lambda r: r.title,
    ),
    Column(
        "kind", QT_TRANSLATE_NOOP("Columns", "Kind"), 134,
        lambda r: r.kind_title, lambda r: r.kind_title, ("kind_title",),
    ),
    Column(
        "state", QT_TRANSLATE_NOOP("Columns", "State"), 112,
        state_text, lambda r: _STATE_ORDER.get(r.state, 99), ("state", "cancel_requested", "note"),
        tip=lambda r: r.note or state_text(r),
    ),
    Column(
        "progress", QT_TRANSLATE_NOOP("Columns", "Progress"), 198,
        progress_text, lambda r: r.progress, _SHOWN, tip=progress_text,
    ),
    Column(
        "rows", QT_TRANSLATE_NOOP("Columns", "Rows"), 124,
        lambda r: formats.rows(r.rows_done, r.rows_total), lambda r: _last(r.rows_total or r.rows_done),
        ("rows_done", "rows_total"), right=True,
    ),
    Column(
        "rate", QT_TRANSLATE_NOOP("Columns", "Rate"), 104,
        lambda r: formats.rate(r.rate) if r.state == "running" else "", lambda r: r.rate or 0.0,
        ("rate", "state"), right=True,
    ),
    Column(
        "remaining", QT_TRANSLATE_NOOP("Columns", "Remaining"), 84,
        lambda r: formats.duration(r.eta) if r.state == "running" else "", lambda r: _last(r.eta),
        ("eta", "state"), right=True,
    ),
    Column(
        "submitted", QT_TRANSLATE_NOOP("Columns", "Submitted"), 96,
        lambda r: formats.moment(r.created), lambda r: r.created, ("created",),
    ),
    Column(
        "owner", QT_TRANSLATE_NOOP("Columns", "Owner"), 72,
        lambda r: r.owner, lambda r: r.owner.casefold(), ("owner",), tip=lambda r: r.owner,
    ),
)  # fmt: skip

BY_NAME = {column.name: place for place, column in enumerate(COLUMNS)}
