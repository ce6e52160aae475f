"""A path with a button beside it that lets the user choose another one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from desktop import icons


class PathField(QWidget):
    """Shows a path.

    Args:
        name: the line is `<name>Field`, the button `<name>Button`.
        tip: of the button.

    Attributes:
        line: where the path stands.

    Signals:
        browse_wanted: the button was pressed.
    """

    browse_wanted = Signal()

    def __init__(self, name: str, path: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit(path)
        self.line.setObjectName(f"{name}Field")
        browse = QToolButton()
        browse.setObjectName(f"{name}Button")
        browse.setToolTip(tip)
        browse.setAccessibleName(tip)
        icons.put(browse, "folder")
        browse.clicked.connect(self.browse_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(browse)
        self.setFocusProxy(self.line)
