"""File names that came from elsewhere, made safe to write here."""

from __future__ import annotations

import re
from pathlib import Path

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 200  # bytes; file systems take 255, and a part's ending and " (12)" are still to come


def safe_name(name: str) -> str:
    """The last part of `name` without what Windows, macOS or Linux cannot have in a file name, never empty.

    Directories, control characters and marks that turn the reading direction (`exe.xslx` for `xlsx.exe`) go.
    """
    last = re.split(r"[/\\]", name)[-1]
    cleaned = _FORBIDDEN.sub("_", last).strip(" .")
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot:
        stem, suffix = cleaned, ""
    if stem.split(".")[0].lower() in _RESERVED:
        stem = f"_{stem}"
    while len(f"{stem}.{suffix}".encode()) > _LONGEST:
        if len(stem) > 1:
            stem = stem[:-1]
        else:
            suffix = suffix[:-1]
    return (f"{stem}.{suffix}" if suffix else stem) or "file"


def reserve(folder: Path, name: str) -> Path:
    """Create an empty file in `folder` under `name`, or `name (2)`, `name (3)` … when that exists; give its path.

    Created at once, so that two downloads that end together do not take the same name.
    """
    wanted = Path(safe_name(name))
    number = 1
    while True:
        path = folder / (wanted.name if number == 1 else f"{wanted.stem} ({number}){wanted.suffix}")
        try:
            path.touch(exist_ok=False)
            return path
        except FileExistsError:
            number += 1
