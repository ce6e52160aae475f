"""The main window: filter at the left, queue table, details below, the connection's state at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, SignalInstance
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QSplitter, QVBoxLayout, QWidget

from desktop import icons
from desktop.banner import Banner
from desktop.client import models
from desktop.client.errors import Missing
from desktop.controller import Controller
from desktop.deeds import Deeds
from desktop.details.pane import DetailsPane
from desktop.dropping import Dropping
from desktop.language import translate
from desktop.pages import Pages
from desktop.parts.later import later
from desktop.preferences.dialog import PreferencesDialog
from desktop.queue.page import QueuePage
from desktop.queue.rows import JobRow, from_job
from desktop.queue.sidebar import SideBar
from desktop.signin.dialog import SignInDialog
from desktop.statusline import StatusLine
from desktop.submissions import Submissions
from desktop.submit.dialog import SubmitDialog
from desktop.topbar import TopBar


class MainWindow(QMainWindow):
    """The window.

    Attributes:
        controller: behind it.
        top, page, side_bar, details, banner, search: its parts.
        submissions, deeds: what is begun in it.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(translate("MainWindow", "Tasktray"))
        self.setWindowIcon(icons.application_icon())
        self.controller = controller
        self.page = QueuePage()
        self.side_bar = SideBar()
        self.details = DetailsPane(controller)
        self.banner = Banner()
        self.top = TopBar(controller)
        self.search = self.top.search
        self.submissions = Submissions(controller, self.banner, self)
        self.deeds = Deeds(controller, self.page.table, self.submissions, self)
        self._sign_in: SignInDialog | None = None
        self._build()
        self._make_actions()
        self._connect()
        self._restore()
        self._offer_pages()
        icons.follow_theme(self)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self._below = QSplitter(Qt.Orientation.Vertical)
        self._below.setObjectName("detailsSplitter")
        self._below.addWidget(self.page)
        self._below.addWidget(self.details)
        self._below.setStretchFactor(0, 1)
        self._below.setCollapsible(0, False)
        self._below.setHandleWidth(3)
        self._below.setSizes([450, 280])
        self.details.hide()
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        holder = QWidget()
        margin = QHBoxLayout(holder)
        margin.setContentsMargins(8, 8, 8, 0)
        margin.addWidget(self.banner)
        self._banner_holder = holder
        column.addWidget(holder)
        self._pages = Pages(self.controller, self._below)
        column.addWidget(self._pages, 1)
        self._beside = QSplitter(Qt.Orientation.Horizontal)
        self._beside.setHandleWidth(1)
        self._beside.addWidget(self.side_bar)
        self._beside.addWidget(middle)
        self._beside.setStretchFactor(1, 1)
        self._beside.setSizes([184, 1000])
        central = QWidget()
        whole = QVBoxLayout(central)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.top)
        whole.addWidget(self._beside, 1)
        whole.addWidget(StatusLine(self.controller))
        self.setCentralWidget(central)
        self._dropping = Dropping(self)
        holder.setVisible(False)
        self.banner.installEventFilter(self)

    def _make_actions(self) -> None:
        for name, keys, do in (
            ("choose", QKeySequence.StandardKey.Open, self.choose_files),
            ("refresh", QKeySequence.StandardKey.Refresh, self.controller.feed.ask_now),
            ("find", QKeySequence.StandardKey.Find, self._begin_search),
            ("preferences", QKeySequence("Ctrl+,"), self.show_preferences),
            ("quit", QKeySequence("Ctrl+Q"), self.close),
            ("escape", QKeySequence("Esc"), self._escape),
        ):
            action = QAction(self)
            action.setObjectName(f"{name}Action")
            action.setShortcut(keys)
            action.triggered.connect(lambda _=False, do=do: do())
            self.addAction(action)

    def _connect(self) -> None:
        controller, table = self.controller, self.page.table
        self._listening: list[tuple[SignalInstance, Callable[..., object]]] = [
            (controller.jobs_changed, self._apply),
            (controller.outgoing.rows_changed, self._apply),
            (controller.jobs_loading, self.page.set_loading),
            (controller.connection_changed, self.top.show_user),
            (controller.signed_in, self._signed_in),
            (controller.kinds_changed, self.top.show_kinds),
            (controller.operation_failed, self._failed),
            (controller.connection_changed, self._offer_pages),
            (controller.sign_in_wanted, self.show_sign_in),
        ]
        for signal, slot in self._listening:
            signal.connect(slot)
        self._dropping.dropped.connect(self.submissions.dropped)
        self.page.model.counts_changed.connect(self.side_bar.set_counts)
        self.page.choose_files_wanted.connect(self.choose_files)
        self.page.show_all_wanted.connect(self.show_all)
        self.side_bar.group_chosen.connect(lambda _: self._show_jobs())
        self.side_bar.page_chosen.connect(self._show_page)
        self._pages.job_wanted.connect(self.find_job)
        self._pages.told.connect(self.banner.tell)
        self.top.job_wanted.connect(self.find_job)
        self._refreshing = later(self, 0, self._refresh_details)
        self.top.choose_files_wanted.connect(self.choose_files)
        self.top.kind_wanted.connect(self.new_job)
        self.top.preferences_wanted.connect(self.show_preferences)
        self.top.sign_in_wanted.connect(self.show_sign_in)
        self.top.search_changed.connect(self._filter)
        self.submissions.job_wanted.connect(self.show_job)
        self.deeds.details_wanted.connect(self._show_details)
        table.current_changed.connect(self._current)
        table.activated_job.connect(lambda row: self.do("details"))
        table.menu_wanted.connect(self._show_menu)
        table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.details.action_wanted.connect(self.do)
        self.details.closed.connect(self.hide_details)
        self.details.job_wanted.connect(self._show_other)

    def _restore(self) -> None:
        preferences = self.controller.preferences
        self.resize(1320, 800)
        for name, restore in (
            ("window", self.restoreGeometry),
            ("details", self._below.restoreState),
            ("side", self._beside.restoreState),
        ):
            state = preferences.state(name)
            if state:
                restore(state)
        self.page.table.restore_header(preferences.state("queue"))

    def keep(self) -> None:
        """Remember the window's and the table's shape."""
        preferences = self.controller.preferences
        preferences.keep_state("window", self.saveGeometry())
        preferences.keep_state("details", self._below.saveState())
        preferences.keep_state("side", self._beside.saveState())
        preferences.keep_state("queue", self.page.table.header_state())

    def take_over(self, old: MainWindow) -> None:
        """Show what another window showed: after a change of language a new window takes the place of the old one."""
        self.page.table.apply(old.page.model.all_rows())
        self.setGeometry(old.geometry())
        self.search.setText(old.search.text())
        self.side_bar.choose(old.side_bar.group)
        self.side_bar.choose(old.side_bar.page())
        current = old.page.table.current()
        if current and self.page.table.choose(current.id) and old.details.isVisible():
            self.do("details")

    def leave(self) -> None:
        """Listen to the controller no more."""
        self.submissions.leave()
        for signal, slot in self._listening:
            signal.disconnect(slot)
        self._listening = []

    # ------------------------------------------------------------ what can be done

    def choose_files(self) -> None:
        """Let the user choose files, then submit them."""
        self.submissions.choose_files()

    def submit_files(self, paths: Iterable[Path | str], kind: str | None = None) -> SubmitDialog:
        """Open the submit dialog for these files; `kind` is chosen in it when it is given."""
        return self.submissions.files(paths, kind)

    def new_job(self, kind: str) -> SubmitDialog:
        """Open the submit dialog for a kind, without files."""
        return self.submissions.kind(kind)

    def do(self, name: str) -> None:
        """Do an action of `queue.actions` with the selected jobs."""
        self.deeds.do(name)

    def job_menu(self) -> QMenu:
        """The context menu for the selected jobs."""
        return self.deeds.menu()

    def _show_menu(self, at: QPoint) -> None:
        menu = self.job_menu()
        if menu.actions():
            menu.popup(at)

    # ------------------------------------------------------------ showing

    def show_job(self, job_id: str) -> None:
        """Select a job, whatever the filter, and show its details."""
        if self.side_bar.page():
            self.side_bar.choose(self.side_bar.group)
        if not self.page.model.index_of(job_id).isValid():
            self.show_all()
        if self.page.table.choose(job_id):
            self.do("details")

    def find_job(self, job_id: str) -> None:
        """As `show_job`, but one that is not in the list, as those of schedules, is read from the server first."""
        controller, client = self.controller, self.controller.client
        if client is None or self.page.model.job(job_id) is not None:
            self._show_other(job_id)
            return

        def done(job: models.Job) -> None:
            controller.feed.take([from_job(job)], [])
            self._show_other(job_id)

        def failed(error: BaseException) -> None:
            if isinstance(error, Missing):
                self._show_other(job_id)
            else:
                controller.report("find_job", error)

        controller.operations.start("find_job", lambda _: client.job(job_id), done, failed)

    def _show_other(self, job_id: str) -> None:
        self.show_job(job_id)
        if self.details.row is None or self.details.row.id != job_id:
            self.banner.tell(translate("MainWindow", "That job is no longer in the list."), error=True)

    def show_all(self) -> None:
        """Take filter and search away."""
        self.search.clear()
        self.side_bar.choose("all")
        self._filter()

    def hide_details(self) -> None:
        """Close the details pane."""
        self.details.hide()
        self.details.show_row(None)
        self.page.table.setFocus()

    def show_sign_in(self, reason: str = "") -> None:
        """Open the sign-in dialog; `reason` says why it is needed again."""
        if self._sign_in is None:
            self._sign_in = SignInDialog(self.controller, self)
            self._sign_in.finished.connect(self._sign_in_closed)
            self._sign_in.open()
        self._sign_in.tell(reason)

    def _sign_in_closed(self) -> None:
        if self._sign_in:
            self._sign_in.deleteLater()
            self._sign_in = None

    def show_preferences(self) -> None:
        """Open the settings."""
        dialog = PreferencesDialog(self.controller, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _apply(self, changed: Sequence[JobRow], removed: Sequence[str]) -> None:
        self.page.table.apply(changed, removed)
        if self.details.isVisible():
            self._refreshing.start()  # in a turn of its own, so that no turn of the event loop takes long

    def _refresh_details(self) -> None:
        shown = self.details.row
        if shown is None or not self.details.isVisible():
            return
        latest = self.page.model.job(shown.id)
        if latest is None:
            self.hide_details()
        elif latest != shown:
            self.details.show_row(latest)

    def _current(self, row: JobRow | None) -> None:
        if row is not None and self.details.isVisible():
            self.details.show_row(row)

    def _filter(self) -> None:
        self.page.model.set_filter(self.side_bar.group, self.search.text())
        self.page._choose()
        current = self.page.table.currentIndex()
        if current.isValid():
            self.page.table.scrollTo(current)

    def _show_jobs(self) -> None:
        self._pages.show_page("")
        self.search.setVisible(True)
        self._filter()

    def _show_page(self, name: str) -> None:
        self._pages.show_page(name)
        self.search.setVisible(False)  # it searches jobs

    def _offer_pages(self) -> None:
        user = self.controller.user
        if user is not None or self.controller.connection.kind == "signed_out":
            self.side_bar.show_pages(user is not None and user.is_admin)

    def _begin_search(self) -> None:
        self.side_bar.choose(self.side_bar.group)
        self.top.begin_search()

    def _scrolled(self, value: int) -> None:
        bar = self.page.table.verticalScrollBar()
        if value and value >= bar.maximum() - 5:
            self.controller.feed.load_older()

    def _escape(self) -> None:
        if self.side_bar.page():
            self.side_bar.choose(self.side_bar.group)
        elif self.search.hasFocus() and self.search.text():
            self.search.clear()
        elif self.details.isVisible():
            self.hide_details()

    def _show_details(self, row: JobRow) -> None:
        self.details.show()
        self.details.show_row(row)

    def _signed_in(self) -> None:
        self._offer_pages()
        self.top.show_user()
        self.top.show_kinds()  # some are offered to admins only

    def _failed(self, key: str, words: str) -> None:
        if key != "sign_in":
            self.banner.tell(words, error=True)

    # ------------------------------------------------------------ events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.banner and event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._banner_holder.setVisible(event.type() == QEvent.Type.ShowToParent)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange:
            self.controller.feed.set_minimised(self.isMinimized())
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.keep()
        super().closeEvent(event)
