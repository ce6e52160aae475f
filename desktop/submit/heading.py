"""What every job has: its files, its kind, a title, a priority."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from desktop.client import models
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.submit.filelist import LABEL_GAP, LABEL_WIDTH, FileList
from desktop.submit.files import FileSet

PRIORITIES = (
    ("normal", QT_TRANSLATE_NOOP("Submit", "Normal")),
    ("high", QT_TRANSLATE_NOOP("Submit", "High")),
    ("low", QT_TRANSLATE_NOOP("Submit", "Low")),
)


class Heading(QWidget):
    """The upper part of the submit dialog's form; empty until `make_list` and `make_fields` were called.

    Attributes:
        list, kind, title, priority: its fields.
    """

    def __init__(self, files: FileSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = files
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(9)

    def make_list(self) -> None:
        """Make the list of files."""
        self.list = FileList(self._files, self)
        self._column.addWidget(self.list)

    def make_fields(self) -> None:
        """Make the fields below it."""
        form = QFormLayout()
        form.setHorizontalSpacing(LABEL_GAP)
        form.setVerticalSpacing(9)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._column.addLayout(form)
        self.kind = QComboBox(self)
        self.kind.setObjectName("kindBox")
        self.title = QLineEdit(self)
        self.title.setObjectName("titleField")
        self.title.setMaxLength(200)
        self.priority = QComboBox(self)
        self.priority.setObjectName("priorityBox")
        for value, words in PRIORITIES:
            self.priority.addItem(translate("Submit", words), value)
        for words, widget in (
            (translate("Submit", "What to do"), self.kind),
            (translate("Submit", "Title"), self.title),
            (translate("Submit", "Priority"), self.priority),
        ):
            label = QLabel(words, self)
            label.setMinimumWidth(LABEL_WIDTH)
            label.setBuddy(widget)
            form.addRow(label, widget)

    def offer(self, kinds: Iterable[models.Kind], wanted: str | None) -> None:
        """Offer kinds, `wanted` or the first one chosen; tells nobody."""
        self.kind.blockSignals(True)
        self.kind.clear()
        for kind in kinds:
            self.kind.addItem(kind.title or kind.kind, kind.kind)
        self.kind.setCurrentIndex(max(self.kind.findData(wanted) if wanted else 0, 0))
        self.kind.blockSignals(False)

    def choose_priority(self, priority: str) -> None:
        """Show a priority."""
        self.priority.setCurrentIndex(max(self.priority.findData(priority), 0))

    def show_files(self, *, choosable: bool, folders: bool, visible: bool) -> None:
        """Show the files anew; `choosable`: others may be chosen, `folders`: a whole folder, too."""
        self.list.show_files(choosable=choosable, folders=folders)
        self.list.setVisible(visible)


class LeftSide(QScrollArea):
    """The heading with the kind's own form below it; they are seen once `take_in` was called.

    Attributes:
        heading: the upper part.
        form_place: where the form goes.
    """

    def __init__(self, files: FileSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inner = inner = QWidget(self)
        self.heading = Heading(files, inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        column.addWidget(self.heading)
        line = QFrame(inner)
        line.setObjectName("rule")
        line.setFixedHeight(1)
        column.addWidget(line)
        self.form_place = QVBoxLayout()
        column.addLayout(self.form_place)
        column.addStretch(1)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(380)

    def take_in(self) -> None:
        """Show the heading."""
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
