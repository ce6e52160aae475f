"""The editor of when a schedule is due: the forms that people use, and cron for all others."""

from __future__ import annotations

from PySide6.QtCore import QTime, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QStackedWidget,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.schedules.words import UNITS, WEEKDAYS, When

FORMS = (
    ("interval", QT_TRANSLATE_NOOP("When", "At intervals")),
    ("hourly", QT_TRANSLATE_NOOP("When", "Every hour")),
    ("daily", QT_TRANSLATE_NOOP("When", "Every day")),
    ("weekly", QT_TRANSLATE_NOOP("When", "Every week")),
    ("monthly", QT_TRANSLATE_NOOP("When", "Every month")),
    ("cron", QT_TRANSLATE_NOOP("When", "By a cron expression")),
)


class WhenEditor(QWidget):
    """Edits a `When`.

    Signals:
        changed: it may be another one now.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("whenEditor")
        self._form = QComboBox()
        self._form.setObjectName("formBox")
        self._form.setAccessibleName(translate("When", "When"))
        for name, words in FORMS:
            self._form.addItem(translate("When", words), name)
        self._stack = QStackedWidget()
        for make in (self._interval, self._hourly, self._daily, self._weekly, self._monthly, self._cron):
            self._stack.addWidget(make())
        self._words = QLabel()
        self._words.setObjectName("whenWords")
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(True)
        self._stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._form)
        column.addWidget(self._stack)
        column.addWidget(self._words)
        self._form.currentIndexChanged.connect(self._stack.setCurrentIndex)
        self._form.currentIndexChanged.connect(lambda _: self._touched())
        self.setFocusProxy(self._form)
        self.set_value(When("daily"))

    # ------------------------------------------------------------ parts

    def _interval(self) -> QWidget:
        self._number = _spin(1, 99_999, translate("When", "Interval"))
        self._unit = QComboBox()
        self._unit.setObjectName("unitBox")
        self._unit.setAccessibleName(translate("When", "Unit"))
        for size, unit in reversed(UNITS):
            self._unit.addItem(translate("When", unit), size)
        self._number.valueChanged.connect(lambda _: self._touched())
        self._unit.currentIndexChanged.connect(lambda _: self._touched())
        return _row(self._number, self._unit)

    def _hourly(self) -> QWidget:
        self._minute = _spin(0, 59, translate("When", "Minute"))
        self._minute.valueChanged.connect(lambda _: self._touched())
        return _row(QLabel(translate("When", "at minute")), self._minute)

    def _daily(self) -> QWidget:
        self._daily_time = self._time()
        return _row(QLabel(translate("When", "at")), self._daily_time)

    def _weekly(self) -> QWidget:
        self._days = [
            QCheckBox(translate("When", day)[: 3 if _latin(translate("When", day)) else 2]) for day in WEEKDAYS
        ]
        for box, day in zip(self._days, WEEKDAYS, strict=True):
            box.setAccessibleName(translate("When", day))
            box.setToolTip(translate("When", day))
            box.toggled.connect(lambda _: self._touched())
        self._weekly_time = self._time()
        return _row(*self._days, QLabel(translate("When", "at")), self._weekly_time)

    def _monthly(self) -> QWidget:
        self._day = _spin(1, 31, translate("When", "Day of the month"))
        self._day.valueChanged.connect(lambda _: self._touched())
        self._monthly_time = self._time()
        return _row(
            QLabel(translate("When", "on day")), self._day, QLabel(translate("When", "at")), self._monthly_time
        )  # fmt: skip

    def _cron(self) -> QWidget:
        self._expression = QLineEdit()
        self._expression.setObjectName("cronField")
        self._expression.setMaxLength(100)
        self._expression.setAccessibleName(translate("When", "Cron expression"))
        self._expression.setPlaceholderText(translate("When", "minute hour day month weekday, e.g. 30 8 * * 1-5"))
        self._expression.textChanged.connect(lambda _: self._touched())
        holder = QWidget()
        inside = QHBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._expression)
        return holder

    def _time(self) -> QTimeEdit:
        edit = QTimeEdit(QTime(8, 0))
        edit.setDisplayFormat("HH:mm")
        edit.setAccessibleName(translate("When", "Time of day"))
        edit.timeChanged.connect(lambda _: self._touched())
        return edit

    # ------------------------------------------------------------ its value

    def value(self) -> When:
        """What is chosen; days of a week may be none, a cron expression empty."""
        form = str(self._form.currentData())
        time = {"weekly": self._weekly_time, "monthly": self._monthly_time}.get(form, self._daily_time).time()
        return When(
            form,
            seconds=self._number.value() * int(self._unit.currentData()),
            minute=self._minute.value() if form == "hourly" else time.minute(),
            hour=time.hour(),
            days=tuple(day for day, box in enumerate(self._days) if box.isChecked()),
            day=self._day.value(),
            cron=self._expression.text(),
        )

    def set_value(self, when: When) -> None:
        """Show `when`; changing the form offers it in the other forms as far as they can say it."""
        size = next(size for size, _ in UNITS if when.seconds % size == 0)
        self._unit.setCurrentIndex(self._unit.findData(size))
        self._number.setValue(when.seconds // size)
        self._minute.setValue(when.minute)
        for edit in (self._daily_time, self._weekly_time, self._monthly_time):
            edit.setTime(QTime(when.hour, when.minute))
        for day, box in enumerate(self._days):
            box.setChecked(day in when.days)
        self._day.setValue(when.day)
        self._expression.setText(when.cron or When("daily").expression())
        self._form.setCurrentIndex(self._form.findData(when.form))
        self._touched()

    def _touched(self) -> None:
        when = self.value()
        words = when.words()
        if when.form == "monthly" and when.day > 28:
            words += " " + translate("When", "(months without that day are left out)")
        if when.form == "weekly" and not when.days:
            words = translate("When", "Choose a day at least.")
        self._words.setText(words)
        self.changed.emit()


def _spin(low: int, high: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setAccessibleName(name)
    return box


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    inside = QHBoxLayout(holder)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.setSpacing(6)
    for widget in widgets:
        inside.addWidget(widget)
    inside.addStretch(1)
    return holder


def _latin(text: str) -> bool:
    return text.isascii()
