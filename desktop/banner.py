"""A line above the queue table that says what came of the user's own last action; it never takes the focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from desktop import icons
from desktop.language import translate

_SHOWN_MS = 15_000


class Banner(QFrame):
    """Shows one message at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        self._text = QLabel()
        self._text.setObjectName("bannerText")
        self._text.setWordWrap(True)
        row.addWidget(self._text, 1)
        self._button = QPushButton()
        self._button.setObjectName("bannerButton")
        self._button.clicked.connect(self._do)
        row.addWidget(self._button)
        close = QToolButton()
        close.setObjectName("bannerClose")
        close.setToolTip(translate("Banner", "Close"))
        icons.put(close, "close")
        close.clicked.connect(self.hide)
        row.addWidget(close)
        self._action: Callable[[], object] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, or said last."""
        return self._text.text()

    def tell(
        self, text: str, *, error: bool = False, button: str = "", action: Callable[[], object] | None = None
    ) -> None:
        """Show a message; errors stay until they are closed."""
        self._text.setText(text)
        self._action = action
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self.setProperty("kind", "error" if error else "info")
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        if error:
            self._timer.stop()
        else:
            self._timer.start()

    def _do(self) -> None:
        self.hide()
        if self._action:
            self._action()
