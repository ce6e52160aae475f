"""The submit dialog: files, kind, parameters, a look at the file; it answers with the job's id and expected time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop import formats, icons
from desktop.client import models
from desktop.controller import Controller
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.outbox import Entry
from desktop.outgoing import field_errors
from desktop.parts.elided import ElidedLabel
from desktop.parts.error_box import ErrorBox
from desktop.plurals import plurals
from desktop.submit.form import ParamsForm
from desktop.submit.preview import Preview

PRIORITIES = (
    ("normal", QT_TRANSLATE_NOOP("Submit", "Normal")),
    ("high", QT_TRANSLATE_NOOP("Submit", "High")),
    ("low", QT_TRANSLATE_NOOP("Submit", "Low")),
)
_FILE_OPTIONS = ("sheet", "header_row", "encoding", "delimiter")
_TABLES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")


class SubmitDialog(QDialog):
    """Submits one job, or a job a file where the kind takes one file and several were chosen.

    Args:
        kind: chosen at first; by default the first kind that takes such files.

    Signals:
        submitted: the tickets of the submissions (`Outgoing.added` names them).
    """

    submitted = Signal(object)

    def __init__(
        self, controller: Controller, paths: Sequence[Path], kind: str | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("submitDialog")
        self.setWindowTitle(translate("Submit", "New job"))
        self._controller = controller
        self.paths = list(paths)
        self._built: ParamsForm | None = None
        self._pending: tuple[models.Kind, bool, bool] | None = None
        self._tickets: set[int] = set()
        self._entries: set[str] = set()
        self._correcting: str | None = None
        self._under_way = False
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        self._error = ErrorBox("submitError")
        column.addWidget(self._error)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setObjectName("submitSplitter")
        self._split.addWidget(self._make_left())
        self.preview = Preview(controller)
        right = QWidget()
        margin = QVBoxLayout(right)
        margin.setContentsMargins(12, 0, 0, 0)
        margin.addWidget(self.preview)
        self._right = right
        self._split.addWidget(right)
        self._split.setStretchFactor(0, 0)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([430, 640])
        self._split.setChildrenCollapsible(False)
        column.addWidget(self._split, 1)
        column.addLayout(self._make_bottom())
        self._ask = QTimer(self)
        self._ask.setSingleShot(True)
        self._ask.setInterval(350)
        self._ask.timeout.connect(self._estimate)
        self.preview.looked.connect(self._looked)
        self.preview.changed.connect(self._ask.start)
        self.preview.changed.connect(self._judge)
        self.kind.currentIndexChanged.connect(self._kind_chosen)
        controller.estimated.connect(self._estimated)
        controller.outgoing.added.connect(self._added)
        controller.outgoing.not_added.connect(self._not_added)
        controller.outgoing.accepted.connect(self._accepted)
        controller.outgoing.refused.connect(self._refused)
        self._fill_kinds(kind)

    # ------------------------------------------------------------ parts

    def _make_left(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        head = QFormLayout()
        head.setHorizontalSpacing(14)
        head.setVerticalSpacing(9)
        head.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._files = QWidget()
        self._files_column = QVBoxLayout(self._files)
        self._files_column.setContentsMargins(0, 0, 0, 0)
        self._files_column.setSpacing(3)
        self.kind = QComboBox()
        self.kind.setObjectName("kindBox")
        self.title = QLineEdit()
        self.title.setObjectName("titleField")
        self.title.setMaxLength(200)
        self.priority = QComboBox()
        self.priority.setObjectName("priorityBox")
        for value, words in PRIORITIES:
            self.priority.addItem(translate("Submit", words), value)
        self.priority.currentIndexChanged.connect(lambda _: self._ask.start())
        for words, widget in (
            (translate("Submit", "Files"), self._files),
            (translate("Submit", "What to do"), self.kind),
            (translate("Submit", "Title"), self.title),
            (translate("Submit", "Priority"), self.priority),
        ):
            label = QLabel(words)
            label.setMinimumWidth(110)
            label.setBuddy(widget)
            head.addRow(label, widget)
        self._files_label = head.labelForField(self._files)
        column.addLayout(head)
        line = QFrame()
        line.setObjectName("rule")
        line.setFixedHeight(1)
        column.addWidget(line)
        self._form_place = QVBoxLayout()
        column.addLayout(self._form_place)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(400)
        return area

    def _make_bottom(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._expected = QLabel()
        self._expected.setObjectName("estimateText")
        self._expected.setProperty("role", "muted")
        self._expected.setWordWrap(True)
        row.addWidget(self._expected, 1)
        cancel = QPushButton(translate("Submit", "Cancel"))
        cancel.setObjectName("cancelSubmitButton")
        cancel.clicked.connect(self.reject)
        self._background = QPushButton(translate("Submit", "Go on in the background"))
        self._background.setObjectName("backgroundButton")
        self._background.clicked.connect(self.accept)
        self._background.hide()
        self._submit = QPushButton(translate("Submit", "Submit"))
        self._submit.setObjectName("submitButton")
        self._submit.setProperty("primary", True)
        self._submit.setDefault(True)
        self._submit.clicked.connect(self.submit)
        row.addWidget(cancel)
        row.addWidget(self._background)
        row.addWidget(self._submit)
        return row

    # ------------------------------------------------------------ files and kind

    def _fill_kinds(self, wanted: str | None) -> None:
        fitting = [kind for kind in self._controller.kinds if self._fits(kind)]
        self.kind.blockSignals(True)
        for kind in fitting:
            self.kind.addItem(kind.title or kind.kind, kind.kind)
        place = self.kind.findData(wanted) if wanted else 0
        self.kind.setCurrentIndex(max(place, 0))
        self.kind.blockSignals(False)
        self._kind_chosen()

    def _fits(self, kind: models.Kind) -> bool:
        if not self.paths:
            return True
        needs = kind.uploads
        return needs.maximum > 0 and all(
            not needs.suffixes or path.suffix.lower() in needs.suffixes for path in self.paths
        )

    @property
    def chosen(self) -> models.Kind | None:
        """The kind that is chosen."""
        name = self.kind.currentData()
        return next((kind for kind in self._controller.kinds if kind.kind == name), None)

    def _show_files(self) -> None:
        while self._files_column.count():
            item = self._files_column.takeAt(0)
            widget = item.widget() if item else None
            if widget:
                widget.hide()
                widget.deleteLater()
        for path in self.paths[:8]:
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            size = QLabel(_size(path))
            size.setProperty("role", "muted")
            row.addWidget(ElidedLabel(path.name), 1)
            row.addWidget(size)
            self._files_column.addWidget(line)
        if len(self.paths) > 8:
            more = QLabel(plurals.more(len(self.paths) - 8))
            more.setProperty("role", "muted")
            self._files_column.addWidget(more)
        kind = self.chosen
        takes = kind is not None and kind.uploads.maximum > 0
        if takes:
            choose = QPushButton(translate("Submit", "Choose files…"))
            choose.setObjectName("chooseInDialogButton")
            icons.put(choose, "folder")
            choose.clicked.connect(self._choose_files)
            self._files_column.addWidget(choose, 0, Qt.AlignmentFlag.AlignLeft)
        self._files.setVisible(takes or bool(self.paths))
        self._files_label.setVisible(takes or bool(self.paths))

    def _choose_files(self) -> None:
        kind = self.chosen
        suffixes = " ".join(f"*{suffix}" for suffix in kind.uploads.suffixes) if kind else ""
        known = translate("Submit", "Fitting files ({patterns})").format(patterns=suffixes)
        names, _ = QFileDialog.getOpenFileNames(
            self, translate("Submit", "Choose files"), str(self.paths[0].parent) if self.paths else "",
            f"{known};;{translate('Submit', 'All files (*)')}" if suffixes else translate("Submit", "All files (*)"),
        )  # fmt: skip
        if names:
            self.set_files([Path(name) for name in names])

    def set_files(self, paths: Sequence[Path]) -> None:
        """Work on other files."""
        self.paths = list(paths)
        self._kind_chosen()

    def _kind_chosen(self) -> None:
        kind = self.chosen
        self._show_files()
        if self._built is not None:
            self._form_place.removeWidget(self._built)
            self._built.hide()
            self._built.deleteLater()
        self._built = self._pending = None
        if kind is None:
            self._submit.setEnabled(False)
            names = ", ".join(path.name for path in self.paths)
            self._tell(
                translate("Submit", "There is nothing that can be done with {names}.").format(names=names)
                if self._controller.kinds
                else translate("Submit", "What can be done is not known yet: the server has never been reached.")
            )
            self._right.hide()
            return
        self._tell("")
        dataset = self._schema(kind)
        previewed = bool(self.paths) and kind.dataset is not None and self.paths[0].suffix.lower() in _TABLES
        # The form is made in a turn of the event loop of its own, so that opening the dialog does not take long.
        self._pending = (kind, previewed, dataset is not None)
        QTimer.singleShot(0, self, self._make_form)
        self.title.setPlaceholderText(self.paths[0].name if len(self.paths) == 1 else kind.title)
        self._right.setVisible(previewed)
        if previewed:
            self.resize(max(self.width(), 1080), max(self.height(), 620))
            self.preview.show_file(self.paths[0], dataset)
        else:
            self.preview.stop()
        several = len(self.paths) > 1 and kind.uploads.maximum == 1
        self._submit.setText(plurals.submit(len(self.paths)) if several else translate("Submit", "Submit"))
        self._judge()
        self._ask.start()

    def _make_form(self) -> None:
        if self._pending is None:
            return
        (kind, previewed, known), self._pending = self._pending, None
        self._built = ParamsForm(kind.params_schema, ["mapping"] if previewed and known else [])
        self._built.changed.connect(self._form_changed)
        self._form_place.addWidget(self._built)
        if not previewed:
            self.resize(580, min(620, 250 + self._built.sizeHint().height()))

    @property
    def _form(self) -> ParamsForm | None:
        """The form, made now if that is still to come."""
        self._make_form()
        return self._built

    def _schema(self, kind: models.Kind) -> dict[str, Any] | None:
        schema = self._controller.cache.read(f"dataset-{kind.dataset}") if kind.dataset else None
        return schema if isinstance(schema, dict) else None

    # ------------------------------------------------------------ parameters

    def params(self) -> dict[str, Any] | None:
        """The parameters as they stand; None when something is not filled in, which is then shown."""
        if self._form is None:
            return None
        values = self._form.values()
        if values is None:
            return None
        mapping = self.preview.mapping.mapping() if self._right.isVisibleTo(self) else None
        if mapping is not None:
            values["mapping"] = mapping
        return values

    def set_params(self, params: dict[str, Any]) -> None:
        """Fill the form, e.g. for a job that is like another one."""
        if self._form is not None:
            self._form.set_values(params)
            self._form_changed()

    def correct(self, entry: Entry) -> None:
        """Show a refused submission again, with the server's words at its fields."""
        self._correcting = entry.id
        self.title.setText(entry.title or "")
        self.priority.setCurrentIndex(max(self.priority.findData(entry.priority), 0))
        self.set_params(entry.params)
        if entry.params.get("mapping") and self.paths:
            kind = self.chosen
            self.preview.show_file(self.paths[0], self._schema(kind) if kind else None, entry.params["mapping"])
        self._show_refusal(entry)

    def _form_changed(self) -> None:
        if self._form is not None:
            current = self._form.current()
            self.preview.set_options({name: current.get(name) for name in _FILE_OPTIONS})
            constants = current.get("constants")
            self.preview.mapping.set_constants(constants if isinstance(constants, dict) else ())
        self._ask.start()

    def _looked(self, found: object) -> None:
        info = getattr(found, "info", None)
        if info and self._form is not None:
            self._form.offer_sheets(info["sheets"])
        self._judge()

    @property
    def _problem(self) -> str:
        return self.preview.problem if self._right.isVisibleTo(self) else ""

    def _judge(self) -> None:
        """Offer to submit what the server can take, and say what else there is to know."""
        self._submit.setEnabled(not self._under_way and self.chosen is not None and not self._problem)
        self._submit.setToolTip(self._problem)
        if self._problem:
            self._expected.setText(translate("Submit", "Cannot be submitted like this, see above."))
        mapped = self._right.isVisibleTo(self) and self.preview.mapping.mapping() is not None
        self.preview.note(plurals.mapped(len(self.paths)) if mapped and len(self.paths) > 1 else "")

    def _estimate(self) -> None:
        kind = self.chosen
        if kind is None or self._form is None or self._problem:
            return
        if not self._controller.online:
            self._expected.setText(
                translate("Submit", "The server is away: this is kept in the outbox and sent when it is back.")
            )
            return
        self._controller.estimate(kind.kind, self._form.current_changed(), self.priority.currentData())

    def _estimated(self, estimate: models.Estimate | None, errors: Sequence[dict[str, Any]]) -> None:
        if self._form is not None and errors:
            self._form.show_errors(_by_field(errors, self._form))
        if not self._problem:
            self._expected.setText(_expected(estimate) if estimate else "")

    # ------------------------------------------------------------ submitting

    def submit(self) -> None:
        """Submit as it stands. What the server refuses is shown at its field."""
        kind, params = self.chosen, self.params()
        if kind is None or params is None:
            return
        needs = kind.uploads
        if self._problem:
            return
        if len(self.paths) < needs.minimum:
            self._tell(translate("Submit", "Choose a file first."))
            return
        gone = [path.name for path in self.paths if not path.is_file()]
        if gone:
            self._tell(translate("Submit", "{names} is no longer there.").format(names=", ".join(gone)))
            return
        self._tell("")
        groups = [[path] for path in self.paths] if needs.maximum == 1 else [self.paths]
        if not self.paths or needs.maximum == 0:
            groups = [[]]
        typed = self.title.text().strip() if len(groups) == 1 else ""

        def title_of(group: list[Path]) -> str | None:
            return typed or (group[0].name if len(group) == 1 else None)

        self._sending(True)
        self._tickets = {
            self._controller.outgoing.submit(
                kind.kind, params, group, title=title_of(group),
                priority=self.priority.currentData(), replaces=self._correcting,
            )
            for group in groups
        }  # fmt: skip
        self._entries.clear()
        self.submitted.emit(set(self._tickets))

    def awaits(self, entry_id: str) -> bool:
        """This dialog waits for the server's answer to that entry and will show it."""
        return entry_id in self._entries and self.isVisible()

    def _sending(self, sending: bool) -> None:
        self._under_way = sending
        self._judge()
        self._submit.setText(translate("Submit", "Sending…") if sending else translate("Submit", "Submit"))
        self._background.setVisible(sending)
        self._split.setEnabled(not sending)

    def _added(self, ticket: int, entry: Entry) -> None:
        if ticket not in self._tickets:
            return
        self._tickets.discard(ticket)
        self._entries.add(entry.id)
        self._correcting = None
        if not self._tickets and not self._controller.online:
            self.accept()

    def _not_added(self, ticket: int, words: str) -> None:
        if ticket in self._tickets:
            self._tickets.discard(ticket)
            self._sending(False)
            self._tell(words)

    def _accepted(self, entry_id: str, job: models.Job) -> None:
        self._entries.discard(entry_id)
        if not self._entries and not self._tickets and self._under_way:
            self.accept()

    def _refused(self, entry: Entry) -> None:
        if entry.id not in self._entries or not self.isVisible():
            return
        self._entries.discard(entry.id)
        self._sending(False)
        self._correcting = entry.id
        self._show_refusal(entry)

    def _show_refusal(self, entry: Entry) -> None:
        errors = field_errors(entry)
        placed: dict[str, str] = {}
        if self._form is not None:
            placed = _by_field(errors, self._form)
            self._form.show_errors(placed)
        others = [_words(error) for error in errors if _field(error) not in placed]
        row = self._controller.outgoing.row(entry)
        self._tell(" ".join([row.error, *(words for words in others if words and words not in row.error)]).strip())

    def _tell(self, words: str) -> None:
        self._error.tell(words)

    def done(self, result: int) -> None:
        self._ask.stop()
        self.preview.stop()
        self._controller.operations.cancel("estimate")
        super().done(result)
        self.deleteLater()


def _field(error: dict[str, Any]) -> str:
    """`params.mode`, `mode` or `body.params.mode` → `mode`."""
    parts = [p for p in str(error.get("field") or "").replace("/", ".").split(".") if p not in ("", "body", "params")]
    return parts[0] if parts else ""


def _words(error: dict[str, Any]) -> str:
    return str(error.get("message") or error.get("detail") or error.get("code") or "")


def _by_field(errors: Sequence[dict[str, Any]], form: ParamsForm) -> dict[str, str]:
    return {_field(error): _words(error) for error in errors if form.has(_field(error))}


def _expected(estimate: models.Estimate) -> str:
    if estimate.start_seconds is None:
        return translate("Submit", "It is not known when this starts.")
    start = (
        translate("Submit", "Starts at once")
        if estimate.start_seconds < 2
        else translate("Submit", "Starts in about {time}").format(time=formats.duration(estimate.start_seconds))
    )
    if estimate.duration_seconds is None:
        return start
    return start + translate("Submit", ", takes about {time}").format(time=formats.duration(estimate.duration_seconds))


def _size(path: Path) -> str:
    try:
        return formats.size(path.stat().st_size)
    except OSError:
        return translate("Submit", "not there")
