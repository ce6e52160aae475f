"""A real SMTP server on loopback (aiosmtpd), that keeps what it was given and can be told to misbehave."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support import free_port

ACCOUNT = ("office", "päss word")


class PostOffice:
    """What came in, by recipient; `answers` and `on_data` make it say no or die.

    Attributes:
        mails: (recipient, message) in the order of arrival.
        answers: recipient -> reply to RCPT TO.
        data_answers: recipient -> reply after the whole mail.
        hang_up: recipients after whose mail the connection ends without a reply; the mail is kept all the same.
        connections: how many have been opened.
    """

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.answers: dict[str, str] = {}
        self.data_answers: dict[str, str] = {}
        self.hang_up: set[str] = set()
        self.connections = 0
        self.arrived = threading.Condition()
        self.settings: dict[str, Any] = {}

    def of(self, address: str) -> list[EmailMessage]:
        """The mails to an address."""
        return [message for to, message in self.mails if to == address]

    def counts(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(to for to, _ in self.mails)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (to,) = envelope.rcpt_tos
        answer = self.data_answers.get(to, "250 taken")
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            with self.arrived:
                self.mails.append((to, message))  # type: ignore[arg-type]
                self.arrived.notify_all()
        if to in self.hang_up:
            assert server.transport is not None
            server.transport.abort()
        return answer


def _sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == ACCOUNT
    return AuthResult(success=right, handled=right)


@contextmanager
def post_office(
    *,
    certificate: tuple[Path, Path] | None = None,
    implicit_tls: bool = False,
    sign_in: bool = False,
    office: PostOffice | None = None,
) -> Iterator[PostOffice]:
    """Serve on a free port of 127.0.0.1; `settings` are what a `Settings` needs to talk to it.

    Args:
        certificate: PEM files of certificate and key; without them nothing is protected.
        implicit_tls: TLS from the first byte, else by STARTTLS.
        sign_in: nobody may send without `ACCOUNT`.
        office: one of another behaviour.
    """
    office = office or PostOffice()
    options: dict[str, Any] = {}
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        if not implicit_tls:
            options |= {"tls_context": context, "require_starttls": True}
    if sign_in:
        options |= {"authenticator": _sign_in, "auth_required": True, "auth_require_tls": not implicit_tls}
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=context if implicit_tls else None,
        **options,
    )
    controller.start()
    tls = "none" if not certificate else "ssl" if implicit_tls else "starttls"
    office.settings = {
        "smtp_host": "localhost", "smtp_port": controller.port, "smtp_tls": tls,
        "smtp_from": "任务台 <tasktray@office.example>", "smtp_timeout_seconds": 10.0,
    }  # fmt: skip
    if certificate:
        office.settings["smtp_ca_file"] = str(certificate[0])
    if sign_in:
        office.settings |= {"smtp_user": ACCOUNT[0], "smtp_password": ACCOUNT[1]}
    try:
        yield office
    finally:
        controller.stop()


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A self-signed certificate for a host name: PEM files of certificate and key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    no = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no))
    return paths
