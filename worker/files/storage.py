"""Where the bytes of files live: objects under keys, written atomically and never changed afterwards.

A key is an id that we made (a UUID), never a name that a person gave, so no name can lead out of the storage.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from worker.errors import Refused
from worker.ids import is_id

if TYPE_CHECKING:
    from worker.settings import Settings

_PIECE = 1 << 20


class Storage:
    """A folder of objects.

    `objects/` holds them, fanned out by the last two characters of the key (the first ones of a UUIDv7 are its time
    and nearly the same for all); `aside/` what is being written; `incoming/` uploads that are not complete.

    Attributes:
        root: the folder; made on first use, readable by its owner only.
    """

    def __init__(self, settings: Settings) -> None:
        place = settings.effective_storage
        if "://" in place and not place.startswith("file://"):
            raise ValueError(f"TASKTRAY_STORAGE_URL must be a folder, not {place.split('://', 1)[0]}://…")
        self.root = Path(place.removeprefix("file://"))
        self._aside = self.root / "aside"
        self._incoming = self.root / "incoming"
        self._objects = self.root / "objects"
        for folder in (self.root, self._aside, self._incoming, self._objects):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder is not self.root:  # that one may be the administrator's own; these are ours
                with contextlib.suppress(PermissionError):  # it belongs to somebody else
                    folder.chmod(0o700)

    def put(self, local_path: Path, key: str, *, link: bool = False, sha256: str | None = None) -> tuple[int, str]:
        """Keep a copy of `local_path` as object `key`, whole or not at all; an object of that key is replaced.

        Args:
            link: share the bytes with `local_path` where the file system can (the caller has synced them and never
                changes them again).

        Returns:
            Size in bytes and SHA-256 in hex of what was stored.

        Raises:
            Refused: `storage_full` (507).
            ValueError: `key` is not an id.
        """
        target = self._path(key)
        aside = self._aside / f"{key}.{secrets.token_hex(4)}"
        try:
            with refuse_when_full(), local_path.open("rb") as source:
                linked = False
                if link:
                    with contextlib.suppress(OSError):  # another file system, or one without links
                        os.link(local_path, aside)
                        linked = True
                if linked:
                    size = os.fstat(source.fileno()).st_size
                    sha256 = sha256 or _copy(source, None)[1]
                    # Its age tells an orphan from an object whose row is about to be committed.
                    os.utime(aside)
                    aside.chmod(0o600)
                else:
                    with open(aside, "xb", opener=_private) as copy:
                        size, sha256 = _copy(source, copy)
                        copy.flush()
                        os.fsync(copy.fileno())
                target.parent.mkdir(mode=0o700, exist_ok=True)
                aside.replace(target)
                sync_folder(target.parent)
        finally:
            # Also after success: renaming one link over another of the same file leaves both.
            aside.unlink(missing_ok=True)
        return size, sha256

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading.

        Raises:
            FileNotFoundError: there is no such object.
            ValueError: `key` is not an id.
        """
        return self._path(key).open("rb")

    def local_path(self, key: str) -> Path:
        """The object as a plain local file, which must not be changed.

        Raises:
            FileNotFoundError: there is no such object.
            ValueError: `key` is not an id.
        """
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error.

        Raises:
            ValueError: `key` is not an id.
        """
        with contextlib.suppress(PermissionError):  # Windows: somebody reads it; the cleaning comes back for it
            self._path(key).unlink(missing_ok=True)

    def objects(self) -> Iterator[tuple[str, float]]:
        """All objects: key and time of storing (seconds since 1970)."""
        for folder in self._objects.iterdir():
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    yield path.name, path.stat().st_mtime

    def incoming_path(self, upload_id: str) -> Path:
        """Where the bytes of an upload are gathered until it is complete.

        Raises:
            ValueError: `upload_id` is not an id.
        """
        if not is_id(upload_id):
            raise ValueError(f"not an id: {upload_id!r}")
        return self._incoming / upload_id

    def unfinished(self) -> Iterator[tuple[Path, float]]:
        """Files of incomplete uploads and of writing that never ended: path and time of the last change."""
        for folder in (self._incoming, self._aside):
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    yield path, path.stat().st_mtime

    def free_bytes(self) -> int:
        """Room that is left."""
        return shutil.disk_usage(self.root).free

    def _path(self, key: str) -> Path:
        if not is_id(key):
            raise ValueError(f"not an id: {key!r}")
        return self._objects / key[-2:] / key


@contextlib.contextmanager
def refuse_when_full() -> Iterator[None]:
    """Turn "no space left" of the file system into words.

    Raises:
        Refused: `storage_full` (507).
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused("storage_full", 507) from error
        raise


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut (Windows does so by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy(source: BinaryIO, target: BinaryIO | None) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    while count := source.readinto(buffer):  # type: ignore[attr-defined]  # typeshed's BinaryIO lacks it
        piece = view[:count]
        digest.update(piece)
        if target is not None:
            target.write(piece)
        size += count
    return size, digest.hexdigest()
