"""A layout that sets its cells beside each other, in as many lines as the width asks for."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem


class Flow(QLayout):
    """Cells from left to right, then on the next line; no cell is ever narrower than it asks for.

    Args:
        across: between two cells of a line, in device-independent pixels.
        down: between two lines.
        even: all cells are as wide as the widest, so that they stand below each other.
    """

    def __init__(self, across: int, down: int, *, even: bool = False) -> None:
        super().__init__()
        self._across, self._down, self._even = across, down, even
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(QMargins())

    def clear(self) -> None:
        """Take all cells away and delete them."""
        while self._items:
            widget = self._items.pop().widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.invalidate()

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)
        self.invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return places[-1].y() + places[-1].height() if places else 0

    def minimumSize(self) -> QSize:
        return self._largest()

    def sizeHint(self) -> QSize:
        return QSize(sum(place.width() + self._across for place in self._places(1 << 20)), self._largest().height())

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        for item, place in zip(self._items, self._places(rect.width()), strict=True):
            item.setGeometry(place.translated(rect.topLeft()))

    def _largest(self) -> QSize:
        size = QSize(0, 0)
        for item in self._items:
            size = size.expandedTo(item.sizeHint())
        return size

    def _places(self, width: int) -> list[QRect]:
        largest, places, x, y = self._largest(), [], 0, 0
        for item in self._items:
            wide = largest.width() if self._even else item.sizeHint().width()
            if x and x + wide > width:
                x, y = 0, y + largest.height() + self._down
            places.append(QRect(x, y, wide, largest.height()))
            x += wide + self._across
        return places
