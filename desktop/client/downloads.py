"""Downloads that resume, and that are under their name only when they are complete and right."""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import requests

from desktop.client.client import Client
from desktop.client.errors import FileProblem, Offline, Problem, TransferCancelled
from desktop.client.names import reserve, safe_name
from desktop.client.transport import offline

_BITE = 256 * 1024
_PATIENCE = 5  # broken connections in a row, without a byte more in between

Progress = Callable[[int, int | None], None]


def download(
    client: Client,
    file_id: str,
    target: Path,
    *,
    sha256: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Path:
    """Fetch a file and give the path that it has in the end.

    It is written beside its target under a name that ends in `.part` and renamed when size and SHA-256 are right; what
    a cancelled or broken download left is used by the next one, if the server's file is still the same.

    Args:
        target: a folder (the server's name is used, made safe) or a file's path.
        sha256: expected, in hexadecimal; by default the server's `Repr-Digest` is the judge.
        replace: overwrite an existing file; else a number is added to the name.
        progress: called with (bytes, bytes in all or None).
        cancel: set it to stop.

    Raises:
        FileProblem: `file_not_written`, `disk_full`, `download_damaged`.
        TransferCancelled, Offline, Problem.
    """
    folder = target if target.is_dir() else target.parent
    part = folder / f".{safe_name(file_id)}.part"
    try:
        name = None if target.is_dir() else target.name
        return _Download(client, file_id, part, sha256, progress, cancel or threading.Event()).run(
            folder, name, replace
        )
    except requests.exceptions.RequestException:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise FileProblem("disk_full", path=str(folder)) from error
        raise FileProblem(
            "file_not_written", name=target.name, path=str(target), reason=error.strerror or str(error)
        ) from error


class _Download:
    def __init__(
        self,
        client: Client,
        file_id: str,
        part: Path,
        sha256: str | None,
        progress: Progress | None,
        cancel: threading.Event,
    ) -> None:
        self.client = client
        self.path = f"files/{quote(file_id, safe='')}"
        self.part = part
        self.tag_path = part.with_suffix(".etag")  # which version of the file the part belongs to
        self.sha256 = sha256
        self.progress = progress
        self.cancel = cancel
        self.name: str | None = None

    def run(self, folder: Path, name: str | None, replace: bool) -> Path:
        for _ in range(2):
            self._fetch()
            if self.sha256 is None or self._hash() == self.sha256:
                break
            # A part from an earlier day may be what is wrong: once more, from the first byte.
            self._forget()
        else:
            raise FileProblem("download_damaged", name=name or self.name or "")
        final = name or self.name or "download"
        path = folder / safe_name(final) if replace else reserve(folder, final)
        self.part.replace(path)
        self._forget()
        return path

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag_path.unlink(missing_ok=True)

    def _hash(self) -> str:
        with self.part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _fetch(self) -> None:
        failures, reached = 0, -1
        while True:
            try:
                self._once()
                return
            except Offline:
                size = self.part.stat().st_size if self.part.exists() else 0
                failures = 0 if size > reached else failures + 1
                reached = max(reached, size)
                if failures >= _PATIENCE:
                    raise
                if self.cancel.wait(0.2 * (failures + 1)):
                    raise TransferCancelled from None

    def _once(self) -> None:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        start = 0
        if self.part.exists() and self.tag_path.exists():
            start = self.part.stat().st_size
            if start:
                headers |= {"Range": f"bytes={start}-", "If-Range": self.tag_path.read_text("utf-8")}
        try:
            response = self.client.request("GET", self.path, headers=headers, stream=True)
        except Problem as error:
            if error.status == 416 and start:
                self._forget()  # the part is as long as the file, or longer: never the case for an unfinished one
                self._once()
                return
            raise
        with response:
            if response.status_code != 206:
                start = 0
            total = self._read_headers(response, start)
            with self.part.open("r+b" if start else "wb") as file:
                file.seek(start)
                self._copy(response, file, start, total)
                file.flush()
                os.fsync(file.fileno())
            got = self.part.stat().st_size
            if total is not None and got != total:
                raise Offline("server_unreachable", server=self.client.base_url)

    def _read_headers(self, response: requests.Response, start: int) -> int | None:
        tag = response.headers.get("ETag")
        if tag and not tag.startswith("W/"):
            self.tag_path.write_text(tag, "utf-8")
        else:
            self.tag_path.unlink(missing_ok=True)  # without a strong tag a part cannot be trusted later
        digest = _digest(response.headers.get("Repr-Digest"))
        if digest and not self.sha256:
            self.sha256 = digest
        self.name = _filename(response.headers.get("Content-Disposition")) or self.name
        whole = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if whole:
            return int(whole[1])
        length = response.headers.get("Content-Length")
        return start + int(length) if length and length.isdigit() else None

    def _copy(self, response: requests.Response, file: Any, done: int, total: int | None) -> None:
        if self.progress:
            self.progress(done, total)
        try:
            for bite in response.iter_content(_BITE):
                if self.cancel.is_set():
                    raise TransferCancelled
                file.write(bite)
                done += len(bite)
                if self.progress:
                    self.progress(done, total)
        except requests.exceptions.RequestException as error:
            raise offline(error, self.client.base_url) from error


def _digest(header: str | None) -> str | None:
    """The SHA-256 in a `Repr-Digest` (RFC 9530), as hexadecimal."""
    found = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", header or "")
    try:
        return base64.b64decode(found[1], validate=True).hex() if found else None
    except binascii.Error:
        return None


def _filename(header: str | None) -> str | None:
    """The name in a `Content-Disposition`, the UTF-8 form (RFC 6266) first."""
    if not header:
        return None
    found = re.search(r"filename\*\s*=\s*UTF-8''([^;]+)", header, re.IGNORECASE)
    if found:
        return unquote(found[1].strip())
    found = re.search(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"|filename\s*=\s*([^;\s]+)', header, re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", found[1] or found[2]) if found else None
