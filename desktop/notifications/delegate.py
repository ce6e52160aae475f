"""How a notification is painted: a dot while it is unread, its words in at most four lines, its time below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop import icons, theme
from desktop.client.notification_models import Notification
from desktop.notifications.model import when
from desktop.parts.records import RecordRole

_LINES = 4
_LEFT, _RIGHT, _ABOVE, _BETWEEN = 40, 28, 8, 3
_WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
LEVELS = {"error": ("failed", "failed"), "warning": ("info", "pending"), "info": ("info", "muted")}
"""Icon and colour of each level."""


class NotificationDelegate(QStyledItemDelegate):
    """Paints a `Notification`; a row is as high as its words need, four lines at most."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        shown: Notification = index.data(RecordRole)
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        metrics = QFontMetrics(_font(option, shown))
        height = _words(metrics, width, shown.message).height()
        return QSize(120, 2 * _ABOVE + height + _BETWEEN + option.fontMetrics.lineSpacing())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown: Notification = index.data(RecordRole)
        colors = theme.current()
        area = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colors.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(colors.hover))
        picture, tone = LEVELS.get(shown.level, LEVELS["info"])
        image = icons.pixmap(picture, str(getattr(colors, tone)), 16, painter.device().devicePixelRatio())
        painter.drawPixmap(area.left() + 12, area.top() + _ABOVE + 1, image)
        font = _font(option, shown)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        words = _words(QFontMetrics(font), area.width(), shown.message)
        box = QRect(area.left() + _LEFT, area.top() + _ABOVE, area.width() - _LEFT - _RIGHT, words.height())
        painter.setClipRect(box)
        painter.drawText(box, _WRAP, shown.message)
        painter.setClipping(False)
        painter.setFont(option.font)
        painter.setPen(QColor(colors.muted))
        below = QRect(box.left(), box.bottom() + _BETWEEN, box.width(), option.fontMetrics.lineSpacing())
        elided = option.fontMetrics.elidedText(when(shown), Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), elided)
        if not shown.read:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.accent))
            painter.drawEllipse(QRectF(area.right() - 18, area.top() + _ABOVE + 4, 8, 8))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QColor(colors.border))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.restore()


def _font(option: QStyleOptionViewItem, shown: Notification) -> QFont:
    font = QFont(option.font)
    font.setWeight(QFont.Weight.Normal if shown.read else QFont.Weight.DemiBold)
    return font


def _words(metrics: QFontMetrics, width: int, text: str) -> QRect:
    room = QRect(0, 0, max(width - _LEFT - _RIGHT, 60), metrics.lineSpacing() * _LINES)
    return metrics.boundingRect(room, _WRAP, text).intersected(room)
