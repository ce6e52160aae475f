"""The bar at the top: import files, new job, search, settings, who is signed in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QToolButton, QWidget

from desktop import icons
from desktop.client import models
from desktop.controller import Controller
from desktop.language import translate
from desktop.notifications.bell import Bell
from desktop.notifications.panel import NotificationPanel
from desktop.parts.later import later


class TopBar(QWidget):
    """Shows what can be begun, and for whom.

    Attributes:
        search: what is searched for in the queue.

    Signals:
        choose_files_wanted, preferences_wanted, sign_in_wanted: a button or an entry was chosen.
        kind_wanted: name of a kind of job to begin.
        search_changed: a moment after the last key.
        job_wanted: id of the job of a notification.
    """

    choose_files_wanted = Signal()
    preferences_wanted = Signal()
    sign_in_wanted = Signal()
    kind_wanted = Signal(str)
    search_changed = Signal()
    job_wanted = Signal(str)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self._controller = controller
        self._shown_user: tuple[object, ...] = ()
        self._choose = QPushButton(translate("MainWindow", "Import files…"))
        self._choose.setObjectName("chooseFilesButton")
        self._choose.setProperty("primary", True)
        self._choose.setToolTip(translate("MainWindow", "Choose workbooks to import (Ctrl+O)"))
        icons.put(self._choose, "add", "accent_text")
        self._choose.clicked.connect(self.choose_files_wanted)
        self._new = QPushButton(translate("MainWindow", "New job"))
        self._new.setObjectName("newJobButton")
        self._new_menu = QMenu(self._new)
        self._new.setMenu(self._new_menu)
        self.search = self._make_search()
        self.bell = Bell(controller.inbox)
        self.bell.clicked.connect(self.show_notifications)
        self._panel: NotificationPanel | None = None
        self._settings = QToolButton()
        self._settings.setObjectName("settingsButton")
        self._settings.setToolTip(translate("MainWindow", "Settings"))
        icons.put(self._settings, "settings")
        self._settings.clicked.connect(self.preferences_wanted)
        self._user = QToolButton()
        self._user.setObjectName("userButton")
        self._user.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._user.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        icons.put(self._user, "user")
        self._user_menu = QMenu(self._user)
        self._user.setMenu(self._user_menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self._choose)
        row.addWidget(self._new)
        row.addStretch(1)
        row.addWidget(self.search)
        row.addWidget(self.bell)
        row.addWidget(self._settings)
        row.addWidget(self._user)
        self.show_kinds()
        self.show_user()

    def _make_search(self) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName("searchField")
        field.setPlaceholderText(translate("MainWindow", "Search title, kind, owner, id"))
        field.setAccessibleName(translate("MainWindow", "Search"))
        field.setClearButtonEnabled(True)
        field.setFixedWidth(280)
        find = field.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        icons.put(find, "search", "muted")
        typing = later(self, 150, self.search_changed.emit)
        field.textChanged.connect(lambda _: typing.start())
        return field

    def begin_search(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def show_notifications(self) -> NotificationPanel:
        """Open the panel with the notifications."""
        if self._panel is None:
            self._panel = NotificationPanel(self._controller.inbox, self)
            self._panel.job_wanted.connect(self.job_wanted)
        self._panel.open_below(self.bell)
        return self._panel

    def show_kinds(self) -> None:
        """Offer the kinds that this user may begin."""
        self._new_menu.clear()
        section = None
        for kind in sorted(self._controller.catalogue.offered_kinds(), key=_section):
            if section not in (None, _section(kind)):
                self._new_menu.addSeparator()
            section = _section(kind)
            action = self._new_menu.addAction(kind.title)
            action.setObjectName(f"new-{kind.kind}")
            action.triggered.connect(lambda _=False, name=kind.kind: self.kind_wanted.emit(name))
        self._new.setEnabled(bool(self._new_menu.actions()))

    def show_user(self) -> None:
        """Show who is signed in, and where."""
        state = self._controller.connection
        shown = (
            state.kind if not state.user else state.kind == "signed_out",
            state.user,
            state.server,
            self._controller.preferences.server,
        )
        if shown == self._shown_user:  # told at every poll, because the age of what is shown changes
            return
        self._shown_user = shown
        self._user_menu.clear()
        if state.kind == "signed_out":
            self._user.setText(translate("MainWindow", "Sign in"))
            action = self._user_menu.addAction(translate("MainWindow", "Sign in…"))
            action.setObjectName("signInAction")
            action.triggered.connect(self.sign_in_wanted)
            return
        away = translate("MainWindow", "Offline") if state.kind == "offline" else translate("MainWindow", "Connecting")
        self._user.setText(state.user or away)
        where = self._user_menu.addAction(state.server)
        where.setEnabled(False)
        other = self._user_menu.addAction(translate("MainWindow", "Other server…"))
        other.triggered.connect(self.sign_in_wanted)
        if self._controller.preferences.server:
            out = self._user_menu.addAction(icons.icon("signout"), translate("MainWindow", "Sign out"))
            out.setObjectName("signOutAction")
            out.triggered.connect(lambda: self._controller.sign_out())


def _section(kind: models.Kind) -> tuple[int, str]:
    """Where a kind stands in the menu: imports, exports, the rest by what it is about, what is for admins last."""
    if kind.technical:
        return 4, ""
    if kind.admin_only:
        return 3, ""
    if kind.dataset or kind.lane == "export":
        return (0, "") if kind.uploads.maximum else (1, "")
    return 2, kind.lane
