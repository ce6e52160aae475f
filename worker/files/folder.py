"""Objects in a folder: written aside, synced, and renamed into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from worker.errors import Refused
from worker.ids import is_id

_PIECE = 1 << 20


class FolderObjects:
    """`objects/` of a storage folder, fanned out by the last two characters of the key (the first ones of a UUIDv7 are
    its time and nearly the same for all).

    Args:
        root: the storage folder.
        aside: where objects are written until they are whole; on the same file system.
    """

    def __init__(self, root: Path, aside: Path) -> None:
        self._root, self._aside = root, aside
        self._objects = root / "objects"
        private_folder(self._objects)

    def put(self, local_path: Path, key: str, link: bool, sha256: str | None) -> tuple[int, str]:
        """See `Storage.put`."""
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
        """See `Storage.open`."""
        return self._path(key).open("rb")

    def local_path(self, key: str, folder: Path | None) -> Path:
        """The object itself: it is a file."""
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        with contextlib.suppress(PermissionError):  # Windows: somebody reads it; the cleaning comes back for it
            self._path(key).unlink(missing_ok=True)

    def all(self) -> Iterator[tuple[str, float]]:
        """See `Storage.objects`."""
        for folder in self._objects.iterdir():
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    yield path.name, path.stat().st_mtime

    def _path(self, key: str) -> Path:
        if not is_id(key):
            raise ValueError(f"not an id: {key!r}")
        return self._objects / key[-2:] / key


def private_folder(folder: Path, *, ours: bool = True) -> None:
    """Make a folder that only its owner can read.

    Args:
        ours: also set so when it was there already; the root may be the administrator's own.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if ours:
        with contextlib.suppress(PermissionError):  # it belongs to somebody else
            folder.chmod(0o700)


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
