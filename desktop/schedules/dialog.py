"""The dialog in which a schedule is made or changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimeZone
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop import problems
from desktop.client import models
from desktop.client.errors import Missing, Problem
from desktop.client.schedule_models import Schedule
from desktop.language import translate
from desktop.parts.notice import Notice
from desktop.schedules.desk import ScheduleDesk, conflict
from desktop.schedules.when import WhenEditor
from desktop.schedules.words import CATCH_UP, read
from desktop.submit.form import ParamsForm
from desktop.submit.picking import offer_picking

DEFAULT_ZONE = "Asia/Shanghai"
_PRIORITIES = ("high", "normal", "low")


class ScheduleDialog(QDialog):
    """Edits a schedule; saved is only what the server took.

    Args:
        desk: saves it.
        kinds: that may be scheduled.
        schedule: to be changed; None: a new one is made.
    """

    def __init__(
        self, desk: ScheduleDesk, kinds: list[models.Kind], schedule: Schedule | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("scheduleDialog")
        self.setWindowTitle(
            translate("Schedules", "Change schedule") if schedule else translate("Schedules", "New schedule")
        )
        self.resize(620, 620)
        self._desk = desk
        self._kinds = {kind.kind: kind for kind in kinds}
        self._schedule = schedule
        self._form = ParamsForm({})
        self._error = Notice("scheduleError", error=True)
        self._theirs = QPushButton(translate("Schedules", "Show what holds now"))
        self._theirs.setObjectName("theirsButton")
        self._theirs.clicked.connect(self._show_theirs)
        self._theirs.hide()
        self._latest: Schedule | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        column.setSpacing(10)
        column.addWidget(self._error)
        column.addWidget(self._theirs, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._make_body(), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self._save.setObjectName("saveButton")
        self._save.setProperty("primary", True)
        buttons.accepted.connect(self.save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        if schedule:
            self._show(schedule)
        else:
            self._kind_chosen()

    def _make_body(self) -> QWidget:
        inner = QWidget()
        form = QFormLayout(inner)
        form.setContentsMargins(0, 0, 8, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.kind = QComboBox()
        self.kind.setObjectName("kindBox")
        for kind in self._kinds.values():
            self.kind.addItem(kind.title, kind.kind)
        self.title = QLineEdit()
        self.title.setObjectName("titleField")
        self.title.setMaxLength(300)
        self.when = WhenEditor()
        self.zone = QComboBox()
        self.zone.setObjectName("zoneBox")
        self.zone.setEditable(True)
        self.zone.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.zone.addItems(_zones())
        completer = QCompleter(_zones(), self.zone)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.zone.setCompleter(completer)
        self.zone.setCurrentText(DEFAULT_ZONE)
        self.catch_up = QComboBox()
        self.catch_up.setObjectName("catchUpBox")
        for name, words in CATCH_UP.items():
            self.catch_up.addItem(translate("When", words), name)
        self.catch_up.setToolTip(
            translate("Schedules", "What becomes of due times that passed while the system was not running")
        )
        self.priority = QComboBox()
        self.priority.setObjectName("priorityBox")
        for name, words in zip(
            _PRIORITIES,
            (translate("Schedules", "High"), translate("Schedules", "Normal"), translate("Schedules", "Low")),
            strict=True,
        ):
            self.priority.addItem(words, name)
        self.priority.setCurrentIndex(_PRIORITIES.index("normal"))
        self.enabled = QCheckBox(translate("Schedules", "It is on"))
        self.enabled.setObjectName("enabledBox")
        self.enabled.setChecked(True)
        self._wrong: dict[str, QLabel] = {}
        for label, field, name in (
            (translate("Schedules", "Kind"), self.kind, "kind"),
            (translate("Schedules", "Title"), self.title, "title"),
            (translate("Schedules", "When"), self.when, "when"),
            (translate("Schedules", "Time zone"), self.zone, "timezone"),
            (translate("Schedules", "Missed times"), self.catch_up, "catch_up"),
            (translate("Schedules", "Priority"), self.priority, "priority"),
            ("", self.enabled, "enabled"),
        ):
            form.addRow(_labelled(label, field), self._with_error(field, name))
        self._params = QVBoxLayout()
        self._params_title = QLabel(translate("Schedules", "What the jobs do"))
        self._params_title.setProperty("role", "section")
        form.addRow(self._params_title)
        form.addRow(self._params)
        self.kind.currentIndexChanged.connect(lambda _: self._kind_chosen())
        self.when.changed.connect(self._time_changed)
        self._time_changed()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        return scroll

    def _with_error(self, field: QWidget, name: str) -> QWidget:
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        inside.addWidget(field)
        words = QLabel()
        words.setObjectName(f"wrong-{name}")
        words.setProperty("role", "error")
        words.setWordWrap(True)
        words.hide()
        inside.addWidget(words)
        self._wrong[name] = words
        return holder

    # ------------------------------------------------------------ showing

    def _show(self, schedule: Schedule) -> None:
        self._schedule = schedule
        if self.kind.findData(schedule.kind) < 0:  # a kind that is gone: shown, and another one can be chosen
            self.kind.addItem(schedule.kind_title or schedule.kind, schedule.kind)
        self.kind.setCurrentIndex(self.kind.findData(schedule.kind))
        self.title.setText(schedule.own_title or "")
        self.when.set_value(read(schedule.cron, schedule.interval_seconds))
        self.zone.setCurrentText(schedule.timezone)
        self.catch_up.setCurrentIndex(max(self.catch_up.findData(schedule.catch_up), 0))
        self.priority.setCurrentIndex(max(self.priority.findData(schedule.priority), 0))
        self.enabled.setChecked(schedule.enabled)
        self._kind_chosen()
        self._form.set_values(schedule.params)
        if schedule.broken:
            self._error.tell(schedule.broken.message)
            self._mark(schedule.broken.errors)

    def _kind_chosen(self) -> None:
        kind = self._kinds.get(str(self.kind.currentData()))
        self._form.hide()
        self._params.removeWidget(self._form)
        self._form.deleteLater()
        self._form = ParamsForm(kind.params_schema if kind else {})
        offer_picking(self._desk.controller, self._form)
        self._params.addWidget(self._form)
        self._params_title.setVisible(not self._form.empty)
        self._form.setVisible(not self._form.empty)
        self.title.setPlaceholderText(kind.title if kind else "")

    def _time_changed(self) -> None:
        by_clock = self.when.value().form != "interval"
        self.zone.setEnabled(by_clock)
        self.zone.setToolTip("" if by_clock else translate("Schedules", "An interval is the same in every time zone."))

    # ------------------------------------------------------------ saving

    def body(self) -> dict[str, Any] | None:
        """What is sent to the server; None when something is not filled in, which is then shown."""
        when = self.when.value()
        for label in self._wrong.values():
            label.hide()
        params = self._form.values()
        if when.form == "weekly" and not when.days:
            self._tell_wrong("when", translate("When", "Choose a day at least."))
            return None
        if params is None:
            return None
        body: dict[str, Any] = {
            "kind": self.kind.currentData(),
            "params": params,
            "title": self.title.text().strip() or None,
            "timezone": self.zone.currentText().strip(),
            "catch_up": self.catch_up.currentData(),
            "priority": self.priority.currentData(),
            "enabled": self.enabled.isChecked(),
        }
        if when.form == "interval":
            body["interval_seconds"] = when.seconds
        else:
            body["cron"] = when.expression()
        return body

    def save(self) -> None:
        """Have the server take it; the dialog closes when it did."""
        body = self.body()
        if body is None:
            return
        self._save.setEnabled(False)
        self._desk.save(self._schedule, body, lambda _: self.accept(), self._failed)

    def _failed(self, error: BaseException) -> None:
        self._save.setEnabled(True)
        self._error.tell(problems.words(error))
        if isinstance(error, Problem):
            self._mark(error.errors)
        if self._schedule and conflict(error) and not isinstance(error, Missing):
            self._desk.read(self._schedule.id, self._changed_by_another, self._failed)

    def _changed_by_another(self, latest: Schedule) -> None:
        """What was entered stays; saved again, it takes the place of what holds now."""
        self._schedule = self._latest = latest
        self._error.tell(
            translate(
                "Schedules",
                "Somebody has changed this schedule meanwhile. Save again to put what stands here in its place, "
                "or look at what holds now.",
            )
        )
        self._theirs.show()

    def _show_theirs(self) -> None:
        if self._latest:
            self._theirs.hide()
            self._error.tell("")
            self._show(self._latest)

    def _mark(self, errors: list[dict[str, Any]]) -> None:
        """Put the server's words at the fields that they are about."""
        params: dict[str, str] = {}
        for error in errors:
            field, words = str(error.get("field") or ""), str(error.get("message") or "")
            if field.startswith("params."):
                params[field.split(".")[1]] = words
            else:
                self._tell_wrong({"cron": "when", "interval_seconds": "when"}.get(field, field), words)
        if params:
            self._form.show_errors(params)

    def _tell_wrong(self, name: str, words: str) -> None:
        if name in self._wrong:
            self._wrong[name].setText(words)
            self._wrong[name].show()


def _labelled(text: str, field: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(field)
    label.setMinimumWidth(90)
    field.setAccessibleName(text or field.accessibleName())
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setContentsMargins(0, 4, 0, 0)
    return label


def _zones() -> list[str]:
    """The names that a person may look for: places, without the old and technical ones."""
    names = (bytes(name.data()).decode() for name in QTimeZone.availableTimeZoneIds())
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return sorted({name for name in names if name.startswith(regions)} | {"UTC", DEFAULT_ZONE})
