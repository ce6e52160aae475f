"""What is put into fields beside the columns: what values of the file stand for, and one value for all rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from desktop import formats, theme
from desktop.language import QT_TRANSLATE_NOOP, pick, translate
from desktop.submit.decision import CHOSEN, Decision, Unknown
from tabular.schema import Field

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_VALUE_TITLES = (
    QT_TRANSLATE_NOOP("Values", "Field"),
    QT_TRANSLATE_NOOP("Values", "Value in the file"),
    QT_TRANSLATE_NOOP("Values", "Rows"),
    QT_TRANSLATE_NOOP("Values", "Stands for"),
    QT_TRANSLATE_NOOP("Values", "Proposed"),
)
_CONSTANT_TITLES = (
    QT_TRANSLATE_NOOP("Values", "Field without a column"),
    QT_TRANSLATE_NOOP("Values", "Value in every row"),
)
_REASONS = {
    "remembered": QT_TRANSLATE_NOOP("Values", "as in another file"),
    "word": QT_TRANSLATE_NOOP("Values", "by its meaning"),
    "similar": QT_TRANSLATE_NOOP("Values", "similar word"),
    "order": QT_TRANSLATE_NOOP("Values", "by its place in the order"),
}


def choices_of(field: Field, none: str) -> list[tuple[Any, str]]:
    """`(value, words)` that a choice or boolean field takes, with `none` first for nothing."""
    if field.type == "boolean":
        return [(None, none), (True, translate("Values", "yes")), (False, translate("Values", "no"))]
    return [(None, none), *((choice, choice) for choice in field.choices)]


class _DecisionModel(QAbstractTableModel):
    """Base: a table about a decision, whose last but one column (or last of two) is edited."""

    titles: tuple[str, ...] = ()
    edited = 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decision: Decision | None = None

    def show(self, decision: Decision | None) -> None:
        """Show another decision."""
        if self._decision is not None:
            self._decision.changed.disconnect(self._refresh)
        self._decision = decision
        if decision is not None:
            decision.changed.connect(self._refresh)
        self._read(again=True)

    def _refresh(self) -> None:
        self._read(again=False)

    def _read(self, *, again: bool) -> None:
        """Read the lines; where they are the same ones and not `again`, only their values are told to be others."""
        lines = self._lines()
        if again or lines != self._shown():
            self.beginResetModel()
            self._keep(lines)
            self.endResetModel()
        elif lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, self.columnCount() - 1))

    def _lines(self) -> list[Any]:
        raise AssertionError

    def _shown(self) -> list[Any]:
        raise AssertionError

    def _keep(self, lines: list[Any]) -> None:
        raise AssertionError

    def field(self, row: int) -> Field:
        """The field that a line is about."""
        raise AssertionError

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._shown())

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.titles)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() and index.column() == self.edited else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return translate("Values", self.titles[section])
        return None

    def _words(self, field: Field, value: Any, none: str) -> str:
        if value is None:
            return none
        if field.type in CHOSEN:
            return str(dict(choices_of(field, none)).get(value, value))
        return str(value)


class ValuesModel(_DecisionModel):
    """A row a value of the file that a choice or boolean field does not take as it is."""

    titles = _VALUE_TITLES
    edited = 3

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unknown: list[Unknown] = []

    def _lines(self) -> list[Unknown]:
        return self._decision.unknown_values() if self._decision else []

    def _shown(self) -> list[Unknown]:
        return self._unknown

    def _keep(self, lines: list[Unknown]) -> None:
        self._unknown = lines

    def field(self, row: int) -> Field:
        assert self._decision is not None  # noqa: S101 - there are no rows without one
        return self._decision.schema.by_name[self._unknown[row].field]

    def options(self, row: int) -> list[tuple[Any, str]]:
        """`(value, words)` that the value of a row may stand for."""
        return choices_of(self.field(row), translate("Values", "– rejected –"))

    def open_rows(self) -> int:
        """How many values stand for nothing yet: rows with them are rejected."""
        return sum(self._instead(row) is None for row in range(len(self._unknown)))

    def proposals(self) -> int:
        """How many values stand for nothing yet, but have a proposal."""
        return sum(self._instead(row) is None and u.proposed is not None for row, u in enumerate(self._unknown))

    def _instead(self, row: int) -> Any:
        assert self._decision is not None  # noqa: S101 - there are no rows without one
        unknown = self._unknown[row]
        return self._decision.value_map.get(unknown.field, {}).get(unknown.value)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        unknown, instead = self._unknown[row], self._instead(row)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if column == 0:
                return pick(self.field(row).titles, unknown.field)
            if column == 1:
                return unknown.value
            if column == 2:
                return formats.count(unknown.rows)
            if column == 3:
                return self._words(self.field(row), instead, translate("Values", "– rejected –"))
            if unknown.proposed is None:
                return ""
            reason = translate("Values", _REASONS[unknown.reason]) if unknown.reason in _REASONS else ""
            proposed = self._words(self.field(row), unknown.proposed, "")
            return f"{proposed}, {100 * unknown.confidence:.0f} % · {reason}"
        if role == Qt.ItemDataRole.EditRole:
            return instead
        if role == Qt.ItemDataRole.ForegroundRole:
            colors = theme.current()
            if column == 3 and instead is None:
                return QColor(colors.failed)
            if column in (2, 4):
                return QColor(colors.muted)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if self._decision is None or role != Qt.ItemDataRole.EditRole or index.column() != self.edited:
            return False
        unknown = self._unknown[index.row()]
        self._decision.set_value(unknown.field, unknown.value, value)
        return True


class ConstantsModel(_DecisionModel):
    """A row a field that no column goes into, with the value that it gets in every row."""

    titles = _CONSTANT_TITLES
    edited = 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fields: list[Field] = []

    def _lines(self) -> list[Field]:
        return self._decision.open_fields() if self._decision else []

    def _shown(self) -> list[Field]:
        return self._fields

    def _keep(self, lines: list[Field]) -> None:
        self._fields = lines

    def field(self, row: int) -> Field:
        return self._fields[row]

    def options(self, row: int) -> list[tuple[Any, str]]:
        """`(value, words)` to choose from; empty where a value is typed in."""
        field = self._fields[row]
        return choices_of(field, translate("Values", "– empty –")) if field.type in CHOSEN else []

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._decision is None:
            return None
        field = self._fields[index.row()]
        value = self._decision.constants.get(field.name)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if index.column() == 0:
                return pick(field.titles, field.name) + (" *" if self._decision.needs(field.name) else "")
            return self._words(field, value, translate("Values", "– empty –"))
        if role == Qt.ItemDataRole.EditRole:
            return value
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 1 and value is None:
            colors = theme.current()
            return QColor(colors.failed if self._decision.needs(field.name) else colors.muted)
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if self._decision is None or role != Qt.ItemDataRole.EditRole or index.column() != self.edited:
            return False
        self._decision.set_constant(self._fields[index.row()].name, value.strip() if isinstance(value, str) else value)
        return True
