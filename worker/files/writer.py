"""One writer of one upload: stores what arrives, and says only after the sync that it is stored."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, insert, or_, select, true, update

from worker.db.database import Database
from worker.db.schema import files, uploads
from worker.db.types import db_now
from worker.errors import Conflict, NotFound, Refused
from worker.files import names
from worker.files.lock import try_lock
from worker.files.storage import Storage, refuse_when_full, sync_folder
from worker.files.tus import Checksum
from worker.ids import new_id

COMMIT_BYTES = 16 << 20  # what a crash may cost at most: these bytes are sent again
COMMIT_SECONDS = 5.0
_LEASE_SECONDS = 60.0


class Writer:
    """The right to write an upload, from `begin` to `finish` or `abort`.

    It holds a lock on the file, which ends with the process, so that an upload can be continued the moment after a
    crash. Where no lock can be had, a token in `uploads.writer` keeps others away instead, for `_LEASE_SECONDS`,
    renewed by every commit. Either way a commit changes only a row that still stands where this writer left it.

    Safe to use from several threads, one call after the other.

    Attributes:
        committed: bytes of the upload that are safely stored.
        position: bytes of the upload that were written, synced or not.
        name: of the file.
        expires_at: when the upload is given up if nothing more comes; None before the first commit.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        file: BinaryIO | None,
        *,
        upload_id: str,
        owner_id: str,
        name: str,
        size: int,
        offset: int,
        token: str | None,
        checksum: Checksum | None,
        expire_seconds: float,
    ) -> None:
        self._database = database
        self._storage = storage
        self._file = file
        self._upload_id = upload_id
        self._owner_id = owner_id
        self.name = name
        self._size = size
        self._token = token
        self._checksum = checksum
        self._expire_seconds = expire_seconds
        self._mutex = threading.Lock()
        self._marked_at = time.monotonic()
        self._marked = offset  # position at the last commit, which with a checksum is not what is committed
        self.committed = self.position = offset
        self.expires_at: datetime | None = None

    @classmethod
    def begin(
        cls,
        database: Database,
        storage: Storage,
        *,
        upload_id: str,
        owner_id: str,
        name: str,
        size: int,
        offset: int,
        complete: bool,
        checksum: Checksum | None,
        expire_seconds: float,
    ) -> Writer:
        """Lock the upload and cut its file back to what is committed.

        Raises:
            Refused: `upload_busy` (423), `storage_full` (507), `upload_lost` (410).
            Conflict: `upload_offset_wrong` (409): another writer was here in between.
            NotFound: `upload_not_found`: it was given up in between.
        """
        token: str | None = None
        file: BinaryIO | None = None
        if not complete:
            path = storage.incoming_path(upload_id)
            file = _open(path)
        try:
            if file is not None:
                if not _lock(file, name, size):
                    token = new_id()
                _take(database, upload_id, name, offset, token)
                _cut(file, offset, name)
        except BaseException:
            if file is not None:
                file.close()
            raise
        return cls(
            database,
            storage,
            file,
            upload_id=upload_id,
            owner_id=owner_id,
            name=name,
            size=size,
            offset=offset,
            token=token,
            checksum=checksum,
            expire_seconds=expire_seconds,
        )

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Store `piece` at the end.

        Raises:
            Refused: `upload_too_long` (413): nothing of `piece` is stored; `storage_full` (507).
            NotFound: `upload_not_found`: the upload was given up meanwhile.
        """
        with self._mutex:
            if self._file is None or self.position + len(piece) > self._size:
                raise Refused("upload_too_long", 413, name=self.name, size=self._size)
            with refuse_when_full():
                _write_all(self._file, piece)
            self.position += len(piece)
            if self._checksum is not None:
                self._checksum.update(piece)
            self._commit_when_due()

    def finish(self) -> int:
        """All that was sent has been written: commit it; gives the new offset. At the declared size the upload
        becomes a file.

        Raises:
            Refused: `checksum_mismatch` (460): what was written since `begin` is dropped; `storage_full` (507).
            NotFound: `upload_not_found`: the upload was given up meanwhile.
        """
        with self._mutex:
            try:
                if self._checksum is not None and not self._checksum.matches:
                    self.position = self.committed
                    if self._file is not None:
                        _cut(self._file, self.committed, self.name)
                        self._commit(last=True)
                    raise Refused("checksum_mismatch", 460, name=self.name)
                if self._file is not None:
                    self._keep(self._file)
            finally:
                self._close()
            return self.committed

    def abort(self) -> int:
        """The body ended early: keep what arrived (all of it is dropped where a checksum was to be met), let others
        write; gives the new offset. Without effect after `finish`.
        """
        with self._mutex:
            try:
                if self._file is not None:
                    if self._checksum is not None:
                        self.position = self.committed
                        _cut(self._file, self.committed, self.name)
                    self._keep(self._file)
            finally:
                self._close()
            return self.committed

    def _keep(self, file: BinaryIO) -> None:
        """Write down what has arrived: the whole upload, or its part."""
        if self.position == self._size:
            self._complete(file)
        else:
            self._commit(last=True)

    def _commit_when_due(self) -> None:
        due = self.position - self._marked >= COMMIT_BYTES or time.monotonic() - self._marked_at >= COMMIT_SECONDS
        # The last byte is committed together with the `files` row, so that offset = size means a complete file.
        if due and self.position < self._size:
            self._commit()

    def _commit(self, *, last: bool = False) -> None:
        """Sync, then say so. With a checksum to meet only the lease is renewed, until the body is whole."""
        sure = self.position if last or self._checksum is None else self.committed
        if self._file is not None and sure > self.committed:
            self._sync(self._file)
        with self._database.write() as connection:
            self._update(connection, sure, last=last)
        self.committed = sure
        self._marked = self.position
        self._marked_at = time.monotonic()

    def _complete(self, file: BinaryIO) -> None:
        self._sync(file)
        path = self._storage.incoming_path(self._upload_id)
        try:
            size, sha256 = self._storage.put(path, self._upload_id, link=True)
        except FileNotFoundError:  # given up meanwhile
            raise NotFound("upload_not_found") from None
        if size != self._size:
            raise OSError(f"upload {self._upload_id} has {size} bytes on disk instead of {self._size}")
        try:
            with self._database.write() as connection:
                insert_upload_file(
                    connection, self._upload_id, self._owner_id, self.name, size, sha256, self._expire_seconds
                )
                self._update(connection, size, last=True, file_id=self._upload_id)
        except NotFound:
            self._storage.delete(self._upload_id)
            raise
        self.committed = size
        self._close()
        path.unlink(missing_ok=True)

    def _update(self, connection: Connection, offset: int, *, last: bool, file_id: str | None = None) -> None:
        self.expires_at = connection.execute(
            update(uploads)
            .where(
                uploads.c.id == self._upload_id,
                true() if self._token is None else uploads.c.writer == self._token,
                uploads.c.offset == self.committed,
                uploads.c.file_id.is_(None),
            )
            .values(
                offset=offset,
                writer=None if last else self._token,
                writer_until=None if last or self._token is None else db_now(_LEASE_SECONDS),
                expires_at=db_now(self._expire_seconds),
                file_id=file_id,
            )
            .returning(uploads.c.expires_at)
        ).scalar_one_or_none()
        if self.expires_at is None:
            raise NotFound("upload_not_found")

    def _sync(self, file: BinaryIO) -> None:
        with refuse_when_full():
            file.flush()
            os.fsync(file.fileno())

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def insert_upload_file(
    connection: Connection, file_id: str, owner_id: str, name: str, size: int, sha256: str, expire_seconds: float
) -> None:
    """Write the `files` row of a complete upload, whose object has the same id."""
    connection.execute(
        insert(files).values(
            id=file_id,
            owner_id=owner_id,
            job_id=None,
            role="upload",
            name=name,
            content_type=names.content_type(name),
            size=size,
            sha256=sha256,
            storage_key=file_id,
            created_at=db_now(),
            expires_at=db_now(expire_seconds),
        )
    )


def _open(path: Path) -> BinaryIO:
    # Unbuffered: pieces are large, and a failed write must not fail again when the file is closed.
    try:
        return path.open("r+b", buffering=0)
    except FileNotFoundError:
        with refuse_when_full():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            sync_folder(path.parent)
            return os.fdopen(descriptor, "r+b", buffering=0)


def _write_all(file: BinaryIO, piece: bytes | bytearray | memoryview) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]  # a raw file may take less than it was given


def _cut(file: BinaryIO, offset: int, name: str) -> None:
    """Drop what was written and never committed.

    Raises:
        Refused: `upload_lost` (410): bytes that were committed are missing (a restored database without its files).
    """
    if file.seek(0, os.SEEK_END) < offset:
        raise Refused("upload_lost", 410, name=name)
    file.truncate(offset)
    file.seek(offset)


def _lock(file: BinaryIO, name: str, size: int) -> bool:
    """True: locked. False: no lock can be had here."""
    locked = try_lock(file, size)
    if locked is False:
        raise Refused("upload_busy", 423, name=name)
    return bool(locked)


def _take(database: Database, upload_id: str, name: str, offset: int, token: str | None) -> None:
    """See that the upload still stands at `offset`, now that no other can move it; enter the token that keeps others
    away where there is no lock.
    """
    here = (uploads.c.id == upload_id, uploads.c.file_id.is_(None))
    if token is None:
        with database.read() as connection:
            now_at = connection.execute(select(uploads.c.offset).where(*here)).scalar_one_or_none()
        if now_at is None:
            raise NotFound("upload_not_found")
        _same(now_at, offset, name)
        return
    with database.write() as connection:
        now_at = connection.execute(
            update(uploads)
            .where(*here, or_(uploads.c.writer.is_(None), uploads.c.writer_until < db_now()))
            .values(writer=token, writer_until=db_now(_LEASE_SECONDS))
            .returning(uploads.c.offset)
        ).scalar_one_or_none()
        if now_at is None:
            raise Refused("upload_busy", 423, name=name)
        _same(now_at, offset, name)


def _same(now_at: int, offset: int, name: str) -> None:
    if now_at != offset:
        raise Conflict("upload_offset_wrong", offset=now_at, name=name)
