"""Office files of today are zip archives of XML parts: what all of them share."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from worker.documents.document import Document, Unreadable

MAX_BYTES = 400 << 20
"""Unpacked size of a Word or PowerPoint file, pictures and films too: its reader holds all of it."""
_MAX_RATIO, _RATIO_COUNTS_FROM = 200, 50 << 20
_MAX_PARTS = 20_000
_CORE = {
    "title": "title", "subject": "subject", "creator": "author", "keywords": "keywords", "description": "description",
    "lastModifiedBy": "last_modified_by", "revision": "revision", "created": "created", "modified": "modified",
    "lastPrinted": "last_printed", "category": "category", "language": "language",
}  # fmt: skip
_APP = {
    "Application": "application", "Company": "company", "Manager": "manager", "Pages": "pages", "Words": "words",
    "TotalTime": "editing_minutes", "Template": "template",
}  # fmt: skip


def check(path: Path) -> None:
    """See before unpacking that the archive is whole and no bomb.

    Raises:
        Unreadable: `document_broken`, `document_bomb`, `document_large`, `document_encrypted`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise Unreadable("broken", "document_broken") from error
    total, packed = sum(p.file_size for p in parts), sum(p.compress_size for p in parts) or 1
    if (total > _RATIO_COUNTS_FROM and total > _MAX_RATIO * packed) or len(parts) > _MAX_PARTS:
        raise Unreadable("broken", "document_bomb", megabytes=total >> 20)
    if total > MAX_BYTES:
        raise Unreadable("stopped", "document_large", megabytes=total >> 20, limit=MAX_BYTES >> 20)
    if any(p.flag_bits & 1 for p in parts):
        raise Unreadable("encrypted", "document_encrypted")


def parser() -> Any:
    """An XML parser that resolves no entity, asks no network, and gives up on absurd sizes."""
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def properties(path: Path, document: Document) -> None:
    """Add author, times, program and the like; a part that is damaged is passed over."""
    from lxml import etree

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for part, wanted in (("docProps/core.xml", _CORE), ("docProps/app.xml", _APP)):
                if part in names:
                    _add(etree.fromstring(archive.read(part), parser()), wanted, document)
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                document.add_metadata("macros", "yes")
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError, ValueError, etree.XMLSyntaxError):
        document.note("document_note_properties")


def pictures(path: Path, document: Document) -> None:
    """Of a document without text: say so when it holds pictures, which may be of text."""
    with zipfile.ZipFile(path) as archive:
        count = sum(
            1 for name in archive.namelist() if re.search(r"/media/[^/]+\.(?:png|jpe?g|tiff?|bmp|gif|emf|wmf)$", name)
        )
    if count:
        document.text = ""
        document.state, document.code, document.values = "scanned", "document_pictures", {"count": count}


def _add(root: Any, wanted: dict[str, str], document: Document) -> None:
    for element in root:
        if isinstance(element.tag, str):
            name = wanted.get(re.sub(r"^\{.*\}", "", element.tag))
            if name and element.text:
                document.add_metadata(name, element.text)
