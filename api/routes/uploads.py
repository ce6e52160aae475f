"""Resumable uploads: tus 1.0 with creation, creation-with-upload, checksum, termination and expiration.

Who asks and whose upload it is are settled before the first byte of a body is read; what is stored when a connection
breaks stays stored.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.dependencies import ActorDep, SettingsDep, UploadsDep
from api.problems import refused
from api.routing import V1
from worker.errors import Refused
from worker.files import tus
from worker.files.writer import Writer

T = TypeVar("T")
log = logging.getLogger("tasktray.api")

CONTENT_TYPE = "application/offset+octet-stream"
_PIECE_BYTES = 512 * 1024  # what goes to the disk at once
_PIECE_SECONDS = 2.0  # a slow client's bytes go there at the latest after this
_STALL_SECONDS = 20.0  # a connection that brings nothing for so long no longer keeps others from the upload
# Threads of their own, so that slow disks do not take those of all other requests.
_limiter = CapacityLimiter(16)


class TusRoute(APIRoute):
    """Checks the version that the client speaks, and puts ours on every answer, also on refusals."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler with the protocol around it."""
        handler = super().get_route_handler()

        async def speaking_tus(request: Request) -> Response:
            response: Response
            try:
                if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != tus.VERSION:
                    raise Refused("tus_version", 412, version=tus.VERSION)  # noqa: TRY301 - answered below
                response = await handler(request)
            except Refused as error:
                response = refused(request.scope, error)
                if error.status == 412:
                    response.headers["Tus-Version"] = tus.VERSION
                if error.status == 408:
                    response.headers["Connection"] = "close"
                if error.status == 423:
                    response.headers["Retry-After"] = "1"
            response.headers["Tus-Resumable"] = tus.VERSION
            return response

        return speaking_tus


def _described(body: bool, **headers: str) -> dict[str, Any]:
    """What OpenAPI says about headers and body; they are checked by the protocol's own rules, not by the framework."""
    about: dict[str, Any] = {
        "parameters": [
            {
                "in": "header",
                "name": name.replace("_", "-"),
                "required": words.startswith("Required"),
                "description": words,
                "schema": {"type": "string"},
            }
            for name, words in {"Tus_Resumable": f"Required: {tus.VERSION}.", **headers}.items()
        ]
    }
    if body:
        about["requestBody"] = {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    return about


_CREATION = _described(
    True,
    Upload_Length="Required: size of the file in bytes.",
    Upload_Metadata="`filename` and its value in base64; more pairs after commas.",
    Upload_Checksum="Of the bytes that come along: algorithm and digest in base64.",
)
_APPENDING = _described(
    True,
    Upload_Offset="Required: where these bytes begin.",
    Upload_Checksum="Of these bytes: `sha256`, `sha1` or `md5`, and the digest in base64.",
)
_PLAIN = _described(False)

router = APIRouter(prefix=f"{V1}/uploads", tags=["uploads"], route_class=TusRoute)


@router.options("/", include_in_schema=False)
@router.options("", status_code=204, summary="What this server can do")
def capabilities(settings: SettingsDep) -> Response:
    """Versions, extensions and limits of the protocol, in the answer's headers."""
    return Response(
        status_code=204,
        headers={
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(settings.upload_max_bytes),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        },
    )


@router.post("/", include_in_schema=False)
@router.post("", status_code=201, summary="Announce an upload", openapi_extra=_CREATION)
async def create(request: Request, actor: ActorDep, service: UploadsDep) -> Response:
    """Headers: `Upload-Length` (bytes), `Upload-Metadata` (`filename` in base64). The last part of `Location` is the
    id that `uploads: [id]` of a job takes. The first bytes may come along, as `application/offset+octet-stream`.
    """
    size = tus.number("Upload-Length", request.headers.get("Upload-Length"))
    metadata = tus.metadata(request.headers.get("Upload-Metadata"))
    with_bytes = _has_body(request) and request.headers.get("Content-Type") == CONTENT_TYPE
    checksum = tus.checksum(request.headers.get("Upload-Checksum")) if with_bytes else None
    length = _length(request)
    if with_bytes and (length or 0) > size:
        raise Refused("upload_too_long", 413, name=metadata.get("filename", ""), size=size)
    upload = await _in_thread(service.create, actor, size, metadata)
    headers = {
        "Location": f"{request.scope.get('root_path', '')}{request.url.path.rstrip('/')}/{upload.id}",
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if with_bytes:
        writer = await _in_thread(lambda: service.begin(actor, upload.id, 0, length=length, checksum=checksum))
        headers["Upload-Offset"] = str(await _receive(request, writer))
    return Response(status_code=201, headers=headers)


@router.head("/{upload_id}", summary="How far is the upload", openapi_extra=_PLAIN)
def state(upload_id: str, actor: ActorDep, service: UploadsDep) -> Response:
    """`Upload-Offset` says how many bytes are safely stored; go on there."""
    upload = service.get(actor, upload_id)
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
        "Cache-Control": "no-store",
    }
    if upload.metadata:
        headers["Upload-Metadata"] = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}".rstrip() for key, value in upload.metadata.items()
        )
    return Response(status_code=200, headers=headers)


