"""The line at the bottom: how the connection stands, honestly, with the age of what is shown."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop import theme
from desktop.connection import ConnectionState
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.elided import ElidedLabel

_COLORS = {"online": "succeeded", "offline": "failed", "connecting": "pending", "signed_out": "cancelled"}


class _Dot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.color = ""
        self.setFixedSize(QSize(10, 10))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(QColor(getattr(theme.current(), self.color or "cancelled")))
        painter.drawEllipse(1, 1, 8, 8)
        painter.end()


class StatusLine(QWidget):
    """Shows the connection's state; its age goes on every second."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self._controller = controller
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(8)
        self._dot = _Dot()
        self._text = QLabel()
        self._text.setObjectName("connectionText")
        self._reason = ElidedLabel()
        self._reason.setObjectName("connectionReason")
        self._reason.setProperty("role", "muted")
        self._who = QLabel()
        self._who.setObjectName("connectionUser")
        self._who.setProperty("role", "muted")
        row.addWidget(self._dot)
        row.addWidget(self._text)
        row.addWidget(self._reason, 1)
        row.addWidget(self._who)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        controller.connection_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        state: ConnectionState = self._controller.connection
        text = state.text(time.time())
        if text != self._text.text():
            self._text.setText(text)
        self._reason.set_full_text(state.reason if state.kind == "offline" else "")
        color = _COLORS[state.kind]
        if color != self._dot.color:
            self._dot.color = color
            self._dot.update()
        who = state.server
        if state.user:
            who = translate("StatusLine", "{user} at {server}").format(user=state.user, server=state.server)
        if who != self._who.text():
            self._who.setText(who)
