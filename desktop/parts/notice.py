"""A framed line that says something, e.g. what is wrong; out of sight while there is nothing to say."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget


class Notice(QFrame):
    """Shows words.

    Args:
        name: object name of the label with the words.
        error: they say what is wrong; else what is worth knowing.
    """

    def __init__(self, name: str, *, error: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorBox" if error else "noteBox")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        self._words = QLabel(self)
        self._words.setObjectName(name)
        if error:
            self._words.setProperty("role", "error")
        self._words.setTextFormat(Qt.TextFormat.PlainText)  # names of files stand in it
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._words)
        self.hide()

    def tell(self, words: str) -> None:
        """Show these words; nothing when they are empty."""
        if words != self._words.text():
            self._words.setText(words)
        self.setVisible(bool(words))
