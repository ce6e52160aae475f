"""Web sockets: sign-in by header or first message, a last message that says why, heartbeats."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from anyio import to_thread
from fastapi import WebSocket, WebSocketDisconnect

from api.authentication import Authenticator, bearer, for_request
from api.feed import Feed, Listener
from api.problems import describe, refused
from worker.actor import Actor
from worker.errors import Refused

SIGN_IN_SECONDS = 10.0
FIRST_MESSAGE_CHARACTERS = 8192
HEARTBEAT_SECONDS = 20.0
# Close codes of our own, after the HTTP status that they mean.
_CLOSE = {401: 4401, 403: 4403, 404: 4404, 410: 4410}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opened a socket: `first` is the first message, where the token came in one."""

    actor: Actor
    token: str
    first: dict[str, Any]


async def sign_in(websocket: WebSocket) -> Caller | None:
    """Accept the socket of a signed-in user; None when it was refused (and closed).

    The token comes in the Authorization header, or in the first message as `{"token": …}`; never in the address, which
    servers and proxies write into their logs.
    """
    authenticator: Authenticator = websocket.app.state.authenticator
    token, first = bearer(websocket.scope), {}
    accepted = token is None
    try:
        if token is None:
            await websocket.accept()
            first = await _first_message(websocket)
            token = str(first.get("token") or "")
        session = await to_thread.run_sync(authenticator.check, token)
    except Refused as error:
        if accepted:
            await refuse(websocket, error)
        else:
            await websocket.send_denial_response(refused(websocket.scope, error))
        return None
    except WebSocketDisconnect:
        return None
    session = for_request(websocket.scope, session)
    websocket.scope.setdefault("state", {})["actor"] = session.actor
    if not accepted:
        await websocket.accept()
    return Caller(session.actor, token, first)


async def _first_message(websocket: WebSocket) -> dict[str, Any]:
    try:
        with anyio.fail_after(SIGN_IN_SECONDS):
            message = await websocket.receive()
    except TimeoutError:
        raise Refused("not_signed_in", 401) from None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text") or ""
    try:
        first = json.loads(text) if len(text) <= FIRST_MESSAGE_CHARACTERS else None
    except (ValueError, RecursionError):
        first = None
    if not isinstance(first, dict):
        raise Refused("not_signed_in", 401)
    return first


async def refuse(websocket: WebSocket, error: Refused) -> None:
    """Say why, then close."""
    await websocket.send_json({"type": "problem", "status": error.status, **describe(websocket, error)})
    await websocket.close(_CLOSE.get(error.status, 1008))


async def push(websocket: WebSocket, token: str, send_news: Callable[[], Awaitable[bool]]) -> None:
    """Call `send_news` at once and after each change, until it says False, the client leaves or the token ends.

    `send_news` may raise Refused, which closes the socket with the reason.
    """
    feed: Feed = websocket.app.state.feed

    async def until_gone(scope: anyio.CancelScope) -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass  # the client has nothing more to say; messages over the server's limit close the socket
        scope.cancel()

    try:
        async with feed.listen(token) as listener, anyio.create_task_group() as group:
            group.start_soon(until_gone, group.cancel_scope)
            await _push(websocket, listener, send_news)
            group.cancel_scope.cancel()
    except* WebSocketDisconnect:
        pass  # it left while we were sending


async def _push(websocket: WebSocket, listener: Listener, send_news: Callable[[], Awaitable[bool]]) -> None:
    try:
        while await send_news():
            while not await listener.wait(HEARTBEAT_SECONDS):
                await websocket.send_json({"type": "heartbeat"})
            if listener.ended:
                raise listener.ended
        await websocket.close()
    except Refused as error:
        await refuse(websocket, error)
