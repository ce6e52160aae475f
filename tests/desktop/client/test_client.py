"""The REST client against a real system, and against servers that misbehave."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from desktop.client import (
    Client,
    ClientError,
    Conflict,
    FileProblem,
    Gone,
    Missing,
    Offline,
    Problem,
    SignInNeeded,
)
from desktop.client.transport import normal_url
from tests.support import free_port
from tests.support_system import ADMIN, PASSWORD, Office, wait_ended


def key() -> str:
    return str(uuid.uuid4())


# ---------------------------------------------------------------- signing in


def test_a_signed_in_user_is_known_by_name(system: Office) -> None:
    with Client(system.url, language="en") as client:
        assert not client.signed_in
        tokens = client.sign_in(ADMIN, PASSWORD)
        assert tokens.expires_in
        assert client.me().username == ADMIN
        assert client.me().is_admin


def test_a_wrong_password_is_a_problem_in_the_users_language(system: Office) -> None:
    texts = set()
    for language in ("en", "zh_CN"):
        with Client(system.url, language=language) as client, pytest.raises(Problem) as error:
            client.sign_in("nobody", "wrong")
        assert error.value.status == 401
        texts.add(error.value.detail)
    assert len(texts) == 2
    assert any("\u4e00" <= c <= "\u9fff" for text in texts for c in text)


def test_without_any_token_the_user_has_to_sign_in_and_nothing_is_sent(answers) -> None:
    answers.add("200 OK", "{}")
    with Client(answers.url) as client, pytest.raises(SignInNeeded):
        client.me()
    assert answers.asked == []


def test_a_token_that_is_not_valid_and_cannot_be_renewed_asks_for_a_sign_in(system: Office) -> None:
    with Client(system.url, "nonsense") as client, pytest.raises(SignInNeeded):
        client.me()


def test_many_threads_share_one_renewal_of_a_token_that_has_run_out(system: Office) -> None:
    renewed: list[tuple[str, str | None]] = []
    with Client(system.url) as client:
        first = client.sign_in(ADMIN, PASSWORD)
    start = threading.Barrier(8)
    with Client(
        system.url, "run out", first.refresh_token, on_tokens=lambda access, refresh: renewed.append((access, refresh))
    ) as client:

        def ask() -> str:
            start.wait(10)
            return client.me().username

        with ThreadPoolExecutor(8) as pool:
            names = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
        assert names == [ADMIN] * 8
        assert len(renewed) == 1
        assert renewed[0][1] not in (None, first.refresh_token)
        assert client.token == renewed[0][0]


def test_a_spent_refresh_token_asks_for_a_sign_in(system: Office) -> None:
    with Client(system.url) as client:
        tokens = client.sign_in(ADMIN, PASSWORD)
        client.sign_out()
        assert not client.signed_in
    with Client(system.url, "run out", tokens.refresh_token) as client:
        with pytest.raises(SignInNeeded):
            client.me()
        assert not client.signed_in


def test_a_renewal_that_cannot_reach_the_server_keeps_the_refresh_token() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", None, "refresh", retries=0) as client:
        with pytest.raises(Offline):
            client.me()
        assert client.signed_in


def test_a_changed_password_ends_the_old_tokens_and_this_client_goes_on(system: Office) -> None:
    system.add_user("petra")
    seen = []
    with Client(system.url, on_tokens=lambda *tokens: seen.append(tokens)) as client:
        client.sign_in("petra", PASSWORD)
        client.change_password(PASSWORD, "ein anderes Passwort")
        assert client.me().username == "petra"
        assert len(seen) == 2
    with Client(system.url) as client:
        with pytest.raises(Problem):
            client.sign_in("petra", PASSWORD)
        client.sign_in("petra", "ein anderes Passwort")


def test_credentials_in_netrc_do_not_replace_the_token(
    system: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with system.client() as client:
        assert client.me().username == ADMIN


# ---------------------------------------------------------------- jobs


def test_kinds_come_with_titles_and_schemas(client: Client) -> None:
    kinds = {kind.kind: kind for kind in client.kinds()}
    imports = kinds["customers.import"]
    assert imports.title
    assert imports.uploads.minimum == imports.uploads.maximum == 1
    assert ".xlsx" in imports.uploads.suffixes
    assert "mode" in imports.params_schema["properties"]


def test_a_job_is_submitted_once_however_often_it_is_sent(client: Client) -> None:
    once = key()
    jobs = [client.submit("examples.echo", {"message": "你好"}, key=once) for _ in range(3)]
    assert len({job.id for job in jobs}) == 1
    ended = wait_ended(client, jobs[0].id)
    assert ended.state == "succeeded"
    assert ended.result == {"message": "Task received: 你好"}
    assert ended.owner.username == ADMIN
    assert next(event.type for event in client.events(ended.id)) == "submitted"
    assert ended.created_at is not None
    assert ended.created_at.tzinfo is not None


def test_the_same_key_with_another_body_is_refused(client: Client) -> None:
    once = key()
    client.submit("examples.echo", {"message": "a"}, key=once)
    with pytest.raises(Problem) as error:
        client.submit("examples.echo", {"message": "b"}, key=once)
    assert (error.value.status, error.value.code) == (422, "idempotency_key_reused")


def test_bad_parameters_name_the_field(client: Client) -> None:
    with pytest.raises(Problem) as error:
        client.submit("examples.sleep", {"seconds": -1}, key=key())
    assert error.value.code == "invalid_params"
    assert error.value.errors[0]["field"] == "params.seconds"
    assert error.value.errors[0]["message"]


def test_an_estimate_is_given_before_submitting(client: Client) -> None:
    assert client.estimate("examples.echo").based_on >= 0


def test_a_running_job_is_cancelled_and_an_ended_one_cannot_be(client: Client) -> None:
    job = client.submit("examples.sleep", {"seconds": 60}, key=key(), title="Geduld", priority="high")
    assert (job.title, job.priority) == ("Geduld", "high")
    client.cancel(job.id)
    assert wait_ended(client, job.id).state == "cancelled"
    with pytest.raises(Conflict) as error:
        client.cancel(job.id)
    assert error.value.detail


def test_a_cancelled_job_can_be_renamed_retried_and_deleted(client: Client) -> None:
    job = client.submit("examples.sleep", {"seconds": 60}, key=key())
    client.cancel(job.id)
    wait_ended(client, job.id)
    assert client.patch(job.id, title="noch einmal").title == "noch einmal"
    assert client.retry(job.id).state in ("pending", "running")
    client.cancel(job.id)
    wait_ended(client, job.id)
    client.delete(job.id)
    with pytest.raises(Missing):
        client.job(job.id)


def test_jobs_are_found_by_state_kind_and_title(client: Client) -> None:
    job = client.submit("examples.echo", key=key(), title=f"Suche {key()}")
    wait_ended(client, job.id)
    page = client.jobs(states=["succeeded"], kinds=["examples.echo"], text=job.title)
    assert [found.id for found in page.jobs] == [job.id]
    assert page.next is None
    assert page.cursor
    assert client.jobs(states=["failed"], text=job.title).jobs == []


def test_changes_are_read_from_the_lists_cursor_and_cost_nothing_when_there_are_none(client: Client) -> None:
    cursor = client.jobs(limit=1).cursor
    job = client.submit("examples.echo", key=key())
    wait_ended(client, job.id)
    changes = client.changes(cursor)
    assert changes is not None
    assert changes.jobs[-1].id == job.id
    assert changes.jobs[-1].state == "succeeded"
    assert changes.etag
    assert client.changes(changes.cursor, changes.etag) is None
    client.delete(job.id)
    after = client.changes(changes.cursor, changes.etag)
    assert after is not None
    assert after.removed == [job.id]


def test_a_cursor_of_another_epoch_is_gone(client: Client) -> None:
    with pytest.raises(Gone):
        client.changes("anotherepoch.1")


# ---------------------------------------------------------------- servers and networks that misbehave


def test_nobody_there_is_offline() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", "t", retries=1) as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code == "server_unreachable"


def test_an_unknown_name_is_offline() -> None:
    with Client("https://tasktray.invalid", "t", retries=0) as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code in ("server_unknown", "proxy_failed")


def test_a_server_that_never_answers_is_offline() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "t", retries=0, timeout=(1, 0.2)) as client,
        pytest.raises(Offline) as error,
    ):
        client.me()
    assert error.value.code == "server_timeout"


def test_a_question_is_asked_again_when_the_gateway_says_later(answers) -> None:
    answers.add("503 Service Unavailable", "<html>", "Retry-After: 0")
    answers.add("200 OK", '{"username": "anna", "role": "admin", "from_the_future": 1}')
    with Client(answers.url, "t") as client:
        assert client.me().username == "anna"
    assert len(answers.asked) == 2


def test_a_sign_in_is_never_sent_twice(answers) -> None:
    answers.add("502 Bad Gateway")
    with Client(answers.url) as client, pytest.raises(Offline) as error:
        client.sign_in("anna", "secret")
    assert error.value.code == "server_unavailable"
    assert len(answers.asked) == 1


def test_a_redirect_is_told_and_not_followed_with_the_token(answers) -> None:
    answers.add("301 Moved Permanently", "", "Location: https://elsewhere.example/")
    with Client(answers.url, "t") as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code == "redirected"
    assert error.value.values["location"] == "https://elsewhere.example/"
    assert len(answers.asked) == 1


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_something_that_is_not_tasktray_is_told(answers, status: str) -> None:
    answers.add(status, "<html>Welcome to nginx</html>")
    with Client(answers.url, "t") as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code == "not_tasktray"


def test_a_proxy_of_the_environment_is_not_used_for_this_computer(
    system: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with system.client() as client:
        assert client.me().username == ADMIN


def test_a_proxy_of_the_environment_is_used_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Client("http://tasks.example", "t", retries=0) as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code == "proxy_failed"


def test_a_closed_client_ends_with_offline_and_waits_for_nothing(answers) -> None:
    answers.add("200 OK", "{}")
    client = Client(answers.url, "t")
    client.close()
    with pytest.raises(Offline):
        client.me()


# ---------------------------------------------------------------- addresses and certificates


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("tasks.example.com", "https://tasks.example.com"),
        (" https://tasks.example.com/ ", "https://tasks.example.com"),
        ("https://example.com/tray/api/v1", "https://example.com/tray"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:8000", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_completed(typed: str, url: str) -> None:
    assert normal_url(typed) == url


@pytest.mark.parametrize("typed", ["", "https://", "ftp://example.com", "http://a:b@example.com", "http://x:99999"])
def test_what_is_no_address_is_told(typed: str) -> None:
    with pytest.raises(ClientError) as error:
        Client(typed)
    assert error.value.code == "bad_address"


@pytest.fixture
def tls_server(tmp_path: Path, answers):
    """Address and CA file of a server whose certificate no operating system knows."""
    ca, cert, request = tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "request.pem"
    names = tmp_path / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", tmp_path / "ca.key", "-out", ca, "-subj", "/CN=Our CA", "-days", "2")
    openssl("req", *new_key, "-keyout", tmp_path / "key.pem", "-out", request, "-subj", "/CN=localhost")
    openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", tmp_path / "ca.key", "-CAcreateserial", "-out", cert,
        "-days", "2", "-extfile", names,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, tmp_path / "key.pem")
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{"username": "tls" }'

    def serve() -> None:
        while not stop.is_set():
            try:
                near, _ = listener.accept()
                near.settimeout(2)
                with near, context.wrap_socket(near, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(answer)
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", ca
    stop.set()
    thread.join(5)
    listener.close()


def test_an_unknown_certificate_is_not_trusted(tls_server) -> None:
    url, _ = tls_server
    with Client(url, "t", retries=2) as client, pytest.raises(Offline) as error:
        client.me()
    assert error.value.code == "tls_untrusted"
    assert "certificate" in error.value.values["reason"]


def test_an_own_authority_is_trusted(tls_server) -> None:
    url, ca = tls_server
    with Client(url, "t", ca_file=ca) as client:
        assert client.me().username == "tls"


def test_an_authority_of_the_environment_is_trusted(tls_server, monkeypatch: pytest.MonkeyPatch) -> None:
    url, ca = tls_server
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    with Client(url, "t") as client:
        assert client.me().username == "tls"


def test_an_own_authority_is_no_licence_for_other_names(tls_server) -> None:
    url, ca = tls_server
    with (
        Client(url.replace("127.0.0.1", "127.0.0.2"), "t", ca_file=ca, retries=0) as client,
        pytest.raises(Offline) as error,
    ):
        client.me()
    assert error.value.code in ("tls_untrusted", "server_unreachable")


def test_a_certificate_file_that_is_none_is_told(tmp_path: Path) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("no certificate")
    for path in (nonsense, tmp_path / "missing.pem"):
        with pytest.raises(FileProblem) as error:
            Client("https://tasks.example", ca_file=path)
        assert error.value.code == "ca_unreadable"
