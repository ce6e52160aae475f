"""The pane below the queue table: everything about the job that is chosen there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import formats, icons, theme
from desktop.client.models import Event
from desktop.controller import Controller, JobDetails
from desktop.details.counts import facts
from desktop.details.files import FileList
from desktop.details.outcome import Outcome
from desktop.language import translate
from desktop.parts.elided import ElidedLabel
from desktop.parts.notice import Notice
from desktop.parts.turns import Turns
from desktop.queue.actions import ACTIONS
from desktop.queue.columns import state_text
from desktop.queue.delegates import paint_bar, paint_state
from desktop.queue.rows import JobRow


class _Painted(QWidget):
    """Paints one aspect of a row the way the queue table does."""

    def __init__(self, paint: Callable[..., None], width: int, height: int) -> None:
        super().__init__()
        self._paint = paint
        self.row: JobRow | None = None
        self.setMinimumWidth(width)
        self.setFixedHeight(height)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.row is not None:
            painter = QPainter(self)
            painter.setFont(self.font())
            self._paint(painter, self.rect(), self.row)
            painter.end()


class DetailsPane(QWidget):
    """Facts and counts at the left, files in the middle, the job's story at the right.

    Signals:
        action_wanted: name of an action of `queue.actions` that a button asks for.
        closed: it was closed.
        job_wanted: id of another job that is to be shown.
    """

    action_wanted = Signal(str)
    closed = Signal()
    job_wanted = Signal(str)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPane")
        self._controller = controller
        self._row: JobRow | None = None
        self._events: tuple[Event, ...] = ()
        self._filling = Turns(self)
        self._fact_names: tuple[str, ...] = ()
        self._fact_values: list[ElidedLabel] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 8, 14, 10)
        outer.setSpacing(8)
        outer.addLayout(self._make_head())
        self._error = Notice("detailsError", error=True)
        outer.addWidget(self._error)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addWidget(self._make_facts(), 5)
        columns.addWidget(self._make_files(), 4)
        columns.addWidget(self._make_story(), 4)
        outer.addLayout(columns, 1)
        controller.details_changed.connect(self._details)
        theme.theme().changed.connect(self._recolor)
        self.show_row(None)

    # ------------------------------------------------------------ parts

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(10)
        self._title = ElidedLabel()
        self._title.setObjectName("detailsTitle")
        self._title.setProperty("role", "heading")
        self._title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._state = _Painted(paint_state, 120, 22)
        self._state.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        head.addWidget(self._state)
        head.addWidget(self._title, 1)
        self._buttons: dict[str, QPushButton] = {}
        for action in ACTIONS:
            if action.button:
                button = QPushButton(translate("Actions", action.title))
                button.setObjectName(f"{action.name}Button")
                icons.put(button, action.icon)
                button.clicked.connect(lambda _=False, name=action.name: self.action_wanted.emit(name))
                self._buttons[action.name] = button
                head.addWidget(button)
        close = QToolButton()
        close.setObjectName("closeDetailsButton")
        close.setToolTip(translate("Details", "Close (Esc)"))
        icons.put(close, "close")
        close.clicked.connect(self.closed)
        head.addWidget(close)
        return head

    def _make_facts(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        self._bar = _Painted(paint_bar, 120, 22)
        column.addWidget(self._bar)
        self._why = QLabel()
        self._why.setObjectName("detailsWhy")
        self._why.setWordWrap(True)
        column.addWidget(self._why)
        self._parent = QLabel()
        self._parent.setObjectName("detailsParent")
        self._parent.setWordWrap(True)
        self._parent.linkActivated.connect(self.job_wanted)
        column.addWidget(self._parent)
        self._outcome = Outcome()
        column.addWidget(self._outcome)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        column.addStretch(1)
        return _Column(inner)

    def _make_files(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(_section(translate("Details", "Files")))
        self._files = FileList(self._controller.transfers)
        column.addWidget(self._files)
        self._no_files = QLabel(translate("Details", "No files"))
        self._no_files.setObjectName("detailsNoFiles")
        self._no_files.setTextFormat(Qt.TextFormat.PlainText)
        self._no_files.setWordWrap(True)
        self._no_files.setProperty("role", "muted")
        column.addWidget(self._no_files)
        self._files.count_changed.connect(lambda count: self._no_files.setVisible(not count))
        column.addStretch(1)
        return _Column(inner)

    def _make_story(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(_section(translate("Details", "What happened")))
        self._story = QLabel()
        self._story.setObjectName("detailsEvents")
        self._story.setTextFormat(Qt.TextFormat.RichText)
        self._story.setWordWrap(True)
        self._story.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._story.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._story)
        column.addStretch(1)
        return _Column(inner)

    # ------------------------------------------------------------ showing

    @property
    def row(self) -> JobRow | None:
        """The job that is shown."""
        return self._row

    def show_row(self, row: JobRow | None) -> None:
        """Show a job; what the row does not hold is read from the server."""
        before, self._row = self._row, row
        if row is None:
            self._filling.stop()
            self._title.set_full_text("")
            return
        if before is None or before.id != row.id:
            self._show_events([])
        self._show(row)
        if row.group != "outbox" and (before is None or before.id != row.id or before.version != row.version):
            self._controller.show_details(row.id)

    def finish(self) -> DetailsPane:
        """Show now what is still to be shown of the job."""
        self._filling.finish()
        return self

    def _show(self, row: JobRow) -> None:
        self._title.set_full_text(row.title if row.kind_title in row.title else f"{row.title} — {row.kind_title}")
        self._state.row = self._bar.row = row
        self._state.setFixedWidth(self._state.fontMetrics().horizontalAdvance(state_text(row)) + 26)
        self._state.update()
        self._bar.update()
        self._bar.setVisible(row.state in ("running", "sending"))
        self._why.setText(row.note)
        self._why.setVisible(bool(row.note) and row.note != row.error and row.state != "succeeded")
        self._error.tell(row.error)
        self._parent.setText(_belongs(row))
        self._parent.setVisible(row.parent_id is not None)
        for action in ACTIONS:
            if action.name in self._buttons:
                self._buttons[action.name].setVisible(action.fits(row))
        # The rest in turns of the event loop of their own, so that none takes long.
        self._filling.begin(
            (
                lambda: self._outcome.show_counts(row.result), lambda: self._outcome.show_reasons(row.result),
                lambda: self._show_facts(row), lambda: self._show_files(row),
            )
        )  # fmt: skip

    def _show_files(self, row: JobRow) -> None:
        """Its files on the server; of what is not sent yet the names of those that will be."""
        entry = self._controller.outgoing.entry(row.id) if row.group == "outbox" else None
        waiting = "\n".join(f"{file.name} · {formats.size(file.size)}" for file in entry.files) if entry else ""
        self._no_files.setText(waiting or translate("Details", "No files"))
        self._files.show_files(row.files)

    def _show_facts(self, row: JobRow) -> None:
        titles = next((kind.result_titles for kind in self._controller.kinds if kind.kind == row.kind), None)
        lines = facts(row.result, titles)
        if row.state == "running":
            lines.append((translate("Details", "Rows"), formats.rows(row.rows_done, row.rows_total)))
            lines.append((translate("Details", "Rate"), formats.rate(row.rate)))
            lines.append((translate("Details", "Remaining"), formats.duration(row.eta)))
        lines.append((translate("Details", "Submitted"), f"{formats.moment(row.created)}  {row.owner}".strip()))
        if row.started and row.finished:
            lines.append((translate("Details", "Took"), formats.duration(row.finished - row.started)))
        lines.append((translate("Details", "Id"), row.id))
        lines = [line for line in lines if line[1]]
        names = tuple(name for name, _ in lines)
        if names != self._fact_names:  # made anew only when there are others: this runs at every poll
            _clear(self._grid)
            self._fact_names, self._fact_values = names, []
            for place, name in enumerate(names):
                title = QLabel(name)
                title.setProperty("role", "muted")
                title.setAlignment(Qt.AlignmentFlag.AlignTop)
                text = ElidedLabel()
                text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._fact_values.append(text)
                self._grid.addWidget(title, place, 0)
                self._grid.addWidget(text, place, 1)
        for text, (_, value) in zip(self._fact_values, lines, strict=True):
            text.set_full_text(value)

    def _recolor(self) -> None:
        if self._row is not None:
            self._show(self._row)
            self._show_events(list(self._events))

    def _details(self, details: JobDetails) -> None:
        if self._row is None or details.job.id != self._row.id:
            return
        self._show_events(details.events)
        self._filling.then(lambda: self._files.show_files(details.job.files))

    def _show_events(self, events: list[Event]) -> None:
        self._events = tuple(events)
        muted = theme.current().muted
        lines = [
            f'<tr><td style="color:{muted}; padding-right:10px; white-space:nowrap;">{_time(event.at)}</td>'
            f"<td>{_escape(event.message or event.type)}{self._worker(event, muted)}</td></tr>"
            for event in reversed(events)
        ]
        self._story.setText(f'<table cellspacing="2">{"".join(lines)}</table>' if lines else "")

    def _worker(self, event: Event, muted: str) -> str:
        """Which worker of the office's server it was, for admins; nobody else is told."""
        name = event.values.get("worker") if self._controller.preferences.server else None
        return f' <span style="color:{muted};">{_escape(str(name))}</span>' if name else ""


def _time(at: datetime | None) -> str:
    return formats.moment(at.timestamp()) if at else ""


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _belongs(row: JobRow) -> str:
    """What the job has to do with an earlier one, with a link to that."""
    words = (
        translate("Details", "Takes back an earlier import.")
        if row.kind == "datasets.undo"
        else translate("Details", "Corrected rows of an earlier import.")
    )
    show = _escape(translate("Details", "Show it"))
    return f'{_escape(words)} <a href="{_escape(row.parent_id or "")}">{show}</a>'


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "section")
    return label


class _Column(QScrollArea):
    """Scrolls up and down only, so it is never narrower than what is in it asks for."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self._inner = inner
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()  # what is in it may ask for another width now
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        inner = self._inner.minimumSizeHint().width()
        return QSize(inner + self.verticalScrollBar().sizeHint().width(), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(self.minimumSizeHint())


def _clear(layout: QGridLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item else None
        if widget:
            widget.hide()
            widget.deleteLater()
