"""Resumable uploads (tus 1.0): what the server has safely stored is never sent twice, and nothing arrives changed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import mimetypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import requests

from desktop.client.client import Client
from desktop.client.errors import FileProblem, Gone, Missing, Offline, Problem, TransferCancelled

# A piece counts only as a whole (its checksum comes with it), so it is what a broken connection costs. On a network
# that breaks often pieces get smaller, down to what such a network carries, and grow again.
PIECE_BYTES = 4 * 1024 * 1024
_SMALLEST_PIECE = 64 * 1024
_TIMEOUT = (30.0, 60.0)  # a slow link may stall for a while in the middle of a piece
_TUS = {"Tus-Resumable": "1.0.0"}
_PATIENCE = 8  # failures in a row, without a byte more stored in between
_BUSY_SECONDS = 1.0
_LATEST_NS = 4_102_444_800 * 10**9  # 2100; what lies beyond comes from a broken clock

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells that a file is still the one that was picked: size in bytes and time of change in nanoseconds."""

    size: int
    mtime_ns: int


def fingerprint(path: Path) -> Fingerprint:
    """The file's fingerprint now.

    Raises:
        FileProblem: `file_vanished`, `file_not_opened`.
    """
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise FileProblem("file_vanished", name=path.name, path=str(path)) from error
    except OSError as error:
        raise FileProblem("file_not_opened", name=path.name, path=str(path), reason=str(error)) from error
    if not S_ISREG(stat.st_mode):  # a folder; or a pipe, which would never end
        raise FileProblem("file_not_opened", name=path.name, path=str(path), reason="not a file")
    return Fingerprint(stat.st_size, stat.st_mtime_ns)


