"""Whether what is decided about a header is kept for later files with it, and for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import formats
from desktop.controller import Controller
from desktop.language import translate
from desktop.submit.decision import Decision
from desktop.submit.files import FileState

MINE, EVERYBODY = "mine", "everybody"


class Remembering(QWidget):
    """Says what is remembered for such files, and lets the user share or forget it.

    The server remembers by itself how a person mapped a file that went in; what is to be said here is for whom.
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("remembering")
        self._controller = controller
        self._dataset = ""
        self._state: FileState | None = None
        self._decision: Decision | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._words = QLabel(self)
        self._words.setObjectName("rememberedText")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        column.addWidget(self._words)
        row = QHBoxLayout()
        row.setSpacing(8)
        column.addLayout(row)
        self._label = QLabel(translate("Remembering", "Remember for files with this header:"), self)
        row.addWidget(self._label)
        self._for = QComboBox(self)
        self._for.setObjectName("rememberBox")
        self._for.setAccessibleName(self._label.text())
        self._for.addItem(translate("Remembering", "for me"), MINE)
        self._for.addItem(translate("Remembering", "for everybody"), EVERYBODY)
        row.addWidget(self._for)
        self._forget = QPushButton(translate("Remembering", "Forget"), self)
        self._forget.setObjectName("forgetMappingButton")
        self._forget.clicked.connect(self._forget_it)
        row.addWidget(self._forget)
        row.addStretch(1)
        self.hide()

    def show_file(self, dataset: str, state: FileState, decision: Decision | None) -> None:
        """Show what is remembered for a file that goes into a dataset."""
        before = self._decision
        self._dataset, self._state, self._decision = dataset, state, decision
        if decision is not before:
            kept = self._kept()
            self._for.setCurrentIndex(self._for.findData(EVERYBODY if kept and kept["shared"] else MINE))
        self.refresh()

    def refresh(self) -> None:
        """Show it as it is now."""
        decision, kept = self._decision, self._kept()
        own = self._own(kept)
        asks = decision is not None and (decision.touched or own)
        for widget in (self._label, self._for):
            widget.setVisible(asks)
        self._for.setEnabled(self._controller.online)
        self._forget.setVisible(own and self._controller.online)
        self._words.setText(_origin(kept) if kept else "")
        self._words.setVisible(kept is not None)
        self.setVisible(asks or kept is not None)

    def _own(self, kept: dict[str, Any] | None) -> bool:
        """It is this user's, and for just this header."""
        return (
            kept is not None and kept["mine"] and not kept.get("parent")
            and self._decision is not None and kept["fingerprint"] == self._decision.look.info["fingerprint"]
        )  # fmt: skip

    def _kept(self) -> dict[str, Any] | None:
        return self._decision.look.remembered if self._decision else None

    def submitted(self) -> None:
        """The file is submitted: what is to hold for everybody is handed to the server, and what no longer is."""
        decision, state, kept = self._decision, self._state, self._kept()
        if decision is None or state is None or not self._controller.online or not self._dataset:
            return
        shared = self._for.currentData() == EVERYBODY
        was = bool(kept and self._own(kept) and kept["shared"])
        if shared == was and not (shared and decision.touched):
            return
        if not shared and not was:
            return
        body = decision.to_params() | state.options
        body |= {"headers": decision.look.info["headers"], "shared": shared}
        if state.seen_as:
            body["seen_as"] = state.seen_as
        self._controller.catalogue.keep_mapping(self._dataset, str(decision.look.info["fingerprint"]), body)

    def _forget_it(self) -> None:
        kept = self._kept()
        if kept:
            self._controller.catalogue.forget_mapping(self._dataset, str(kept["fingerprint"]))


def _origin(kept: dict[str, Any]) -> str:
    """Whose mapping is used, and since when."""
    if kept.get("parent"):
        return translate("Remembering", "Mapped as the import whose rejected rows these are.")
    owner = kept.get("owner") or {}
    try:
        at = formats.moment(datetime.fromisoformat(str(kept.get("updated_at"))).timestamp())
    except ValueError:
        at = ""
    if kept.get("alike"):
        return translate("Remembering", "Mapped like a file with a similar header, {time}. Please look at it.").format(
            time=at
        )
    if kept["mine"]:
        return translate("Remembering", "Mapped as you did last time, {time}.").format(time=at)
    name = owner.get("display_name") or owner.get("username") or "?"
    return translate("Remembering", "Mapped as {name} has shared it, {time}.").format(name=name, time=at)
