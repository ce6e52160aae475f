"""The language of the window: which one, its translators, and the one function that translates."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

LANGUAGES = ("zh_CN", "en")
translate = QCoreApplication.translate

_installed: list[QTranslator] = []
_current = "en"


def system_language() -> str:
    """The one of our languages that the system's settings ask for first; English when they ask for none."""
    for tag in QLocale.system().uiLanguages():
        primary = tag.replace("_", "-").split("-")[0].lower()
        if primary == "zh":
            return "zh_CN"
        if primary == "en":
            return "en"
    return "en"


def current() -> str:
    """The language that the window speaks now."""
    return _current


def choose(language: str) -> None:
    """Speak `language` from now on (`system`: as the system's settings say). Widgets made before keep their words.

    Raises:
        ValueError: there is no such language.
    """
    global _current
    language = system_language() if language == "system" else language
    if language not in LANGUAGES:
        raise ValueError(language)
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("there is no application yet")
    for translator in _installed:
        application.removeTranslator(translator)
    _installed.clear()
    # Qt's own words (dialog buttons, menus of text fields) first, ours over them.
    folders = {
        f"qtbase_{language}.qm": Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        f"tasktray_{language}.qm": Path(str(files("desktop") / "i18n")),
    }
    for name, folder in folders.items():
        translator = QTranslator(application)
        if translator.load(str(folder / name)):
            application.installTranslator(translator)
            _installed.append(translator)
    QLocale.setDefault(QLocale(language))
    _current = language


def pick(titles: dict[str, str] | None, fallback: str = "") -> str:
    """From words that the server sent in several languages, those of the window's language."""
    if not titles:
        return fallback
    return titles.get(_current) or titles.get("en") or fallback


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Mark words in data for translation; `context` and the translation itself come when they are shown.

    Qt's function of this name gives an `object`; lupdate goes by the name.
    """
    del context
    return text
