"""The panel with the notifications; it opens below the bell and never by itself."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.client.notification_models import Notification
from desktop.language import translate
from desktop.notifications.delegate import NotificationDelegate
from desktop.notifications.inbox import Inbox
from desktop.notifications.model import NotificationModel
from desktop.parts.records import RecordRole
from desktop.plurals import plurals

_SIZE = QSize(430, 520)


class NotificationPanel(QFrame):
    """Shows an `Inbox`: what is clicked is read; Enter, a double click or the button leads to its job.

    Attributes:
        list: the notifications.
        overdue: of which overdue bills to be told.

    Signals:
        job_wanted: id of the job of a notification.
    """

    job_wanted = Signal(str)

    def __init__(self, inbox: Inbox, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("notificationPanel")
        self.setAccessibleName(translate("Notifications", "Notifications"))
        self.resize(_SIZE)
        self._inbox = inbox
        self.model = NotificationModel(self)
        self.list = QListView()
        self.list.setObjectName("notificationList")
        self.list.setAccessibleName(translate("Notifications", "Notifications"))
        self.list.setModel(self.model)
        self.list.setItemDelegate(NotificationDelegate(self.list))
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMouseTracking(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.clicked.connect(lambda index: self._read(index.data(RecordRole)))
        self.list.doubleClicked.connect(lambda index: self._open(index.data(RecordRole)))
        self.list.selectionModel().currentChanged.connect(lambda *_: self._offer())
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._title = QLabel()
        self._title.setObjectName("notificationTitle")
        self._title.setProperty("role", "heading")
        self._all = QPushButton(translate("Notifications", "Mark all as read"))
        self._all.setObjectName("readAllButton")
        self._all.clicked.connect(inbox.mark_all_read)
        head = QHBoxLayout()
        head.setContentsMargins(14, 10, 10, 8)
        head.addWidget(self._title, 1)
        head.addWidget(self._all)
        nothing = QLabel(translate("Notifications", "There are no notifications."))
        nothing.setObjectName("noNotifications")
        nothing.setProperty("role", "muted")
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(nothing)
        self._job = QPushButton(translate("Notifications", "Show the job"))
        self._job.setObjectName("showJobButton")
        self._job.clicked.connect(lambda: self._open(self._current()))
        self._overdue_title = QLabel(translate("Notifications", "Overdue bills:"))
        self._overdue_title.setProperty("role", "muted")
        self.overdue = QComboBox()
        self.overdue.setObjectName("overdueNotices")
        self.overdue.setAccessibleName(translate("Notifications", "Of which overdue bills to be told"))
        for choice, words in (
            ("all", translate("Notifications", "all")),
            ("own", translate("Notifications", "from my imports")),
            ("none", translate("Notifications", "none")),
        ):
            self.overdue.addItem(words, choice)
        self.overdue.activated.connect(lambda _: inbox.choose(self.overdue.currentData()))
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 8, 10, 10)
        foot.setSpacing(8)
        foot.addWidget(self._overdue_title)
        foot.addWidget(self.overdue)
        foot.addStretch(1)
        foot.addWidget(self._job)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        inbox.changed.connect(self._show)
        self._show()

    def open_below(self, widget: QWidget) -> None:
        """Open with the right edge at that of `widget`, inside its window."""
        window = widget.window()
        self.resize(_SIZE.width(), min(_SIZE.height(), max(window.height() - 80, 240)))
        self.move(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        self._inbox.ask()
        self._inbox.ask_choice()
        self.show()
        self.list.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.model.rowCount() and not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.model.index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self._current())
            return
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)

    def _show(self) -> None:
        self.model.show(self._inbox.notifications)
        self._title.setText(
            plurals.unread(self._inbox.unread) if self._inbox.unread else translate("Notifications", "Notifications")
        )
        self._all.setEnabled(bool(self._inbox.unread))
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        for part in (self._overdue_title, self.overdue):
            part.setVisible(self._inbox.overdue is not None)
        self.overdue.setCurrentIndex(self.overdue.findData(self._inbox.overdue))
        self._offer()

    def _current(self) -> Notification | None:
        index = self.list.currentIndex()
        return index.data(RecordRole) if index.isValid() else None

    def _offer(self) -> None:
        current = self._current()
        self._job.setEnabled(bool(current and current.job_id))

    def _read(self, shown: Notification) -> None:
        if not shown.read:
            self._inbox.mark_read(shown.id)

    def _open(self, shown: Notification | None) -> None:
        if shown is None:
            return
        self._read(shown)
        if shown.job_id:
            self.close()
            self.job_wanted.emit(shown.job_id)

    def _scrolled(self, value: int) -> None:
        bar = self.list.verticalScrollBar()
        if value and value >= bar.maximum() - 20:
            self._inbox.load_more()
