"""How the job is expected to go, and the buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from desktop.language import translate


class Footer(QWidget):
    """The line at the bottom of the submit dialog.

    Attributes:
        submit: the button that submits.

    Signals:
        submit_wanted, cancel_wanted, background_wanted: a button was pressed.
    """

    submit_wanted = Signal()
    cancel_wanted = Signal()
    background_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._expected = QLabel(self)
        self._expected.setObjectName("estimateText")
        self._expected.setProperty("role", "muted")
        self._expected.setWordWrap(True)
        row.addWidget(self._expected, 1)
        cancel = QPushButton(translate("Submit", "Cancel"), self)
        cancel.setObjectName("cancelSubmitButton")
        cancel.clicked.connect(self.cancel_wanted)
        self._background = QPushButton(translate("Submit", "Go on in the background"), self)
        self._background.setObjectName("backgroundButton")
        self._background.clicked.connect(self.background_wanted)
        self._background.hide()
        self.submit = QPushButton(self)
        self.submit.setObjectName("submitButton")
        self.submit.setProperty("primary", True)
        self.submit.setDefault(True)
        self.submit.clicked.connect(self.submit_wanted)
        self._buttons = (cancel, self._background, self.submit)
        row.addWidget(cancel)
        row.addWidget(self._background)
        row.addWidget(self.submit)
        self._blocked = False
        self.show_ready(translate("Submit", "Submit"))

    def come_last(self) -> None:
        """Be reached by the tab key after all that the dialog has now: what is made later is else reached later."""
        window = self.window()
        last = window.previousInFocusChain()
        while last not in (None, window) and (last.focusPolicy() == Qt.FocusPolicy.NoFocus or last in self._buttons):
            last = last.previousInFocusChain()
        if last is None or last is window:
            return
        for button in self._buttons:
            QWidget.setTabOrder(last, button)
            last = button

    def expect(self, words: str) -> None:
        """Say how the job is expected to go."""
        if not self._blocked:
            self._expected.setText(words)

    def show_ready(self, words: str, *, possible: bool = True, problem: str = "") -> bool:
        """Offer to submit; gives whether something stood in the way until now.

        Args:
            words: of the button.
            possible: it can be pressed.
            problem: what stands in the way, told above.
        """
        was, self._blocked = self._blocked, bool(problem)
        self.submit.setText(words)
        self.submit.setEnabled(possible and not problem)
        self.submit.setToolTip(problem)
        self._background.hide()
        if problem:
            self._expected.setText(translate("Submit", "Cannot be submitted like this, see above."))
        elif was:
            self._expected.clear()
        return was and not problem

    def show_sending(self) -> None:
        """It is on its way."""
        self.submit.setText(translate("Submit", "Sending…"))
        self.submit.setEnabled(False)
        self._background.show()
