"""What can be done with jobs, as data: menus, buttons and shortcuts are all made from this list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop.language import QT_TRANSLATE_NOOP
from desktop.mending import MENDABLE
from desktop.queue.rows import OUTBOX_STATES, JobRow


@dataclass(frozen=True, slots=True)
class JobAction:
    """One thing to do with the selected jobs.

    Attributes:
        name: stable; the window's method that does it is `do_<name>`.
        title: words in the context `Actions`.
        icon: name of an icon.
        fits: whether it can be done with one row.
        single: it can be done with one job at a time only.
        shortcut: key in the queue table.
        starts_section: a line stands above it in menus.
        button: it has a button in the details pane.
    """

    name: str
    title: str
    icon: str
    fits: Callable[[JobRow], bool]
    single: bool = False
    shortcut: str = ""
    starts_section: bool = False
    button: bool = False

    def chosen(self, rows: Sequence[JobRow]) -> list[JobRow]:
        """Those of the selected rows that it can be done with."""
        if self.single and len(rows) != 1:
            return []
        return [row for row in rows if self.fits(row)]


def result_files(row: JobRow) -> list[str]:
    """Ids of the files that a job brought forth."""
    return [file.id for file in row.files if file.role != "upload"]


ACTIONS: tuple[JobAction, ...] = (
    JobAction(
        "details", QT_TRANSLATE_NOOP("Actions", "Show details"), "info", lambda r: True, single=True, shortcut="Return"
    ),
    JobAction(
        "download", QT_TRANSLATE_NOOP("Actions", "Download results"), "download", lambda r: bool(result_files(r)),
        starts_section=True,
    ),
    JobAction(
        "open", QT_TRANSLATE_NOOP("Actions", "Open result"), "open", lambda r: bool(result_files(r)), single=True,
    ),
    JobAction(
        "folder", QT_TRANSLATE_NOOP("Actions", "Show in folder"), "folder", lambda r: bool(result_files(r)),
        single=True,
    ),
    JobAction(
        "cancel", QT_TRANSLATE_NOOP("Actions", "Cancel"), "stop",
        lambda r: r.state in ("pending", "running") and not r.cancel_requested, starts_section=True, button=True,
    ),
    JobAction(
        "mend", QT_TRANSLATE_NOOP("Actions", "Choose columns…"), "edit",
        lambda r: r.state == "failed" and r.error_code in MENDABLE, single=True, button=True,
    ),
    JobAction(
        "retry", QT_TRANSLATE_NOOP("Actions", "Try again"), "retry", lambda r: r.state in ("failed", "cancelled"),
        button=True,
    ),
    JobAction(
        "undo", QT_TRANSLATE_NOOP("Actions", "Take back…"), "undo", lambda r: r.can_undo, single=True, button=True,
    ),
    JobAction(
        "correct", QT_TRANSLATE_NOOP("Actions", "Correct and send again…"), "edit",
        lambda r: r.state == "refused", single=True, button=True,
    ),
    JobAction(
        "delete", QT_TRANSLATE_NOOP("Actions", "Delete"), "delete",
        lambda r: r.ended or r.state in OUTBOX_STATES - {"sending"}, shortcut="Del", button=True,
    ),
    JobAction(
        "copy_id", QT_TRANSLATE_NOOP("Actions", "Copy id"), "copy", lambda r: True, single=True, starts_section=True,
        shortcut="Ctrl+C",
    ),
)  # fmt: skip

BY_NAME = {action.name: action for action in ACTIONS}
