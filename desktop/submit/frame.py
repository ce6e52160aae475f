"""The parts of the submit dialog and where they stand: words at the top, the form at the left, a look at the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop.controller import Controller
from desktop.parts.notice import Notice
from desktop.submit.announcing import Announcing
from desktop.submit.files import FileSet
from desktop.submit.footer import Footer
from desktop.submit.heading import LeftSide


class Frame(QWidget):
    """Empty at first; `steps` make its parts, so that opening the dialog holds up no turn of the event loop for long.

    Attributes:
        error: what is wrong.
        split: holds `left`, the heading and the form, and `right` with `right_column`, the look at the files.
        footer: the buttons.
    """

    def __init__(self, controller: Controller, files: FileSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._files = files
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(18, 16, 18, 14)
        self._column.setSpacing(10)

    def steps(self) -> list[Callable[[], object]]:
        """To be done in this order."""
        return [
            self._make_words, self._make_left, lambda: self.left.heading.make_list(),
            lambda: self.left.heading.make_fields(), lambda: self.left.take_in(), self._make_right,
        ]  # fmt: skip

    def _make_words(self) -> None:
        self.error = Notice("submitError", error=True, parent=self)
        self._column.addWidget(self.error)
        self._column.addWidget(Announcing(self._controller, self._files, self))

    def _make_left(self) -> None:
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("submitSplitter")
        self.left = LeftSide(self._files, self.split)

    def _make_right(self) -> None:
        self.split.addWidget(self.left)
        self.right = QWidget(self.split)
        self.right_column = QVBoxLayout(self.right)
        self.right_column.setContentsMargins(12, 0, 0, 0)
        self.split.addWidget(self.right)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([410, 740])
        self.split.setChildrenCollapsible(False)
        self._column.addWidget(self.split, 1)
        self.footer = Footer(self)
        self._column.addWidget(self.footer)
