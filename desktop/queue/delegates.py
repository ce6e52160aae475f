"""How the cells of the queue table are painted: state with icon and words, progress with bar, percent and stage."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop import icons, theme
from desktop.queue.columns import progress_text, state_text
from desktop.queue.model import RowRole
from desktop.queue.rows import JobRow

_MARGIN = 8
_Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """Plain text with our margins and without a focus frame around single cells: rows are what one selects."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        style = _background(painter, option, index)
        text = index.data()
        if text:
            area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
            elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
            alignment = index.data(Qt.ItemDataRole.TextAlignmentRole)
            style.drawItemText(painter, area, alignment, option.palette, True, elided, QPalette.ColorRole.Text)


class StateDelegate(QStyledItemDelegate):
    """Icon and words in the state's colour."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        _background(painter, option, index)
        row: JobRow = index.data(RowRole)
        paint_state(painter, option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0), row)


class ProgressDelegate(QStyledItemDelegate):
    """A bar with percent and stage while a job runs; else what came of it, in words."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        _background(painter, option, index)
        row: JobRow = index.data(RowRole)
        area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        colors = theme.current()
        if row.state in ("running", "sending"):
            paint_bar(painter, area.adjusted(0, 5, 0, -5), row)
            return
        text = progress_text(row)
        if text:
            painter.setPen(QColor(colors.failed if row.state in ("failed", "refused") else colors.muted))
            elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), elided)


def paint_state(painter: QPainter, area: QRect, row: JobRow) -> None:
    """A state's icon and words, vertically centred in `area`."""
    color = theme.current().state(row.state)
    ratio = painter.device().devicePixelRatio()
    image = icons.pixmap(icons.STATE_ICONS.get(row.state, "info"), color, 16, ratio)
    painter.drawPixmap(area.left(), area.top() + (area.height() - 16) // 2, image)
    painter.setPen(QColor(color))
    text = area.adjusted(22, 0, 0, 0)
    words = painter.fontMetrics().elidedText(state_text(row), Qt.TextElideMode.ElideRight, text.width())
    painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)


def paint_bar(painter: QPainter, area: QRect, row: JobRow) -> None:
    """A progress bar over the whole of `area` with percent and stage on it."""
    colors = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colors.track))
    painter.drawRoundedRect(QRectF(area), 4, 4)
    share = min(max(row.progress / 100.0, 0.0), 1.0)
    if share > 0:
        fill = QColor(colors.state(row.state))
        fill.setAlpha(110)
        painter.setBrush(fill)
        painter.setClipRect(QRectF(area.x(), area.y(), area.width() * share, area.height()))
        painter.drawRoundedRect(QRectF(area), 4, 4)
    painter.restore()
    painter.setPen(QColor(colors.text))
    words = painter.fontMetrics().elidedText(progress_text(row), Qt.TextElideMode.ElideRight, area.width() - 14)
    painter.drawText(area.adjusted(8, 0, -6, 0), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)


def _background(painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> QStyle:
    style = option.widget.style() if option.widget else QApplication.style()
    style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
    painter.setFont(option.font)
    return style
