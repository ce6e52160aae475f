"""The editors of a form's fields. Each gives and takes the JSON value of its parameter."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from PySide6.QtCore import QDate, QDateTime, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDateTimeEdit,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.submit.fields import FieldSpec

_DATE = "yyyy-MM-dd"


class NotFilled(ValueError):
    """What stands in an editor is no value of its parameter; the message says why."""


class Editor(QWidget):
    """Base: a widget for one field.

    Signals:
        changed: its value may be another one now.
    """

    changed = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.setObjectName(f"field-{spec.name}")
        self.box = QHBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)

    def put(self, widget: QWidget) -> None:
        """Take `widget` in as the place of input."""
        widget.setAccessibleName(self.spec.title)
        widget.setObjectName(f"input-{self.spec.name}")
        if self.spec.description:
            widget.setToolTip(self.spec.description)
        self.box.addWidget(widget)
        self.setFocusProxy(widget)

    def value(self) -> Any:
        """The JSON value; None for nothing.

        Raises:
            NotFilled: with words for the user.
        """
        raise AssertionError

    def set_value(self, value: Any) -> None:
        """Show a JSON value; None shows nothing."""
        raise AssertionError


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


class LongTextEditor(Editor):
    """Several lines of text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._edit = QPlainTextEdit()
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(72)
        self.put(self._edit)
        self._edit.textChanged.connect(self.changed)

    def value(self) -> Any:
        text = self._edit.toPlainText()
        return None if not text and self.spec.nullable else text

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText("" if value is None else str(value))


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


class BoolEditor(Editor):
    """A box to tick; its title stands beside it."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._box = QCheckBox(spec.title)
        self.put(self._box)
        self.box.addStretch(1)
        self._box.toggled.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        self._box.setChecked(bool(value))


class ChoiceEditor(Editor):
    """One of some values."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._combo = QComboBox()
        if spec.nullable:
            self._combo.addItem(translate("Form", "(automatic)"), None)
        for value, words in spec.options:
            self._combo.addItem(words, value)
        self.put(self._combo)
        self._combo.currentIndexChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        return self._combo.currentData()

    def set_value(self, value: Any) -> None:
        place = self._combo.findData(value)
        self._combo.setCurrentIndex(max(place, 0))


class SuggestingEditor(Editor):
    """A text with suggestions (sheets, encodings, delimiters); empty: found automatically."""

    def __init__(self, spec: FieldSpec, options: list[tuple[str, str]]) -> None:
        super().__init__(spec)
        self._combo = QComboBox()
        self._combo.setEditable(True)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.put(self._combo)
        self.offer(options)
        self._combo.currentTextChanged.connect(lambda _: self.changed.emit())
        edit = self._combo.lineEdit()
        if edit:
            edit.setPlaceholderText(translate("Form", "automatic"))

    def offer(self, options: list[tuple[str, str]]) -> None:
        """Suggest other values; what is chosen stays."""
        before = self.value()
        self._combo.blockSignals(True)
        self._combo.clear()
        self._combo.addItem("", None)
        for value, words in options:
            self._combo.addItem(words, value)
        self.set_value(before)
        self._combo.blockSignals(False)

    def value(self) -> Any:
        text = self._combo.currentText()
        if not text:
            return None
        place = self._combo.findText(text)
        return self._combo.itemData(place) if place >= 0 else text

    def set_value(self, value: Any) -> None:
        place = self._combo.findData(value)
        if value is None or place >= 0:
            self._combo.setCurrentIndex(max(place, 0))
        else:
            self._combo.setEditText(str(value))


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


