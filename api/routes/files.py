"""Downloads: uploads and results, whole or in part, with their digest."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import BinaryIO
from urllib.parse import quote

from anyio import CancelScope, to_thread
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.dependencies import ActorDep, DatabaseDep, StorageDep
from api.problems import problem
from api.routing import v1_router
from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.errors import Refused
from worker.files import results
from worker.files.rows import FileRow
from worker.files.storage import Storage

router = v1_router("/files", "files")
_PIECE_BYTES = 512 * 1024


@router.get("/{file_id}", summary="Download a file", response_class=StreamingResponse)
@router.head("/{file_id}", include_in_schema=False)
def download(file_id: str, request: Request, actor: ActorDep, database: DatabaseDep, storage: StorageDep) -> Response:
    """The file's bytes. `Range` (one range) gives a part, `If-None-Match` 304, `If-Range` guards a continued download;
    `ETag` is the SHA-256 in hex, `Repr-Digest` the same as RFC 9530 writes it.
    """
    return respond(request, actor, database, storage, file_id)


def respond(request: Request, actor: Actor, database: Database, storage: Storage, file_id: str) -> Response:
    """Answer a GET or HEAD with a file that the actor may see. Blocks: call it in a thread.

    Raises:
        NotFound: `file_not_found`.
        Refused: `file_missing` (410).
    """
    with database.read() as connection:
        file = results.get(connection, actor, file_id)
    headers = _headers(file)
    if _matches(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    part = None
    if request.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
        try:
            part = _range(request.headers.get("Range"), file)
        except Refused as error:
            size = {"Content-Range": f"bytes */{file.size}"}
            return problem(request.scope, error.status, error.code, values=error.values, headers=size)
    start, end = part or (0, file.size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    status = 206 if part else 200
    try:
        source = storage.open(file.storage_key)
    except FileNotFoundError:
        raise Refused("file_missing", 410, name=file.name) from None
    if request.method == "HEAD":
        source.close()
        return Response(status_code=status, headers=headers, media_type=file.content_type)
    if start == 0:  # the continuation of a download is no second one
        with database.write() as connection:
            audit.record(connection, actor, "file.download", "file", file.id, name=file.name, size=file.size)
    return StreamingResponse(_pieces(source, start, end), status, headers, file.content_type)


def disposition(name: str) -> str:
    """`Content-Disposition` (RFC 6266) that saves under `name` everywhere; old clients get an ASCII form."""
    plain = re.sub(r"[^\x20-\x7e]|[\"\\%]", "_", name)
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _pieces(source: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        await to_thread.run_sync(source.seek, start)
        while start < end:
            piece = await to_thread.run_sync(source.read, min(_PIECE_BYTES, end - start))
            if not piece:
                raise OSError("the object is shorter than its row says")
            start += len(piece)
            yield piece
    finally:
        with CancelScope(shield=True):  # also when the client went away in the middle
            await to_thread.run_sync(source.close)


def _headers(file: FileRow) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    return {
        "ETag": f'"{file.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": disposition(file.name),
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        # A client may keep it, but asks each time whether it still may see it.
        "Cache-Control": "private, no-cache",
    }


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))


def _range(header: str | None, file: FileRow) -> tuple[int, int] | None:
    """Start and end (exclusive) that a Range header asks for; None: the whole file, which RFC 9110 gives for what is
    malformed or has several ranges.

    Raises:
        Refused: `range_not_satisfiable` (416).
    """
    match = re.fullmatch(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", header or "", re.IGNORECASE)
    if match is None or match.group(0).strip().endswith("=-"):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, file.size - int(last)), file.size
    else:
        start, end = int(first), min(file.size, int(last) + 1) if last else file.size
        if last and int(last) < start:
            return None
    if start >= end:
        raise Refused("range_not_satisfiable", 416, name=file.name, size=file.size)
    return start, end
