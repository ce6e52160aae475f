"""Workbooks for tests: written with openpyxl, or bent in a way that no writer would."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl


def write(path: Path, *sheets: tuple[str, Iterable[Iterable[Any]]]) -> Path:
    """Write sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def bend(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change the parts of a workbook whose name begins with `part`, in place."""
    with zipfile.ZipFile(path) as archive:
        parts = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in parts:
            archive.writestr(info.filename, change(content) if info.filename.startswith(part) else content)
    return path


def with_dimension(path: Path, reference: str | None) -> Path:
    """Let the sheets declare another extent than they have; None: no extent at all."""
    put = f'<dimension ref="{reference}"/>'.encode() if reference else b""
    return bend(path, "xl/worksheets/", lambda xml: re.sub(rb"<dimension[^>]*/>", put, xml))
