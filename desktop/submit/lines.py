"""Editors of several lines, each a name with what belongs to it; one empty line is always there to write in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.submit.editor import Editor
from desktop.submit.fields import FieldSpec

_CONDITIONS = (
    ("eq", QT_TRANSLATE_NOOP("Form", "is")),
    ("contains", QT_TRANSLATE_NOOP("Form", "contains")),
    ("from", QT_TRANSLATE_NOOP("Form", "from")),
    ("to", QT_TRANSLATE_NOOP("Form", "up to")),
    ("empty", QT_TRANSLATE_NOOP("Form", "is empty")),
)


def names_box(names: Sequence[tuple[str, str]], chosen: str) -> QComboBox:
    """A box of `(name, words)` with an empty first entry, whose data is ``""``."""
    box = QComboBox()
    box.addItem("–", "")
    for name, words in names:
        box.addItem(words, name)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    return box


class _Lines(Editor):
    """Base: its lines stand below each other."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self.box.addLayout(self._column)
        self._holders: list[QWidget] = []
        self._add()

    def _add(self) -> None:
        """Add an empty line."""
        raise AssertionError

    def _open(self) -> bool:
        """Whether the last line is still empty."""
        raise AssertionError

    def _show(self, value: dict[str, Any]) -> None:
        """Add the lines of a value."""
        raise AssertionError

    def _put(self, *cells: tuple[QWidget, int]) -> None:
        """Add a line of widgets with their shares of its width."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget, stretch in cells:
            row.addWidget(widget, stretch)
        cells[0][0].setAccessibleName(self.spec.title)
        self._holders.append(holder)
        self._column.addWidget(holder)

    def _touched(self) -> None:
        if not self._open():
            self._add()
        self.changed.emit()

    def set_value(self, value: Any) -> None:
        for holder in self._holders:
            self._column.removeWidget(holder)
            holder.setParent(None)
            holder.deleteLater()
        self._holders.clear()
        self._clear()
        self._show(value or {})
        self._add()

    def _clear(self) -> None:
        """Forget all lines."""
        raise AssertionError


class MapEditor(_Lines):
    """Names with values, a line each: `name = value`; of a map of maps `name: from = to`."""

    def __init__(self, spec: FieldSpec) -> None:
        self._lines: list[tuple[QComboBox | QLineEdit, QLineEdit | None, QLineEdit]] = []
        super().__init__(spec)

    def _add(self, key: str = "", source: str = "", value: str = "") -> None:
        name: QComboBox | QLineEdit
        if self.spec.keys:
            name = names_box(self.spec.keys, key)
            name.currentIndexChanged.connect(lambda _: self._touched())
        else:
            name = QLineEdit(key)
            name.textChanged.connect(lambda _: self._touched())
        origin = None
        if self.spec.value_map:
            origin = QLineEdit(source)
            origin.setPlaceholderText(translate("Form", "value in the file"))
            origin.textChanged.connect(lambda _: self._touched())
        edit = QLineEdit(value)
        edit.setPlaceholderText(translate("Form", "value instead") if origin else translate("Form", "value"))
        edit.textChanged.connect(lambda _: self._touched())
        self._lines.append((name, origin, edit))
        self._put(*((widget, 3) for widget in (name, origin, edit) if widget is not None))

    @staticmethod
    def _name(widget: QComboBox | QLineEdit) -> str:
        return str(widget.currentData() or "") if isinstance(widget, QComboBox) else widget.text().strip()

    def _open(self) -> bool:
        return not self._name(self._lines[-1][0])

    def _clear(self) -> None:
        self._lines.clear()

    def value(self) -> Any:
        result: dict[str, Any] = {}
        for name, origin, edit in self._lines:
            key = self._name(name)
            if not key:
                continue
            if origin is None:
                result[key] = edit.text()
            elif origin.text():
                result.setdefault(key, {})[origin.text()] = edit.text()
        return result or (None if self.spec.nullable else {})

    def _show(self, value: dict[str, Any]) -> None:
        for key, inner in value.items():
            if isinstance(inner, dict):
                for source, target in inner.items():
                    self._add(key, str(source), "" if target is None else str(target))
            else:
                self._add(key, value="" if inner is None else str(inner))


class FiltersEditor(_Lines):
    """Conditions on fields, a line each: field, condition, value."""

    def __init__(self, spec: FieldSpec) -> None:
        self._lines: list[tuple[QComboBox, QComboBox, QLineEdit]] = []
        super().__init__(spec)

    def _add(self, name: str = "", condition: str = "eq", value: str = "") -> None:
        field = names_box(self.spec.keys, name)
        how = QComboBox()
        for data, words in _CONDITIONS:
            how.addItem(translate("Form", words), data)
        how.setCurrentIndex(max(how.findData(condition), 0))
        edit = QLineEdit(value)
        edit.setPlaceholderText(translate("Form", "value"))
        edit.setEnabled(condition != "empty")
        field.currentIndexChanged.connect(lambda _: self._touched())
        how.currentIndexChanged.connect(lambda _: edit.setEnabled(how.currentData() != "empty"))
        how.currentIndexChanged.connect(lambda _: self._touched())
        edit.textChanged.connect(lambda _: self._touched())
        self._lines.append((field, how, edit))
        self._put((field, 4), (how, 3), (edit, 4))

    def _open(self) -> bool:
        return not self._lines[-1][0].currentData()

    def _clear(self) -> None:
        self._lines.clear()

    def value(self) -> Any:
        result: dict[str, dict[str, Any]] = {}
        for field, how, edit in self._lines:
            name, condition, text = field.currentData(), how.currentData(), edit.text().strip()
            if name and condition == "empty":
                result.setdefault(name, {})["eq"] = None
            elif name and text:
                result.setdefault(name, {})[condition] = text
        return result

    def _show(self, value: dict[str, Any]) -> None:
        for name, conditions in value.items():
            for condition, text in conditions.items():
                empty = condition == "eq" and text is None
                self._add(name, "empty" if empty else condition, "" if text is None else str(text))
