"""All files of a folder and of those in it, as one picks them: without what systems and programs put there."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

_PASSED_OVER = ("thumbs.db", "desktop.ini")


class TooManyFiles(Exception):
    """A folder has more files than may be taken at once."""


def files_of(
    places: Iterable[Path], suffixes: Collection[str], most: int, cancelled: threading.Event | None = None
) -> list[Path]:
    """Files as they are, and of folders those that `files_in` finds; each once.

    Raises:
        TooManyFiles: there are more than `most`.
        OSError: one of the folders cannot be read.
    """
    found: dict[Path, None] = {}
    for place in places:
        inside = [place] if place.is_file() else files_in(place, suffixes, most, cancelled)
        found.update(dict.fromkeys(inside))
        if len(found) > most:
            raise TooManyFiles
    return list(found)


def files_in(
    folder: Path, suffixes: Collection[str] = (), most: int = 1000, cancelled: threading.Event | None = None
) -> list[Path]:
    """The files, a folder's own before those of the folders in it, by name.

    May take long on a network: never in the GUI thread. Hidden files and folders, lock files of Office (`~$…`) and
    links to folders are passed over; so is a folder that may not be read.

    Args:
        suffixes: of the files that fit, lower case with the dot; none: any.
        most: how many there may be.
        cancelled: when set, what was found so far is given.

    Raises:
        TooManyFiles: there are more than `most`.
        OSError: `folder` itself cannot be read.
    """
    found: list[Path] = []
    os.scandir(folder).close()  # os.walk would say nothing
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            passed_over = name.startswith((".", "~$")) or name.lower() in _PASSED_OVER
            path = Path(place, name)
            if passed_over or (suffixes and path.suffix.lower() not in suffixes) or not path.is_file():
                continue
            found.append(path)
            if len(found) > most:
                raise TooManyFiles
        if cancelled is not None and cancelled.is_set():
            break
    return found
