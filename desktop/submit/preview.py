"""What is in the chosen file: how it is read, which column goes where, what values stand for, and the first rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QAbstractItemModel, Qt, Signal
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

from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.later import later
from desktop.parts.turns import Turns
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

    Signals:
        grown: all of it is made.
    """

    grown = Signal()

    def __init__(self, files: FileSet, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self._files = files
        self._controller = controller
        self._dataset = ""
        self._shown: tuple[object, ...] = ()
        self._decision: Decision | None = None
        self.mapping = MappingModel(self)
        self.values = ValuesModel(self)
        self.constants = ConstantsModel(self)
        self.rows = RowsModel(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._info = _words(self, "previewInfo")
        self._warning = _words(self, "previewWarning", "error")
        self._note = _words(self, "previewNote")
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        self._split.setChildrenCollapsible(False)
        self._split.hide()
        for widget in (self._info, self._warning, self._note):
            self._column.addWidget(widget)
        self._column.addWidget(self._split, 1)
        self._column.addStretch(0)
        # Its parts are made, and filled, one in a turn of the event loop, so that no turn takes long.
        self._made = False
        self._making = Turns(self)
        self._filling = Turns(self)
        files.changed.connect(later(self, 0, self.refresh).start)

    def show_dataset(self, dataset: str | None) -> None:
        """The files go into this dataset."""
        self._dataset = dataset or ""

    def grow(self) -> None:
        """Make what is missing of it, a part in each turn of the event loop from the next one on."""
        if not self._made and not self._making.under_way:
            self._making.begin(
                (
                    self._make_reading, self._make_mapping, self._make_values, self._make_taking, self._make_constants,
                    self._make_rows, self._make_remembering, self._grown,
                )
            )  # fmt: skip

    def finish(self) -> Preview:
        """Make all of it now, and show what is known."""
        self.grow()
        self._making.finish()
        self.refresh()
        self._filling.finish()
        return self

    def submitted(self) -> None:
        """The file is submitted; before there is something to choose, nobody has chosen anything that is to be kept."""
        if self._made:
            self.remembering.submitted()

    def _grown(self) -> None:
        self._made = True
        self.grown.emit()
        self.refresh()

    def _make_reading(self) -> None:
        self._reading = ReadingBar(self)
        self._column.insertWidget(1, self._reading)
        self._reading.changed.connect(lambda: self._files.set_options(self._reading.options()))

    def _make_mapping(self) -> None:
        self._tabs = QTabWidget(self._split)
        self._tabs.setObjectName("previewTabs")
        self._tabs.setDocumentMode(True)
        self._split.addWidget(self._tabs)
        table = self._table("mappingTable", self.mapping, (136, 0, 126, 165))
        table.setItemDelegateForColumn(FIELD, ChoiceDelegate(lambda row: self.mapping.options(), table))
        self._tabs.addTab(table, "")

    def _make_values(self) -> None:
        self._values_table = self._table("valuesTable", self.values, (100, 120, 56, 120, 0))
        delegate = ChoiceDelegate(self.values.options, self._values_table)
        self._values_table.setItemDelegateForColumn(ValuesModel.edited, delegate)

    def _make_taking(self) -> None:
        self._tabs.addTab(self._with_button(self._values_table), "")

    def _make_constants(self) -> None:
        table = self._table("constantsTable", self.constants, (200, 0))
        table.setItemDelegateForColumn(ConstantsModel.edited, ChoiceDelegate(self.constants.options, table))
        self._tabs.addTab(table, "")

    def _table(self, name: str, model: QAbstractItemModel, widths: Sequence[int]) -> QTableView:
        """A table in which one click begins to edit; the column of width 0 takes what room there is."""
        table = QTableView(self._tabs)
        table.setObjectName(name)
        table.setModel(model)
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
        header.setSectionResizeMode(list(widths).index(0), QHeaderView.ResizeMode.Stretch)
        return table

    def _with_button(self, table: QTableView) -> QWidget:
        """The table of values, with what takes all proposals at once."""
        holder = QWidget(self._tabs)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(table, 1)
        self._take = QPushButton(translate("Preview", "Take all proposals"), holder)
        self._take.setObjectName("takeProposalsButton")
        self._take.clicked.connect(self._take_proposed)
        column.addWidget(self._take, 0, Qt.AlignmentFlag.AlignLeft)
        return holder

    def _take_proposed(self) -> None:
        if self._decision is not None:
            self._decision.take_proposed_values()

    def _make_rows(self) -> None:
        holder = QWidget(self._split)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        title = QLabel(translate("Preview", "First rows"), holder)
        title.setProperty("role", "section")
        column.addWidget(title)
        table = QTableView(holder)
        table.setObjectName("previewTable")
        table.setModel(self.rows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().setDefaultSectionSize(24)
        table.horizontalHeader().setDefaultSectionSize(120)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setWordWrap(False)
        table.setMinimumHeight(90)
        column.addWidget(table, 1)
        self._split.addWidget(holder)
        self._split.setSizes([330, 190])
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)

    def _make_remembering(self) -> None:
        self.remembering = Remembering(self._controller, self)
        self._column.insertWidget(self._column.indexOf(self._split) + 1, self.remembering)

    # ------------------------------------------------------------ showing

    def show_tab(self, tab: int) -> None:
        """Bring a table to the front: COLUMNS, VALUES or CONSTANTS."""
        self._tabs.setCurrentIndex(tab)

    def refresh(self) -> None:
        """Show the current file as it is known now, a part in each turn of the event loop."""
        state = self._files.current
        if state is None or not self._made:
            return
        decision = self._files.decision(state)
        shown = (id(state), id(state.look), state.looked, tuple(state.options.items()), id(decision))
        if shown != self._shown:
            self._shown = shown
            steps = self._steps(state, decision)
        elif self._filling.under_way:
            return  # what is new will be seen by the last of its steps
        else:
            steps = []
        self._filling.begin([*steps, lambda: self._judge(state, decision)])

    def _steps(self, state: FileState, decision: Decision | None) -> list[Callable[[], object]]:
        """What fills the parts with another file, or another look at it."""
        found = state.look
        readable = found is not None and not found.error
        steps: list[Callable[[], object]] = []
        if decision is not self._decision or found is None:
            self._decision = decision
            steps += [partial(model.show, decision) for model in (self.mapping, self.values, self.constants)]

        def describe_it() -> None:
            self._reading.show_file(state.path, found, state.options)
            if readable and found is not None:
                self._info.setText(describe(found.info, found.total))
            else:
                looking = translate("Preview", "Looking at {name}…").format(name=state.path.name)
                self._info.setText("" if state.looked else looking)
            self._info.setVisible(readable or not state.looked)

        def load() -> None:
            if readable and found is not None:
                self.rows.load(found.info["headers"], found.rows)
            else:
                self.rows.load([], [])

        def show_tabs() -> None:
            for tab in range(self._tabs.count()):
                self._tabs.setTabVisible(tab, decision is not None)
            self._tabs.setVisible(decision is not None)

        return [
            describe_it, *steps, load, show_tabs, lambda: self._split.setVisible(readable),
            lambda: self.remembering.show_file(self._dataset, state, decision),
        ]  # fmt: skip

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


def _words(parent: QWidget, name: str, role: str = "") -> QLabel:
    label = QLabel(parent)
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