class ChoicesEditor(Editor):
    """Several of a list; none means what the schema says about nothing (mostly all)."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._list = QListWidget()
        self._list.setFixedHeight(min(132, 20 * len(spec.options) + 8))
        for value, words in spec.options:
            item = QListWidgetItem(words, self._list)
            item.setData(Qt.ItemDataRole.UserRole, value)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
        self.put(self._list)
        self._list.itemChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        items = [self._list.item(place) for place in range(self._list.count())]
        chosen = [i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked]
        return chosen or (None if self.spec.nullable else [])

    def set_value(self, value: Any) -> None:
        chosen = set(value or ())
        for place in range(self._list.count()):
            item = self._list.item(place)
            on = item.data(Qt.ItemDataRole.UserRole) in chosen
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


class ListEditor(Editor):
    """A value a line."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._edit = QPlainTextEdit()
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(translate("Form", "one a line"))
        self._edit.setFixedHeight(72)
        self.put(self._edit)
        self._edit.textChanged.connect(self.changed)

    def value(self) -> Any:
        lines = [line.strip() for line in self._edit.toPlainText().splitlines() if line.strip()]
        return lines or (None if self.spec.nullable else [])

    def set_value(self, value: Any) -> None:
        self._edit.setPlainText("\n".join(str(item) for item in value or ()))


class JsonEditor(Editor):
    """Anything else, as JSON."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._edit = QPlainTextEdit()
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText("{ }")
        self._edit.setFixedHeight(72)
        self.put(self._edit)
        self._edit.textChanged.connect(self.changed)

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


class MapEditor(Editor):
    """Names with values, a line each: `name = value`; of a map of maps `name: from = to`."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._lines: list[tuple[QComboBox | QLineEdit, QLineEdit | None, QLineEdit, QWidget]] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self.box.addLayout(self._column)
        self._add()

    def _add(self, key: str = "", source: str = "", value: str = "") -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        name: QComboBox | QLineEdit
        if self.spec.keys:
            name = QComboBox()
            name.addItem("–", "")
            for data, words in self.spec.keys:
                name.addItem(words, data)
            name.setCurrentIndex(max(name.findData(key), 0))
            name.currentIndexChanged.connect(lambda _: self._touched())
        else:
            name = QLineEdit(key)
            name.textChanged.connect(lambda _: self._touched())
        name.setAccessibleName(self.spec.title)
        row.addWidget(name, 3)
        origin = None
        if self.spec.value_map:
            origin = QLineEdit(source)
            origin.setPlaceholderText(translate("Form", "value in the file"))
            origin.textChanged.connect(lambda _: self._touched())
            row.addWidget(origin, 3)
        edit = QLineEdit(value)
        edit.setPlaceholderText(translate("Form", "value instead") if origin else translate("Form", "value"))
        edit.textChanged.connect(lambda _: self._touched())
        row.addWidget(edit, 3)
        self._lines.append((name, origin, edit, holder))
        self._column.addWidget(holder)

    @staticmethod
    def _name(widget: QComboBox | QLineEdit) -> str:
        return str(widget.currentData() or "") if isinstance(widget, QComboBox) else widget.text().strip()

    def _touched(self) -> None:
        # One empty line is always there to write in.
        if self._name(self._lines[-1][0]):
            self._add()
        self.changed.emit()

    def value(self) -> Any:
        result: dict[str, Any] = {}
        for name, origin, edit, _ in self._lines:
            key = self._name(name)
            if not key:
                continue
            if origin is None:
                result[key] = edit.text()
            elif origin.text():
                result.setdefault(key, {})[origin.text()] = edit.text()
        return result or (None if self.spec.nullable else {})

    def set_value(self, value: Any) -> None:
        for *_, holder in self._lines:
            self._column.removeWidget(holder)
            holder.setParent(None)
            holder.deleteLater()
        self._lines = []
        for key, inner in (value or {}).items():
            if isinstance(inner, dict):
                for source, target in inner.items():
                    self._add(key, str(source), "" if target is None else str(target))
            else:
                self._add(key, value="" if inner is None else str(inner))
        self._add()


_CONDITIONS = (
    ("eq", QT_TRANSLATE_NOOP("Form", "is")),
    ("contains", QT_TRANSLATE_NOOP("Form", "contains")),
    ("from", QT_TRANSLATE_NOOP("Form", "from")),
    ("to", QT_TRANSLATE_NOOP("Form", "up to")),
    ("empty", QT_TRANSLATE_NOOP("Form", "is empty")),
)


