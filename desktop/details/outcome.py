"""What an import did, as numbers on a card, with the reasons for which rows were rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop import formats, theme
from desktop.details.counts import counts, imported_before, not_imported, reasons, summary
from desktop.details.flow import Flow


class Outcome(QFrame):
    """Out of sight while there is nothing to tell. It is shown in two parts, each short enough for a turn of the event
    loop: `show_counts`, then `show_reasons`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._counted: object = ()
        self._reasoned: object = ()
        card = QVBoxLayout(self)
        card.setContentsMargins(12, 8, 12, 8)
        self._cells = Flow(14, 4)
        card.addLayout(self._cells)
        self._sum = QLabel()
        self._sum.setObjectName("detailsSum")
        self._sum.setProperty("role", "muted")
        self._sum.setWordWrap(True)
        card.addWidget(self._sum)
        self._before = QLabel()
        self._before.setObjectName("detailsBefore")
        self._before.setTextFormat(Qt.TextFormat.PlainText)  # names of columns stand in it
        self._before.setWordWrap(True)
        card.addWidget(self._before)
        self._reasons = Flow(14, 1, even=True)
        card.addLayout(self._reasons)
        self.hide()

    def show_counts(self, result: Mapping[str, Any] | None) -> None:
        """Show how many rows there are of each sort, and how they add up."""
        shown = (result, theme.current())
        if shown == self._counted:
            return
        self._counted = shown
        self._cells.clear()
        parts = counts(result)
        self.setVisible(bool(parts))
        for part in parts:
            number = QLabel(formats.count(part.number))
            number.setObjectName(f"count-{part.name}")
            color = getattr(theme.current(), part.color if part.number else "muted")
            number.setStyleSheet(f"font-size: 18px; font-weight: 600; color: {color};")
            title = QLabel(part.title)
            title.setProperty("role", "muted")
            self._cells.addWidget(_cell(QVBoxLayout(), 0, number, title))
        self._sum.setText(summary(result))
        before = "\n".join(words for words in (imported_before(result), not_imported(result)) if words)
        self._before.setText(before)
        self._before.setVisible(bool(before))

    def show_reasons(self, result: Mapping[str, Any] | None) -> None:
        """Show why rows were rejected."""
        found = reasons(result)
        if found == self._reasoned:
            return
        self._reasoned = found
        self._reasons.clear()
        widest = max((self.fontMetrics().horizontalAdvance(count) for count, _ in found), default=0)
        for count, words in found:
            number = QLabel(count)
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            number.setMinimumWidth(widest)
            text = QLabel(words)
            text.setProperty("role", "muted")
            self._reasons.addWidget(_cell(QHBoxLayout(), 8, number, text))


def _cell(line: QBoxLayout, spacing: int, first: QWidget, second: QWidget) -> QWidget:
    cell = QWidget()
    cell.setLayout(line)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(spacing)
    line.addWidget(first)
    line.addWidget(second, 1)
    return cell