@router.patch("/{upload_id}", status_code=204, summary="Send the next bytes", openapi_extra=_APPENDING)
async def append(upload_id: str, request: Request, actor: ActorDep, service: UploadsDep) -> Response:
    """The body goes on at `Upload-Offset`; `Upload-Checksum` (sha256, sha1, md5) guards it.

    409: the upload stands elsewhere. 410: it has expired. 413: more than was announced. 423: another connection writes
    it now. 460: the body arrived damaged and was dropped. 507: the disk is full.
    """
    if request.headers.get("Content-Type") != CONTENT_TYPE:
        raise Refused("upload_content_type", 415, expected=CONTENT_TYPE)
    offset = tus.number("Upload-Offset", request.headers.get("Upload-Offset"))
    checksum = tus.checksum(request.headers.get("Upload-Checksum"))
    length = _length(request)
    writer = await _in_thread(lambda: service.begin(actor, upload_id, offset, length=length, checksum=checksum))
    headers = {"Upload-Offset": str(await _receive(request, writer))}
    if writer.expires_at is not None:
        headers["Upload-Expires"] = format_datetime(writer.expires_at, usegmt=True)
    return Response(status_code=204, headers=headers)


@router.delete("/{upload_id}", status_code=204, summary="Give an upload up", openapi_extra=_PLAIN)
def remove(upload_id: str, actor: ActorDep, service: UploadsDep) -> Response:
    """Frees its room. The file of a complete upload goes, too, unless a job works on it."""
    service.remove(actor, upload_id)
    return Response(status_code=204)


@router.post("/{upload_id}", include_in_schema=False)
async def overridden(upload_id: str, request: Request, actor: ActorDep, service: UploadsDep) -> Response:
    """PATCH and DELETE for clients whose network lets only GET and POST pass (`X-HTTP-Method-Override`)."""
    method = request.headers.get("X-HTTP-Method-Override", "")
    if method == "PATCH":
        return await append(upload_id, request, actor, service)
    if method == "DELETE":
        return await _in_thread(remove, upload_id, actor, service)
    raise Refused("bad_header", 400, header="X-HTTP-Method-Override")


async def _receive(request: Request, writer: Writer) -> int:
    """Store the body as it comes; gives the new offset. However this ends, the next connection may go on."""
    rest = bytearray()
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(_STALL_SECONDS) as patience:
            written_at = clock()
            async for chunk in request.stream():
                rest += chunk
                if len(rest) >= _PIECE_BYTES or clock() - written_at > _PIECE_SECONDS:
                    patience.reschedule(None)
                    piece, rest = rest, bytearray()
                    await _in_thread(writer.write, piece)
                    written_at = clock()
                patience.reschedule(clock() + _STALL_SECONDS)
            patience.reschedule(None)
            if rest:
                piece, rest = rest, bytearray()
                await _in_thread(writer.write, piece)
            return await _in_thread(writer.finish)
    except TimeoutError:
        received = await _in_thread(_end, writer, rest)
        raise Refused("upload_stalled", 408, name=writer.name, seconds=int(_STALL_SECONDS), received=received) from None
    except asyncio.CancelledError:
        _end(writer, rest)  # the server stops: right here, as nobody waits for threads any more
        raise
    except ClientDisconnect:
        return await _in_thread(_end, writer, rest)  # nobody is there to read the answer
    except Exception:
        await _in_thread(_end, writer, rest)
        raise


def _end(writer: Writer, rest: bytearray) -> int:
    """Keep what came before an end that was not the right one; gives the offset. Raises nothing."""
    try:
        if rest:
            writer.write(rest)
    except Exception:
        log.info("the last %s bytes of an upload are not kept", len(rest), exc_info=True)
    try:
        return writer.abort()
    except Exception:  # given up, disk full, database away: what was committed before stays
        log.info("an upload stays at byte %s", writer.committed, exc_info=True)
        return writer.committed


async def _in_thread(call: Callable[..., T], *arguments: Any) -> T:
    return await to_thread.run_sync(call, *arguments, limiter=_limiter)


def _length(request: Request) -> int | None:
    """Declared length of the body in bytes; None: sent in chunks, it ends when it ends."""
    declared = request.headers.get("Content-Length")
    return None if declared is None else tus.number("Content-Length", declared)


def _has_body(request: Request) -> bool:
    return "Transfer-Encoding" in request.headers or bool(_length(request))
