"""Objects in a bucket of S3, or of what speaks its protocol (OSS, MinIO, Ceph …), by `obstore`.

Requests are signed as a whole: several of these services refuse the chunked checksums that Amazon's own clients send.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from worker.files.folder import refuse_when_full
from worker.files.storage import StorageUnavailable
from worker.ids import is_id

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

    from worker.settings import Settings

log = logging.getLogger(__name__)

_PART = 8 << 20  # bytes; S3 takes 10,000 parts, so that 80 GB fit
_PARTS_AT_ONCE = 2
_READ = 4 << 20  # bytes a request while an object is read from its start to its end


class BucketObjects:
    """Objects under their keys, below the prefix that the address names.

    Args:
        settings: `storage_url` is `s3://bucket/prefix` or `oss://bucket/prefix`; the other `storage_…` say where the
            service is and who asks. What is empty there is taken as Amazon's clients do, from the environment
            (`AWS_…`) or the machine's role.
    """

    def __init__(self, settings: Settings) -> None:
        self._store = _store(settings)

    def put(self, local_path: Path, key: str, link: bool, sha256: str | None) -> tuple[int, str]:
        """See `Storage.put`. Nothing is to be seen of an object before its last part is there."""
        digest = hashlib.sha256()
        size = 0

        def pieces(source: BinaryIO, piece: bytes) -> Iterator[bytes]:
            nonlocal size
            while piece:
                digest.update(piece)
                size += len(piece)
                yield piece
                piece = source.read(_PART)

        with local_path.open("rb") as source, _asking("put"):
            first = source.read(_PART)
            if len(first) < _PART:  # one request instead of three
                obstore.put(self._store, _name(key), first, use_multipart=False)
                return len(first), hashlib.sha256(first).hexdigest()
            obstore.put(
                self._store, _name(key), pieces(source, first), chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE
            )
        return size, digest.hexdigest()

    def open(self, key: str) -> BinaryIO:
        """See `Storage.open`."""
        return cast(BinaryIO, io.BufferedReader(_Reader(self._store, _name(key)), _READ))

    def local_path(self, key: str, folder: Path | None) -> Path:
        """A copy in `folder`; an earlier one there is taken."""
        if folder is None:
            raise ValueError("an object in a bucket is no file: a folder for its copy is needed")
        path = folder / _name(key)
        if path.exists():
            return path
        aside = folder / f"{key}.part"
        with _asking("get"):
            found = obstore.get(self._store, key)
            with refuse_when_full(), aside.open("wb") as target:
                for piece in found.stream(min_chunk_size=_READ):
                    target.write(piece)
                if target.tell() != found.meta["size"]:
                    raise StorageUnavailable(f"get: {target.tell()} of {found.meta['size']} bytes came")
        aside.replace(path)
        return path

    def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        try:
            with _asking("head"):
                obstore.head(self._store, _name(key))
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        with contextlib.suppress(FileNotFoundError), _asking("delete"):
            obstore.delete(self._store, _name(key))

    def all(self) -> Iterator[tuple[str, float]]:
        """See `Storage.objects`. What is not ours below the prefix is passed over."""
        with _asking("list"):
            for batch in obstore.list(self._store):
                for found in batch:
                    if is_id(found["path"]):
                        yield found["path"], found["last_modified"].timestamp()


class _Reader(io.RawIOBase):
    """An object as a file to be read, a range a request."""

    def __init__(self, store: S3Store, key: str) -> None:
        self._store, self._key = store, key
        self._at = 0
        with _asking("head"):
            self._size = obstore.head(store, key)["size"]

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; asks nobody."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        """The next bytes; 0 at the end."""
        piece = self._piece(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        """The rest, in one request; the inherited one would ask for 8 KB at a time."""
        return bytes(self._piece(self._size))

    def _piece(self, count: int) -> memoryview:
        count = min(count, self._size - self._at)
        if count <= 0:
            return memoryview(b"")
        with _asking("get"):
            piece = obstore.get_range(self._store, self._key, start=self._at, length=count)
        self._at += len(piece)
        return memoryview(piece)


def _store(settings: Settings) -> S3Store:
    place = urlsplit(settings.storage_url)
    bucket, endpoint = place.netloc, settings.storage_endpoint.rstrip("/")
    given: S3Config = {}
    if settings.storage_access_key_id:
        given["access_key_id"] = settings.storage_access_key_id
        given["secret_access_key"] = settings.storage_secret_access_key
    if settings.storage_region:
        given["region"] = settings.storage_region
    if place.scheme == "oss":  # the bucket is a part of the host's name there, and nothing else is taken
        given["virtual_hosted_style_request"] = True
        scheme, _, host = endpoint.rpartition("://")
        endpoint = f"{scheme or 'https'}://{bucket}.{host}"
    if endpoint:
        given["endpoint"] = endpoint
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(seconds=60),
        "timeout": timedelta(hours=1),  # of a whole request: a big object may take its time
        "allow_http": endpoint.startswith("http://"),
    }
    return S3Store(
        bucket,
        prefix=place.path.strip("/") or None,
        config=given,
        client_options=client,
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    )


def _name(key: str) -> str:
    if not is_id(key):
        raise ValueError(f"not an id: {key!r}")
    return key


@contextlib.contextmanager
def _asking(what: str) -> Iterator[None]:
    """What the bucket's service says no to, or does not answer.

    Raises:
        FileNotFoundError: there is no such object.
        StorageUnavailable: everything else; why goes to the log, too.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except BaseError as error:
        log.warning("the bucket, %s: %s", what, str(error).partition("\n")[0])
        raise StorageUnavailable(f"{what}: {_reason(str(error))}") from error


# Where the library's texts, a line and then pages of its inside, have what an administrator can act on.
_REASONS = (r"status code: (\d+ [A-Za-z ]+)", r"<Code>(\w+)</Code>", r'message: "([^"]+)"')


def _reason(text: str) -> str:
    found = [match[1] for pattern in _REASONS if (match := re.search(pattern, text))]
    return ", ".join(found) or text.partition("\n")[0]
