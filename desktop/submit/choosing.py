"""Other files for a submission: chosen one by one, or all of a folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.client import models
from desktop.controller import Controller
from desktop.parts.asking import ask_files, ask_folder
from desktop.submit.folders import Folders


class Choosing(QObject):
    """Asks for them.

    Signals:
        chosen: `list[Path]`, one at least.
        failed: words about why a folder has nothing to take.
    """

    chosen = Signal(object)
    failed = Signal(str)

    def __init__(self, controller: Controller, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._folders = Folders(controller, self)
        self._folders.found.connect(self.chosen)
        self._folders.failed.connect(self.failed)

    def files(self, kind: models.Kind | None, near: Path | None) -> None:
        """Let the user choose files for a kind; `near`: one that was chosen before."""
        chosen = ask_files(self._window, kind.uploads.suffixes if kind else (), near.parent if near else None)
        if chosen:
            self.chosen.emit(chosen)

    def folder(self, kind: models.Kind | None, near: Path | None) -> None:
        """Let the user choose a folder."""
        folder = ask_folder(self._window, near.parent if near else None)
        if folder is not None and kind is not None:
            self._folders.read([folder], kind.uploads.suffixes, kind.uploads.maximum)
