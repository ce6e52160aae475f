"""What is in the chosen file: how it is read, which column goes where, what values stand for, and the first rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.language import translate
from desktop.parts.later import later
from desktop.plurals import plurals
from desktop.submit.decision import Decision
from desktop.submit.delegates import ChoiceDelegate
from desktop.submit.files import FileSet, FileState
from desktop.submit.mapping import FIELD, MappingModel
from desktop.submit.reading import ReadingBar
from desktop.submit.remembering import Remembering
from desktop.submit.rows import RowsModel
from desktop.submit.values import ConstantsModel, ValuesModel

COLUMNS, VALUES, CONSTANTS = range(3)


class Preview(QWidget):
    """Shows the current file of a `FileSet`.

    Attributes:
        mapping, values, constants: what is decided about its columns.
        rows: its first rows.
        remembering: whether that is kept for files like it.
    """

    def __init__(self, files: FileSet, remembering: Remembering, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self._files = files
        self._shown: tuple[object, ...] = ()
        self._decision: Decision | None = None
        self.mapping = MappingModel(self)
        self.values = ValuesModel(self)
        self.constants = ConstantsModel(self)
        self.rows = RowsModel(self)
        self.remembering = remembering
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._info = _words("previewInfo")
        self._warning = _words("previewWarning", "error")
        self._note = _words("previewNote")
        self._reading = ReadingBar()
        for widget in (self._info, self._reading, self._warning, self._note):
            column.addWidget(widget)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._make_tabs())
        self._split.addWidget(self._make_rows())
        self._split.setSizes([330, 190])
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        column.addWidget(self._split, 1)
        column.addWidget(remembering)
        column.addStretch(0)
        # In a turn of its own, and once for what thirty files tell within a turn.
        files.changed.connect(later(self, 0, self.refresh).start)
        self._reading.changed.connect(lambda: files.set_options(self._reading.options()))

    def _make_tabs(self) -> QTabWidget:
        self._tabs = QTabWidget()
        self._tabs.setObjectName("previewTabs")
        self._tabs.setDocumentMode(True)
        tables = (
            ("mappingTable", self.mapping, FIELD, lambda row: self.mapping.options(), (120, 110, 120, 0)),
            ("valuesTable", self.values, ValuesModel.edited, self.values.options, (100, 120, 56, 120, 0)),
            ("constantsTable", self.constants, ConstantsModel.edited, self.constants.options, (200, 0)),
        )
        for name, model, edited, options, widths in tables:
            table = QTableView()
            table.setObjectName(name)
            table.setModel(model)
            table.setItemDelegateForColumn(edited, ChoiceDelegate(options, table))
            table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
            table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
            table.setWordWrap(False)
            table.verticalHeader().hide()
            table.verticalHeader().setDefaultSectionSize(28)
            header = table.horizontalHeader()
            header.setHighlightSections(False)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            for place, width in enumerate(widths):
                header.resizeSection(place, width)
            header.setSectionResizeMode(len(widths) - 1, QHeaderView.ResizeMode.Stretch)
            self._tabs.addTab(self._with_button(table) if model is self.values else table, "")
        return self._tabs

    def _with_button(self, table: QTableView) -> QWidget:
        """The table of values, with what takes all proposals at once."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(table, 1)
        self._take = QPushButton(translate("Preview", "Take all proposals"))
        self._take.setObjectName("takeProposalsButton")
        self._take.clicked.connect(self._take_proposed)
        column.addWidget(self._take, 0, Qt.AlignmentFlag.AlignLeft)
        return holder

    def _take_proposed(self) -> None:
        if self._decision is not None:
            self._decision.take_proposed_values()

    def _make_rows(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        title = QLabel(translate("Preview", "First rows"))
        title.setProperty("role", "section")
        column.addWidget(title)
        table = QTableView()
        table.setObjectName("previewTable")
        table.setModel(self.rows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().setDefaultSectionSize(24)
        table.horizontalHeader().setDefaultSectionSize(120)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setWordWrap(False)
        table.setMinimumHeight(90)
        column.addWidget(table, 1)
        return holder

    # ------------------------------------------------------------ showing

    def show_tab(self, tab: int) -> None:
        """Bring a table to the front: COLUMNS, VALUES or CONSTANTS."""
        self._tabs.setCurrentIndex(tab)

    def refresh(self) -> None:
        """Show the current file as it is known now."""
        state = self._files.current
        if state is None:
            return
        decision = self._files.decision(state)
        shown = (id(state), id(state.look), state.looked, tuple(state.options.items()), id(decision))
        if shown != self._shown:
            self._shown = shown
            self._show(state, decision)
        self._judge(state, decision)

    def _show(self, state: FileState, decision: Decision | None) -> None:
        found = state.look
        readable = found is not None and not found.error
        self._reading.show_file(state.path, found, state.options)
        if decision is not self._decision or found is None:
            self._decision = decision
            for model in (self.mapping, self.values, self.constants):
                model.show(decision)
        if readable and found is not None:
            self._info.setText(describe(found.info, found.total))
            self.rows.load(found.info["headers"], found.rows)
        else:
            self._info.setText(
                "" if state.looked else translate("Preview", "Looking at {name}…").format(name=state.path.name)
            )
            self.rows.load([], [])
        self._info.setVisible(readable or not state.looked)
        self._split.setVisible(readable)
        for tab in range(self._tabs.count()):
            self._tabs.setTabVisible(tab, decision is not None)
        self._tabs.setVisible(decision is not None)
        self.remembering.show_file(state, decision)

    def _judge(self, state: FileState, decision: Decision | None) -> None:
        warning = self._files.problem(state)
        if state.looked and state.look is None:
            warning = translate("Preview", "{name} cannot be looked at.").format(name=state.path.name)
        self._warning.setText(warning)
        self._warning.setVisible(bool(warning))
        note = self._said(state, decision)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        if decision is None:
            return
        open_values = self.values.open_rows()
        fixed = len(decision.constants)
        self._tabs.setTabText(COLUMNS, translate("Preview", "Columns"))
        self._tabs.setTabText(VALUES, _counted(translate("Preview", "Values"), open_values))
        self._tabs.setTabText(CONSTANTS, _counted(translate("Preview", "Fixed values"), fixed))
        self._tabs.setTabVisible(VALUES, self.values.rowCount() > 0)
        self._tabs.setTabVisible(CONSTANTS, self.constants.rowCount() > 0)
        self._take.setVisible(self.values.proposals() > 0)
        self.remembering.refresh()

    def _said(self, state: FileState, decision: Decision | None) -> str:
        alike = self._files.alike(state)
        if decision is not None and decision.touched and alike > 1:
            return plurals.mapped(alike)
        return ""


def _words(name: str, role: str = "") -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of files and columns stand in it
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    label.hide()
    return label


def _counted(words: str, number: int) -> str:
    return f"{words} ({number})" if number else words


def describe(info: dict[str, Any], total: int | None) -> str:
    """Format, sheets and number of rows in one line; the rest stands in the boxes below."""
    parts = [str(info["format"]).upper()]
    if len(info.get("reading") or ()) > 1:
        sheets = translate("Preview", ", ").join(info["reading"])
        parts.append(translate("Preview", "sheets {names}").format(names=sheets))
    if total is not None:
        parts.append(plurals.rows(total))
    return " · ".join(parts)
