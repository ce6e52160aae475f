"""Reads one file of any type. Runs in a helper process (`worker/engine/helper.py`): nothing here may trust the file."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from worker.documents import content
from worker.documents.document import Document, Unreadable
from worker.documents.language import language_of
from worker.engine import packing

_DEEPEST = 3  # attachments of attachments of attachments
_TEXT_SHARE = 0.6  # of the time, for pages and rows; what is read by then is kept
_IMAGES = frozenset(("jpeg", "png", "gif", "tiff", "bmp", "webp", "ico"))
_OLD = frozenset(("doc", "ppt", "msg", "ole"))


def read_document(path: Path, name: str, folder: Path, seconds: float, depth: int = 0) -> Document:
    """Read a file by its content.

    Args:
        name: what the person calls it; only the ending of a text table counts.
        folder: for temporary files.
        seconds: after which a long document is cut off, with a note.

    Raises:
        Unreadable: with the reason.
        MemoryError, RecursionError.
    """
    type_ = content.detect(path).name
    match type_:
        case "pdf":
            from worker.documents import pdf

            return pdf.read(path, seconds * _TEXT_SHARE)
        case "docx":
            from worker.documents import package, word

            package.check(path)
            return word.read(path)
        case "pptx":
            from worker.documents import package, slides

            package.check(path)
            return slides.read(path)
        case "xlsx" | "xls" | "ods":
            from worker.documents import sheets

            return sheets.read(path, type_, seconds * _TEXT_SHARE)
        case "text" | "xml":
            from worker.documents import plain

            return plain.read(path, name, type_)
        case "html":
            from worker.documents import plain

            return plain.read_html(path)
        case "eml":
            from worker.documents import mail

            deeper = partial(_attachment, folder=folder, seconds=seconds, depth=depth + 1)
            return mail.read(path, folder, deeper if depth < _DEEPEST else None)
        case "empty":
            raise Unreadable("broken", "document_empty")
        case "office-encrypted":
            raise Unreadable("encrypted", "document_encrypted")
    if type_ in _IMAGES:
        from worker.documents import images

        return images.read(path, type_)
    if type_ in _OLD:
        raise Unreadable("unsupported", "document_old", type=type_)
    raise Unreadable("unsupported", "document_unsupported", type=type_)


def _attachment(path: Path, name: str, folder: Path, seconds: float, depth: int) -> Document:
    below = folder / f"level-{depth}"
    below.mkdir(exist_ok=True)
    try:
        return read_document(path, name, below, seconds, depth)
    except RecursionError as error:
        raise Unreadable("broken", "document_broken") from error


def safely(path: Path, name: str, folder: Path, seconds: float) -> Document:
    """As `read_document`, but the reason is in the document, and a fault of a parser is the file's fault."""
    try:
        return read_document(path, name, folder, seconds)
    except Unreadable as reason:
        return Document(content.detect(path).name, state=reason.state, code=reason.code, values=reason.values)
    except MemoryError:
        raise
    except Exception:  # a parser that stumbles over a damaged file
        return Document(content.detect(path).name, state="broken", code="document_broken")


def summary(document: Document) -> dict[str, Any]:
    """What an overview says of a document; small."""
    return {
        "type": document.type,
        "state": document.state,
        "code": document.code,
        "values": document.values,
        "pages": document.pages,
        "language": language_of(document.text),
        "characters": len(document.text),
        "tables": document.table_count,
        "notes": [[code, values] for code, values in document.notes],
    }


def read_file(path: str, name: str, folder: str, out: str, seconds: float) -> dict[str, Any]:
    """Called in the helper: read a file and write what was found, packed, into `out`.

    Returns:
        The summary, with `table_pages` of a PDF, whose tables `read_tables` adds.
    """
    document = safely(Path(path), name, Path(folder), seconds)
    _write(document, out)
    return summary(document) | {"table_pages": document.table_pages}


def _write(document: Document, out: str) -> None:
    kept = {"text": document.text, "metadata": document.metadata, "tables": [asdict(t) for t in document.tables]}
    packing.write_packed(Path(out), kept)


def read_tables(path: str, pages: list[int], out: str, seconds: float) -> dict[str, Any]:
    """Called in the helper after `read_file`, so that a PDF whose tables cannot be had keeps its text.

    Returns:
        `tables` and `notes` to add to the summary; `out` is written anew with the tables.
    """
    from worker.documents import pdf

    document = Document("pdf")
    pdf.tables(Path(path), pages, document, seconds)
    kept = packing.unpack(Path(out).read_bytes())
    packing.write_packed(Path(out), kept | {"tables": [asdict(t) for t in document.tables]})
    return {"tables": document.table_count, "notes": [[code, values] for code, values in document.notes]}


def type_of(path: str) -> dict[str, Any]:
    """Called in the helper for a file that could not be read to the end: `{type}`."""
    return {"type": content.detect(Path(path)).name}
