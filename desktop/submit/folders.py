"""All files of folders that the user chose or dropped, looked for off the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop import formats
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.folder import TooManyFiles, files_of


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

    def read(self, places: Sequence[Path], suffixes: Collection[str], most: int) -> None:
        """Find the files in folders; files among `places` are taken as they are.

        Args:
            suffixes: of the files that are looked for, lower case with the dot; none: any.
            most: how many there may be.
        """
        folders = [place for place in places if not place.is_file()]
        names = translate("Submit", ", ").join(folder.name or str(folder) for folder in folders)

        def work(cancelled: threading.Event) -> list[Path]:
            return files_of(places, suffixes, most, cancelled)

        def done(paths: list[Path]) -> None:
            if paths:
                self.found.emit(paths)
            else:
                text = translate("Submit", "There are no files in {folder} that this can be done with.")
                self.failed.emit(text.format(folder=names))

        def failed(error: BaseException) -> None:
            if isinstance(error, TooManyFiles):
                text = translate(
                    "Submit",
                    "There are more than {limit} files in {folder}. Choose a smaller folder, or some of its files.",
                )
            else:
                text = translate("Submit", "{folder} cannot be read: {reason}")
            reason = getattr(error, "strerror", None) or type(error).__name__
            self.failed.emit(text.format(folder=names, limit=formats.count(most), reason=reason))

        self._controller.operations.start(f"folder:{id(self)}", work, done, failed, lane="files")
