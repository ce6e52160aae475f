"""Editors of what is typed in: texts, numbers, dates, lists, JSON."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QDate, QDateTime, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QDateEdit, QDateTimeEdit, QLineEdit, QPlainTextEdit, QPushButton

from desktop.language import translate
from desktop.submit.editor import Editor, NotFilled
from desktop.submit.fields import FieldSpec

_DATE = "yyyy-MM-dd"


class TextEditor(Editor):
    """One line of text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._edit = QLineEdit()
        if spec.max_length:
            self._edit.setMaxLength(spec.max_length)
        self.put(self._edit)
        self._edit.textChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        text = self._edit.text()
        return None if not text and self.spec.nullable else text

    def set_value(self, value: Any) -> None:
        self._edit.setText("" if value is None else str(value))


class NumberEditor(Editor):
    """A number as text, so that it may be empty and as large as it likes."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._edit = QLineEdit()
        pattern = r"-?\d{1,18}" if spec.sort == "integer" else r"-?\d{0,18}([.]\d{0,9})?"
        self._edit.setValidator(QRegularExpressionValidator(QRegularExpression(pattern), self))
        self._edit.setMaximumWidth(180)
        self.put(self._edit)
        self.box.addStretch(1)
        self._edit.textChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        text = self._edit.text().strip()
        if not text:
            if self.spec.nullable or not self.spec.required:
                return None
            raise NotFilled(translate("Form", "Please fill this in."))
        try:
            number = int(text) if self.spec.sort == "integer" or text.lstrip("-").isdigit() else float(text)
        except ValueError as error:
            raise NotFilled(translate("Form", "This is no number.")) from error
        low, high = self.spec.minimum, self.spec.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            if low is not None and high is not None:
                raise NotFilled(translate("Form", "From {low} to {high}.").format(low=f"{low:,}", high=f"{high:,}"))
            if low is not None:
                raise NotFilled(translate("Form", "At least {low}.").format(low=f"{low:,}"))
            raise NotFilled(translate("Form", "At most {high}.").format(high=f"{high:,}"))
        return number

    def set_value(self, value: Any) -> None:
        self._edit.setText("" if value is None else f"{value:g}" if isinstance(value, float) else str(value))


class DateEditor(Editor):
    """A day, or a day with time; a box says whether there is one at all where it may be left out."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._time = spec.sort == "datetime"
        optional = spec.nullable or not spec.required
        self._given = QCheckBox()
        self._given.setAccessibleName(spec.title)
        self._edit: QDateTimeEdit = QDateTimeEdit() if self._time else QDateEdit()
        self._edit.setCalendarPopup(True)
        self._edit.setDisplayFormat("yyyy-MM-dd HH:mm" if self._time else _DATE)
        self._edit.setDateTime(QDateTime.currentDateTime())
        if optional:
            self.box.addWidget(self._given)
        self.put(self._edit)
        self.box.addStretch(1)
        self._given.setChecked(not optional)
        self._edit.setEnabled(not optional)
        self._given.toggled.connect(self._edit.setEnabled)
        self._given.toggled.connect(lambda _: self.changed.emit())
        self._edit.dateTimeChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        if not self._given.isChecked():
            return None
        if self._time:
            return self._edit.dateTime().toUTC().toString(Qt.DateFormat.ISODate)
        return self._edit.date().toString(_DATE)

    def set_value(self, value: Any) -> None:
        self._given.setChecked(bool(value) or not (self.spec.nullable or not self.spec.required))
        if value and self._time:
            self._edit.setDateTime(QDateTime.fromString(value, Qt.DateFormat.ISODate).toLocalTime())
        elif value:
            self._edit.setDate(QDate.fromString(value, _DATE))


class PlainTextEditor(Editor):
    """Base: several lines of text, read in a way of their own.

    Args:
        hint: stands in it while it is empty.
    """

    def __init__(self, spec: FieldSpec, hint: str = "") -> None:
        super().__init__(spec)
        self._edit = QPlainTextEdit()
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(hint)
        self._edit.setFixedHeight(72)
        self.put(self._edit)
        self._edit.textChanged.connect(self.changed)


class LongTextEditor(PlainTextEditor):
    """Several lines of text."""

    def value(self) -> Any:
        text = self._edit.toPlainText()
        return None if not text and self.spec.nullable else text

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText("" if value is None else str(value))


class ListEditor(PlainTextEditor):
    """A value a line; a button to choose from those that there are, where the schema says which.

    Signals:
        pick_wanted: the button was pressed.
    """

    pick_wanted = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec, translate("Form", "one a line"))
        if spec.pick:
            button = QPushButton(translate("Form", "Choose…"))
            button.setObjectName(f"pick-{spec.name}")
            button.setAccessibleName(f"{spec.title}: {button.text()}")
            button.clicked.connect(self.pick_wanted)
            self.box.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def value(self) -> Any:
        lines = [line.strip() for line in self._edit.toPlainText().splitlines() if line.strip()]
        return lines or (None if self.spec.nullable else [])

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText("\n".join(str(item) for item in value or ()))


class JsonEditor(PlainTextEditor):
    """Anything else, as JSON."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec, "{ }")

    def value(self) -> Any:
        text = self._edit.toPlainText().strip()
        if not text:
            return self.spec.default
        try:
            return json.loads(text)
        except ValueError as error:
            raise NotFilled(translate("Form", "This is no JSON.")) from error

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText("" if value in (None, {}, []) else json.dumps(value, ensure_ascii=False))
