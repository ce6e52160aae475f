"""The middle of the window: the queue table, or a friendly hint where there is nothing to show."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from desktop import icons, theme
from desktop.language import translate
from desktop.queue.model import QueueModel
from desktop.queue.table import QueueTable


class QueuePage(QStackedWidget):
    """Shows the table when it has rows.

    Signals:
        choose_files_wanted: the hint's button was pressed.
        show_all_wanted: the filter is to be taken away.
    """

    choose_files_wanted = Signal()
    show_all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = QueueModel(self)
        self.table = QueueTable(self.model)
        self._loading = False
        self._picture = QLabel()
        self._title = QLabel()
        self._title.setObjectName("emptyTitle")
        self._hint = QLabel()
        self._hint.setObjectName("emptyHint")
        self._hint.setProperty("role", "muted")
        self._button = QPushButton()
        self._button.setObjectName("emptyButton")
        self._button.clicked.connect(self._pressed)
        hint = QWidget()
        hint.setObjectName("emptyPage")
        column = QVBoxLayout(hint)
        column.addStretch(2)
        for widget in (self._picture, self._title, self._hint, self._button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            column.addSpacing(6)
            if isinstance(widget, QLabel):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        self.addWidget(self.table)
        self.addWidget(hint)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            signal.connect(self._choose)
        theme.theme().changed.connect(self._choose)
        self._choose()

    def set_loading(self, loading: bool) -> None:
        """The list is being read for the first time."""
        self._loading = loading
        self._choose()

    def _choose(self) -> None:
        if self.model.rowCount():
            self.setCurrentIndex(0)
            return
        filtered = bool(self.model.counts["all"])
        colors = theme.current()
        self._picture.setPixmap(
            icons.pixmap("search" if filtered else "outbox", colors.muted, 48, self.devicePixelRatioF())
        )
        if filtered:
            self._title.setText(translate("Queue", "Nothing here"))
            self._hint.setText(translate("Queue", "No job fits the filter and the search."))
            self._button.setText(translate("Queue", "Show all jobs"))
        elif self._loading:
            self._title.setText(translate("Queue", "Reading the jobs…"))
            self._hint.setText("")
        else:
            self._title.setText(translate("Queue", "Drop a workbook here"))
            self._hint.setText(
                translate(
                    "Queue",
                    "Excel, OpenDocument or CSV. It is imported in the background,\n"
                    "and you can go on working meanwhile.",
                )
            )
            self._button.setText(translate("Queue", "Choose files…"))
        self._button.setVisible(filtered or not self._loading)
        self.setCurrentIndex(1)

    def _pressed(self) -> None:
        (self.show_all_wanted if self.model.counts["all"] else self.choose_files_wanted).emit()
