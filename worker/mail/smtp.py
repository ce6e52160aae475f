"""Handing e-mails to the office's SMTP server, and telling exactly what became of each."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from worker.errors import Refused, Transient
from worker.mail.message import Mail, compose
from worker.settings import Settings

_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_MAILS = 100  # over one connection; many servers end it after some more
_IDLE_SECONDS = 20.0
_LINE_BEGINS_WITH_DOT = re.compile(rb"(?m)^\.")


class OutcomeUnknown(Exception):
    """The connection was lost after the whole mail had been handed over and before the server said what it made of it:
    it may have been sent or not.
    """


class Deferred(Transient):
    """The server does not take this mail now (a 4xx reply); others may pass."""


def port(settings: Settings) -> int:
    """The port of the SMTP server: as set, or the usual one of the TLS mode."""
    return settings.smtp_port or _PORTS[settings.smtp_tls]


def _context(settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.smtp_ca_file or None)


class Mailer:
    """A conversation with the SMTP server, begun with the first mail; a context manager.

    Args:
        settings: host, port, TLS, account and sender.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._smtp: smtplib.SMTP | None = None
        self._sent = 0
        self._used = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (smtplib.SMTPException, OSError):
                smtp.close()

    def check(self) -> None:
        """Connect and sign in, send nothing.

        Raises:
            Refused, Transient: as `send`.
        """
        self._connected()
        self.close()

    def send(self, mail: Mail) -> None:
        """Hand over one mail. When this returns the server has taken it.

        Raises:
            Refused: it was not sent and will not be: `bad_email`, `mail_broken_header`, `mail_refused` (a 5xx reply),
                `smtp_not_configured`, `smtp_bad_sender`, `smtp_sign_in_failed`, `smtp_tls_failed`.
            Deferred: `mail_deferred` (a 4xx reply): it was not sent, later it may be.
            Transient: `smtp_unreachable`: no mail can be sent now; this one was not.
            OutcomeUnknown: it may have been sent.
        """
        envelope_from, to, content = compose(self.settings, mail)
        fresh = self._smtp is None
        smtp = self._connected()
        try:
            self._announce(smtp, envelope_from, to)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            # Nothing of the mail has been handed over; a server may end a conversation that it finds too long.
            self._drop()
            if fresh:
                raise self._unreachable(error) from error
            smtp = self._connected()
            try:
                self._announce(smtp, envelope_from, to)
            except (smtplib.SMTPServerDisconnected, OSError) as again:
                self._drop()
                raise self._unreachable(again) from again
        self._hand_over(smtp, to, content)
        self._sent += 1
        self._used = time.monotonic()

    def _announce(self, smtp: smtplib.SMTP, envelope_from: str, to: str) -> None:
        """Sender, recipient and the wish to send; the server has agreed when this returns."""
        code, reply = self._reply(smtp.mail, envelope_from)
        if code == 250:
            code, reply = self._reply(smtp.rcpt, to)
        if code in (250, 251):
            code, reply = smtp.docmd("DATA")
        if code != 354:
            self._refused(smtp, code, reply, to)

    @staticmethod
    def _reply(command: Callable[[str], tuple[int, bytes]], address: str) -> tuple[int, bytes]:
        code, reply = command(address)
        if code == 421:
            raise smtplib.SMTPServerDisconnected(_words(reply))
        return code, reply

    def _hand_over(self, smtp: smtplib.SMTP, to: str, content: bytes) -> None:
        try:
            smtp.send(_LINE_BEGINS_WITH_DOT.sub(b"..", content))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()  # without the line that ends it no server keeps a mail
            raise self._unreachable(error) from error
        try:
            smtp.send(b".\r\n")
            code, reply = smtp.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise OutcomeUnknown(str(error)) from error
        if code != 250:
            self._refused(smtp, code, reply, to)

    def _refused(self, smtp: smtplib.SMTP, code: int, reply: bytes, to: str) -> None:
        words: dict[str, Any] = {"email": to, "reply": f"{code} {_words(reply)}"}
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()
        if 400 <= code < 500:
            raise Deferred("mail_deferred", **words)
        raise Refused("mail_refused", **words)

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and (self._sent >= _MAILS or time.monotonic() - self._used > _IDLE_SECONDS):
            self.close()
        if self._smtp is None:
            self._smtp = self._connect()
            self._sent, self._used = 0, time.monotonic()
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        s = self.settings
        if not s.smtp_host:
            raise Refused("smtp_not_configured")
        where: dict[str, Any] = {"host": s.smtp_host, "port": port(s)}
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._greeted()
            if s.smtp_user:
                self._need(smtp, "auth", "smtp_no_sign_in")
                _sign_in(smtp, s.smtp_user, s.smtp_password)
        except Refused:
            _close(smtp)
            raise
        except ssl.SSLError as error:
            raise Refused("smtp_tls_failed", **where, reason=error.reason or str(error)) from error
        except smtplib.SMTPResponseException as error:
            _close(smtp)
            reply = f"{error.smtp_code} {_words(error.smtp_error)}"
            if 400 <= error.smtp_code < 500:
                raise Transient("smtp_unreachable", **where, reason=reply) from error
            if isinstance(error, smtplib.SMTPAuthenticationError):
                raise Refused("smtp_sign_in_failed", **where, user=s.smtp_user, reply=reply) from error
            raise Refused("smtp_not_served", **where, reply=reply) from error
        except (smtplib.SMTPException, OSError) as error:
            _close(smtp)
            raise self._unreachable(error) from error
        return smtp

    def _greeted(self) -> smtplib.SMTP:
        """A connection, protected as the settings say."""
        s = self.settings
        host, number, timeout = s.smtp_host, port(s), s.smtp_timeout_seconds
        smtp: smtplib.SMTP
        if s.smtp_tls == "ssl":
            smtp = smtplib.SMTP_SSL(host, number, _own_name(), timeout=timeout, context=_context(s))
        else:
            smtp = smtplib.SMTP(host, number, _own_name(), timeout=timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if s.smtp_tls == "starttls":
                self._need(smtp, "starttls", "smtp_no_tls")
                smtp.starttls(context=_context(s))
                smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _need(self, smtp: smtplib.SMTP, extension: str, code: str) -> None:
        if not smtp.has_extn(extension):
            raise Refused(code, host=self.settings.smtp_host, port=port(self.settings))

    def _unreachable(self, error: Exception) -> Transient:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Transient("smtp_unreachable", host=self.settings.smtp_host, port=port(self.settings), reason=reason)

    def _drop(self) -> None:
        _close(self._smtp)
        self._smtp = None


def _close(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _sign_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    if (user + password).isascii():
        smtp.login(user, password)
        return
    # smtplib takes ASCII only; RFC 4616 says UTF-8.
    secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, reply = smtp.docmd("AUTH", f"PLAIN {secret}")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, reply)


def _words(reply: bytes | str) -> str:
    return (reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply)[:300]


def _own_name() -> str:
    """What we call ourselves to the server; asking the name service, as smtplib would, can take seconds."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
