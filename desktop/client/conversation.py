"""One conversation with a server: requests, what their answers mean, and the tokens that go with them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Self

import requests

from desktop.client import models
from desktop.client.errors import Offline, Problem, SignInNeeded, problem
from desktop.client.parsing import parse
from desktop.client.transport import CONNECT_SECONDS, READ_SECONDS, Sessions, normal_url, offline
from desktop.client.version import version

log = logging.getLogger(__name__)

API = "/api/v1"
_LANGUAGE_TAGS = {"zh_CN": "zh-CN", "en": "en"}
_TRY_LATER = (502, 503, 504)


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None  # the date form; nobody in front of our API sends it


class Conversation:
    """Talks to one server on behalf of one user.

    Every method may raise `Offline` (nothing was decided), `SignInNeeded` and `Problem` (the server said no).

    Args:
        base_url: e.g. `https://tasks.example.com` or `http://127.0.0.1:8000`; the scheme may be left out.
        token: access token.
        refresh_token: renews the access token when it has run out; each use replaces it.
        language: `zh_CN` or `en`: language of all texts that the server answers with.
        ca_file: own certificate authority (PEM), trusted besides those of the operating system.
        on_tokens: called with `(access, refresh)` after each renewal, before anything else is sent, so that the new
            refresh token can be stored: the old one is spent. Called in the thread that happened to need it.
        retries: how often a question that may be asked twice is asked again when the connection fails.
        timeout: seconds to connect and to wait for an answer.

    Raises:
        ClientError: `bad_address`.
        FileProblem: `ca_unreadable`.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        refresh_token: str | None = None,
        *,
        language: str = "zh_CN",
        ca_file: str | os.PathLike[str] | None = None,
        on_tokens: Callable[[str, str | None], None] | None = None,
        retries: int = 2,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        self.base_url = normal_url(base_url)
        self.language = language
        self.on_tokens = on_tokens
        self.retries = retries
        self.timeout = timeout
        self._token = token
        self._refresh_token = refresh_token
        self._tokens_lock = threading.Lock()
        self._sessions = Sessions(self.base_url, ca_file)
        self._agent = f"tasktray/{version()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. What other threads are doing ends with `Offline`."""
        self._sessions.close()

    @property
    def token(self) -> str | None:
        """The access token in use."""
        return self._token

    @property
    def signed_in(self) -> bool:
        """Whether there is a token to try."""
        return bool(self._token or self._refresh_token)

    # ------------------------------------------------------------ requests

    def url(self, path: str) -> str:
        """Full address of an API path; one that does not start with `/` lies under `/api/v1`."""
        return self.base_url + (path if path.startswith("/") else f"{API}/{path}")

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        authenticate: bool = True,
        again: bool | None = None,
        stream: bool = False,
        timeout: tuple[float, float] | None = None,
    ) -> requests.Response:
        """Send one request and give its answer, whose status is below 400 (304 included).

        Args:
            path: see `url`.
            authenticate: False for sign-in itself.
            again: whether it may be sent again when its fate is not known; None: what the method allows.
            stream: leave the body unread; the caller closes the answer.

        Raises:
            Offline, SignInNeeded, Problem.
        """
        if again is None:
            again = method in ("GET", "HEAD") or "Idempotency-Key" in (headers or {})
        attempts = self.retries + 1 if again else 1
        for attempt in range(attempts):
            try:
                return self._request(
                    method, path, json=json, data=data, params=params, headers=headers,
                    authenticate=authenticate, stream=stream, timeout=timeout or self.timeout,
                )  # fmt: skip
            except Offline as error:
                if attempt + 1 == attempts or error.code in ("tls_untrusted", "redirected", "not_tasktray"):
                    raise
                wait = error.retry_after if error.retry_after is not None else 0.2 * 3**attempt
                if wait > 3 or self._sessions.closed.wait(wait):
                    raise
        raise AssertionError("unreachable")

    def _request(self, method: str, path: str, *, authenticate: bool, **options: Any) -> requests.Response:
        token = self._token if authenticate else None
        if authenticate and token is None:
            token = self._renew(None)
        response = self._send(method, path, token, **options)
        if response.status_code == 401 and authenticate:
            response.close()
            response = self._send(method, path, self._renew(token), **options)
            if response.status_code == 401:
                response.close()
                raise SignInNeeded
        return self._judge(response)

    def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        headers: dict[str, str] | None,
        data: Any,
        **options: Any,
    ) -> requests.Response:
        if self._sessions.closed.is_set():
            raise Offline("server_unreachable", server=self.base_url)
        sent = {
            "Accept-Language": _LANGUAGE_TAGS.get(self.language, self.language),
            "User-Agent": self._agent,
            "Accept": "application/json",
            **(headers or {}),
        }
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if hasattr(data, "rewind"):
            data.rewind()  # a body that was sent once with a token that had run out
        try:
            return self._sessions.get().request(
                method, self.url(path), headers=sent, data=data, allow_redirects=False, **options
            )
        except requests.exceptions.InvalidURL as error:
            raise Offline("server_unknown", server=self.base_url) from error
        except requests.exceptions.RequestException as error:
            raise offline(error, self.base_url) from error

    def _judge(self, response: requests.Response) -> requests.Response:
        """The response when it is an answer; else what it means."""
        status = response.status_code
        if status < 300 or status == 304:
            return response
        try:
            if status < 400:
                raise Offline("redirected", server=self.base_url, location=response.headers.get("Location", ""))
            wait = _seconds(response.headers.get("Retry-After"))
            try:
                body = response.json()
            except (ValueError, requests.exceptions.RequestException):
                body = None
            if not isinstance(body, dict):
                # Answers to HEAD have no body; a 404 of the API itself always says so in JSON.
                body = {} if response.request.method == "HEAD" else None
            if status in _TRY_LATER:
                raise Offline("server_unavailable", retry_after=wait, server=self.base_url, status=status)
            if body is None:
                if status == 404:
                    raise Offline("not_tasktray", server=self.base_url)
                body = {}
            values = body.get("values")
            errors = body.get("errors")
            raise problem(
                status,
                str(body.get("code") or f"http_{status}"),
                str(body.get("detail") or body.get("title") or ""),
                values if isinstance(values, dict) else {},
                errors if isinstance(errors, list) else [],
                wait,
            )
        finally:
            response.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """`request` for an answer in JSON; None when it has no body."""
        response = self.request(method, path, **options)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise Offline("not_tasktray", server=self.base_url) from error

    # ------------------------------------------------------------ signing in

    def _renew(self, spent: str | None) -> str:
        """A new access token in place of `spent`; threads that come at the same time share one renewal.

        Raises:
            SignInNeeded: the refresh token is not valid either, or there is none.
        """
        with self._tokens_lock:
            if self._token is not None and self._token != spent:
                return self._token
            if not self._refresh_token:
                raise SignInNeeded
            try:
                answer = self.json(
                    "POST", "auth/refresh", json={"refresh_token": self._refresh_token}, authenticate=False
                )
            except Problem as error:
                if error.status in (400, 401, 403, 422):
                    self._token = self._refresh_token = None
                    raise SignInNeeded from error
                raise
            tokens = self._take(answer)
            return tokens.access_token

    def _take(self, answer: Any) -> models.Tokens:
        tokens = parse(models.Tokens, answer)
        if not tokens.access_token:
            raise Offline("not_tasktray", server=self.base_url)
        self._token = tokens.access_token
        self._refresh_token = tokens.refresh_token or self._refresh_token
        if self.on_tokens:
            self.on_tokens(self._token, self._refresh_token)
        return tokens

    def sign_in(self, username: str, password: str) -> models.Tokens:
        """Sign in by password.

        Raises:
            Problem: wrong name or password (401), too many attempts (429, `retry_after`).
        """
        answer = self.json(
            "POST", "auth/login", data={"username": username, "password": password}, authenticate=False, again=False
        )
        with self._tokens_lock:
            return self._take(answer)

    def sign_out(self) -> None:
        """End this sign-in on the server, as far as it can be reached, and forget the tokens."""
        if self.signed_in:
            try:
                self.request("POST", "auth/logout", json={"refresh_token": self._refresh_token}, timeout=(3, 5))
            except (Offline, SignInNeeded, Problem) as error:
                log.info("the server was not told of the sign-out: %r", error)
        with self._tokens_lock:
            self._token = self._refresh_token = None

    def me(self) -> models.User:
        """Who is signed in."""
        return parse(models.User, self.json("GET", "auth/me"))

    def change_password(self, old: str, new: str) -> None:
        """Change the own password. All other sign-ins of this user end."""
        answer = self.json("POST", "auth/password", json={"current_password": old, "new_password": new})
        with self._tokens_lock:
            self._take(answer)
