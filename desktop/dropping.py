"""Files and folders that are dragged over a window and dropped on it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.language import translate


class Dropping(QObject):
    """Watches a window.

    Signals:
        dropped: `list[Path]`, of files and folders of this computer.
    """

    dropped = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._hint = _Hint(window)
        self._hint.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragLeave:
            self._hint.hide()
            return True
        if not isinstance(event, QDropEvent):  # a drag that enters is one, too
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.DragEnter and _paths(event):
            event.acceptProposedAction()
            self._hint.setGeometry(self._window.rect())
            self._hint.raise_()
            self._hint.show()
        elif event.type() == QEvent.Type.Drop:
            self._hint.hide()
            paths = _paths(event)
            if paths:
                event.acceptProposedAction()
                self.dropped.emit(paths)
        else:
            return super().eventFilter(watched, event)
        return True


def _paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


class _Hint(QWidget):
    """Lies over the window while something is dragged over it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colors.base)
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(colors.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(12, 12, -12, -12), 8, 8)
        font = painter.font()
        font.setPixelSize(20)
        painter.setFont(font)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, translate("DropHint", "Drop files or folders here"))
        painter.end()