class FiltersEditor(Editor):
    """Conditions on fields, a line each: field, condition, value."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._lines: list[tuple[QComboBox, QComboBox, QLineEdit, QWidget]] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self.box.addLayout(self._column)
        self._add()

    def _add(self, name: str = "", condition: str = "eq", value: str = "") -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        field = QComboBox()
        field.setAccessibleName(self.spec.title)
        field.addItem("–", "")
        for data, words in self.spec.keys:
            field.addItem(words, data)
        field.setCurrentIndex(max(field.findData(name), 0))
        how = QComboBox()
        for data, words in _CONDITIONS:
            how.addItem(translate("Form", words), data)
        how.setCurrentIndex(max(how.findData(condition), 0))
        edit = QLineEdit(value)
        edit.setPlaceholderText(translate("Form", "value"))
        edit.setEnabled(condition != "empty")
        for widget, stretch in ((field, 4), (how, 3), (edit, 4)):
            row.addWidget(widget, stretch)
        field.currentIndexChanged.connect(lambda _: self._touched())
        how.currentIndexChanged.connect(lambda _: edit.setEnabled(how.currentData() != "empty"))
        how.currentIndexChanged.connect(lambda _: self._touched())
        edit.textChanged.connect(lambda _: self._touched())
        self._lines.append((field, how, edit, holder))
        self._column.addWidget(holder)

    def _touched(self) -> None:
        # One empty line is always there to write in.
        if self._lines[-1][0].currentData():
            self._add()
        self.changed.emit()

    def value(self) -> Any:
        result: dict[str, dict[str, Any]] = {}
        for field, how, edit, _ in self._lines:
            name, condition, text = field.currentData(), how.currentData(), edit.text().strip()
            if name and condition == "empty":
                result.setdefault(name, {})["eq"] = None
            elif name and text:
                result.setdefault(name, {})[condition] = text
        return result

    def set_value(self, value: Any) -> None:
        for *_, holder in self._lines:
            self._column.removeWidget(holder)
            holder.setParent(None)
            holder.deleteLater()
        self._lines = []
        for name, conditions in (value or {}).items():
            for condition, text in conditions.items():
                empty = condition == "eq" and text is None
                self._add(name, "empty" if empty else condition, "" if text is None else str(text))
        self._add()


_ENCODINGS = [
    ("utf-8", "UTF-8"), ("gb18030", "GB18030 / GBK"), ("big5", "Big5"), ("utf-16", "UTF-16"),
    ("windows-1252", "Windows-1252"),
]  # fmt: skip
_EDITORS: dict[str, type[Editor]] = {
    "text": TextEditor, "long_text": LongTextEditor, "integer": NumberEditor, "number": NumberEditor,
    "bool": BoolEditor, "choice": ChoiceEditor, "date": DateEditor, "datetime": DateEditor, "choices": ChoicesEditor,
    "list": ListEditor, "map": MapEditor, "filters": FiltersEditor, "json": JsonEditor,
}  # fmt: skip


def make_editor(spec: FieldSpec) -> Editor:
    """The editor that fits a field, showing its default."""
    editor: Editor
    if spec.widget == "sheet":
        editor = SuggestingEditor(spec, [])
    elif spec.widget == "encoding":
        editor = SuggestingEditor(spec, _ENCODINGS)
    elif spec.widget == "delimiter":
        editor = SuggestingEditor(
            spec,
            [
                (",", translate("Form", "Comma (,)")), (";", translate("Form", "Semicolon (;)")),
                ("\t", translate("Form", "Tab")), ("|", translate("Form", "Bar (|)")),
            ],
        )  # fmt: skip
    else:
        editor = _EDITORS[spec.sort](spec)
    with contextlib.suppress(TypeError, ValueError):  # a default that does not fit its own schema is left out
        editor.set_value(spec.default)
    return editor
