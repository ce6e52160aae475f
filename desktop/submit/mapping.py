"""Which column of a file goes into which field: the proposals, and what the user makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop import theme
from desktop.language import QT_TRANSLATE_NOOP, pick, translate
from tabular.mapper import THRESHOLD
from tabular.schema import TableSchema

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
HEADER, SAMPLES, FIELD, SURE = range(4)
_TITLES = (
    QT_TRANSLATE_NOOP("Mapping", "Column of the file"),
    QT_TRANSLATE_NOOP("Mapping", "First values"),
    QT_TRANSLATE_NOOP("Mapping", "Goes into"),
    QT_TRANSLATE_NOOP("Mapping", "Recognised"),
)
_SHOWN_SAMPLES = 3


class MappingModel(QAbstractTableModel):
    """A row a column of the file.

    Signals:
        changed: the mapping is another one now.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._schema: TableSchema | None = None
        self._proposals: list[dict[str, Any]] = []
        self._samples: list[str] = []
        self._fields: list[str | None] = []
        self._touched = False
        self._constants: frozenset[str] = frozenset()

    def set_constants(self, fields: Iterable[str]) -> None:
        """Fields that get the same value in every row and need no column."""
        constants = frozenset(fields)
        if constants != self._constants:
            self._constants = constants
            self.changed.emit()

    def load(self, schema: TableSchema, proposals: Sequence[dict[str, Any]], rows: Sequence[Sequence[str]]) -> None:
        """Show the proposals of a file; those that are sure are taken."""
        self.beginResetModel()
        self._schema = schema
        self._proposals = list(proposals)
        self._fields = [p["field"] if p["confidence"] >= THRESHOLD else None for p in proposals]
        self._samples = [
            ", ".join([row[n] for row in rows if n < len(row) and row[n]][:_SHOWN_SAMPLES])
            for n in range(len(self._proposals))
        ]
        self._touched = False
        self.endResetModel()
        self.changed.emit()

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._proposals, self._fields, self._samples = [], [], []
        self._touched = False
        self.endResetModel()
        self.changed.emit()

    def mapping(self) -> dict[str, str | None] | None:
        """`{column of the file: field or None}` when the user changed something; else None: the proposals hold."""
        if not self._touched:
            return None
        return {_name(p): field for p, field in zip(self._proposals, self._fields, strict=True)}

    def take(self, mapping: dict[str, str | None]) -> None:
        """Show a mapping that was made before."""
        self._touched = True
        self._fields = [mapping.get(_name(p)) for p in self._proposals]
        self._tell_all()

    def missing(self) -> list[str]:
        """Titles of required fields that no column goes into, and that have no value for all rows."""
        if self._schema is None or not self._proposals:
            return []
        filled = {*self._fields, *self._constants}
        return [pick(f.titles, f.name) for f in self._schema.fields if f.required and f.name not in filled]

    def left_out(self) -> int:
        """Number of columns that go nowhere."""
        return sum(field is None for field in self._fields)

    def options(self) -> list[tuple[str | None, str]]:
        """`(field, words)` of what a column can go into."""
        none: list[tuple[str | None, str]] = [(None, translate("Mapping", "– not imported –"))]
        if self._schema is None:
            return none
        return none + [(f.name, pick(f.titles, f.name) + (" *" if f.required else "")) for f in self._schema.fields]

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._proposals)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() and index.column() == FIELD else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return translate("Mapping", _TITLES[section])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if column == HEADER:
                return _name(self._proposals[row])
            if column == SAMPLES:
                return self._samples[row]
            if column == FIELD:
                return self._title(self._fields[row])
            return self._sure(row)
        if role == Qt.ItemDataRole.EditRole and column == FIELD:
            return self._fields[row]
        if role == Qt.ItemDataRole.ForegroundRole:
            colors = theme.current()
            if column in (SAMPLES, SURE) or (column == FIELD and self._fields[row] is None):
                return QColor(colors.muted)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != FIELD or self._fields[index.row()] == value:
            return False
        if value is not None and value in self._fields:
            self._fields[self._fields.index(value)] = None  # a field takes one column only
        self._fields[index.row()] = value
        self._touched = True
        self._tell_all()
        return True

    def _tell_all(self) -> None:
        if self._proposals:
            self.dataChanged.emit(self.index(0, FIELD), self.index(len(self._proposals) - 1, SURE))
        self.changed.emit()

    def _title(self, field: str | None) -> str:
        if field is None or self._schema is None or field not in self._schema.by_name:
            return translate("Mapping", "– not imported –")
        found = self._schema.by_name[field]
        return pick(found.titles, field) + (" *" if found.required else "")

    def _sure(self, row: int) -> str:
        proposal = self._proposals[row]
        if self._fields[row] != (proposal["field"] if proposal["confidence"] >= THRESHOLD else None):
            return translate("Mapping", "chosen by you")
        if proposal["field"] is None:
            return ""
        percent = f"{100 * proposal['confidence']:.0f} %"
        if self._fields[row] is None:
            return translate("Mapping", "perhaps {field}, {percent}").format(
                field=self._title(proposal["field"]), percent=percent
            )
        return percent


def _name(proposal: dict[str, Any]) -> str:
    """The column's name, or its letter where it has none."""
    if proposal["header"]:
        return str(proposal["header"])
    number, letters = proposal["column"] + 1, ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class FieldDelegate(QStyledItemDelegate):
    """Edits the field of a column by a list that opens at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        combo = QComboBox(parent)
        model = index.model()
        if isinstance(model, MappingModel):
            for value, words in model.options():
                combo.addItem(words, value)
        combo.activated.connect(lambda _: self._commit(combo))
        return combo

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(editor.findData(index.data(Qt.ItemDataRole.EditRole)), 0))
            editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(model.index(index.row(), index.column()), editor.currentData())

    def _commit(self, editor: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


class RowsModel(QAbstractTableModel):
    """The first rows of a file, as texts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._headers: list[str] = []
        self._rows: list[list[str]] = []

    def load(self, headers: Sequence[str], rows: Sequence[list[str]]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._headers, self._rows = list(headers), list(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._headers[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        row = self._rows[index.row()]
        return row[index.column()] if index.column() < len(row) else ""
