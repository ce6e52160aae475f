"""Choosing several values from those that there are: employees, customers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

from desktop import formats, problems
from desktop.client.errors import SignInNeeded
from desktop.client.value_models import Values
from desktop.controller import Controller
from desktop.language import translate
from desktop.submit.form import ParamsForm
from desktop.submit.inputs import ListEditor

_KEY = "pick"
_Value = Qt.ItemDataRole.UserRole


class PickDialog(QDialog):
    """A list to tick, with a line to find something in it; what is ticked goes into the editor.

    Values that stand in the editor but are not in the list stay in it.

    Args:
        controller: asks the server.
        editor: of the list.

    Signals:
        filled: there is something to choose from now.
    """

    filled = Signal()

    def __init__(self, controller: Controller, editor: ListEditor) -> None:
        super().__init__(editor.window())
        self.setObjectName("pickDialog")
        self.setWindowTitle(editor.spec.title)
        self.resize(380, 460)
        self._controller = controller
        self._editor = editor
        self.search = QLineEdit()
        self.search.setObjectName("findField")
        self.search.setPlaceholderText(translate("Form", "Find"))
        self.search.setAccessibleName(translate("Form", "Find"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.list = QListWidget()
        self.list.setObjectName("pickList")
        self.list.setAccessibleName(editor.spec.title)
        self.list.setUniformItemSizes(True)
        self._words = QLabel(translate("Form", "Reading…"))
        self._words.setObjectName("pickWords")
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._take)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (self.search, self.list, self._words, buttons):
            column.addWidget(widget)
        self.finished.connect(lambda _: controller.operations.cancel(_KEY))
        self.finished.connect(self.deleteLater)
        self._ask()

    def _ask(self) -> None:
        client, source = self._controller.client, self._editor.spec.pick
        if client is None or source is None:
            self._words.setText(problems.words(SignInNeeded()))
            return
        self._controller.operations.start(
            _KEY, lambda _: client.values(*source), self._fill, lambda error: self._words.setText(problems.words(error))
        )

    def _fill(self, found: Values) -> None:
        chosen = {str(value) for value in self._editor.value() or ()}
        for one in found.values:
            item = QListWidgetItem(f"{one.value}  {one.label}" if one.label else str(one.value), self.list)
            item.setData(_Value, str(one.value))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if str(one.value) in chosen else Qt.CheckState.Unchecked)
        words = "" if found.values else translate("Form", "There is nothing to choose from yet.")
        if found.more:
            words = translate("Form", "Only the first {count} are listed; others can be typed in.").format(
                count=formats.count(len(found.values))
            )
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self.filled.emit()

    def _search(self, text: str) -> None:
        wanted = text.casefold().split()
        for place in range(self.list.count()):
            item = self.list.item(place)
            item.setHidden(not all(word in item.text().casefold() for word in wanted))

    def _take(self) -> None:
        items = [self.list.item(place) for place in range(self.list.count())]
        listed = {item.data(_Value) for item in items}
        others = [value for value in self._editor.value() or () if value not in listed]
        ticked = [item.data(_Value) for item in items if item.checkState() == Qt.CheckState.Checked]
        self._editor.set_value(others + ticked)
        self.accept()


def offer_picking(controller: Controller, form: ParamsForm) -> None:
    """Let the values of lists be chosen from those that there are, where the schema says which."""
    form.pick_wanted.connect(lambda editor: PickDialog(controller, editor).open())
