"""The bell in the top bar, with the number of unread notifications."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolButton, QWidget

from desktop import icons, theme
from desktop.language import translate
from desktop.notifications.inbox import Inbox
from desktop.plurals import plurals


class Bell(QToolButton):
    """Shows how many notifications are unread; 99 and more are `99+`."""

    def __init__(self, inbox: Inbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bellButton")
        self._inbox = inbox
        icons.put(self, "bell")
        inbox.changed.connect(self._tell)
        self._tell()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + 14, hint.height())  # room for the number beside the picture

    def badge(self) -> str:
        """What is painted on the bell; empty: nothing is unread."""
        unread = self._inbox.unread
        return "" if not unread else "99+" if unread > 99 else str(unread)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        text = self.badge()
        if not text:
            return
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(10)
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        width = max(painter.fontMetrics().horizontalAdvance(text) + 8, 15)
        area = QRectF(min(self.width() / 2 + 1, self.width() - width - 1), 2, width, 15)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.failed))
        painter.drawRoundedRect(area, 7.5, 7.5)
        painter.setPen(QColor(colors.base))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.end()

    def _tell(self) -> None:
        unread = self._inbox.unread
        words = plurals.unread(unread) if unread else translate("Notifications", "Notifications")
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()
