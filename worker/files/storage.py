"""Where the bytes of files live: objects under keys, written atomically and never changed afterwards.

A key is an id that we made (a UUID), never a name that a person gave, so no name can lead out of the storage.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from worker.errors import Refused, Transient
from worker.files.folder import FolderObjects, private_folder, refuse_when_full, sync_folder
from worker.ids import is_id

if TYPE_CHECKING:
    from worker.settings import Settings

__all__ = ["Objects", "Storage", "StorageUnavailable", "open_bucket", "refuse_when_full", "sync_folder"]


class StorageUnavailable(Transient):
    """The bucket does not answer, or says no. It may pass by itself: a job is tried again, the API answers 503.

    Attributes:
        reason: for the log and admins; it may name addresses.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("storage_unavailable")
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Objects(Protocol):
    """Where the objects themselves are: a folder, or a bucket. The methods are those of `Storage`."""

    def put(self, local_path: Path, key: str, link: bool, sha256: str | None) -> tuple[int, str]: ...  # noqa: D102 - of `Storage`

    def open(self, key: str) -> BinaryIO: ...  # noqa: D102 - of `Storage`

    def local_path(self, key: str, folder: Path | None) -> Path: ...  # noqa: D102 - of `Storage`

    def exists(self, key: str) -> bool: ...  # noqa: D102 - of `Storage`

    def delete(self, key: str) -> None: ...  # noqa: D102 - of `Storage`

    def all(self) -> Iterator[tuple[str, float]]: ...  # noqa: D102 - of `Storage`


class Storage:
    """Objects in a folder or a bucket, and a folder of this computer for what is not an object yet.

    `aside/` has what is being written, `incoming/` uploads that are not complete. Both are in the storage folder; with
    a bucket they are in the data folder, so that an upload is continued at the computer where it was begun.

    Attributes:
        root: the folder; made on first use, readable by its owner only.
        url: of the bucket; empty: objects are in the folder, too.

    Raises:
        Refused: `bucket_library_missing`.
    """

    def __init__(self, settings: Settings) -> None:
        place = settings.effective_storage
        self.url = place if "://" in place and not place.startswith("file://") else ""
        self.root = Path(settings.data / "files" if self.url else place.removeprefix("file://"))
        self._aside = self.root / "aside"
        self._incoming = self.root / "incoming"
        private_folder(self.root, ours=False)
        private_folder(self._aside)
        private_folder(self._incoming)
        self._objects: Objects
        if self.url:
            self._objects = open_bucket(settings)
        else:
            self._objects = FolderObjects(self.root, self._aside)

    def put(self, local_path: Path, key: str, *, link: bool = False, sha256: str | None = None) -> tuple[int, str]:
        """Keep a copy of `local_path` as object `key`, whole or not at all; an object of that key is replaced.

        Args:
            link: share the bytes with `local_path` where the file system can (the caller has synced them and never
                changes them again).
            sha256: of `local_path` in hex, where the caller knows it: what is linked is then not read again.

        Returns:
            Size in bytes and SHA-256 in hex of what was stored.

        Raises:
            Refused: `storage_full` (507).
            StorageUnavailable: the bucket did not take it.
            ValueError: `key` is not an id.
        """
        return self._objects.put(local_path, key, link, sha256)

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading, from anywhere in it.

        Raises:
            FileNotFoundError: there is no such object.
            StorageUnavailable: the bucket did not answer.
            ValueError: `key` is not an id.
        """
        return self._objects.open(key)

    def local_path(self, key: str, folder: Path | None = None) -> Path:
        """The object as a plain local file, which must not be changed.

        Args:
            folder: where a copy is put if the object is in a bucket; the caller removes it. None: only for those who
                know that objects are files.

        Raises:
            FileNotFoundError: there is no such object.
            Refused: `storage_full` (507): there is no room for the copy.
            StorageUnavailable: the bucket did not answer.
            ValueError: `key` is not an id.
        """
        return self._objects.local_path(key, folder)

    def exists(self, key: str) -> bool:
        """Whether there is such an object.

        Raises:
            StorageUnavailable: the bucket did not answer.
            ValueError: `key` is not an id.
        """
        return self._objects.exists(key)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error.

        Raises:
            StorageUnavailable: the bucket did not answer.
            ValueError: `key` is not an id.
        """
        self._objects.delete(key)

    def objects(self) -> Iterator[tuple[str, float]]:
        """All objects: key and time of storing (seconds since 1970).

        Raises:
            StorageUnavailable: the bucket did not answer.
        """
        return self._objects.all()

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
        """Room that is left for what is not an object yet."""
        return shutil.disk_usage(self.root).free


def open_bucket(settings: Settings) -> Objects:
    """The bucket that the settings name. The library behind it is imported only where there is one, and is no part of
    the desktop's package.

    Raises:
        Refused: `bucket_library_missing`.
    """
    try:
        from worker.files.bucket import BucketObjects
    except ModuleNotFoundError as missing:
        raise Refused("bucket_library_missing", 503, library=missing.name) from missing
    return BucketObjects(settings)
