"""Where the server is: the embedded system of this computer tells it in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

FILE_NAME = "connection.json"


@dataclass(frozen=True, slots=True)
class Connection:
    """A running embedded system.

    Attributes:
        url: of its API, on loopback.
        access_token: of its local user, valid as long as it runs.
        path: where this was read.
    """

    url: str
    access_token: str = field(repr=False)
    path: Path


def data_folder() -> Path:
    """The folder of this user's embedded system: `TASKTRAY_DATA`, else the platform's place for it."""
    named = os.environ.get("TASKTRAY_DATA")
    return Path(named) if named else user_data_path("tasktray")


def find(folder: Path | None = None) -> Connection | None:
    """The embedded system that runs on `folder`; None when none does (or none is ready yet)."""
    path = (folder or data_folder()) / FILE_NAME
    try:
        content = json.loads(path.read_text("utf-8"))
        url, token = content["url"], content["access_token"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(url, str) or not isinstance(token, str):
        return None
    return Connection(url, token, path)
