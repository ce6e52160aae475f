"""The schedules: which there are, when they are due, what came of them. For admins."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from desktop import icons
from desktop.client import models
from desktop.client.schedule_models import Schedule
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.away import AwayNote
from desktop.parts.notice import Notice
from desktop.parts.records import RecordModel, RecordTable
from desktop.schedules.columns import COLUMNS, reason
from desktop.schedules.desk import ScheduleDesk
from desktop.schedules.dialog import ScheduleDialog

REFRESH_MS = 5000


class SchedulesPage(QWidget):
    """A table and what can be done with the schedule that has the focus; asks again only while it can be seen.

    Attributes:
        model, table: the schedules.

    Signals:
        job_wanted: id of the last job of a schedule.
        told: words about what was done.
    """

    job_wanted = Signal(str)
    told = Signal(str)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("schedulesPage")
        self._controller = controller
        self.desk = ScheduleDesk(controller, self)
        self.model = RecordModel("Schedules", COLUMNS, lambda s: s.id, self)
        self.table = RecordTable("scheduleTable", translate("Schedules", "Schedules"), self.model, "state")
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._error = Notice("schedulesError", error=True)
        self._broken = Notice("brokenReason", error=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(8)
        column.addLayout(self._make_head())
        column.addWidget(AwayNote(controller))
        column.addWidget(self._error)
        column.addWidget(self.table, 1)
        column.addWidget(self._broken)
        self.desk.told.connect(self._show)
        self.desk.failed.connect(self._error.tell)
        self.desk.started.connect(self._started)
        self.table.current_changed.connect(self._offer)
        self.table.activated_record.connect(lambda _: self.edit())
        delete = QAction(translate("Schedules", "Delete"), self.table)
        delete.setShortcut(QKeySequence("Del"))
        delete.triggered.connect(self.delete)
        self.table.addAction(delete)
        controller.connection_changed.connect(self._connection)
        self._offer(None)

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        title = QLabel(translate("Schedules", "Schedules"))
        title.setProperty("role", "heading")
        head.addWidget(title)
        head.addStretch(1)
        self._buttons: dict[str, QPushButton] = {}
        for name, words, icon, do in (
            ("new", translate("Schedules", "New…"), "add", self.add),
            ("edit", translate("Schedules", "Change…"), "edit", self.edit),
            ("switch", translate("Schedules", "Turn off"), "pause", self.switch),
            ("run", translate("Schedules", "Run now"), "play", self.run),
            ("job", translate("Schedules", "Show last job"), "info", self.show_job),
            ("delete", translate("Schedules", "Delete…"), "delete", self.delete),
        ):
            button = QPushButton(words)
            button.setObjectName(f"{name}ScheduleButton")
            icons.put(button, icon)
            button.clicked.connect(lambda _=False, do=do: do())
            self._buttons[name] = button
            head.addWidget(button)
        return head

    # ------------------------------------------------------------ asking and showing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.refresh()
        self.table.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def refresh(self) -> None:
        """Ask again, unless nobody can see it."""
        if self.isVisible() and not self.window().isMinimized():
            self.desk.ask()

    def _connection(self) -> None:
        if self.isVisible() and self._controller.online and not self.model.rowCount():
            self.refresh()

    def _show(self, schedules: list[Schedule]) -> None:
        self.model.show(schedules)
        if not self.table.currentIndex().isValid() and schedules:
            self.table.setCurrentIndex(self.model.index(0, 0))
        self._offer(self.table.current())

    def _offer(self, schedule: Schedule | None) -> None:
        for name, button in self._buttons.items():
            button.setEnabled(schedule is not None or name == "new")
        if schedule is None:
            self._broken.tell("")
            return
        switch = self._buttons["switch"]
        switch.setText(translate("Schedules", "Turn off") if schedule.enabled else translate("Schedules", "Turn on"))
        wanted = "pause" if schedule.enabled else "succeeded"
        if switch.property("iconName") != wanted:
            icons.put(switch, wanted)
        self._buttons["run"].setEnabled(schedule.broken is None)
        self._buttons["job"].setEnabled(bool(schedule.last_state))
        self._broken.tell(
            translate("Schedules", "“{title}” makes no jobs: {reason}").format(
                title=schedule.title, reason=reason(schedule)
            )
            if schedule.broken
            else ""
        )

    # ------------------------------------------------------------ what can be done

    def add(self) -> ScheduleDialog:
        """Open the dialog for a new schedule."""
        return self._open(None)

    def edit(self) -> ScheduleDialog | None:
        """Open the dialog for the schedule that has the focus."""
        schedule = self.table.current()
        return self._open(schedule) if schedule is not None else None

    def switch(self) -> None:
        """Turn it on or off."""
        schedule: Schedule | None = self.table.current()
        if schedule is not None:
            self._error.tell("")
            self.desk.switch(schedule, not schedule.enabled)

    def run(self) -> None:
        """Make a job of it now."""
        schedule = self.table.current()
        if schedule is not None:
            self._error.tell("")
            self.desk.run(schedule)

    def show_job(self) -> None:
        """Show its last job."""
        schedule = self.table.current()
        if schedule is not None and schedule.last_job_id:
            self.job_wanted.emit(schedule.last_job_id)

    def delete(self) -> QMessageBox | None:
        """Ask, then delete it."""
        schedule: Schedule | None = self.table.current()
        if schedule is None:
            return None
        box = QMessageBox(self)
        box.setObjectName("deleteScheduleQuestion")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(translate("Schedules", "Delete"))
        box.setText(translate("Schedules", "Delete the schedule “{title}”?").format(title=schedule.title))
        box.setInformativeText(translate("Schedules", "Jobs that it has made stay in the list."))
        delete = box.addButton(translate("Schedules", "Delete"), QMessageBox.ButtonRole.DestructiveRole)
        delete.setObjectName("confirmDeleteButton")
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.buttonClicked.connect(lambda button: self._delete(schedule) if button is delete else None)
        box.finished.connect(box.deleteLater)
        box.open()
        return box

    def _delete(self, schedule: Schedule) -> None:
        self._error.tell("")
        self.desk.delete(schedule)

    def _open(self, schedule: Schedule | None) -> ScheduleDialog:
        kinds = [kind for kind in self._controller.catalogue.offered_kinds() if not kind.uploads.minimum]
        dialog = ScheduleDialog(self.desk, kinds, schedule, self)
        icons.follow_theme(dialog)
        self._error.tell("")
        dialog.accepted.connect(self.desk.ask)
        dialog.rejected.connect(self.desk.ask)  # somebody else may have changed it
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _started(self, job: models.Job, schedule: Schedule) -> None:
        self.told.emit(translate("Schedules", "“{title}” runs now, beside its due times.").format(title=schedule.title))
