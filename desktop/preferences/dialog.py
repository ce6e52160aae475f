"""The settings of this user on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.path_field import PathField


class PreferencesDialog(QDialog):
    """Changes hold at once."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preferencesDialog")
        self.setWindowTitle(translate("Preferences", "Settings"))
        self._controller = controller
        preferences = controller.preferences
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(14)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        self.language = self._choice(
            "languageBox",
            [("system", translate("Preferences", "As the system")), ("zh_CN", "简体中文"), ("en", "English")],
            preferences.language,
        )
        self.theme = self._choice(
            "themeBox",
            [
                ("system", translate("Preferences", "As the system")),
                ("light", translate("Preferences", "Light")),
                ("dark", translate("Preferences", "Dark")),
            ],
            preferences.theme,
        )
        results = PathField("folder", str(preferences.download_folder), translate("Preferences", "Choose a folder"))
        results.browse_wanted.connect(self._choose_folder)
        self.folder = results.line
        self.folder.setReadOnly(True)
        self.folder.setMinimumWidth(320)
        form.addRow(translate("Preferences", "Language"), self.language)
        form.addRow(translate("Preferences", "Appearance"), self.theme)
        form.addRow(translate("Preferences", "Results go to"), results)
        state = controller.connection
        server = QLabel(state.server or translate("Preferences", "none"))
        server.setObjectName("serverLabel")
        row = QHBoxLayout()
        row.addWidget(server, 1)
        if preferences.server:
            out = QPushButton(translate("Preferences", "Sign out"))
            out.setObjectName("signOutButton")
            out.clicked.connect(self._sign_out)
            row.addWidget(out)
        form.addRow(translate("Preferences", "Server"), row)
        column.addLayout(form)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.language.currentIndexChanged.connect(self._set_language)
        self.theme.currentIndexChanged.connect(self._set_theme)

    @staticmethod
    def _choice(name: str, items: Sequence[tuple[str, str]], value: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        for data, text in items:
            box.addItem(text, data)
        box.setCurrentIndex(box.findData(value))
        return box

    def _set_language(self) -> None:
        # The window is made anew in the new language (`app.LanguageSwitch`), which closes this dialog.
        self.accept()
        self._controller.set_language(self.language.currentData())

    def _set_theme(self) -> None:
        self._controller.preferences.theme = self.theme.currentData()
        theme.theme().choose(self.theme.currentData())

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, translate("Preferences", "Choose a folder"), self.folder.text())
        if name:
            self._controller.preferences.download_folder = Path(name)
            self.folder.setText(name)

    def _sign_out(self) -> None:
        self.accept()
        self._controller.sign_out()
