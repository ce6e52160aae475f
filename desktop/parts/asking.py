"""Asking for files and folders, by the system's own dialog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.language import translate


def ask_files(parent: QWidget, suffixes: Sequence[str], folder: Path | None = None) -> list[Path]:
    """Let the user choose files; gives none when nothing was chosen.

    Args:
        suffixes: of the files that fit, with the dot; empty: any.
        folder: where to begin.
    """
    every = translate("Submit", "All files (*)")
    patterns = " ".join(f"*{suffix}" for suffix in suffixes)
    known = translate("Submit", "Fitting files ({patterns})").format(patterns=patterns)
    names, _ = QFileDialog.getOpenFileNames(
        parent, translate("Submit", "Choose files"), str(folder) if folder else "",
        f"{known};;{every}" if suffixes else every,
    )  # fmt: skip
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, folder: Path | None = None) -> Path | None:
    """Let the user choose a folder; None when none was chosen.

    Args:
        folder: where to begin.
    """
    name = QFileDialog.getExistingDirectory(
        parent, translate("Submit", "Choose a folder"), str(folder) if folder else ""
    )
    return Path(name) if name else None
