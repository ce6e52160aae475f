"""File names that people send: made harmless before they are kept, and never used as a path on the server."""

from __future__ import annotations

import mimetypes
import re
import unicodedata

# Windows refuses these, with any ending (also with superscript digits).
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
# Marks that turn the reading direction make `exe.xslx` read as `xlsx.exe`.
_BIDI = {chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_LONGEST = 200  # bytes in UTF-8: file systems end at 255, and " (1)" or ".part" may be added on the way

# Python's own table depends on the machine; these are the ones that we write and read.
_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".xls": "application/vnd.ms-excel",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".zip": "application/zip",
}


def clean(name: str | None, fallback: str = "file") -> str:
    """A name that any of the three systems can save: no path, no control characters, no reserved word, not too long.

    Args:
        name: as sent by a client; `..\\..\\evil.xlsx` gives `evil.xlsx`.
        fallback: used when nothing is left.
    """
    text = unicodedata.normalize("NFC", name or "")
    text = re.split(r"[/\\]", text)[-1]
    text = re.sub(r"^[A-Za-z]:", "", text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in _BIDI)
    # Windows drops dots and spaces at the end by itself, so that another file would be meant.
    text = text.translate(_FORBIDDEN).strip().rstrip(". ")
    if not text.strip("._ "):
        return fallback
    if _RESERVED.fullmatch(text.split(".", 1)[0].strip()):
        text = f"_{text}"
    return _shorten(text)


def content_type(name: str) -> str:
    """The type that a name's ending stands for; never what the client claims."""
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot >= 0 else ""
    return _TYPES.get(ending) or mimetypes.guess_type(name, strict=True)[0] or "application/octet-stream"


def _shorten(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, ending = name, ""
    room = _LONGEST - len((dot + ending).encode() if ending else b"")
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{stem}.{ending}" if ending else stem
