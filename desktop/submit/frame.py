"""The parts of the submit dialog and where they stand: words at the top, the form at the left, a look at the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QSplitter, QVBoxLayout, QWidget

from desktop.controller import Controller
from desktop.parts.notice import Notice
from desktop.parts.turns import Turns
from desktop.submit.announcing import Announcing
from desktop.submit.files import FileSet
from desktop.submit.footer import Footer
from desktop.submit.heading import Heading, LeftSide


class Frame(QWidget):
    """Empty at first; `steps` make its parts, so that opening the dialog holds up no turn of the event loop for long.

    Attributes:
        error: what is wrong.
        left_out: which files are not taken.
        split: holds `left`, the heading and the form, and `right` with `right_column`, the look at the files.
        footer: the buttons.
        made: all of it is there.
    """

    def __init__(self, controller: Controller, files: FileSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._files = files
        self.made = False
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
        self.left_out = Notice("leftOutNote", error=False, parent=self)
        self._column.addWidget(self.left_out)

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
        self.made = True


class FramedDialog(QDialog):
    """A dialog with such a frame, made a part in each turn of the event loop and opened when it is whole; so nothing
    flickers. Who asks for a part before that gets it.

    Attributes:
        paths: the files that were chosen.
        files: what is known about them.
    """

    def __init__(self, controller: Controller, paths: Sequence[Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paths = list(paths)
        self.files = FileSet(controller, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._frame = Frame(controller, self.files, self)
        column.addWidget(self._frame)
        self._making = Turns(self)

    def begin(self) -> None:
        """Make the parts and open."""
        self._making.begin([*self._frame.steps(), *self._steps(), self.open])

    def finish(self) -> Self:
        """Make what is missing and open now."""
        self._making.finish()
        return self

    def _steps(self) -> list[Callable[[], object]]:
        """What is to be done when the frame is there."""
        raise AssertionError

    @property
    def _heading(self) -> Heading:
        return self._frame.left.heading

    @property
    def kind(self) -> QComboBox:
        """The box with the kinds."""
        return self.finish()._heading.kind

    @property
    def title(self) -> QLineEdit:
        """The field of the job's title."""
        return self.finish()._heading.title

    @property
    def priority(self) -> QComboBox:
        """The box with the priorities."""
        return self.finish()._heading.priority

    def done(self, result: int) -> None:
        self._making.stop()
        self.files.close()
        super().done(result)
        self.deleteLater()
