"""Editors of what is chosen: yes or no, one of some values, several of a list, a text with suggestions."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QListWidget, QListWidgetItem

from desktop.language import translate
from desktop.submit.editor import Editor
from desktop.submit.fields import FieldSpec


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
    """A text with suggestions (sheets, encodings, delimiters, earlier jobs).

    Args:
        options: `(value, words)`.
        hint: what it means that it is empty; by default that the value is found automatically.
    """

    def __init__(self, spec: FieldSpec, options: list[tuple[str, str]], hint: str | None = None) -> None:
        super().__init__(spec)
        self._combo = QComboBox()
        self._combo.setEditable(True)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.put(self._combo)
        self.offer(options)
        self._combo.currentTextChanged.connect(lambda _: self.changed.emit())
        edit = self._combo.lineEdit()
        if edit:
            edit.setPlaceholderText(translate("Form", "automatic") if hint is None else hint)

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


def encodings() -> list[tuple[str, str]]:
    """`(name, words)` of the encodings that texts of this country come in."""
    return [
        ("utf-8", "UTF-8"), ("gb18030", "GB18030 / GBK"), ("big5", "Big5"), ("utf-16", "UTF-16"),
        ("windows-1252", "Windows-1252"),
    ]  # fmt: skip


def delimiters() -> list[tuple[str, str]]:
    """`(sign, words)` of the signs that separate the values of a text."""
    return [
        (",", translate("Form", "Comma (,)")), (";", translate("Form", "Semicolon (;)")),
        ("\t", translate("Form", "Tab")), ("|", translate("Form", "Bar (|)")),
    ]  # fmt: skip
