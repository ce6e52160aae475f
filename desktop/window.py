"""The main window: filter at the left, queue table, details below, the connection's state at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, SignalInstance
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMessageBox,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import formats, icons, theme
from desktop.banner import Banner
from desktop.client import models
from desktop.controller import Controller
from desktop.details.pane import DetailsPane
from desktop.details.undo import undo_question
from desktop.language import translate
from desktop.outbox import Entry
from desktop.plurals import plurals
from desktop.preferences.dialog import PreferencesDialog
from desktop.queue.actions import ACTIONS, BY_NAME
from desktop.queue.page import QueuePage
from desktop.queue.rows import OUTBOX_STATES, JobRow
from desktop.queue.sidebar import SideBar
from desktop.signin.dialog import SignInDialog
from desktop.statusline import StatusLine
from desktop.submit.dialog import SubmitDialog

_ASK_BEFORE = 1  # deleting more jobs than this at once is asked about


class _DropHint(QWidget):
    """Lies over the window while files are dragged over it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colors.base)
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(colors.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(12, 12, -12, -12), 8, 8)
        font = painter.font()
        font.setPixelSize(20)
        painter.setFont(font)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, translate("MainWindow", "Drop to import"))
        painter.end()


class MainWindow(QMainWindow):
    """The window.

    Attributes:
        controller: behind it.
        page, side_bar, details, banner, search: its parts.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(translate("MainWindow", "Tasktray"))
        self.setWindowIcon(icons.application_icon())
        self.setAcceptDrops(True)
        self.controller = controller
        self.page = QueuePage()
        self.side_bar = SideBar()
        self.details = DetailsPane(controller)
        self.banner = Banner()
        self.search = QLineEdit()
        self._sign_in: SignInDialog | None = None
        self._dialogs: list[SubmitDialog] = []
        self._tickets: set[int] = set()
        self._shown_user: tuple[object, ...] = ()
        self._build()
        self._make_actions()
        self._connect()
        self._restore()
        icons.follow_theme(self)
        self._show_kinds()
        self._show_user()

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
        column.addWidget(self._below, 1)
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
        whole.addWidget(self._make_top())
        whole.addWidget(self._beside, 1)
        whole.addWidget(StatusLine(self.controller))
        self.setCentralWidget(central)
        self._drop_hint = _DropHint(self)
        self._drop_hint.hide()
        holder.setVisible(False)
        self.banner.installEventFilter(self)

    def _make_top(self) -> QWidget:
        bar = QWidget()
        bar.setObjectName("topBar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        self._choose = QPushButton(translate("MainWindow", "Import files…"))
        self._choose.setObjectName("chooseFilesButton")
        self._choose.setProperty("primary", True)
        self._choose.setToolTip(translate("MainWindow", "Choose workbooks to import (Ctrl+O)"))
        icons.put(self._choose, "add", "accent_text")
        self._choose.clicked.connect(self.choose_files)
        self._new = QPushButton(translate("MainWindow", "New job"))
        self._new.setObjectName("newJobButton")
        self._new_menu = QMenu(self._new)
        self._new.setMenu(self._new_menu)
        self.search.setObjectName("searchField")
        self.search.setPlaceholderText(translate("MainWindow", "Search title, kind, owner, id"))
        self.search.setAccessibleName(translate("MainWindow", "Search"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(280)
        find = self.search.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        icons.put(find, "search", "muted")
        self._settings = QToolButton()
        self._settings.setObjectName("settingsButton")
        self._settings.setToolTip(translate("MainWindow", "Settings"))
        icons.put(self._settings, "settings")
        self._settings.clicked.connect(self.show_preferences)
        self._user = QToolButton()
        self._user.setObjectName("userButton")
        self._user.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._user.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        icons.put(self._user, "user")
        self._user_menu = QMenu(self._user)
        self._user.setMenu(self._user_menu)
        row.addWidget(self._choose)
        row.addWidget(self._new)
        row.addStretch(1)
        row.addWidget(self.search)
        row.addWidget(self._settings)
        row.addWidget(self._user)
        return bar

    def _make_actions(self) -> None:
        for name, keys, do in (
            ("choose", QKeySequence.StandardKey.Open, self.choose_files),
            ("refresh", QKeySequence.StandardKey.Refresh, self.controller.ask_now),
            ("find", QKeySequence.StandardKey.Find, self._find),
            ("preferences", QKeySequence("Ctrl+,"), self.show_preferences),
            ("quit", QKeySequence("Ctrl+Q"), self.close),
            ("escape", QKeySequence("Esc"), self._escape),
        ):
            action = QAction(self)
            action.setObjectName(f"{name}Action")
            action.setShortcut(keys)
            action.triggered.connect(lambda _=False, do=do: do())
            self.addAction(action)
        for item in ACTIONS:
            if item.shortcut and item.name != "details":
                action = QAction(translate("Actions", item.title), self.page.table)
                action.setShortcut(QKeySequence(item.shortcut))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.triggered.connect(lambda _=False, name=item.name: self.do(name))
                self.page.table.addAction(action)

    def _connect(self) -> None:
        controller, table = self.controller, self.page.table
        self._listening: list[tuple[SignalInstance, Callable[..., object]]] = [
            (controller.jobs_changed, self._apply),
            (controller.outgoing.rows_changed, self._apply),
            (controller.jobs_loading, self.page.set_loading),
            (controller.connection_changed, self._show_user),
            (controller.signed_in, self._show_user),
            (controller.kinds_changed, self._show_kinds),
            (controller.operation_failed, self._failed),
            (controller.sign_in_wanted, self.show_sign_in),
            (controller.outgoing.added, self._added),
            (controller.outgoing.accepted, self._accepted),
            (controller.outgoing.refused, self._refused),
        ]
        for signal, slot in self._listening:
            signal.connect(slot)
        self.page.model.counts_changed.connect(self.side_bar.set_counts)
        self.page.choose_files_wanted.connect(self.choose_files)
        self.page.show_all_wanted.connect(self.show_all)
        self.side_bar.group_chosen.connect(lambda _: self._filter())
        self._refreshing = QTimer(self)
        self._refreshing.setSingleShot(True)
        self._refreshing.setInterval(0)
        self._refreshing.timeout.connect(self._refresh_details)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(150)
        self._typing.timeout.connect(self._filter)
        self.search.textChanged.connect(lambda _: self._typing.start())
        table.current_changed.connect(self._current)
        table.activated_job.connect(lambda row: self.do("details"))
        table.menu_wanted.connect(self._show_menu)
        table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.details.action_wanted.connect(self.do)
        self.details.closed.connect(self.hide_details)

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
        self.side_bar.choose(str(old.side_bar.currentIndex().data(Qt.ItemDataRole.UserRole)))
        current = old.page.table.current()
        if current and self.page.table.choose(current.id) and old.details.isVisible():
            self.do("details")

    def leave(self) -> None:
        """Listen to the controller no more."""
        for dialog in list(self._dialogs):
            dialog.reject()
        for signal, slot in self._listening:
            signal.disconnect(slot)
        self._listening = []

    # ------------------------------------------------------------ submitting

    def choose_files(self) -> None:
        """Let the user choose files, then submit them."""
        names, _ = QFileDialog.getOpenFileNames(
            self, translate("MainWindow", "Choose files"), "",
            translate("MainWindow", "Tables (*.xlsx *.xlsm *.xls *.ods *.csv *.tsv *.txt);;All files (*)"),
        )  # fmt: skip
        if names:
            self.submit_files([Path(name) for name in names])

    def submit_files(self, paths: Iterable[Path | str], kind: str | None = None) -> SubmitDialog:
        """Open the submit dialog for these files; `kind` is chosen in it when it is given."""
        return self._open_dialog(SubmitDialog(self.controller, [Path(path) for path in paths], kind, self))

    def new_job(self, kind: str) -> SubmitDialog:
        """Open the submit dialog for a kind, without files."""
        return self._open_dialog(SubmitDialog(self.controller, [], kind, self))

    def _open_dialog(self, dialog: SubmitDialog) -> SubmitDialog:
        self._dialogs.append(dialog)
        dialog.submitted.connect(self._tickets.update)
        dialog.finished.connect(lambda _: self._dialogs.remove(dialog))
        icons.follow_theme(dialog)
        dialog.open()
        return dialog

    def _added(self, ticket: int, entry: Entry) -> None:
        if ticket in self._tickets and not self.controller.online:
            self._tickets.discard(ticket)
            name = self.controller.outgoing.row(entry).title
            self.banner.tell(
                translate("MainWindow", "“{name}” is kept in the outbox and sent when the server is back.").format(
                    name=name
                )
            )

    def _accepted(self, entry_id: str, job: models.Job) -> None:
        self.banner.tell(
            estimate_text(job),
            button=translate("MainWindow", "Show"),
            action=lambda: self.show_job(job.id),
        )

    def _refused(self, entry: Entry) -> None:
        row = self.page.model.job(entry.id)
        if any(dialog.awaits(entry.id) for dialog in self._dialogs) or row is None:
            return
        self.banner.tell(
            translate("MainWindow", "The server refused “{name}”: {reason}").format(name=row.title, reason=row.error),
            error=True, button=translate("MainWindow", "Correct…"), action=lambda: self._correct(entry.id),
        )  # fmt: skip

    def _correct(self, entry_id: str) -> None:
        entry = self.controller.outgoing.entry(entry_id)
        if entry:
            dialog = SubmitDialog(self.controller, [file.path for file in entry.files], entry.kind, self)
            self._open_dialog(dialog)
            dialog.correct(entry)

    # ------------------------------------------------------------ what can be done with jobs

    def do(self, name: str) -> None:
        """Do an action of `queue.actions` with the selected jobs."""
        rows = BY_NAME[name].chosen(self.page.table.selected())
        if rows:
            getattr(self, f"do_{name}")(rows)

    def do_details(self, rows: Sequence[JobRow]) -> None:
        """Show the details pane."""
        self.details.show()
        self.details.show_row(rows[0])

    def do_cancel(self, rows: Sequence[JobRow]) -> None:
        """Ask jobs to stop."""
        self.controller.cancel_jobs([row.id for row in rows])

    def do_retry(self, rows: Sequence[JobRow]) -> None:
        """Run jobs again."""
        self.controller.retry_jobs([row.id for row in rows])

    def do_undo(self, rows: Sequence[JobRow]) -> None:
        """Say what taking an import back would do; do it when that is confirmed."""
        row = rows[0]
        self.controller.preview_undo(row.id, lambda told: self._ask_undo(row, told))

    def _ask_undo(self, row: JobRow, told: models.UndoPreview) -> None:
        undo_question(self, row.title, told, lambda: self.controller.undo_job(row.id))

    def do_correct(self, rows: Sequence[JobRow]) -> None:
        """Open a refused submission again."""
        self._correct(rows[0].id)

    def do_delete(self, rows: Sequence[JobRow]) -> None:
        """Delete ended jobs and entries of the outbox; asked about when there are several, or something unsent."""
        unsent = [row.id for row in rows if row.state in OUTBOX_STATES]
        jobs = [row.id for row in rows if row.state not in OUTBOX_STATES]
        if len(rows) > _ASK_BEFORE or unsent:
            box = QMessageBox(self)
            box.setObjectName("deleteQuestion")
            box.setIcon(QMessageBox.Icon.NoIcon)
            box.setWindowTitle(translate("MainWindow", "Delete"))
            box.setText(plurals.delete(len(rows)))
            if unsent:
                box.setInformativeText(plurals.unsent(len(unsent)))
            delete = box.addButton(translate("MainWindow", "Delete"), QMessageBox.ButtonRole.DestructiveRole)
            box.addButton(QMessageBox.StandardButton.Cancel)
            box.buttonClicked.connect(lambda button: self._delete(jobs, unsent) if button is delete else None)
            box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            box.open()
            return
        self._delete(jobs, unsent)

    def _delete(self, jobs: list[str], unsent: list[str]) -> None:
        self.controller.delete_jobs(jobs)
        if unsent:
            self.controller.outgoing.remove(unsent)

    def do_download(self, rows: Sequence[JobRow]) -> None:
        """Fetch all result files."""
        for row in rows:
            for file in row.files:
                if file.role != "upload":
                    self.controller.transfers.fetch(file)

    def do_open(self, rows: Sequence[JobRow]) -> None:
        """Fetch the first result file and open it."""
        self.controller.transfers.fetch(_first_result(rows[0]), "open")

    def do_folder(self, rows: Sequence[JobRow]) -> None:
        """Fetch the first result file and show it in its folder."""
        self.controller.transfers.fetch(_first_result(rows[0]), "folder")

    def do_copy_id(self, rows: Sequence[JobRow]) -> None:
        """Put the job's id on the clipboard."""
        QGuiApplication.clipboard().setText(rows[0].id)

    def _show_menu(self, at: QPoint) -> None:
        menu = self.job_menu()
        if menu.actions():
            menu.popup(at)

    def job_menu(self) -> QMenu:
        """The context menu for the selected jobs."""
        rows = self.page.table.selected()
        menu = QMenu(self)
        menu.setObjectName("jobMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for item in ACTIONS:
            if not rows or not item.chosen(rows):
                continue
            if item.starts_section and menu.actions():
                menu.addSeparator()
            action = menu.addAction(icons.icon(item.icon), translate("Actions", item.title))
            action.setObjectName(f"{item.name}MenuAction")
            if item.shortcut:
                action.setShortcut(QKeySequence(item.shortcut))
            action.triggered.connect(lambda _=False, name=item.name: self.do(name))
        return menu

    # ------------------------------------------------------------ showing

    def show_job(self, job_id: str) -> None:
        """Select a job, whatever the filter, and show its details."""
        if not self.page.model.index_of(job_id).isValid():
            self.show_all()
        if self.page.table.choose(job_id):
            self.do("details")

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
        self._typing.stop()
        group = self.side_bar.currentIndex().data(Qt.ItemDataRole.UserRole)
        self.page.model.set_filter(group, self.search.text())
        self.page._choose()
        current = self.page.table.currentIndex()
        if current.isValid():
            self.page.table.scrollTo(current)

    def _scrolled(self, value: int) -> None:
        bar = self.page.table.verticalScrollBar()
        if value and value >= bar.maximum() - 5:
            self.controller.load_older()

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _escape(self) -> None:
        if self.search.hasFocus() and self.search.text():
            self.search.clear()
        elif self.details.isVisible():
            self.hide_details()

    def _failed(self, key: str, words: str) -> None:
        if key != "sign_in":
            self.banner.tell(words, error=True)

    def _show_kinds(self) -> None:
        self._new_menu.clear()
        for kind in self.controller.kinds:
            action = self._new_menu.addAction(kind.title)
            action.setObjectName(f"new-{kind.kind}")
            action.triggered.connect(lambda _=False, name=kind.kind: self.new_job(name))
        self._new.setEnabled(bool(self.controller.kinds))

    def _show_user(self) -> None:
        state = self.controller.connection
        shown = (
            state.kind if not state.user else state.kind == "signed_out",
            state.user,
            state.server,
            self.controller.preferences.server,
        )
        if shown == self._shown_user:  # told at every poll, because the age of what is shown changes
            return
        self._shown_user = shown
        self._user_menu.clear()
        if state.kind == "signed_out":
            self._user.setText(translate("MainWindow", "Sign in"))
            action = self._user_menu.addAction(translate("MainWindow", "Sign in…"))
            action.setObjectName("signInAction")
            action.triggered.connect(lambda: self.show_sign_in())
            return
        away = translate("MainWindow", "Offline") if state.kind == "offline" else translate("MainWindow", "Connecting")
        self._user.setText(state.user or away)
        where = self._user_menu.addAction(state.server)
        where.setEnabled(False)
        other = self._user_menu.addAction(translate("MainWindow", "Other server…"))
        other.triggered.connect(lambda: self.show_sign_in())
        if self.controller.preferences.server:
            out = self._user_menu.addAction(icons.icon("signout"), translate("MainWindow", "Sign out"))
            out.setObjectName("signOutAction")
            out.triggered.connect(lambda: self.controller.sign_out())

    # ------------------------------------------------------------ events

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.banner and event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._banner_holder.setVisible(event.type() == QEvent.Type.ShowToParent)
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange:
            self.controller.set_minimised(self.isMinimized())
        super().changeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop_hint.setGeometry(self.rect())
            self._drop_hint.raise_()
            self._drop_hint.show()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        files = [path for path in paths if path.is_file()]
        if files:
            event.acceptProposedAction()
            self.submit_files(files)
        elif paths:
            self.banner.tell(translate("MainWindow", "Drop files, not folders."), error=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.keep()
        super().closeEvent(event)


def _first_result(row: JobRow) -> models.JobFile:
    return next(file for file in row.files if file.role != "upload")


def estimate_text(job: models.Job) -> str:
    """What the user is told after a submit: the job's id and how it is expected to go."""
    text = translate("MainWindow", "“{title}” is submitted as job {id}.").format(
        title=job.title or job.kind_title, id=job.id
    )
    estimate = job.estimate
    if estimate is None:
        return text
    if estimate.start_seconds is not None:
        if estimate.start_seconds < 2:
            text += translate("MainWindow", " It starts at once")
        else:
            text += translate("MainWindow", " It starts in about {time}").format(
                time=formats.duration(estimate.start_seconds)
            )
        if estimate.duration_seconds is not None:
            text += translate("MainWindow", " and takes about {time}").format(
                time=formats.duration(estimate.duration_seconds)
            )
        text += translate("MainWindow", ".")
    elif estimate.duration_seconds is not None:
        text += translate("MainWindow", " It takes about {time}.").format(
            time=formats.duration(estimate.duration_seconds)
        )
    return text
