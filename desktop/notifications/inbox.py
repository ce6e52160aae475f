"""The user's notifications: asked for by a timer, marked as read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.client.client import Client
from desktop.client.errors import Missing, Offline, SignInNeeded
from desktop.client.notification_models import Notification, NotificationPage

if TYPE_CHECKING:
    from desktop.controller import Controller

ASK_MS = 30_000
PAGE = 50


class Inbox(QObject):
    """Keeps the latest notifications of who is signed in.

    Attributes:
        notifications: the latest first, as far as they were read.
        unread: how many of all are unread.
        more: there are older ones.
        overdue: of which overdue bills the user wants to be told: all, own or none; None: not known (yet).

    Signals:
        changed: any of the above may be another one now.
    """

    changed = Signal()

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._asked: Client | None = None
        self._pages = 1
        self.notifications: list[Notification] = []
        self.unread = 0
        self.more = False
        self.overdue: str | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self.ask)
        controller.connection_changed.connect(self._follow)
        controller.language_changed.connect(self.ask)

    def _follow(self) -> None:
        """Ask at once when the server is there (again), or another user is."""
        client = self._controller.client
        if client is None or client is not self._asked:
            self._forget()
        if not self._controller.online:
            self._timer.stop()
        elif not self._timer.isActive():
            self._asked = client
            self.ask()

    def _forget(self) -> None:
        self._asked = None
        self._pages = 1
        self._timer.stop()
        self._controller.operations.cancel("notifications")
        if self.notifications or self.unread or self.overdue:
            self.notifications, self.unread, self.more, self.overdue = [], 0, False, None
            self.changed.emit()

    def leave(self) -> None:
        """Ask nobody any more."""
        self._timer.stop()
        self._controller.operations.cancel("notifications")

    def ask(self) -> None:
        """Read them again."""
        client, pages = self._controller.client, self._pages
        if client is None or not self._controller.online:
            return
        self._timer.start()

        def work(_: object) -> NotificationPage:
            page = client.notifications(limit=PAGE)
            found, cursor = page, page.next
            for _more in range(pages - 1):
                if cursor is None:
                    break
                page = client.notifications(cursor=cursor, limit=PAGE)
                found.notifications += page.notifications
                cursor = page.next
            found.next = cursor
            return found

        def done(page: NotificationPage) -> None:
            now = (page.notifications, page.unread, page.next is not None)
            if now != (self.notifications, self.unread, self.more):
                self.notifications, self.unread, self.more = now
                self.changed.emit()

        # That the server is away is told by the line about the connection; it is asked again at the next turn.
        self._controller.operations.start("notifications", work, done)

    def load_more(self) -> None:
        """Read the next page of older ones, too."""
        if self.more and not self._controller.operations.running("notifications"):
            self._pages += 1
            self.ask()

    def ask_choice(self) -> None:
        """Read what the user has chosen; a server that does not know the question leaves it open."""
        client = self._controller.client
        if client is not None and self._controller.online:
            self._controller.operations.start(
                "overdue", lambda _: client.overdue_notices(), self._choice, lambda _: None
            )

    def choose(self, overdue: str) -> None:
        """Choose of which overdue bills to be told."""
        self.overdue = overdue
        self._order("overdue", lambda client: client.choose_overdue_notices(overdue))

    def _choice(self, overdue: str) -> None:
        if overdue != self.overdue:
            self.overdue = overdue
            self.changed.emit()

    def mark_read(self, notification_id: str) -> None:
        """Mark one as read."""
        self._order(f"read:{notification_id}", lambda client: client.read_notification(notification_id))

    def mark_all_read(self) -> None:
        """Mark all as read."""
        self._order("read_all", lambda client: client.read_all_notifications())

    def _order(self, key: str, call: Callable[[Client], object]) -> None:
        controller, client = self._controller, self._controller.client
        if client is None:
            return

        def failed(error: BaseException) -> None:
            if key == "overdue":
                self.ask_choice()  # what holds is shown again
            if isinstance(error, Missing):  # deleted for its age meanwhile
                self.ask()
            elif not isinstance(error, Offline | SignInNeeded):
                controller.report("notifications", error)

        controller.operations.start(key, lambda _: call(client), lambda _: self.ask(), failed)
