"""The side bar: one entry a group of jobs, each with its number, and below them the pages for admins."""

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
PAGES = ("monitor", "schedules")
PAGE_TITLES = {
    "monitor": QT_TRANSLATE_NOOP("SideBar", "Monitor"),
    "schedules": QT_TRANSLATE_NOOP("SideBar", "Schedules"),
}
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
GroupRole = Qt.ItemDataRole.UserRole
CountRole = Qt.ItemDataRole.UserRole + 1


class GroupModel(QAbstractListModel):
    """The groups and how many jobs each has, then the pages that this user may open."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[str, int] = {}
        self.entries: tuple[str, ...] = tuple(GROUPS)

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def show_pages(self, shown: bool) -> None:
        """Offer the pages, or no longer."""
        first, last = len(GROUPS), len(GROUPS) + len(PAGES) - 1
        if shown == (len(self.entries) > first):
            return
        if shown:
            self.beginInsertRows(QModelIndex(), first, last)
            self.entries = (*GROUPS, *PAGES)
            self.endInsertRows()
        else:
            self.beginRemoveRows(QModelIndex(), first, last)
            self.entries = tuple(GROUPS)
            self.endRemoveRows()

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        group = self.entries[index.row()]
        title = translate("SideBar", PAGE_TITLES.get(group) or TITLES[group])
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == GroupRole:
            return group
        if role == CountRole:
            return self._counts.get(group, 0)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return title if group in PAGES else f"{title}: {self._counts.get(group, 0)}"
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
        if group == PAGES[0]:
            painter.setPen(QColor(colors.border))
            painter.drawLine(area.left(), option.rect.top(), area.right(), option.rect.top())
        plain = group == "all" or group in PAGES
        shown = colors.text if plain else colors.state(group)
        image = icons.pixmap(
            icons.STATE_ICONS.get(group, group), shown if number or plain else colors.muted, 16,
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
    """Lets one group, or a page, be chosen.

    Attributes:
        group: the group that was chosen last.

    Signals:
        group_chosen: name of the group.
        page_chosen: name of the page.
    """

    group_chosen = Signal(str)
    page_chosen = Signal(str)

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
        self.group = GROUPS[0]
        self.selectionModel().currentChanged.connect(lambda index, _: self._tell(index))

    def set_counts(self, counts: dict[str, int]) -> None:
        """Show other numbers."""
        self._model.set_counts(counts)

    def show_pages(self, shown: bool) -> None:
        """Offer the pages for admins, or no longer; who is on one of them is back at the jobs then."""
        if not shown and self.page():
            self.choose(self.group)
        self._model.show_pages(shown)

    def page(self) -> str:
        """The page that is chosen; empty: a group of jobs is."""
        chosen = str(self.currentIndex().data(GroupRole) or "")
        return chosen if chosen in PAGES else ""

    def choose(self, entry: str) -> None:
        """Choose a group or page as if it had been clicked; one that is not offered is passed over."""
        if entry in self._model.entries:
            self.setCurrentIndex(self._model.index(self._model.entries.index(entry)))

    def _tell(self, index: QModelIndex) -> None:
        entry = index.data(GroupRole)
        if entry in PAGES:
            self.page_chosen.emit(entry)
        elif entry:
            self.group = entry
            self.group_chosen.emit(entry)
