"""E-mails (eml): who, when, what, and the attachments, read like files of their own."""

from __future__ import annotations

import email
import email.header
import email.policy
import email.utils
import hashlib
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

from worker.documents.document import Document, Text, Unreadable
from worker.documents.plain import decoded, html_text

_HEADERS = {
    "From": "from", "Sender": "sender", "To": "to", "Cc": "cc", "Bcc": "bcc", "Reply-To": "reply_to",
    "Subject": "subject", "Date": "date", "Message-ID": "message_id", "In-Reply-To": "in_reply_to",
    "X-Mailer": "application", "User-Agent": "application", "X-Originating-IP": "sender_ip",
}  # fmt: skip
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
MAX_ATTACHMENTS = 100
_MAX_PARTS = 2_000

Reader = Callable[[Path, str], Document]


def read(path: Path, folder: Path, attachment: Reader | None) -> Document:
    """Read a mail.

    Args:
        folder: where attachments are put while they are read.
        attachment: reads one; None: attachments are only listed (they lie too deep).

    Raises:
        Unreadable: `broken`.
    """
    document = Document("eml")
    with path.open("rb") as file:
        start = file.read(5)
        if start == b"From ":
            file.readline()  # a mailbox's own line
        else:
            file.seek(0)
        try:
            message = email.message_from_binary_file(file, policy=email.policy.compat32)
        except (RecursionError, ValueError, LookupError) as error:
            raise Unreadable("broken", "document_broken") from error
    for name, ours in _HEADERS.items():
        for value in _values(message, name):
            document.add_metadata(ours, _date(value) if name == "Date" else value)
    for value in _values(message, "Received")[:20]:
        document.add_metadata("received", value)
    text = Text()
    for name in _SHOWN:
        for value in _values(message, name):
            text.line(f"{name}: {value}")
    text.line("")
    _parts(message, text, document, folder, attachment)
    text.give(document)
    return document


def header_text(value: Any) -> str:
    """A header as a person reads it: encoded words decoded, raw bytes of any charset too (RFC 2047 and its breakers).

    Args:
        value: as `Message` gives it: a text, in which bytes that are no ASCII are surrogates.
    """
    raw = str(value)
    if any("\udc80" <= c <= "\udcff" for c in raw):
        return decoded(raw.encode("utf-8", "surrogateescape"), None)
    pieces = []
    try:
        words = email.header.decode_header(raw)
    except (email.errors.HeaderParseError, ValueError):
        return raw
    for piece, charset in words:
        pieces.append(
            piece if isinstance(piece, str) else decoded(piece, charset if charset != "unknown-8bit" else None)
        )
    return " ".join("".join(pieces).split())


def _values(message: Message, name: str) -> list[str]:
    # `raw_items`: get() would turn raw bytes into question marks.
    return [header_text(value) for key, value in message.raw_items() if key.lower() == name.lower()]


def _date(value: str) -> str:
    try:
        return email.utils.parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, IndexError):
        return value


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, depth first; a mail within the mail is one part."""
    stack: list[Message] = [message]
    count = 0
    while stack and count < _MAX_PARTS:
        part = stack.pop()
        count += 1
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            stack.extend(p for p in reversed(payload) if isinstance(p, Message))
        else:
            yield part


def _parts(message: Message, text: Text, document: Document, folder: Path, attachment: Reader | None) -> None:
    html: list[str] = []
    plain = False
    attached: list[tuple[str, bytes]] = []
    for part in _leaves(message):
        name = _name(part)
        disposition = part.get_content_disposition()
        type_ = part.get_content_type()
        if type_ in ("text/plain", "text/html") and disposition != "attachment" and not (name and disposition):
            words = decoded(_bytes(part), part.get_content_charset())
            if type_ == "text/plain":
                plain = plain or bool(words.strip())
                text.line(words)
            else:
                html.append(words)
        else:
            attached.append((name or _fallback(part, len(attached)), _bytes(part)))
    if html and not plain:
        for page in html:
            text.line(html_text(page))
    document.add_metadata("attachments", len(attached) or None)
    for number, (name, content) in enumerate(attached):
        if number >= MAX_ATTACHMENTS:
            document.note("document_note_attachments", count=MAX_ATTACHMENTS)
            return
        _attachment(name, content, number, text, document, folder, attachment)


def _attachment(
    name: str, content: bytes, number: int, text: Text, document: Document, folder: Path, attachment: Reader | None
) -> None:
    digest = hashlib.sha256(content).hexdigest()
    document.add_metadata("attachment", f"{name} ({len(content)} bytes, SHA-256 {digest})")
    if attachment is None:
        document.note("document_note_deep")
        return
    path = folder / f"attachment-{number}"
    path.write_bytes(content)
    try:
        read_ = attachment(path, name)
    except Unreadable as reason:
        document.note("document_note_attachment_unread")
        document.add_metadata("attachment_unread", f"{name}: {reason.state}")
        return
    finally:
        path.unlink(missing_ok=True)
    if read_.state != "read":
        document.note("document_note_attachment_unread")
        document.add_metadata("attachment_unread", f"{name}: {read_.state}")
    if read_.text:
        text.line(f"\n--- {name} ---")
        text.add(read_.text + "\n")
    for table in read_.tables:
        document.add_table(f"{name} {table.place}".strip(), table.rows, table.row_count)


def _name(part: Message) -> str:
    """The file name of a part; of one with raw bytes of some charset too, which `get_filename` would lose."""
    plain = Message()
    for key, value in part.raw_items():
        if key.lower() in ("content-disposition", "content-type"):
            raw = str(value)
            plain[key] = decoded(raw.encode("utf-8", "surrogateescape"), None) if not raw.isascii() else raw
    try:
        name = plain.get_filename()
    except (ValueError, LookupError, TypeError):
        return ""
    return header_text(name).strip() if name else ""


def _fallback(part: Message, number: int) -> str:
    ending = ".eml" if part.get_content_maintype() == "message" else ""
    return f"attachment-{number + 1}{ending}"


def _bytes(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # a mail within the mail
        try:
            return b"".join(inner.as_bytes() for inner in payload if isinstance(inner, Message))
        except (ValueError, LookupError, KeyError, UnicodeError):
            return b""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    if isinstance(content, bytes):
        return content
    return str(payload or "").encode("utf-8", "surrogateescape")
