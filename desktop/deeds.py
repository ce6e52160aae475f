"""What is done with jobs: the deeds behind `queue.actions`, from menu, key or button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from desktop import icons
from desktop.client import models
from desktop.controller import Controller
from desktop.details.undo import undo_question
from desktop.language import translate
from desktop.plurals import plurals
from desktop.queue.actions import ACTIONS, BY_NAME
from desktop.queue.rows import OUTBOX_STATES, JobRow
from desktop.queue.table import QueueTable
from desktop.submissions import Submissions

_ASK_BEFORE = 1  # deleting more jobs than this at once is asked about


class Deeds(QObject):
    """Does what is asked for with the jobs that are selected in the queue table.

    Signals:
        details_wanted: a `JobRow` whose details are to be shown.
    """

    details_wanted = Signal(object)

    def __init__(self, controller: Controller, table: QueueTable, submissions: Submissions, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._table = table
        self._submissions = submissions
        self._window = window
        for item in ACTIONS:
            if item.shortcut and item.name != "details":
                action = QAction(translate("Actions", item.title), table)
                action.setShortcut(QKeySequence(item.shortcut))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.triggered.connect(lambda _=False, name=item.name: self.do(name))
                table.addAction(action)

    def do(self, name: str) -> None:
        """Do an action of `queue.actions` with the selected jobs."""
        rows = BY_NAME[name].chosen(self._table.selected())
        if rows:
            getattr(self, f"do_{name}")(rows)

    def menu(self) -> QMenu:
        """The context menu for the selected jobs."""
        rows = self._table.selected()
        menu = QMenu(self._window)
        menu.setObjectName("jobMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for item in ACTIONS:
            if not rows or not item.chosen(rows):
                continue
            if item.starts_section and menu.actions():
                menu.addSeparator()
            action = menu.addAction(icons.icon(item.icon), translate("Actions", item.title))
            action.setObjectName(f"{item.name}MenuAction")
            if item.shortcut:
                action.setShortcut(QKeySequence(item.shortcut))
            action.triggered.connect(lambda _=False, name=item.name: self.do(name))
        return menu

    def do_details(self, rows: Sequence[JobRow]) -> None:
        """Show the details pane."""
        self.details_wanted.emit(rows[0])

    def do_cancel(self, rows: Sequence[JobRow]) -> None:
        """Ask jobs to stop."""
        self._controller.orders.cancel([row.id for row in rows])

    def do_retry(self, rows: Sequence[JobRow]) -> None:
        """Run jobs again."""
        self._controller.orders.retry([row.id for row in rows])

    def do_undo(self, rows: Sequence[JobRow]) -> None:
        """Say what taking an import back would do; do it when that is confirmed."""
        row = rows[0]
        self._controller.orders.preview_undo(row.id, lambda told: self._ask_undo(row, told))

    def _ask_undo(self, row: JobRow, told: models.UndoPreview) -> None:
        undo_question(self._window, row.title, told, lambda: self._controller.orders.undo(row.id))

    def do_correct(self, rows: Sequence[JobRow]) -> None:
        """Open a refused submission again."""
        self._submissions.correct(rows[0].id)

    def do_mend(self, rows: Sequence[JobRow]) -> None:
        """Open a failed job's file again, so that it can be read or mapped in another way."""
        self._submissions.mend(rows[0])

    def do_delete(self, rows: Sequence[JobRow]) -> None:
        """Delete ended jobs and entries of the outbox; asked about when there are several, or something unsent."""
        unsent = [row.id for row in rows if row.state in OUTBOX_STATES]
        jobs = [row.id for row in rows if row.state not in OUTBOX_STATES]
        if len(rows) > _ASK_BEFORE or unsent:
            box = QMessageBox(self._window)
            box.setObjectName("deleteQuestion")
            box.setIcon(QMessageBox.Icon.NoIcon)
            box.setWindowTitle(translate("MainWindow", "Delete"))
            box.setText(plurals.delete(len(rows)))
            if unsent:
                box.setInformativeText(plurals.unsent(len(unsent)))
            delete = box.addButton(translate("MainWindow", "Delete"), QMessageBox.ButtonRole.DestructiveRole)
            box.addButton(QMessageBox.StandardButton.Cancel)
            box.buttonClicked.connect(lambda button: self._delete(jobs, unsent) if button is delete else None)
            box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            box.open()
            return
        self._delete(jobs, unsent)

    def _delete(self, jobs: list[str], unsent: list[str]) -> None:
        self._controller.orders.delete(jobs)
        if unsent:
            self._controller.outgoing.remove(unsent)

    def do_download(self, rows: Sequence[JobRow]) -> None:
        """Fetch all result files."""
        for row in rows:
            for file in row.files:
                if file.role != "upload":
                    self._controller.transfers.fetch(file)

    def do_open(self, rows: Sequence[JobRow]) -> None:
        """Fetch the first result file and open it."""
        self._controller.transfers.fetch(_first_result(rows[0]), "open")

    def do_folder(self, rows: Sequence[JobRow]) -> None:
        """Fetch the first result file and show it in its folder."""
        self._controller.transfers.fetch(_first_result(rows[0]), "folder")

    def do_copy_id(self, rows: Sequence[JobRow]) -> None:
        """Put the job's id on the clipboard."""
        QGuiApplication.clipboard().setText(rows[0].id)


def _first_result(row: JobRow) -> models.JobFile:
    return next(file for file in row.files if file.role != "upload")
