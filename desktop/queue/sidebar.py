"""The filter at the side: one entry a group of jobs, each with its number."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop import formats, icons, theme
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.queue.rows import GROUPS

TITLES = {
    "all": QT_TRANSLATE_NOOP("SideBar", "All jobs"),
    "running": QT_TRANSLATE_NOOP("SideBar", "Running"),
    "pending": QT_TRANSLATE_NOOP("SideBar", "Waiting"),
    "succeeded": QT_TRANSLATE_NOOP("SideBar", "Succeeded"),
    "failed": QT_TRANSLATE_NOOP("SideBar", "Failed"),
    "cancelled": QT_TRANSLATE_NOOP("SideBar", "Cancelled"),
    "outbox": QT_TRANSLATE_NOOP("SideBar", "Outbox"),
}
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
GroupRole = Qt.ItemDataRole.UserRole
CountRole = Qt.ItemDataRole.UserRole + 1


class GroupModel(QAbstractListModel):
    """The groups and how many jobs each has."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[str, int] = {}

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(GROUPS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        group = GROUPS[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return translate("SideBar", TITLES[group])
        if role == GroupRole:
            return group
        if role == CountRole:
            return self._counts.get(group, 0)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{translate('SideBar', TITLES[group])}: {self._counts.get(group, 0)}"
        return None

    def set_counts(self, counts: dict[str, int]) -> None:
        """Show other numbers."""
        if counts != self._counts:
            self._counts = dict(counts)
            self.dataChanged.emit(self.index(0), self.index(len(GROUPS) - 1), [CountRole])


class _GroupDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(150, 32)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colors = theme.current()
        group, number = index.data(GroupRole), index.data(CountRole)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        area = option.rect.adjusted(8, 1, -8, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.selection if selected else colors.hover))
            painter.drawRoundedRect(QRectF(area), 5, 5)
        shown = colors.text if group == "all" else colors.state(group)
        image = icons.pixmap(
            icons.STATE_ICONS[group], shown if number or group == "all" else colors.muted, 16,
            painter.device().devicePixelRatio(),
        )  # fmt: skip
        painter.drawPixmap(area.left() + 8, area.top() + (area.height() - 16) // 2, image)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        text = area.adjusted(34, 0, -10, 0)
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), index.data())
        if number:
            painter.setPen(QColor(colors.text if group in ("failed", "outbox") else colors.muted))
            painter.drawText(
                text, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), formats.count(number)
            )
        painter.restore()


class SideBar(QListView):
    """Lets one group be chosen.

    Signals:
        group_chosen: name of the group.
    """

    group_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sideBar")
        self.setAccessibleName(translate("SideBar", "Filter by state"))
        self._model = GroupModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_GroupDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(168)
        self.setViewportMargins(0, 8, 0, 8)
        self.setMaximumWidth(260)
        self.viewport().setAutoFillBackground(False)
        self.setCurrentIndex(self._model.index(0))
        self.selectionModel().currentChanged.connect(lambda index, _: self.group_chosen.emit(index.data(GroupRole)))

    def set_counts(self, counts: dict[str, int]) -> None:
        """Show other numbers."""
        self._model.set_counts(counts)

    def choose(self, group: str) -> None:
        """Choose a group as if it had been clicked."""
        self.setCurrentIndex(self._model.index(GROUPS.index(group)))
