"""The result files of a job, each with what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from desktop import formats, icons, theme
from desktop.client.models import JobFile
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.parts.elided import ElidedLabel
from desktop.transfers import Transfer, Transfers

ROLES = {
    "upload": QT_TRANSLATE_NOOP("Files", "Your file"),
    "export": QT_TRANSLATE_NOOP("Files", "Export"),
    "errors": QT_TRANSLATE_NOOP("Files", "Rejected rows"),
    "report": QT_TRANSLATE_NOOP("Files", "Report"),
}


class FileLine(QWidget):
    """One file: icon, name, size, and buttons."""

    def __init__(self, file: JobFile, transfers: Transfers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"file-{file.role}")
        self.file = file
        self._transfers = transfers
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(6)
        picture = QLabel()
        color = theme.current().failed if file.role == "errors" else theme.current().muted
        picture.setPixmap(icons.pixmap("file", color, 18, self.devicePixelRatioF()))
        row.addWidget(picture)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(ElidedLabel(file.name))
        role = translate("Files", ROLES[file.role]) if file.role in ROLES else file.role
        self._note = QLabel(f"{role} · {formats.size(file.size)}")
        self._note.setProperty("role", "muted")
        texts.addWidget(self._note)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.hide()
        texts.addWidget(self._bar)
        row.addLayout(texts, 1)
        self._download = self._button("download", translate("Files", "Download"), lambda: transfers.fetch(file))
        self._stop = self._button("close", translate("Files", "Stop the download"), lambda: transfers.stop(file.id))
        self._open = self._button("open", translate("Files", "Open"), lambda: transfers.fetch(file, "open"))
        self._folder = self._button(
            "folder", translate("Files", "Show in folder"), lambda: transfers.fetch(file, "folder")
        )
        for button in (self._download, self._stop, self._open, self._folder):
            row.addWidget(button)
        self.refresh()

    def _button(self, icon: str, tip: str, do: object) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"{icon}Button")
        button.setToolTip(tip)
        button.setAccessibleName(f"{tip}: {self.file.name}")
        icons.put(button, icon)
        button.clicked.connect(do)
        return button

    def refresh(self, transfer: Transfer | None = None) -> None:
        """Show how far the file is on its way here."""
        transfer = transfer or self._transfers.current(self.file.id)
        running = transfer is not None and transfer.state == "running"
        here = self._transfers.path(self.file.id)
        self._bar.setVisible(running)
        self._note.setVisible(not running)
        if running and transfer:
            self._bar.setRange(0, 1000 if transfer.total else 0)
            self._bar.setValue(round(1000 * transfer.done / transfer.total) if transfer.total else 0)
        self._download.setVisible(not running and here is None)
        self._stop.setVisible(running)
        self._open.setVisible(not running)
        self._folder.setVisible(not running and here is not None)


class FileList(QWidget):
    """The files of the job that is shown.

    Signals:
        count_changed: how many there are.
    """

    count_changed = Signal(int)

    def __init__(self, transfers: Transfers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transfers = transfers
        self._lines: dict[str, FileLine] = {}
        self._shown: tuple[JobFile, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        transfers.changed.connect(self._moved)

    def show_files(self, files: Iterable[JobFile]) -> None:
        """Show these files, results first."""
        ordered = tuple(sorted(files, key=lambda f: (f.role == "upload", f.role, f.name)))
        if ordered == self._shown:
            return
        self._shown = ordered
        for line in self._lines.values():
            self._layout.removeWidget(line)
            line.hide()  # until the event loop comes round to deleting it
            line.deleteLater()
        self._lines = {}
        for file in ordered:
            self._lines[file.id] = FileLine(file, self._transfers, self)
            self._layout.addWidget(self._lines[file.id])
        self.count_changed.emit(len(ordered))

    def _moved(self, transfer: Transfer) -> None:
        line = self._lines.get(transfer.file_id)
        if line:
            line.refresh(transfer)
