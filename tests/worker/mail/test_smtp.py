"""E-mails against a real SMTP server on loopback: protection, sign-in, refusals, and what became of each mail."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager

import pytest

from tests.support import free_port
from tests.support_smtp import make_certificate, post_office
from worker.errors import Refused, Transient
from worker.mail.message import Mail, addresses, one_line
from worker.mail.smtp import Deferred, Mailer, OutcomeUnknown
from worker.settings import Settings

# The test's server does not know that its connection is protected from the first byte.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def settings(office, **changes):
    return Settings(_env_file=None, **(office.settings | changes))


def mail(to="li@example.com", subject="账单提醒 Reminder", body="您好！\n.\n.dot\nEnd", **values):
    return Mail(to, subject, body, "zh_CN", values.get("id", "job.0"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize(
    ("tls", "sign_in"), [("none", False), ("starttls", False), ("starttls", True), ("ssl", False), ("ssl", True)]
)
def test_a_mail_arrives_as_it_was_written(certificate, tls, sign_in):
    options = {"certificate": None if tls == "none" else certificate, "implicit_tls": tls == "ssl"}
    with post_office(**options, sign_in=sign_in) as office, Mailer(settings(office)) as mailer:
        mailer.check()
        mailer.send(mail())
        mailer.send(mail(to="wang@例子.中国", body="plain", id="job.1"))
    (first,) = office.of("li@example.com")
    assert first["Subject"] == "账单提醒 Reminder"
    assert first["From"].addresses[0].display_name == "任务台"
    assert first["Message-ID"] == "<job.0@office.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().splitlines() == ["您好！", ".", ".dot", "End"]
    assert [to for to, _ in office.mails][1] == "wang@xn--fsqu00a.xn--fiqs8s"
    assert office.mails[1][1].get_content() == "plain\r\n"


def test_a_certificate_that_nobody_vouches_for_or_of_another_host_is_refused(certificate, tmp_path):
    other = make_certificate(tmp_path, "mail.example.com")
    for files, trusted in ((certificate, ""), (other, str(other[0]))):
        for implicit in (False, True):
            with (
                post_office(certificate=files, implicit_tls=implicit) as office,
                Mailer(settings(office, smtp_ca_file=trusted)) as mailer,
                pytest.raises(Refused, match="smtp_tls_failed"),
            ):
                mailer.send(mail())
            assert office.mails == []


def test_a_server_without_the_wanted_protection_gets_neither_password_nor_mail(certificate):
    with post_office() as office:
        with Mailer(settings(office, smtp_tls="starttls")) as mailer, pytest.raises(Refused, match="smtp_no_tls"):
            mailer.send(mail())
        account = {"smtp_user": "office", "smtp_password": "x"}
        with Mailer(settings(office, **account)) as mailer, pytest.raises(Refused, match="smtp_no_sign_in"):
            mailer.send(mail())
    with (
        post_office(certificate=certificate, sign_in=True) as office,
        Mailer(settings(office, smtp_password="wrong")) as mailer,
        pytest.raises(Refused, match="smtp_sign_in_failed") as refused,
    ):
        mailer.send(mail())
    assert "wrong" not in str(refused.value.values)
    assert office.mails == []


def test_a_4xx_reply_is_for_later_a_5xx_is_for_good_and_the_next_mail_goes_on():
    with post_office() as office, Mailer(settings(office)) as mailer:
        office.answers = {"grey@example.com": "451 4.7.1 greylisted", "gone@example.com": "550 5.1.1 no such user"}
        office.data_answers = {"spam@example.com": "554 5.7.1 spam", "full@example.com": "452 4.2.2 full"}
        for to, kind, reply in (
            ("grey@example.com", Deferred, "451"), ("gone@example.com", Refused, "550"),
            ("spam@example.com", Refused, "554"), ("full@example.com", Deferred, "452"),
        ):  # fmt: skip
            with pytest.raises(kind) as said:
                mailer.send(mail(to))
            assert said.value.values["email"] == to
            assert said.value.values["reply"].startswith(reply)
        mailer.send(mail())
        assert office.connections == 1
    assert [to for to, _ in office.mails] == ["li@example.com"]


def test_a_connection_that_ends_before_the_reply_leaves_the_outcome_open():
    with post_office() as office, Mailer(settings(office)) as mailer:
        office.hang_up = {"li@example.com"}
        with pytest.raises(OutcomeUnknown):
            mailer.send(mail())
        mailer.send(mail("wang@example.com"))
    assert [to for to, _ in office.mails] == ["li@example.com", "wang@example.com"]


def test_a_conversation_that_the_server_has_ended_is_begun_anew():
    with post_office() as office, Mailer(settings(office)) as mailer:
        mailer.send(mail())
        mailer._smtp.sock.shutdown(socket.SHUT_RDWR)
        mailer.send(mail(id="job.1"))
        assert office.counts() == {"li@example.com": 2}


def test_a_server_that_is_not_there_is_a_passing_fault_with_its_name():
    absent = Settings(
        _env_file=None, smtp_host="127.0.0.1", smtp_port=free_port(), smtp_tls="none", smtp_from="a@example.com"
    )
    with Mailer(absent) as mailer, pytest.raises(Transient, match="smtp_unreachable") as said:
        mailer.send(mail())
    assert said.value.values["host"] == "127.0.0.1"
    assert said.value.values["reason"]


def test_what_is_not_set_up_is_said():
    for changes, code in (
        ({}, "smtp_not_configured"), ({"smtp_host": "h"}, "smtp_not_configured"),
        ({"smtp_host": "h", "smtp_from": "nobody"}, "smtp_bad_sender"),
    ):  # fmt: skip
        with Mailer(Settings(_env_file=None, **changes)) as mailer, pytest.raises(Refused, match=code):
            mailer.send(mail())


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@example.com", "a\nb", "a\x00", "", "  ", "a\u2028b"])
def test_no_subject_becomes_a_header_of_its_own(subject):
    with post_office() as office, Mailer(settings(office)) as mailer:
        with pytest.raises(Refused, match="mail_broken_header"):
            mailer.send(mail(subject=subject))
        assert office.connections == 0


@pytest.mark.parametrize(
    "to", ["a@example.com\r\nRCPT TO:<b@example.com>", "a@b", "", "ä@example.com", "a b@c.de", "<a@b.de>"]
)
def test_no_address_but_one_is_taken(to):
    with post_office() as office, Mailer(settings(office)) as mailer:
        with pytest.raises(Refused, match="bad_email"):
            mailer.send(mail(to))
        assert office.connections == 0


def test_addresses_are_parted_in_the_usual_ways():
    assert addresses("a@x.de, b@x.de；c@x.de\n d@x.de、a@x.de;") == ["a@x.de", "b@x.de", "c@x.de", "d@x.de"]
    with pytest.raises(Refused, match="bad_email"):
        addresses("a@x.de nobody")


def test_a_line_made_of_data_is_one_line():
    assert one_line("a\r\nBcc: b\tc\u2028d  e") == "a Bcc: b c d e"
    assert len(one_line("x" * 500)) == 200


@contextmanager
def scripted(*conversations):
    """A server that answers each connection's lines from a list of replies and then ends it; gives its settings.

    `RESET` ends the connection at once, whatever is still under way; `SILENCE` takes a whole mail and says nothing.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for replies in conversations:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                for number, reply in enumerate(replies):
                    if number and not lines.readline():
                        break
                    if reply == "RESET":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
                    if reply == "SILENCE":
                        while lines.readline() != b".\r\n":
                            pass
                        break
                    connection.sendall(f"{reply}\r\n".encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    yield Settings(
        _env_file=None, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", smtp_from="a@example.com",
        smtp_timeout_seconds=10.0,
    )  # fmt: skip
    listener.close()
    thread.join(10)


HELLO = ("220 hello", "250 pleased")
AGREED = (*HELLO, "250 sender", "250 recipient", "354 go on")


@pytest.mark.parametrize(
    ("conversations", "outcome"),
    [
        ([("554 no service",)], (Refused, "smtp_not_served")),
        ([("421 too busy",)], (Transient, "smtp_unreachable")),
        ([(*HELLO, "421 going down")], (Transient, "smtp_unreachable")),
        ([(*HELLO, "550 not you")], (Refused, "mail_refused")),
        ([(*HELLO, "250 sender", "250 recipient", "451 later")], (Deferred, "mail_deferred")),
        ([(*HELLO, "250 sender", "RESET")], (Transient, "smtp_unreachable")),
        ([(*AGREED, "SILENCE")], (OutcomeUnknown, None)),
    ],
)
def test_every_place_at_which_a_server_says_no_or_goes_away(conversations, outcome):
    kind, code = outcome
    with scripted(*conversations) as settings, Mailer(settings) as mailer, pytest.raises(kind, match=code):
        mailer.send(mail(body="x"))


def test_a_connection_lost_amid_a_mail_has_not_sent_it():
    large = mail(body="行" * 6_000_000)  # more than the network holds on the way
    with (
        scripted((*AGREED, "RESET")) as settings,
        Mailer(settings) as mailer,
        pytest.raises(Transient, match="smtp_unreachable"),
    ):
        mailer.send(large)
