"""Who asks. Authentication stands before routing: no body is read and no route runs without a valid token."""

from __future__ import annotations

import hmac
import time
from dataclasses import replace

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import refused
from worker.accounts.tokens import Session, authenticate
from worker.actor import Actor
from worker.db.database import Database
from worker.errors import Refused
from worker.settings import Settings
from worker.texts import negotiate

# The addresses that anybody may call. Everything else, also what does not exist, asks for a token first.
OPEN = frozenset(
    f"{path}{slash}"
    for path in ("/api/v1/auth/login", "/api/v1/auth/refresh", "/healthz", "/readyz", "/openapi.json", "/docs")
    for slash in ("", "/")
)
OPEN_FOLDER = "/docs/"
METRICS = frozenset(("/metrics",))
_SCRAPER = Session(Actor("", "prometheus", "system", "en"), None, None)  # may do nothing but read the measures
_KEEP_SECONDS = 2.0
_KEEP_COUNT = 10_000


def bearer(scope: Scope) -> str | None:
    """The token in the Authorization header."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").strip().partition(" ")
            return token.strip() if scheme.lower() == "bearer" and token.strip() else None
    return None


def _required(scope: Scope) -> str:
    token = bearer(scope)
    if token is None:
        raise Refused("not_signed_in", 401)
    return token


class Authenticator:
    """Tells what a token means; for reading calls it may remember the answer for two seconds."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._kept: dict[str, tuple[float, Session]] = {}

    def remembered(self, token: str) -> Session | None:
        """The answer of the last two seconds, if there was one and it has not expired since."""
        kept = self._kept.get(token)
        if kept is None or time.monotonic() - kept[0] > _KEEP_SECONDS:
            return None
        expires_at = kept[1].expires_at
        return kept[1] if expires_at is None or time.time() < expires_at else None

    def is_scraper(self, token: str) -> bool:
        """Whether this is the token that lets Prometheus read the measures."""
        wanted = self._settings.metrics_token
        return bool(wanted) and hmac.compare_digest(token.encode(), wanted.encode())

    def forget(self) -> None:
        """Remember nothing any more: somebody signed out or was changed."""
        self._kept.clear()

    def check(self, token: str) -> Session:
        """The session by the database's present word; raises Refused (401). Blocks: call it in a thread."""
        try:
            session = authenticate(self._database, self._settings, token)
        except Refused:
            self._kept.pop(token, None)
            raise
        if len(self._kept) >= _KEEP_COUNT:
            self._kept.clear()
        self._kept[token] = (time.monotonic(), session)
        return session


def for_request(scope: Scope, session: Session) -> Session:
    """The session with what this request adds: the language it asks for and the address it comes from."""
    header = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"accept-language"), None)
    client = scope.get("client")
    actor = replace(session.actor, language=negotiate(header, session.actor.language), ip=client[0] if client else None)
    return replace(session, actor=actor)


class Authentication:
    """ASGI middleware: puts `actor` and `session` into the request's state, or answers 401.

    Web sockets may also bring the token in their first message (a browser cannot set the header), which their own
    route awaits before anything else; see `routes/stream.py`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what is open or carries a valid token."""
        if scope["type"] != "http" or scope["path"] in OPEN or scope["path"].startswith(OPEN_FOLDER):
            await self.app(scope, receive, send)
            return
        authenticator: Authenticator = scope["app"].state.authenticator
        try:
            token = _required(scope)
            session = authenticator.remembered(token) if scope["method"] in ("GET", "HEAD") else None
            if scope["path"] in METRICS and authenticator.is_scraper(token):
                session = _SCRAPER
            if session is None:
                session = await to_thread.run_sync(authenticator.check, token)
        except Refused as error:
            await refused(scope, error)(scope, receive, send)
            return
        session = for_request(scope, session)
        state = scope.setdefault("state", {})
        state["session"], state["actor"] = session, session.actor
        await self.app(scope, receive, send)
