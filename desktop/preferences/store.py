"""What the window remembers between two starts, and where it keeps its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from platformdirs import user_config_path, user_data_path
from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

LANGUAGES = ("system", "zh_CN", "en")
THEMES = ("system", "light", "dark")
_KEPT_DOWNLOADS = 500


class Preferences:
    """Settings of this user on this computer.

    Args:
        profile: folder for everything; None: the platform's places for settings and data.
    """

    def __init__(self, profile: Path | None = None) -> None:
        config = profile or user_config_path("tasktray")
        self.data = profile or user_data_path("tasktray-desktop")
        config.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self._settings = QSettings(str(config / "desktop.ini"), QSettings.Format.IniFormat)

    def sync(self) -> None:
        """Write everything to disk now."""
        self._settings.sync()

    def _text(self, name: str, default: str = "") -> str:
        value = self._settings.value(name, default)
        return value if isinstance(value, str) else default

    def _among(self, name: str, values: tuple[str, ...]) -> str:
        value = self._text(name, values[0])
        return value if value in values else values[0]

    @property
    def language(self) -> str:
        """`system`, `zh_CN` or `en`."""
        return self._among("language", LANGUAGES)

    @language.setter
    def language(self, value: str) -> None:
        self._settings.setValue("language", value)

    @property
    def theme(self) -> str:
        """`system`, `light` or `dark`."""
        return self._among("theme", THEMES)

    @theme.setter
    def theme(self, value: str) -> None:
        self._settings.setValue("theme", value)

    @property
    def download_folder(self) -> Path:
        """Where results are put."""
        found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        return Path(self._text("download_folder") or found or Path.home())

    @download_folder.setter
    def download_folder(self, value: Path) -> None:
        self._settings.setValue("download_folder", str(value))

    @property
    def server(self) -> str:
        """Address of the server that was signed in to last; empty: none, or the system of this computer."""
        return self._text("server")

    @server.setter
    def server(self, value: str) -> None:
        self._settings.setValue("server", value)

    @property
    def username(self) -> str:
        """Who signed in last."""
        return self._text("username")

    @username.setter
    def username(self, value: str) -> None:
        self._settings.setValue("username", value)

    @property
    def ca_file(self) -> str:
        """Path of an own certificate authority; empty: none."""
        return self._text("ca_file")

    @ca_file.setter
    def ca_file(self, value: str) -> None:
        self._settings.setValue("ca_file", value)

    def state(self, name: str) -> bytes:
        """A remembered state of a widget (header, splitter, window); empty when there is none."""
        value = self._settings.value(f"state/{name}")
        return bytes(value.data()) if isinstance(value, QByteArray) else b""

    def keep_state(self, name: str, value: bytes | QByteArray) -> None:
        """Remember a widget's state."""
        self._settings.setValue(f"state/{name}", QByteArray(value))

    def downloaded(self, file_id: str) -> Path | None:
        """Where a result file was put; None when it was not fetched or is gone."""
        path = self._downloads().get(file_id)
        return Path(path) if path and Path(path).exists() else None

    def keep_downloaded(self, file_id: str, path: Path) -> None:
        """Remember where a result file was put."""
        known = self._downloads()
        known.pop(file_id, None)
        known[file_id] = str(path)
        kept = dict(list(known.items())[-_KEPT_DOWNLOADS:])
        self._settings.setValue("downloads", json.dumps(kept))

    def _downloads(self) -> dict[str, str]:
        try:
            value = json.loads(self._text("downloads", "{}"))
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Cache:
    """Small JSON answers of the server, kept on disk so that forms can be drawn while it is away.

    Args:
        folder: where; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> Any:
        """What was kept under `name`; None when there is nothing that can be read."""
        try:
            return json.loads((self._folder / f"{name}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Keep a JSON value; written aside and renamed, so that a crash never leaves half of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f"{name}.json.part"
        aside.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
        aside.replace(self._folder / f"{name}.json")
