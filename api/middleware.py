"""What surrounds every request: unforeseen faults, security headers, and the limit of a body's size."""

from __future__ import annotations

import logging
import uuid

from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import database_unavailable, problem
from worker.errors import Refused
from worker.settings import Settings

log = logging.getLogger("tasktray.api")

JSON_LIMIT = 1_000_000  # bytes
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Guard:
    """Outermost: sets the headers that every answer has, and answers an unforeseen fault with an incident id.

    The traceback goes to the log under that id and nowhere else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if message["status"] == 204:  # the framework gives the type that a body would have had
                    del headers["content-type"]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except (OperationalError, InterfaceError) as error:
            # Not of a route (`problems` answers those) but of the authentication in front of it.
            if started:
                raise
            await database_unavailable(scope, error)(scope, receive, send_with_headers)
        except Exception:
            incident = uuid.uuid4()
            log.exception("incident %s: %s %s", incident, scope["method"], scope["path"])
            if started:
                raise  # the server cuts the connection: the client sees that the answer is not whole
            answer = problem(scope, 500, "incident", values={"incident": str(incident)}, instance=incident.urn)
            await answer(scope, receive, send_with_headers)


class TooLarge(Refused, HTTPException):
    """The body is larger than this address takes.

    Also an `HTTPException`, because that is what the framework lets through while it reads a body.
    """

    def __init__(self, limit: int) -> None:
        Refused.__init__(self, "too_large", 413, limit=limit)
        self.status_code, self.detail, self.headers = 413, "", None


class BodyLimit:
    """Refuses bodies that are larger than their address needs: 1 MB, or one upload where a form with a file is taken.

    The uploads' own route is passed over: it has its own limit, by the length that was declared at creation.

    Args:
        form_paths: the addresses that take a file in a form, without trailing slash.
    """

    def __init__(self, app: ASGIApp, settings: Settings, form_paths: frozenset[str]) -> None:
        self.app = app
        self._form_paths = form_paths
        self._form_limit = settings.upload_max_bytes + JSON_LIMIT

    def _limit(self, scope: Scope) -> int | None:
        if scope["path"].startswith("/api/v1/uploads"):
            return None
        return self._form_limit if scope["path"].rstrip("/") in self._form_paths else JSON_LIMIT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the declared length, then count what really comes."""
        limit = self._limit(scope) if scope["type"] == "http" else None
        if limit is None:
            await self.app(scope, receive, send)
            return
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > limit:
            await problem(scope, 413, "too_large", values={"limit": limit})(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge(limit)
            return message

        await self.app(scope, counted, send)
