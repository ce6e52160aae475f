"""A table of some records that the server tells again and again: rows and selection stay, only cells that changed are
painted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import icons, theme
from desktop.language import translate

ROW_HEIGHT = 30
RecordRole = Qt.ItemDataRole.UserRole
IconRole = Qt.ItemDataRole.UserRole + 1
ColorRole = Qt.ItemDataRole.UserRole + 2

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_MARGIN = 8
_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: stable, for tests.
        title: the header, to be translated in the context of the model.
        width: in device-independent pixels.
        text: what a cell shows of a record.
        right: aligned to the right.
        tip: longer words on hovering; None: those of `text`.
        icon: name of an icon before the words; empty: none.
        color: name of one of `Colors`; empty: that of text.
    """

    name: str
    title: str
    width: int
    text: Callable[[Any], str]
    right: bool = False
    tip: Callable[[Any], str] | None = None
    icon: Callable[[Any], str] | None = None
    color: Callable[[Any], str] | None = None


class RecordModel(QAbstractTableModel):
    """Records in the server's order.

    Args:
        context: in which the columns' titles are translated.
        columns: of the table.
        key: what a record is known by.
    """

    def __init__(
        self, context: str, columns: Sequence[Column], key: Callable[[Any], Hashable], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.columns = tuple(columns)
        self._key = key
        self._records: list[Any] = []

    @property
    def records(self) -> list[Any]:
        """The records, top to bottom."""
        return list(self._records)

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, record = self.columns[index.column()], self._records[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(record)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.tip or column.text)(record) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        if role == RecordRole:
            return record
        if role == IconRole:
            return column.icon(record) if column.icon else ""
        if role == ColorRole:
            return column.color(record) if column.color else ""
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return translate(self._context, self.columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.columns[section].right else _LEFT
        return None

    def index_of(self, key: Hashable) -> QModelIndex:
        """Where a record is; invalid when it is not there."""
        place = next((row for row, record in enumerate(self._records) if self._key(record) == key), -1)
        return self.index(place, 0) if place >= 0 else QModelIndex()

    def show(self, records: Sequence[Any]) -> None:
        """Take in what the server told: all records, in its order."""
        wanted = {self._key(record) for record in records}
        for row in range(len(self._records) - 1, -1, -1):
            if self._key(self._records[row]) not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._records[row]
                self.endRemoveRows()
        for row, record in enumerate(records):
            key = self._key(record)
            at = next((n for n in range(row, len(self._records)) if self._key(self._records[n]) == key), -1)
            if at < 0:
                self.beginInsertRows(QModelIndex(), row, row)
                self._records.insert(row, record)
                self.endInsertRows()
                continue
            if at > row:
                self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), row)
                self._records.insert(row, self._records.pop(at))
                self.endMoveRows()
            if self._records[row] != record:
                self._records[row] = record
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def refresh(self) -> None:
        """What the cells say depends on the time of day: paint them anew."""
        if self._records:
            last = self.index(len(self._records) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DisplayRole])


class RecordDelegate(QStyledItemDelegate):
    """Words, with an icon and in a colour where the column says so; rows are what one selects, never single cells."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        colors = theme.current()
        name = index.data(ColorRole)
        color = str(getattr(colors, name)) if name else colors.text
        area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        picture = index.data(IconRole)
        if picture:
            image = icons.pixmap(picture, color, 16, painter.device().devicePixelRatio())
            painter.drawPixmap(area.left(), area.top() + (area.height() - 16) // 2, image)
            area.setLeft(area.left() + 22)
        text = index.data()
        if text:
            painter.setFont(option.font)
            painter.setPen(QColor(color))
            elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, index.data(Qt.ItemDataRole.TextAlignmentRole), elided)


class RecordTable(QTableView):
    """Shows a `RecordModel`; one row is selected at a time.

    Args:
        name: object name.
        title: for those who hear the window.
        stretch: name of the column that takes the room that is left.

    Signals:
        current_changed: the record that has the focus now, or None.
        activated_record: a row was double-clicked or Enter was pressed on it.
    """

    current_changed = Signal(object)
    activated_record = Signal(object)

    def __init__(
        self, name: str, title: str, model: RecordModel, stretch: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setModel(model)
        self.setItemDelegate(RecordDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        for place, column in enumerate(model.columns):
            header.resizeSection(place, column.width)
            if column.name == stretch:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda index: self.activated_record.emit(index.data(RecordRole)))
        self.selectionModel().currentRowChanged.connect(lambda index, _: self._tell_current(index))
        model.dataChanged.connect(lambda first, last: self._changed(first.row(), last.row()))

    def current(self) -> Any:
        """The record that has the focus; None: none has."""
        index = self.currentIndex()
        return index.data(RecordRole) if index.isValid() else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        record = self.current()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and record is not None:
            self.activated_record.emit(record)
            return
        super().keyPressEvent(event)

    def _tell_current(self, index: QModelIndex) -> None:
        self.current_changed.emit(index.data(RecordRole) if index.isValid() else None)

    def _changed(self, first: int, last: int) -> None:
        """The record with the focus is another one now, though the focus did not move."""
        row = self.currentIndex().row()
        if first <= row <= last:
            self._tell_current(self.currentIndex())
