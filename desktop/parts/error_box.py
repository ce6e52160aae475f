"""A framed line that says what is wrong; out of sight while nothing is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget


class ErrorBox(QFrame):
    """Shows words of an error.

    Args:
        name: object name of the label with the words.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorBox")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        self._words = QLabel()
        self._words.setObjectName(name)
        self._words.setProperty("role", "error")
        self._words.setTextFormat(Qt.TextFormat.PlainText)  # names of files stand in it
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._words)
        self.hide()

    def tell(self, words: str) -> None:
        """Show these words; nothing when they are empty."""
        self._words.setText(words)
        self.setVisible(bool(words))
