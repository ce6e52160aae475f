"""The files of a submission as a list: which of them go in, and what there is to know about each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop import formats, icons, theme
from desktop.language import translate
from desktop.parts.elided import ElidedLabel
from desktop.parts.later import later
from desktop.plurals import plurals
from desktop.submit.files import FileSet, FileState
from desktop.submit.history import announcement

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
NAME, NOTE = range(2)
_ROW = 24
_MOST_ROWS = 9
LABEL_WIDTH, LABEL_GAP = 90, 14


class FilesModel(QAbstractTableModel):
    """A row a file: its name, with a tick when it goes in, and a word about it.

    Signals:
        refreshed: something else is shown now.
    """

    refreshed = Signal()

    def __init__(self, files: FileSet, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files = files
        self._count = 0
        files.changed.connect(later(self, 0, self._refresh).start)

    def _refresh(self) -> None:
        if self._count != len(self._files.files):
            self.beginResetModel()
            self._count = len(self._files.files)
            self.endResetModel()
        elif self._count:
            self.dataChanged.emit(self.index(0, NAME), self.index(self._count - 1, NOTE))
        self.refreshed.emit()

    def reload(self) -> None:
        """Show the files anew."""
        self.beginResetModel()
        self._count = len(self._files.files)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else 2

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() and index.column() == NAME else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._files.files):
            return None
        state = self._files.files[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME:
            return Qt.CheckState.Checked if self._files.wanted(state) else Qt.CheckState.Unchecked
        words, color = note(self._files, state)
        if role == Qt.ItemDataRole.DisplayRole:
            return state.path.name if index.column() == NAME else words
        if role == Qt.ItemDataRole.ToolTipRole:
            more = [str(state.path), self._files.problem(state), announcement(state.path.name, state.imports)]
            return "\n".join(text for text in more if text)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == NOTE:
            return QColor(getattr(theme.current(), color))
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        self._files.want(self._files.files[index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True


def note(files: FileSet, state: FileState) -> tuple[str, str]:
    """A word about a file, and the name of its colour."""
    if not state.looked:
        return translate("FileList", "looking…"), "muted"
    if not files.tables:
        return _size(state), "muted"
    if state.error:
        return translate("FileList", "cannot be read"), "failed"
    if files.problem(state):
        return translate("FileList", "columns to be chosen"), "failed"
    if state.imports:
        return translate("FileList", "imported before"), "pending"
    if files.same(state):
        return translate("FileList", "same file twice"), "pending"
    if state.shape and state.shape != files.main_shape():
        return translate("FileList", "other header"), "pending"
    total = state.look.total if state.look else None
    return (plurals.rows(total) if total is not None else ""), "muted"


class FileList(QWidget):
    """One file as a line, several as a table; buttons to choose others.

    Signals:
        choose_wanted, folder_wanted: a button was pressed.
    """

    choose_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, files: FileSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = files
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._line = QWidget(self)
        row = QHBoxLayout(self._line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(LABEL_GAP)
        title = QLabel(translate("Submit", "Files"), self._line)
        title.setMinimumWidth(LABEL_WIDTH)
        self._name = ElidedLabel("", self._line)
        self._size = QLabel(self._line)
        self._size.setProperty("role", "muted")
        self._choose = QPushButton(self._line)
        self._choose.setObjectName("chooseInDialogButton")
        self._choose.setToolTip(translate("Submit", "Choose files…"))
        self._choose.setAccessibleName(self._choose.toolTip())
        icons.put(self._choose, "file")
        self._choose.clicked.connect(self.choose_wanted)
        self._folder = QPushButton(self._line)
        self._folder.setObjectName("chooseFolderButton")
        self._folder.setToolTip(translate("Submit", "Choose a folder: all files in it and in its folders"))
        self._folder.setAccessibleName(self._folder.toolTip())
        icons.put(self._folder, "folder")
        self._folder.clicked.connect(self.folder_wanted)
        row.addWidget(title)
        row.addWidget(self._name, 1)
        row.addWidget(self._size)
        row.addWidget(self._choose)
        row.addWidget(self._folder)
        column.addWidget(self._line)
        self.model = FilesModel(files, self)
        self._table: QTableView | None = None  # made for several files only
        self._column = column
        self._summary = QLabel(self)
        self._summary.setObjectName("filesSummary")
        self._summary.setProperty("role", "muted")
        self._summary.setWordWrap(True)
        column.addWidget(self._summary)
        self.model.refreshed.connect(self._sum_up)

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setObjectName("filesTable")
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.horizontalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().resizeSection(NOTE, 152)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.selectionModel().selectionChanged.connect(self._selected)
        self._column.insertWidget(1, table)
        return table

    def show_files(self, *, choosable: bool, folders: bool = False) -> None:
        """Show the files anew; `choosable`: others may be chosen, `folders`: a whole folder, too."""
        states = self._files.files
        if len(states) > 1 and self._table is None:
            self._table = self._make_table()
        self._summary.setVisible(len(states) > 1)
        self._choose.setVisible(choosable)
        self._choose.setText("" if states else translate("Submit", "Choose files…"))
        self._folder.setVisible(choosable and folders)
        self._folder.setText("" if states else translate("Submit", "Choose a folder…"))
        self._name.set_full_text(
            states[0].path.name if len(states) == 1 else plurals.files(len(states)) if states else ""
        )
        self._size.setText(_size(states[0]) if len(states) == 1 else "")
        self.model.reload()
        if self._table is not None:
            self._table.setVisible(len(states) > 1)
            self._table.setFixedHeight(_ROW * min(len(states), _MOST_ROWS) + 4)
            if states:
                self._table.selectRow(0)

    def _sum_up(self) -> None:
        """How many of several files go in, and how many there is something to say about."""
        states = self._files.files
        if len(states) < 2:
            return
        said: dict[str, int] = {}
        for state in states:
            words, color = note(self._files, state)
            if color != "muted":
                said[words] = said.get(words, 0) + 1
        chosen = len(self._files.chosen())
        goes = (
            translate("FileList", "{chosen} of {all} go in") if self._files.tables
            else translate("FileList", "{chosen} of {all} are submitted")
        )  # fmt: skip
        parts = [goes.format(chosen=chosen, all=len(states))]
        parts += [f"{words} {formats.count(number)}" for words, number in said.items()]
        self._summary.setText(translate("FileList", "; ").join(parts))

    def _selected(self, chosen: QItemSelection) -> None:
        indexes = chosen.indexes()
        if indexes and indexes[0].row() < len(self._files.files):
            self._files.choose(self._files.files[indexes[0].row()])


def _size(state: FileState) -> str:
    try:
        return formats.size(state.path.stat().st_size)
    except OSError:
        return translate("Submit", "not there")
