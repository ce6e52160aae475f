"""Sign-in: which server, who, and whether to be remembered."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.notice import Notice
from desktop.parts.path_field import PathField
from desktop.signin import keys


class SignInDialog(QDialog):
    """Asks for server, user and password; closes by itself once that is accepted."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("signInDialog")
        self.setWindowTitle(translate("SignIn", "Sign in"))
        self._controller = controller
        preferences = controller.preferences
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(12)
        head = QHBoxLayout()
        picture = QLabel()
        picture.setPixmap(icons.application_icon().pixmap(40, 40))
        title = QLabel(translate("SignIn", "Sign in to Tasktray"))
        title.setProperty("role", "heading")
        head.addWidget(picture)
        head.addWidget(title, 1)
        column.addLayout(head)
        self._message = Notice("signInError", error=True)
        column.addWidget(self._message)
        form = QFormLayout()
        form.setVerticalSpacing(9)
        self.server = QLineEdit(preferences.server)
        self.server.setObjectName("serverField")
        self.server.setPlaceholderText("https://tasks.example.com")
        self.server.setMinimumWidth(320)
        self.username = QLineEdit(preferences.username)
        self.username.setObjectName("usernameField")
        self.password = QLineEdit()
        self.password.setObjectName("passwordField")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        form.addRow(translate("SignIn", "Server"), self.server)
        form.addRow(translate("SignIn", "User name"), self.username)
        form.addRow(translate("SignIn", "Password"), self.password)
        certificate = PathField("ca", preferences.ca_file, translate("SignIn", "Choose a file"))
        certificate.browse_wanted.connect(self._choose_ca)
        self.ca_file = certificate.line
        self.ca_file.setPlaceholderText(translate("SignIn", "only if your office has its own"))
        form.addRow(translate("SignIn", "Certificate"), certificate)
        self.remember = QCheckBox(translate("SignIn", "Stay signed in on this computer"))
        self.remember.setObjectName("rememberBox")
        form.addRow("", self.remember)
        column.addLayout(form)
        self._no_keyring = QLabel(
            translate("SignIn", "This computer has no keyring for secrets, so you will be asked again next time.")
        )
        self._no_keyring.setProperty("role", "muted")
        self._no_keyring.setWordWrap(True)
        column.addWidget(self._no_keyring)
        buttons = QHBoxLayout()
        self._local = QPushButton(translate("SignIn", "Use the system on this computer"))
        self._local.setObjectName("embeddedButton")
        self._local.clicked.connect(self._use_embedded)
        self._local.setVisible(controller.embedded_available())
        later = QPushButton(translate("SignIn", "Work offline"))
        later.setObjectName("offlineButton")
        later.clicked.connect(self.reject)
        self._ok = QPushButton(translate("SignIn", "Sign in"))
        self._ok.setObjectName("signInButton")
        self._ok.setProperty("primary", True)
        self._ok.setDefault(True)
        self._ok.clicked.connect(self._sign_in)
        buttons.addWidget(self._local)
        buttons.addStretch(1)
        buttons.addWidget(later)
        buttons.addWidget(self._ok)
        column.addLayout(buttons)
        for field in (self.server, self.username, self.password):
            field.textChanged.connect(self._check)
        self._check()
        self._ask_keyring()
        controller.operation_failed.connect(self._failed)
        controller.operations.busy_changed.connect(self._busy)
        controller.signed_in.connect(self._done)
        first = next((f for f in (self.server, self.username, self.password) if not f.text()), self.password)
        first.setFocus()

    def tell(self, words: str) -> None:
        """Show why the sign-in is needed, or what was wrong."""
        self._message.tell(words)

    def _ask_keyring(self) -> None:
        # A locked keyring may ask the user something, and some answer slowly: never in the GUI thread.
        self.remember.setEnabled(False)
        self._no_keyring.hide()

        def told(available: bool) -> None:
            self.remember.setEnabled(available)
            self.remember.setChecked(available)
            self._no_keyring.setVisible(not available)

        self._controller.operations.start("keyring", lambda _: keys.available(), told)

    def _check(self) -> None:
        filled = all(field.text().strip() for field in (self.server, self.username, self.password))
        self._ok.setEnabled(filled and not self._controller.operations.running("sign_in"))

    def _choose_ca(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, translate("SignIn", "Certificate authority"), "",
            translate("SignIn", "Certificates (*.pem *.crt *.cer);;All files (*)"),
        )  # fmt: skip
        if name:
            self.ca_file.setText(name)

    def _sign_in(self) -> None:
        self.tell("")
        self._controller.sign_in(
            self.server.text().strip(), self.username.text().strip(), self.password.text(),
            self.ca_file.text().strip(), remember=self.remember.isChecked(),
        )  # fmt: skip

    def _use_embedded(self) -> None:
        if self._controller.use_embedded():
            self.accept()

    def _busy(self, key: str, busy: bool) -> None:
        if key == "sign_in":
            self._ok.setText(translate("SignIn", "Signing in…") if busy else translate("SignIn", "Sign in"))
            self._check()

    def _failed(self, key: str, words: str) -> None:
        if key == "sign_in":
            self.tell(words)
            self.password.setFocus()
            self.password.selectAll()

    def _done(self) -> None:
        self.password.clear()
        self.accept()

    def done(self, result: int) -> None:
        for signal, slot in (
            (self._controller.operation_failed, self._failed),
            (self._controller.operations.busy_changed, self._busy),
            (self._controller.signed_in, self._done),
        ):
            signal.disconnect(slot)
        self._controller.operations.cancel("keyring")
        super().done(result)
