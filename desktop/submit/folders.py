"""All files of a folder that the user chose, looked for off the GUI thread."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop import formats
from desktop.client import models
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.folder import TooManyFiles, files_in


class Folders(QObject):
    """Looks into folders.

    Signals:
        found: `list[Path]`, one at least.
        failed: words about why there is nothing to take.
    """

    found = Signal(object)
    failed = Signal(str)

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller

    def read(self, folder: Path, needs: models.UploadNeeds) -> None:
        """Find the files that a kind with these needs takes."""

        def work(cancelled: threading.Event) -> list[Path]:
            return files_in(folder, needs.suffixes, needs.maximum, cancelled)

        def done(paths: list[Path]) -> None:
            if paths:
                self.found.emit(paths)
            else:
                text = translate("Submit", "There are no files in {folder} that this can be done with.")
                self.failed.emit(text.format(folder=folder.name or str(folder)))

        def failed(error: BaseException) -> None:
            if isinstance(error, TooManyFiles):
                text = translate(
                    "Submit",
                    "There are more than {limit} files in {folder}. Choose a smaller folder, or some of its files.",
                )
            else:
                text = translate("Submit", "{folder} cannot be read: {reason}")
            reason = getattr(error, "strerror", None) or type(error).__name__
            self.failed.emit(
                text.format(folder=folder.name or str(folder), limit=formats.count(needs.maximum), reason=reason)
            )

        self._controller.operations.start("folder", work, done, failed, lane="files")
