"""Which column of a file goes into which field: a table of the columns, each with what speaks for its field."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from desktop import theme
from desktop.language import QT_TRANSLATE_NOOP, pick, translate
from desktop.submit.decision import Decision

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
HEADER, SAMPLES, FIELD, SURE = range(4)
_TITLES = (
    QT_TRANSLATE_NOOP("Mapping", "Column of the file"),
    QT_TRANSLATE_NOOP("Mapping", "First values"),
    QT_TRANSLATE_NOOP("Mapping", "Goes into"),
    QT_TRANSLATE_NOOP("Mapping", "Recognised"),
)
_REASONS = {
    "remembered": QT_TRANSLATE_NOOP("Mapping", "as last time"),
    "shared": QT_TRANSLATE_NOOP("Mapping", "as a colleague chose"),
    "title": QT_TRANSLATE_NOOP("Mapping", "same name"),
    "name": QT_TRANSLATE_NOOP("Mapping", "same name"),
    "synonym": QT_TRANSLATE_NOOP("Mapping", "another name for it"),
    "pinyin": QT_TRANSLATE_NOOP("Mapping", "name in pinyin"),
    "part": QT_TRANSLATE_NOOP("Mapping", "part of the name"),
    "similar": QT_TRANSLATE_NOOP("Mapping", "similar name"),
    "values": QT_TRANSLATE_NOOP("Mapping", "by its values"),
    "added": QT_TRANSLATE_NOOP("Mapping", "added to show the errors"),
}
_SHOWN_SAMPLES = 3
NOWHERE = QT_TRANSLATE_NOOP("Mapping", "– not imported –")


class MappingModel(QAbstractTableModel):
    """A row a column of the file."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decision: Decision | None = None
        self._samples: list[str] = []

    def show(self, decision: Decision | None) -> None:
        """Show another decision."""
        self.beginResetModel()
        if self._decision is not None:
            self._decision.changed.disconnect(self._changed)
        self._decision = decision
        self._samples = []
        if decision is not None:
            decision.changed.connect(self._changed)
            rows = decision.look.rows
            self._samples = [
                ", ".join([row[n] for row in rows if n < len(row) and row[n]][:_SHOWN_SAMPLES])
                for n in range(len(decision.fields))
            ]
        self.endResetModel()

    def _changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, FIELD), self.index(self.rowCount() - 1, SURE))

    def options(self) -> list[tuple[str | None, str]]:
        """`(field, words)` of what a column can go into."""
        none: list[tuple[str | None, str]] = [(None, translate("Mapping", NOWHERE))]
        if self._decision is None:
            return none
        return none + [(f.name, self._title(f.name)) for f in self._decision.schema.fields]

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() or self._decision is None else len(self._decision.fields)

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
        if not index.isValid() or self._decision is None:
            return None
        row, column = index.row(), index.column()
        field = self._decision.fields[row]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if column == HEADER:
                return self._decision.name(row)
            if column == SAMPLES:
                return self._samples[row]
            if column == FIELD:
                return self._title(field)
            return self._sure(row)
        if role == Qt.ItemDataRole.EditRole and column == FIELD:
            return field
        if role == Qt.ItemDataRole.ForegroundRole:
            colors = theme.current()
            if column in (SAMPLES, SURE) or (column == FIELD and field is None):
                return QColor(colors.muted)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if self._decision is None or role != Qt.ItemDataRole.EditRole or index.column() != FIELD:
            return False
        if self._decision.fields[index.row()] == value:
            return False
        self._decision.set_field(index.row(), value)
        return True

    def _title(self, field: str | None) -> str:
        found = self._decision.schema.by_name.get(field) if self._decision and field else None
        if found is None or self._decision is None:
            return translate("Mapping", NOWHERE)
        return pick(found.titles, found.name) + (" *" if self._decision.needs(found.name) else "")

    def _sure(self, row: int) -> str:
        assert self._decision is not None  # noqa: S101 - there are no rows without one
        proposal = self._decision.look.proposals[row]
        by_itself = self._decision.look.columns.get(proposal["field"]) == row
        if self._decision.fields[row] != (proposal["field"] if by_itself else None):
            return translate("Mapping", "chosen by you")
        reason = translate("Mapping", _REASONS[proposal["reason"]]) if proposal["reason"] in _REASONS else ""
        if proposal["field"] is None:
            return reason
        percent = f"{100 * proposal['confidence']:.0f} %"
        if self._decision.fields[row] is None:
            return translate("Mapping", "perhaps {field}, {percent} · {reason}").format(
                field=self._title(proposal["field"]), percent=percent, reason=reason
            )
        return f"{percent} · {reason}" if reason else percent
