"""The question before an import is taken back: what that would do, in numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop import formats
from desktop.client.models import UndoPreview
from desktop.language import translate
from desktop.plurals import plurals


def undo_question(parent: QWidget, title: str, told: UndoPreview, accepted: Callable[[], None]) -> QMessageBox:
    """Open the question, which does not hold up the window.

    Args:
        title: of the import.
        told: what taking it back would do.
        accepted: called when it is confirmed.
    """
    box = QMessageBox(parent)
    box.setObjectName("undoQuestion")
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setTextFormat(Qt.TextFormat.PlainText)  # a title is a file's name, and may look like HTML
    box.setWindowTitle(translate("Undo", "Take back"))
    box.setText(translate("Undo", "Take back the import “{title}”?").format(title=title))
    lines = [
        words(number)
        for words, number in (
            (plurals.undo_removed, told.removed),
            (plurals.undo_restored, told.restored),
            (plurals.undo_kept, told.kept),
        )
        if number
    ]
    if told.expires_at:
        until = formats.moment(told.expires_at.timestamp())
        lines.append(translate("Undo", "It can be taken back until {time}, once.").format(time=until))
    box.setInformativeText("\n".join(lines))
    yes = box.addButton(translate("Undo", "Take back"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.buttonClicked.connect(lambda button: accepted() if button is yes else None)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box
