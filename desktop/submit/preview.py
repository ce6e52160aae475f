"""What is in the chosen file: format, rows, which column goes where, and the first rows."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import language
from desktop.controller import Controller
from desktop.language import translate
from desktop.plurals import plurals
from desktop.submit.look import Look, look
from desktop.submit.mapping import FIELD, FieldDelegate, MappingModel, RowsModel
from tabular.schema import TableSchema

log = logging.getLogger(__name__)

_DELIMITERS = {",": ",", ";": ";", "\t": "Tab", "|": "|"}


class Preview(QWidget):
    """Looks at a file off the GUI thread.

    Attributes:
        mapping: what goes where.
        problem: why the file cannot be taken as it stands, in words; empty when nothing is known against it.

    Signals:
        looked: a `Look`, or None when the file could not be looked at.
        changed: the mapping is another one now.
    """

    looked = Signal(object)
    changed = Signal()

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self._controller = controller
        self._key = f"look:{id(self)}"
        self._path: Path | None = None
        self._schema: TableSchema | None = None
        self._schema_json: dict[str, Any] | None = None
        self._options: dict[str, Any] = {}
        self._wanted: dict[str, str | None] | None = None
        self.problem = ""
        self.mapping = MappingModel(self)
        self.rows = RowsModel(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._info = QLabel()
        self._info.setObjectName("previewInfo")
        self._info.setWordWrap(True)
        column.addWidget(self._info)
        self._warning = QLabel()
        self._warning.setObjectName("previewWarning")
        self._warning.setProperty("role", "error")
        self._warning.setWordWrap(True)
        self._warning.hide()
        column.addWidget(self._warning)
        self._note = QLabel()
        self._note.setObjectName("previewNote")
        self._note.setWordWrap(True)
        self._note.hide()
        column.addWidget(self._note)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("previewTabs")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._make_mapping(), translate("Preview", "Columns"))
        self._tabs.addTab(self._make_rows(), translate("Preview", "First rows"))
        column.addWidget(self._tabs, 1)
        column.addStretch(0)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(400)
        self._again.timeout.connect(self._look)
        self.mapping.changed.connect(self._judge)

    def _make_mapping(self) -> QTableView:
        table = QTableView()
        table.setObjectName("mappingTable")
        table.setModel(self.mapping)
        table.setItemDelegateForColumn(FIELD, FieldDelegate(table))
        table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        table.setWordWrap(False)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate((140, 190, 150)):
            header.resizeSection(place, width)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(3, 130)
        return table

    def _make_rows(self) -> QTableView:
        table = QTableView()
        table.setObjectName("previewTable")
        table.setModel(self.rows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().setDefaultSectionSize(26)
        table.horizontalHeader().setDefaultSectionSize(130)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setWordWrap(False)
        return table

    def show_file(self, path: Path, schema: dict[str, Any] | None, wanted: dict[str, str | None] | None = None) -> None:
        """Look at a file; `schema` is of the dataset that it goes into, `wanted` a mapping made before."""
        self._path, self._schema_json, self._wanted = path, schema, wanted
        self.problem = ""
        self._schema = TableSchema.from_json(schema) if schema else None
        self._tabs.setTabVisible(0, self._schema is not None)
        self._look()

    def set_options(self, options: dict[str, Any]) -> None:
        """What the user knows better about the file; looks again a moment later."""
        kept = {name: value for name, value in options.items() if value not in (None, "")}
        if kept != self._options:
            self._options = kept
            if self._path is not None:
                self._again.start()

    def note(self, words: str) -> None:
        """Say something about the mapping; nothing when `words` is empty."""
        self._note.setText(words)
        self._note.setVisible(bool(words))

    def stop(self) -> None:
        """Stop looking."""
        self._again.stop()
        self._controller.operations.cancel(self._key)

    def _look(self) -> None:
        path, schema, options, speech = self._path, self._schema_json, dict(self._options), language.current()
        if path is None:
            return
        self._info.setText(translate("Preview", "Looking at {name}…").format(name=path.name))
        self._controller.operations.start(
            self._key,
            lambda cancelled: look(path, schema, options, speech, cancelled),
            self._show, self._failed, lane="files",
        )  # fmt: skip

    def _failed(self, error: BaseException) -> None:
        log.error("the file could not be looked at", exc_info=error)
        self._show(None)

    def _show(self, found: Look | None) -> None:
        name = self._path.name if self._path else ""
        if found is None or found.error:
            words = found.error if found else translate("Preview", "{name} cannot be looked at.").format(name=name)
            self.mapping.clear()
            self.rows.load([], [])
            self._info.hide()
            # One that took too long to look at, or ended its reader, may still be fine for the server.
            self.problem = found.error if found else ""
            self._warning.setText(words)
            self._warning.show()
            self._tabs.hide()
            self.looked.emit(found)
            return
        self._tabs.show()
        self._info.show()
        self._info.setText(describe(found))
        self.rows.load(found.info["headers"], found.rows)
        if self._schema is not None:
            self.mapping.load(self._schema, found.proposals, found.rows)
            if self._wanted:
                self.mapping.take(self._wanted)
        self.looked.emit(found)

    def _judge(self) -> None:
        missing = self.mapping.missing()
        self._warning.setVisible(bool(missing))
        self.problem = ""
        if missing:
            self.problem = translate("Preview", "Required, but no column goes into {fields}. Choose one below.").format(
                fields=translate("Preview", ", ").join(missing)
            )
            self._warning.setText(self.problem)
        self.changed.emit()


def describe(found: Look) -> str:
    """Format, encoding, sheets, number of rows, in one line."""
    info = found.info
    parts = [str(info["format"]).upper()]
    if info.get("encoding"):
        parts.append(str(info["encoding"]).upper())
    if info.get("delimiter"):
        delimiter = info["delimiter"]
        parts.append(translate("Preview", "separated by {sign}").format(sign=_DELIMITERS.get(delimiter, delimiter)))
    if info.get("reading"):
        sheets = translate("Preview", ", ").join(info["reading"])
        parts.append(translate("Preview", "sheet {names}").format(names=sheets))
    if info.get("header_row", 1) != 1:
        parts.append(translate("Preview", "header in row {number}").format(number=info["header_row"]))
    if found.total is not None:
        parts.append(plurals.rows(found.total))
    return " · ".join(parts)
