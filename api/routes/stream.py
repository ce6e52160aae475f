"""The change feed, pushed."""

from __future__ import annotations

from anyio import to_thread
from fastapi import WebSocket

from api.routing import v1_router
from api.sockets import push, sign_in
from worker.engine.changes import head, read

router = v1_router("", "jobs")


@router.websocket("/jobs/stream")
async def stream(websocket: WebSocket, since: str | None = None) -> None:
    """Messages `{"type": "changes", "cursor", "jobs", "removed"}` as `GET /jobs/changes` gives them, `heartbeat`, and
    at the end a `problem`. `since` (also in the first message) goes on from a cursor; without it, from now.
    """
    caller = await sign_in(websocket)
    if caller is None:
        return
    database, actor = websocket.app.state.database, caller.actor
    cursor = since or caller.first.get("since") or await to_thread.run_sync(head, database, actor)
    begun = False

    async def news() -> bool:
        nonlocal cursor, begun
        more = True
        while more:
            found = await to_thread.run_sync(read, database, actor, actor.language, str(cursor))
            cursor, more = found.cursor, found.more
            # The first message comes in any case: it tells where the feed begins.
            if found.jobs or found.removed or not begun:
                await websocket.send_text(
                    '{"type":"changes",' + found.model_dump_json(include={"cursor", "jobs", "removed"})[1:]
                )
                begun = True
        return True

    await push(websocket, caller.token, news)
