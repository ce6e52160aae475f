"""A note that the server is away, for pages that show what only the server knows."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.notice import Notice


class AwayNote(Notice):
    """Comes and goes with the connection."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__("awayNote", error=False, parent=parent)
        self._controller = controller
        controller.connection_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        away = self._controller.connection.kind == "offline"
        words = translate("Away", "The server is away. This page is brought up to date once it is back.")
        self.tell(words if away else "")
