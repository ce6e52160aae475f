"""The queue table."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyleOptionHeader, QTableView, QWidget

from desktop.language import translate
from desktop.queue.columns import BY_NAME, COLUMNS
from desktop.queue.delegates import CellDelegate, ProgressDelegate, StateDelegate
from desktop.queue.model import QueueModel, RowRole
from desktop.queue.rows import JobRow

ROW_HEIGHT = 30


class _Header(QHeaderView):
    """Its arrow points up where the smallest is first, down where the largest, e.g. the newest, is."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setSectionsClickable(True)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, logicalIndex: int) -> None:  # noqa: N803 - Qt's own name
        super().initStyleOptionForIndex(option, logicalIndex)
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex:
            arrow = QStyleOptionHeader.SortIndicator
            rising = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            option.sortIndicator = arrow.SortUp if rising else arrow.SortDown


class QueueTable(QTableView):
    """Shows a `QueueModel`; rows are selected as a whole, several at a time.

    Signals:
        current_changed: the `JobRow` that has the focus now, or None.
        activated_job: a row was double-clicked or Enter was pressed on it.
        menu_wanted: global position for the context menu.
    """

    current_changed = Signal(object)
    activated_job = Signal(object)
    menu_wanted = Signal(QPoint)

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queueTable")
        self.setAccessibleName(translate("QueueTable", "Jobs"))
        self.jobs = model
        self.setModel(model)
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(BY_NAME["state"], StateDelegate(self))
        self.setItemDelegateForColumn(BY_NAME["progress"], ProgressDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
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
        header = _Header()
        self.setHorizontalHeader(header)
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setMinimumSectionSize(48)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for place, column in enumerate(COLUMNS):
            header.resizeSection(place, column.width)
        header.setSortIndicator(BY_NAME["submitted"], Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        header.sectionResized.connect(self._fit)
        self.doubleClicked.connect(lambda index: self.activated_job.emit(index.data(RowRole)))
        self.selectionModel().currentRowChanged.connect(self._tell_current)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at)))

    def selected(self) -> list[JobRow]:
        """The selected rows, top to bottom. Reads selection ranges only, so that it costs nothing on long tables."""
        found: dict[int, JobRow] = {}
        for part in self.selectionModel().selection().toList():
            for row in range(part.top(), part.bottom() + 1):
                found[row] = self.model().index(row, 0).data(RowRole)
        return [found[row] for row in sorted(found)]

    def current(self) -> JobRow | None:
        """The row that has the focus."""
        index = self.currentIndex()
        return index.data(RowRole) if index.isValid() else None

    def choose(self, job_id: str) -> bool:
        """Select one job and scroll to it; False when it is not shown."""
        index = self.jobs.index_of(job_id)
        if not index.isValid():
            return False
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def apply(self, changed: Iterable[JobRow], removed: Iterable[str] = ()) -> None:
        """Bring changes into the model; what a person looks at stays where it is when rows come in above it."""
        bar = self.verticalScrollBar()
        top = self.indexAt(QPoint(0, 0)) if bar.value() else QModelIndex()
        anchor = top.data(RowRole).id if top.isValid() else None
        self.jobs.apply(changed, removed)
        if anchor:
            index = self.jobs.index_of(anchor)
            if index.isValid() and index.row() != bar.value():
                bar.setValue(index.row())

    def header_state(self) -> bytes:
        """Order, widths and sorting of the columns, to be kept."""
        return bytes(self.horizontalHeader().saveState().data())

    def restore_header(self, state: bytes) -> None:
        """What `header_state` gave; the state of a version with other columns is passed over."""
        header = self.horizontalHeader()
        if not state or not header.restoreState(QByteArray(state)) or header.count() != len(COLUMNS):
            return
        self._fit()
        self.jobs.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The column with the most to say takes the room that the others leave, so that rows reach to the edge."""
        header, place = self.horizontalHeader(), BY_NAME["progress"]
        others = header.length() - header.sectionSize(place)
        header.resizeSection(place, max(self.viewport().width() - others, COLUMNS[place].width))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self.activated_job.emit(row)
            return
        super().keyPressEvent(event)

    def _tell_current(self, index: QModelIndex) -> None:
        self.current_changed.emit(index.data(RowRole) if index.isValid() else None)
