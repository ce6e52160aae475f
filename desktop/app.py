"""The application: made from its arguments, run until its window is closed."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication

from desktop import icons, language, theme
from desktop.controller import Controller
from desktop.preferences.store import Preferences
from desktop.window import MainWindow

log = logging.getLogger(__name__)


class Shell(QObject):
    """Keeps the controller and the window, and makes the window anew when the language changes."""

    def __init__(self, application: QApplication, controller: Controller) -> None:
        super().__init__(application)
        self.controller = controller
        self.window = MainWindow(controller)
        self._language = language.current()
        self._ended = False
        controller.language_changed.connect(self._speak)
        application.aboutToQuit.connect(self.end)

    def _speak(self) -> None:
        if language.current() == self._language:
            return
        self._language = language.current()
        old = self.window
        old.keep()
        # Shown before the old one goes, or closing the last window would end the program.
        self.window = MainWindow(self.controller)
        self.window.take_over(old)
        self.window.show()
        old.leave()
        old.close()
        old.deleteLater()

    def end(self) -> None:
        """Remember what is to be remembered and stop everything; may be called twice."""
        if not self._ended:
            self._ended = True
            self.window.keep()
            self.controller.close()


def parser() -> argparse.ArgumentParser:
    """The arguments of the desktop."""
    result = argparse.ArgumentParser(prog="tasktray desktop", description="The desktop of Tasktray.")
    result.add_argument("--data", type=Path, help="folder of the embedded system whose connection.json is used")
    result.add_argument("--profile", type=Path, help="folder for settings, outbox and caches of this desktop")
    result.add_argument("--language", choices=("system", *language.LANGUAGES), help="language of the window")
    result.add_argument("--theme", choices=("system", "light", "dark"), help="appearance")
    result.add_argument("files", nargs="*", type=Path, help="files to submit")
    return result


def create(argv: Sequence[str] = ()) -> tuple[QApplication, MainWindow]:
    """Make application and window and begin to connect; the window is not shown yet.

    Args:
        argv: arguments without the program's name; see `parser`.

    Returns:
        The application and its window. `window.controller` and `window.submit_files` are there for others to drive it;
        `application.findChild(Shell).window` is the present window after a change of language.
    """
    arguments = parser().parse_args(list(argv))
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([sys.argv[0]])
    application.setApplicationName("tasktray")
    application.setApplicationDisplayName("Tasktray")
    application.setDesktopFileName("tasktray")
    application.setWindowIcon(icons.application_icon())
    preferences = Preferences(arguments.profile)
    if arguments.language:
        preferences.language = arguments.language
    if arguments.theme:
        preferences.theme = arguments.theme
    language.choose(preferences.language)
    theme.theme().choose(preferences.theme)
    controller = Controller(preferences, arguments.data)
    shell = Shell(application, controller)
    controller.start()
    if arguments.files:
        shell.window.submit_files(arguments.files)
    return application, shell.window


def main(argv: Sequence[str] = ()) -> int:
    """Run the desktop; gives its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application, window = create(argv)
    window.show()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python hears signals between two of its own steps; the line about the connection makes one every second.
        signal.signal(number, lambda *_: application.quit())
    return application.exec()
