"""Composing an e-mail. What is filled in comes from tables and people: no line of it can become a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

from tabular.values import is_email
from worker.errors import Refused
from worker.settings import Settings

SUBJECT_CHARACTERS = 200
_SEPARATORS = re.compile(r"[,;，；、\s]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail to one person.

    Attributes:
        to: the address.
        subject: one line.
        body: plain text.
        language: zh_CN or en.
        id: tells it from all others; becomes the Message-ID, so that a mail that did arrive twice could be seen.
    """

    to: str
    subject: str
    body: str
    language: str
    id: str


def addresses(text: str) -> list[str]:
    """The addresses in a text, each once, in their order: parted by commas, semicolons or spaces.

    Raises:
        Refused: `bad_email`, with the first part that is none.
    """
    found = list(dict.fromkeys(part for part in _SEPARATORS.split(text) if part))
    for part in found:
        if not is_address(part):
            raise Refused("bad_email", email=part[:254])
    return found


def is_address(text: str) -> bool:
    """Whether `text` is an address that any server can take: ASCII, save for the domain."""
    local = text.rpartition("@")[0]
    return is_email(text) and local.isascii() and _ascii(text) is not None


def _ascii(address: str) -> str | None:
    """The address with its domain in the form that travels (IDNA)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None


def one_line(text: str) -> str:
    """`text` without line breaks and other control characters, not longer than a subject may be."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= SUBJECT_CHARACTERS else line[: SUBJECT_CHARACTERS - 1] + "…"


def sender(settings: Settings) -> Address:
    """Who writes, as the settings say.

    Raises:
        Refused: `smtp_not_configured`, `smtp_bad_sender`.
    """
    if not settings.smtp_host or not settings.smtp_from:
        raise Refused("smtp_not_configured")
    name, address = parseaddr(settings.smtp_from)
    if not is_address(address):
        raise Refused("smtp_bad_sender", sender=settings.smtp_from)
    return Address(one_line(name), addr_spec=_ascii(address))


def compose(settings: Settings, mail: Mail) -> tuple[str, str, bytes]:
    """The message as it goes over the wire.

    Returns:
        Sender's and recipient's address of the envelope, and the message with CRLF line ends.

    Raises:
        Refused: `bad_email`; `mail_broken_header`: a line break or another control character in the subject; those of
            `sender`.
    """
    writer = sender(settings)
    to = _ascii(mail.to) if is_address(mail.to) else None
    if to is None:
        raise Refused("bad_email", email=mail.to[:254])
    if not mail.subject.isprintable() or not mail.subject.strip():
        raise Refused("mail_broken_header", header="Subject")
    message = EmailMessage(policy=SMTP)
    message["From"] = writer
    message["To"] = Address(addr_spec=to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(ZoneInfo(settings.timezone)))
    message["Message-ID"] = f"<{mail.id}@{writer.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message["Content-Language"] = mail.language.replace("_", "-")
    body = mail.body if mail.body.endswith("\n") else mail.body + "\n"
    message.set_content(body, cte="quoted-printable" if body.isascii() else "base64")
    return writer.addr_spec, to, message.as_bytes()
