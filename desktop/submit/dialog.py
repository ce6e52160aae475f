"""The submit dialog: files, kind, parameters, a look at the files; it answers with the job's id and expected time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.client import models
from desktop.controller import Controller
from desktop.language import translate
from desktop.outbox import Entry
from desktop.outgoing import field_errors
from desktop.parts.later import later
from desktop.plurals import plurals
from desktop.submit.choosing import Choosing
from desktop.submit.earlier import suggest_earlier
from desktop.submit.expected import expected
from desktop.submit.fields import FieldSpec, read_fields
from desktop.submit.files import FILE_OPTIONS, FileState
from desktop.submit.fitting import fits, reads_table, taken, taking
from desktop.submit.form import ParamsForm
from desktop.submit.frame import FramedDialog
from desktop.submit.picking import offer_picking
from desktop.submit.preview import Preview
from desktop.submit.refusal import by_field, in_words
from desktop.submit.sending import Order, Sending, make_orders

_DECIDED = ("mapping", "constants", "value_map")  # beside the form where the file's columns are shown
_WITH_PREVIEW = QSize(1160, 760)


class SubmitDialog(FramedDialog):
    """Submits one job, or a job a file where the kind takes one file and several were chosen.

    Args:
        kind: chosen at first; by default the first kind that takes such files, or the one that their header fits.
        found: the files were found in folders: each kind takes those of them that it can, and the one that takes most
            is chosen at first.

    Attributes:
        preview: the file that is shown.

    Signals:
        submitted: the tickets of the submissions (`Outgoing.added` names them).
    """

    submitted = Signal(object)

    def __init__(
        self,
        controller: Controller,
        paths: Sequence[Path],
        kind: str | None,
        parent: QWidget | None = None,
        *,
        found: bool = False,
    ) -> None:
        super().__init__(controller, paths, parent)
        self.setObjectName("submitDialog")
        self.setWindowTitle(translate("Submit", "New job"))
        self._controller = controller
        self._wanted = kind
        self._found = list(paths) if found else []
        self.sending = Sending(controller, self)
        self._built: ParamsForm | None = None
        self._pending: tuple[models.Kind, bool, bool] | None = None
        self._fields: list[FieldSpec] | None = None
        self._before: Mapping[str, Any] | None = None
        self._stored: dict[Path, str] = {}
        self._replaces: dict[Path | None, str] = {}
        self._take_over: list[Callable[[], None]] = []
        self._guessing = False
        self._preview: Preview | None = None
        self._ask = later(self, 350, self._estimate)
        self._lock = later(self, 0, lambda: self._frame.split.setEnabled(not self.sending.under_way))

    # ------------------------------------------------------------ parts

    def _steps(self) -> list[Callable[[], object]]:
        return [self._connect, self._fill_kinds, self._make_form, self._make_form, *self._take_over]

    def _connect(self) -> None:
        frame, footer = self._frame, self._frame.footer
        choosing = Choosing(self._controller, self)
        choosing.chosen.connect(self.set_files)
        choosing.failed.connect(frame.error.tell)
        self.files.changed.connect(later(self, 0, self._judge).start)
        self.files.fitting.connect(self._fitting)
        self._heading.kind.currentIndexChanged.connect(self._kind_chosen)
        self._heading.priority.currentIndexChanged.connect(lambda _: self._ask.start())
        wanted = self._heading.list
        wanted.choose_wanted.connect(lambda: choosing.files(self.chosen, next(iter(self.paths), None)))
        wanted.folder_wanted.connect(lambda: choosing.folder(self.chosen, next(iter(self.paths), None)))
        footer.submit_wanted.connect(self.submit)
        footer.cancel_wanted.connect(self.reject)
        footer.background_wanted.connect(self.accept)
        self._controller.estimated.connect(self._estimated)
        self.sending.finished.connect(self.accept)
        self.sending.failed.connect(self._not_sent)
        self.sending.refused.connect(self._refused)

    @property
    def preview(self) -> Preview:
        """What is in the file that is shown; all of it is made now if that is still to come."""
        return self.finish()._begin_preview().finish()

    def _begin_preview(self) -> Preview:
        if self._preview is None:
            self._preview = Preview(self.files, self._controller, self._frame.right)
            self._frame.right_column.addWidget(self._preview)
            self._preview.grown.connect(self._frame.footer.come_last)
        self._preview.show_dataset(self.chosen.dataset if self.chosen else None)
        return self._preview

    # ------------------------------------------------------------ files and kind

    def _fill_kinds(self) -> None:
        wanted = self._wanted
        offered = {kind.kind for kind in self._controller.catalogue.offered_kinds()} | {wanted}
        possible = [kind for kind in self._controller.kinds if kind.kind in offered]
        if self._found:
            fitting, most = taking(possible, self._found)
            self._heading.offer(fitting, most.kind if most else None)
            self.paths = taken(most, self._found) if most else self.paths
        else:
            fitting = [kind for kind in possible if fits(kind, self.paths)]
            self._heading.offer(fitting, wanted)
        schemas = {k.kind: self._controller.catalogue.schema(k.dataset) for k in fitting if reads_table(k, self.paths)}
        if wanted is None and len(schemas) > 1 and reads_table(self.chosen, self.paths):
            # Which of them it is the file itself can say.
            self._guessing = True
            self.files.find_fitting(self.paths, schemas)
        self._kind_chosen()

    @property
    def chosen(self) -> models.Kind | None:
        """The kind that is chosen."""
        box = self._heading.kind if self._frame.made else self.kind
        name = box.currentData()
        return next((kind for kind in self._controller.kinds if kind.kind == name), None)

    def set_files(self, paths: Sequence[Path]) -> None:
        """Work on other files."""
        self.finish()
        self._guessing = False
        self.paths, self._found = list(paths), []
        self._before = None
        self._kind_chosen()

    def _kind_chosen(self) -> None:
        kind = self.chosen
        if self._built is not None:
            self._frame.left.form_place.removeWidget(self._built)
            self._built.hide()
            self._built.deleteLater()
        self._built = self._pending = None
        if self._found and kind is not None:
            self.paths = taken(kind, self._found)
        others = len(self._found) - len(self.paths) if self._found else 0
        self._frame.left_out.tell(plurals.left_out(others) if others else "")
        previewed = reads_table(kind, self.paths)
        dataset = kind.dataset if kind and previewed else None
        schema = self._controller.catalogue.schema(dataset)
        if not self._guessing:
            tables = kind is None or kind.dataset is not None
            self.files.show(self.paths, dataset, schema, self._before, tables=tables)
        takes = kind is not None and kind.uploads.maximum > 0
        # Of a kind with one file a job the files of a folder would be as many jobs.
        folders = kind is not None and kind.uploads.maximum > 1
        self._heading.show_files(choosable=takes, folders=folders, visible=takes or bool(self.paths))
        if kind is None:
            self._judge()
            names = ", ".join(path.name for path in self.paths)
            self._frame.error.tell(
                translate("Submit", "There is nothing that can be done with {names}.").format(names=names)
                if self._controller.kinds
                else translate("Submit", "What can be done is not known yet: the server has never been reached.")
            )
            self._frame.right.hide()
            return
        self._frame.error.tell("")
        # The form is made in a turn of the event loop of its own, so that opening the dialog does not take long.
        self._pending, self._fields = (kind, previewed, schema is not None), None
        QTimer.singleShot(0, self, self._make_form)
        self._heading.title.setPlaceholderText(self.paths[0].name if len(self.paths) == 1 else kind.title)
        self._frame.right.setVisible(previewed)
        if previewed:
            # Where there is room for the window, there is for this.
            parent = self.parentWidget() or self
            room = (self.screen().availableSize() - QSize(40, 60)).expandedTo(parent.size() - QSize(40, 40))
            self.resize(self.size().expandedTo(_WITH_PREVIEW).boundedTo(room))
            self._begin_preview().grow()
        self._judge()
        self._ask.start()

    def _make_form(self) -> None:
        if self._pending is None:
            return
        if self._fields is None:  # reading them is half the work, and is a turn of its own
            self._fields = read_fields(self._pending[0].params_schema)
            QTimer.singleShot(0, self, self._make_form)
            return
        (kind, previewed, known), self._pending = self._pending, None
        beside = (FILE_OPTIONS if previewed else ()) + (_DECIDED if previewed and known else ())
        self._built = ParamsForm(kind.params_schema, beside, self._fields)
        self._built.changed.connect(self._ask.start)
        self._built.changed.connect(self._mode_chosen)
        self._frame.left.form_place.addWidget(self._built)
        self._built.grown.connect(self._frame.footer.come_last)
        self._frame.footer.come_last()
        suggest_earlier(self._controller, kind, self._built)
        offer_picking(self._controller, self._built)
        if self._before:
            self._built.set_values(dict(self._before))
        self._mode_chosen()
        if not previewed:
            self.resize(580, min(700, 130 + self._heading.sizeHint().height() + self._built.sizeHint().height()))

    def _mode_chosen(self) -> None:
        """What an import needs of a file depends on its mode."""
        editor = self._built.editors.get("mode") if self._built is not None else None
        self.files.set_mode(editor.value() if editor is not None else None)

    @property
    def _form(self) -> ParamsForm | None:
        """The form, made now if that is still to come."""
        self._making.finish()
        while self._pending is not None:
            self._make_form()
        return self._built

    def _fitting(self, kind: str) -> None:
        if self._guessing:
            self._guessing = False
            box = self._heading.kind
            place = box.findData(kind)
            if place < 0 or place == box.currentIndex():
                self._kind_chosen()
            else:
                box.setCurrentIndex(place)

    # ------------------------------------------------------------ parameters

    def params(self, state: FileState | None = None) -> dict[str, Any] | None:
        """The parameters as they stand, for one of the files (by default the one that is shown); None when something
        is not filled in, which is then shown.
        """
        values = self._form.values() if self._form is not None else None
        state = state or self.files.current
        if values is None or state is None or not self._frame.right.isVisibleTo(self):
            return values
        return values | self.files.params(state)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Fill the dialog, e.g. for a job that is like another one."""
        if self._form is not None:
            self._form.set_values(dict(params))
        if self._frame.right.isVisibleTo(self):
            if any(params.get(name) for name in FILE_OPTIONS):
                self.files.set_options({name: params.get(name) for name in FILE_OPTIONS})
            if any(name in params for name in _DECIDED):
                self.files.take(params)
        self._ask.start()

    def correct(self, entry: Entry) -> None:
        """Show a refused submission again, with the server's words at its fields; before `begin`."""
        self._replaces = {entry.files[0].path if entry.files else None: entry.id}
        self._before = entry.params

        def show() -> None:
            self._heading.title.setText(entry.title or "")
            self._heading.choose_priority(entry.priority)
            self._show_refusal(entry)

        self._take_over.append(show)

    def mend(self, job: models.Job, stored: Mapping[Path, str], words: str) -> None:
        """Show a failed job again, so that its file can be read or mapped in another way; before `begin`.

        Args:
            stored: its files' paths here -> their ids on the server, which has them already.
            words: why it failed.
        """
        self._stored = dict(stored)
        self._before = job.params

        def show() -> None:
            self._heading.title.setText("" if any(path.name in job.title for path in self.paths) else job.title)
            self._frame.error.tell(words)

        self._take_over.append(show)

    def _begin_with(self, params: Mapping[str, Any]) -> None:
        self._before, self._guessing = params, False
        self._kind_chosen()

    def _judge(self) -> None:
        """Offer to submit what the server can take, and say what else there is to know."""
        kind = self.chosen
        several = len(self.paths) > 1 and kind is not None and kind.uploads.maximum == 1
        chosen = self._going()
        problem = self._problem(chosen)
        if self.sending.under_way:
            self._frame.footer.show_sending()
        else:
            words = plurals.submit(len(chosen)) if several else translate("Submit", "Submit")
            possible = kind is not None and not self._guessing
            if self._frame.footer.show_ready(words, possible=possible, problem=problem):
                self._ask.start()
        self._heading.title.setEnabled(not several)

    def _going(self) -> list[FileState]:
        """The files that go in: those that are ticked, where ticks can be seen to mean something."""
        ticked = self._frame.right.isVisibleTo(self) or not self.files.tables
        return self.files.chosen() if ticked else self.files.files

    def _problem(self, chosen: Sequence[FileState]) -> str:
        if not self._frame.right.isVisibleTo(self) and self.files.tables:
            return ""
        return self.files.obstacle(chosen)

    def _estimate(self) -> None:
        kind = self.chosen
        if kind is None or self._form is None or not self._frame.footer.submit.isEnabled():
            return
        if not self._controller.online:
            self._frame.footer.expect(
                translate("Submit", "The server is away: this is kept in the outbox and sent when it is back.")
            )
            return
        self._controller.estimate(kind.kind, self._form.current_changed(), self.priority.currentData())

    def _estimated(self, estimate: models.Estimate | None, errors: Sequence[dict[str, Any]]) -> None:
        if self._form is not None and errors:
            self._form.show_errors(by_field(errors, self._form))
        self._frame.footer.expect(expected(estimate) if estimate else "")

    # ------------------------------------------------------------ submitting

    def submit(self) -> None:
        """Submit as it stands. What the server refuses is shown at its field."""
        self.finish()
        kind, params = self.chosen, self.params()
        if kind is None or params is None:
            return
        previewed = self._frame.right.isVisibleTo(self)
        chosen = self._going()
        if self._problem(chosen) or self._guessing:
            return
        if len(chosen) < kind.uploads.minimum:
            self._frame.error.tell(translate("Submit", "Choose a file first."))
            return
        gone = [state.path.name for state in chosen if not state.path.is_file()]
        if gone:
            self._frame.error.tell(translate("Submit", "{names} is no longer there.").format(names=", ".join(gone)))
            return
        self._frame.error.tell("")
        orders = make_orders(
            kind.uploads, [state.path for state in chosen], [self.params(state) or {} for state in chosen] or [params],
            title=self.title.text().strip(), replaces=self._replaces, stored=self._stored,
        )  # fmt: skip
        tickets = self.sending.start(kind.kind, orders, self.priority.currentData())
        if previewed and self._preview is not None:
            self._preview.submitted()
        self._show_sending()
        self.submitted.emit(tickets)

    def awaits(self, entry_id: str) -> bool:
        """This dialog waits for the server's answer to that entry and will show it."""
        return self.sending.awaits(entry_id) and self.isVisible()

    def _show_sending(self) -> None:
        self._judge()
        self._lock.start()

    def _not_sent(self, words: str, orders: list[Order]) -> None:
        self._go_on_with([path for order in orders for path in order.paths], orders[0].params)
        self._frame.error.tell(words)

    def _refused(self, entries: list[Entry]) -> None:
        if not self.isVisible():
            return
        self._replaces = {entry.files[0].path if entry.files else None: entry.id for entry in entries}
        self._go_on_with([file.path for entry in entries for file in entry.files], entries[0].params)
        self._show_refusal(entries[0])

    def _go_on_with(self, paths: list[Path], params: Mapping[str, Any]) -> None:
        """These were not accepted; what was must not go in once more."""
        if len(paths) < len(self.paths):
            self.paths, self._found = paths, []
            self._begin_with(params)
        self._show_sending()

    def _show_refusal(self, entry: Entry) -> None:
        errors = field_errors(entry)
        placed: dict[str, str] = {}
        if self._form is not None:
            placed = by_field(errors, self._form)
            self._form.show_errors(placed)
        self._frame.error.tell(in_words(self._controller.outgoing.row(entry).error, errors, placed))

    def done(self, result: int) -> None:
        self._ask.stop()
        self._controller.operations.cancel("estimate")
        super().done(result)
