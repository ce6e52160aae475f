"""PDF: text and metadata by PDFium; tables of pages with ruled lines by pdfplumber."""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path
from typing import Any

from worker.documents.document import Document, Text, Unreadable

_NAMES = {
    "Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords", "Creator": "application",
    "Producer": "producer", "CreationDate": "created", "ModDate": "modified",
}  # fmt: skip
_DATE = re.compile(
    r"D?:?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?\s*(?:(Z)(?:00'?00'?)?|([+-])(\d{2})'?(\d{2})?'?)?"
)
_LINES = 4  # fewer ruled lines or boxes make no table
_MAX_OBJECTS = 20_000  # a drawing, not a table
_TABLE_PAGES = 300


def read(path: Path, seconds: float) -> Document:
    """Read text and metadata; stops between pages when `seconds` are over, and notes it.

    Raises:
        Unreadable: `encrypted` or `broken`.
    """
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    until = time.monotonic() + seconds
    document = Document("pdf")
    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise Unreadable("encrypted", "document_encrypted") from error
        raise Unreadable("broken", "document_broken") from error
    try:
        document.pages = len(pdf)
        if not document.pages:
            raise Unreadable("broken", "document_broken")
        for name, value in pdf.get_metadata_dict(skip_empty=True).items():
            is_date = name in ("CreationDate", "ModDate")
            document.add_metadata(_NAMES.get(name, name.lower()), pdf_date(value) if is_date else value)
        version = pdf.get_version()
        if version:
            document.add_metadata("pdf_version", f"{version // 10}.{version % 10}")
        _pages(pdf, document, until)
    finally:
        pdf.close()
    if not document.text.strip():
        document.state, document.code, document.values = "scanned", "document_scanned", {"pages": document.pages}
    return document


def _pages(pdf: Any, document: Document, until: float) -> None:
    import pypdfium2 as pdfium

    text, silent, damaged = Text(), 0, 0
    count = len(pdf)
    for number in range(count):
        if time.monotonic() > until:
            document.note("document_note_pages", done=number, pages=count)
            break
        try:
            page = pdf[number]
            textpage = page.get_textpage()
            piece = _plain(textpage.get_text_range())
            if _ruled(page):
                document.table_pages.append(number)
            textpage.close()
            page.close()
        except pdfium.PdfiumError:
            damaged += 1
            continue
        silent += not piece.strip()
        if not text.add(f"{piece}\n\n"):
            break
    text.give(document)
    if damaged == count:
        raise Unreadable("broken", "document_broken")
    if damaged:
        document.note("document_note_damaged", count=damaged, pages=count)
    if silent and document.text.strip():
        document.note("document_note_silent", count=silent, pages=count)
    document.table_pages = document.table_pages[:_TABLE_PAGES]


def _plain(text: str) -> str:
    # U+FFFE stands where a word was divided at the end of a line.
    return text.replace("\r\n", "\n").replace("\ufffe\n", "").replace("\ufffe", "")


def _ruled(page: Any) -> bool:
    """Whether enough lines or boxes are drawn on a page to make a table."""
    import pypdfium2.raw as raw

    count = raw.FPDFPage_CountObjects(page)
    if not _LINES <= count <= _MAX_OBJECTS:
        return False
    paths = 0
    for index in range(count):
        if raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page, index)) == raw.FPDF_PAGEOBJ_PATH:
            paths += 1
            if paths >= _LINES:
                return True
    return False


def tables(path: Path, pages: list[int], document: Document, seconds: float) -> None:
    """Add the ruled tables of `pages` (indices); stops between pages when `seconds` are over."""
    import pdfplumber

    until = time.monotonic() + seconds
    with pdfplumber.open(path) as pdf:
        for done, number in enumerate(pages):
            if time.monotonic() > until:
                document.note("document_note_table_pages", done=done, pages=len(pages))
                return
            page = pdf.pages[number]
            try:
                for rows in page.extract_tables():
                    # One cell is a frame around something, no table.
                    if len(rows) > 1 and max(len(row) for row in rows) > 1 and any(any(row) for row in rows):
                        document.add_table(str(number + 1), [list(row) for row in rows])
            finally:
                page.close()


def pdf_date(value: str) -> str:
    """A date of a PDF (ISO 32000-1, 7.9.4: `D:20240305091500+08'00'`) in ISO 8601; as it is when it is none."""
    found = _DATE.fullmatch(value.strip())
    if not found:
        return value
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    try:
        zone = None
        if found[7]:
            zone = dt.UTC
        elif found[8]:
            offset = dt.timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
            zone = dt.timezone(-offset if found[8] == "-" else offset)
        at = dt.datetime(year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
    except ValueError:
        return value
    return at.date().isoformat() if hour is None else at.isoformat()
