"""What every editor of a form's field has in common: it gives and takes the JSON value of its parameter."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.submit.fields import FieldSpec


class NotFilled(ValueError):
    """What stands in an editor is no value of its parameter; the message says why."""


class Editor(QWidget):
    """Base: a widget for one field.

    Signals:
        changed: its value may be another one now.
    """

    changed = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.setObjectName(f"field-{spec.name}")
        self.box = QHBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)

    def put(self, widget: QWidget) -> None:
        """Take `widget` in as the place of input."""
        widget.setAccessibleName(self.spec.title)
        widget.setObjectName(f"input-{self.spec.name}")
        if self.spec.description:
            widget.setToolTip(self.spec.description)
        self.box.addWidget(widget)
        self.setFocusProxy(widget)

    def value(self) -> Any:
        """The JSON value; None for nothing.

        Raises:
            NotFilled: with words for the user.
        """
        raise AssertionError

    def set_value(self, value: Any) -> None:
        """Show a JSON value; None shows nothing."""
        raise AssertionError