class _Piece:
    """A part of the file as a request's body, read in small bites so that progress shows and a cancel is heard."""

    def __init__(self, content: bytes, start: int, total: int, progress: Progress | None, cancel: threading.Event):
        self._content = memoryview(content)
        self._position = 0
        self._start = start
        self._total = total
        self._progress = progress
        self._cancel = cancel

    def __len__(self) -> int:
        return len(self._content)

    def rewind(self) -> None:
        """Start again: the request is sent a second time with a new token."""
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes for the connection."""
        if self._cancel.is_set():
            raise TransferCancelled
        end = len(self._content) if size < 0 else min(len(self._content), self._position + size)
        bite = bytes(self._content[self._position : end])
        self._position = end
        if self._progress:
            self._progress(self._start + self._position, self._total)
        return bite


def create(client: Client, name: str, size: int, modified_ns: int | None = None) -> str:
    """Announce an upload of `size` bytes; the server answers with its id, or refuses (too large, not allowed).

    Args:
        modified_ns: when the file was changed last, in nanoseconds since 1970; tus has no place of its own for it.
    """
    about = {"filename": name, "filetype": mimetypes.guess_type(name)[0] or "application/octet-stream"}
    if modified_ns is not None and 0 < modified_ns < _LATEST_NS:
        about["modified"] = datetime.fromtimestamp(modified_ns / 1e9, UTC).isoformat(timespec="seconds")
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in about.items())
    response = client.request(
        "POST", "uploads", headers={**_TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
    )
    location = urlsplit(response.headers.get("Location", "")).path.rstrip("/")
    if not location:
        raise Offline("not_tasktray", server=client.base_url)
    # Only the id is taken from the answer: behind a gateway the server may not know its own address, and the token
    # must not travel to another one.
    return location.rpartition("/")[2]


def _path(upload_id: str) -> str:
    return f"uploads/{quote(upload_id, safe='')}"


def offset(client: Client, upload_id: str) -> int:
    """How many bytes the server has safely stored.

    Raises:
        Missing, Gone: there is no such upload (any more).
    """
    response = client.request("HEAD", _path(upload_id), headers=_TUS)
    try:
        return int(response.headers["Upload-Offset"])
    except (KeyError, ValueError) as error:
        raise Offline("not_tasktray", server=client.base_url) from error


def discard(client: Client, upload_id: str) -> None:
    """Give an upload up, so that the server need not keep its bytes; nothing happens when it is gone already."""
    with contextlib.suppress(Missing, Gone):
        client.request("DELETE", _path(upload_id), headers=_TUS)


def upload(
    client: Client,
    path: Path,
    *,
    name: str | None = None,
    upload_id: str | None = None,
    modified_ns: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    on_created: Callable[[str], None] | None = None,
    on_stored: Callable[[int], None] | None = None,
    piece_bytes: int = PIECE_BYTES,
) -> str:
    """Send a file, or the rest of it, and give the upload's id.

    Broken connections are mended here; after `_PATIENCE` of them without any advance the last error is raised, and the
    same call with the same `upload_id` goes on later where the server stopped.

    Args:
        name: the file's name for the server; by default its own.
        upload_id: of an earlier attempt; when the server no longer knows it, the upload starts anew.
        modified_ns: the time of change to tell, where `path` is a copy; None: that of `path`.
        progress: called with (bytes sent, bytes of the file), often.
        cancel: set it to stop.
        on_created: called with the id as soon as there is one, to be remembered for a resume.
        on_stored: called with the number of bytes that the server has confirmed.

    Raises:
        FileProblem: `file_vanished`, `file_not_opened`, `file_changed` (while it was sent; what was sent is discarded).
        TransferCancelled, Offline, Problem.
    """
    name = name or path.name
    before = fingerprint(path)
    cancel = cancel or threading.Event()
    stored = 0
    if upload_id is not None:
        try:
            stored = offset(client, upload_id)
        except (Missing, Gone):
            upload_id = None
    if upload_id is None:
        upload_id = create(client, name, before.size, before.mtime_ns if modified_ns is None else modified_ns)
        if on_created:
            on_created(upload_id)
    try:
        with path.open("rb") as file:
            _send(client, file, upload_id, name, stored, before.size, piece_bytes, progress, cancel, on_stored)
    except FileNotFoundError as error:
        raise FileProblem("file_vanished", name=path.name, path=str(path)) from error
    except OSError as error:
        if isinstance(error, requests.exceptions.RequestException):
            raise
        raise FileProblem("file_not_opened", name=path.name, path=str(path), reason=str(error)) from error
    if fingerprint(path) != before:
        discard(client, upload_id)
        raise FileProblem("file_changed", name=path.name, path=str(path))
    return upload_id


def _send(
    client: Client,
    file: BinaryIO,
    upload_id: str,
    name: str,
    stored: int,
    total: int,
    piece_bytes: int,
    progress: Progress | None,
    cancel: threading.Event,
    on_stored: Callable[[int], None] | None,
) -> None:
    failures, piece = 0, piece_bytes
    if progress:
        progress(stored, total)
    while stored < total:
        if cancel.is_set():
            raise TransferCancelled
        file.seek(stored)
        content = file.read(min(piece, total - stored))
        if not content:
            raise FileProblem("file_changed", name=name, path=str(getattr(file, "name", name)))
        reached: int | None = None
        try:
            reached = _patch(client, upload_id, content, stored, total, progress, cancel)
        except (Offline, Problem) as error:
            # 409: the server stands elsewhere; 423: a connection that we believe broken is still being read;
            # 460: a piece arrived damaged; 408: it came too slowly. All of them: ask where it stands, go on from there.
            if isinstance(error, Problem) and error.status not in (408, 409, 423, 460):
                raise
            failures += 1
            piece = max(min(_SMALLEST_PIECE, piece_bytes), piece // 2)
            if failures > _PATIENCE:
                if isinstance(error, Problem):
                    code = "upload_damaged" if error.status == 460 else "upload_in_use"
                    raise Offline(code, name=name) from error
                raise
            if cancel.wait(_BUSY_SECONDS if isinstance(error, Problem) and error.status == 423 else 0.2 * failures):
                raise TransferCancelled from error
        else:
            piece = min(piece_bytes, piece * 2)
        if reached is None:
            reached = offset(client, upload_id)
        if reached > stored:
            failures = 0
        stored = reached
        if on_stored:
            on_stored(stored)


def _patch(
    client: Client,
    upload_id: str,
    content: bytes,
    start: int,
    total: int,
    progress: Progress | None,
    cancel: threading.Event,
) -> int:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    response = client.request(
        "PATCH",
        _path(upload_id),
        headers={
            **_TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(start),
            "Upload-Checksum": f"sha256 {digest}",
        },
        data=_Piece(content, start, total, progress, cancel),
        timeout=_TIMEOUT,
    )
    try:
        return int(response.headers["Upload-Offset"])
    except (KeyError, ValueError) as error:
        raise Offline("not_tasktray", server=client.base_url) from error
