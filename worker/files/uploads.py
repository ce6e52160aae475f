"""Resumable uploads without HTTP: announce, ask, write (see `writer`), give up.

What `offset` says is safely stored: synced to disk before it is committed. A complete upload is a row of `files` with
the same id.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection, delete, exists, insert, select

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_uploads, uploads
from worker.db.types import db_now
from worker.errors import Conflict, NotFound, Refused
from worker.files import names
from worker.files.results import get as get_file
from worker.files.rows import FileRow
from worker.files.storage import Storage, refuse_when_full
from worker.files.tus import Checksum
from worker.files.writer import Writer, insert_upload_file
from worker.ids import is_id, new_id
from worker.settings import Settings

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """A row of `uploads`.

    Attributes:
        id, owner_id: ids.
        name: made harmless.
        size: bytes, as declared.
        offset: bytes that are safely stored.
        metadata: what the client said, decoded.
        file_id: of the file that it became; None while incomplete.
        expires_at: when it is given up, moved by every write.
    """

    id: str
    owner_id: str
    name: str
    size: int
    offset: int
    metadata: dict[str, str]
    file_id: str | None
    expires_at: datetime


_COLUMNS = (
    uploads.c.id,
    uploads.c.owner_id,
    uploads.c.name,
    uploads.c.size,
    uploads.c.offset,
    uploads.c.metadata,
    uploads.c.file_id,
    uploads.c.expires_at,
)


class Uploads:
    """All that can be done with uploads on behalf of a person; an operator meets only own ones."""

    def __init__(self, database: Database, storage: Storage, settings: Settings) -> None:
        self.database = database
        self.storage = storage
        self.settings = settings

    def create(self, actor: Actor, size: int, metadata: dict[str, str] | None = None) -> Upload:
        """Announce an upload of `size` bytes; one of 0 bytes is complete at once.

        Args:
            metadata: `filename` or `name`, `filetype` or `type`, and whatever else the client wants to find again.

        Raises:
            Refused: `upload_too_large` (413) with `size` and `limit`; `storage_full` (507).
        """
        metadata = metadata or {}
        self._refuse_size(size)
        if size > self.storage.free_bytes():
            raise Refused("storage_full", 507)
        upload_id = new_id()
        name = names.clean(metadata.get("filename") or metadata.get("name"))
        with self.database.write() as connection:
            connection.execute(
                insert(uploads).values(
                    id=upload_id,
                    owner_id=actor.user_id,
                    name=name,
                    content_type=names.content_type(name),
                    size=size,
                    offset=0,
                    metadata=metadata,
                    created_at=db_now(),
                    expires_at=db_now(self.settings.upload_expire_seconds),
                )
            )
            audit.record(connection, actor, "upload.create", "upload", upload_id, name=name, size=size)
        if size == 0:
            self.begin(actor, upload_id, 0).finish()
        return self.get(actor, upload_id)

    def get(self, actor: Actor, upload_id: str) -> Upload:
        """How far an upload is.

        Raises:
            NotFound: `upload_not_found`: there is none, or it is somebody else's.
            Refused: `upload_expired` (410).
        """
        with self.database.read() as connection:
            return self._get(connection, actor, upload_id)

    def begin(
        self,
        actor: Actor,
        upload_id: str,
        offset: int,
        *,
        length: int | None = None,
        checksum: Checksum | None = None,
    ) -> Writer:
        """Become the one writer of an upload, at `offset`. The caller ends it by `finish` or `abort`.

        Args:
            length: bytes to come, where the client said it.
            checksum: what these bytes must hash to; until they are all there none of them counts as stored.

        Raises:
            NotFound, Refused: as `get`.
            Conflict: `upload_offset_wrong` (409) with `offset`, the right one.
            Refused: `upload_too_long` (413); `upload_busy` (423): another writer is at it.
        """
        upload = self.get(actor, upload_id)
        if offset != upload.offset or (upload.file_id and length):
            raise Conflict("upload_offset_wrong", offset=upload.offset, name=upload.name)
        if offset + (length or 0) > upload.size:
            raise Refused("upload_too_long", 413, name=upload.name, size=upload.size)
        return Writer.begin(
            self.database,
            self.storage,
            upload_id=upload.id,
            owner_id=upload.owner_id,
            name=upload.name,
            size=upload.size,
            offset=offset,
            complete=upload.file_id is not None,
            checksum=checksum,
            expire_seconds=self.settings.upload_expire_seconds,
        )

    def remove(self, actor: Actor, upload_id: str) -> None:
        """Give an upload up and free its room; a write under way ends. A complete one goes with its file, unless a
        job works on that.

        Raises:
            NotFound: `upload_not_found`.
        """
        with self.database.write() as connection:
            upload = self._get(connection, actor, upload_id, expired_too=True)
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))
            used = exists().where(job_uploads.c.file_id == files.c.id)
            gone = connection.execute(
                delete(files).where(files.c.id == upload.file_id, ~used).returning(files.c.storage_key)
            ).scalar_one_or_none()
            audit.record(connection, actor, "upload.delete", "upload", upload_id, name=upload.name)
        if gone:
            self.storage.delete(gone)
        with contextlib.suppress(PermissionError):  # Windows: still being written; the cleaning comes back for it
            self.storage.incoming_path(upload_id).unlink(missing_ok=True)

    def keep(self, actor: Actor, source: BinaryIO, name: str | None) -> FileRow:
        """Take a file that came in one piece (a form), as if it had been uploaded.

        Args:
            source: positioned at its start.

        Raises:
            Refused: `upload_too_large` (413), `storage_full` (507).
        """
        file_id = new_id()
        name = names.clean(name)
        path = self.storage.incoming_path(file_id)
        try:
            with refuse_when_full(), path.open("xb") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
                    self._refuse_size(target.tell())
            size, sha256 = self.storage.put(path, file_id)
        finally:
            path.unlink(missing_ok=True)
        with self.database.write() as connection:
            insert_upload_file(
                connection, file_id, actor.user_id, name, size, sha256, self.settings.upload_expire_seconds
            )
            audit.record(connection, actor, "upload.create", "upload", file_id, name=name, size=size)
            return get_file(connection, actor, file_id)

    def drop(self, actor: Actor, file: FileRow) -> None:
        """Take back what `keep` has just kept, unless a job works on it."""
        with self.database.write() as connection:
            used = exists().where(job_uploads.c.file_id == files.c.id)
            gone = connection.execute(delete(files).where(files.c.id == file.id, ~used)).rowcount
            if gone:
                audit.record(connection, actor, "upload.delete", "upload", file.id, name=file.name)
        if gone:
            self.storage.delete(file.storage_key)

    def _refuse_size(self, size: int) -> None:
        limit = self.settings.upload_max_bytes
        if size > limit:
            raise Refused("upload_too_large", 413, size=size, limit=limit)

    def _get(self, connection: Connection, actor: Actor, upload_id: str, *, expired_too: bool = False) -> Upload:
        query = select(*_COLUMNS, (uploads.c.expires_at <= db_now()).label("expired")).where(uploads.c.id == upload_id)
        if not actor.is_admin:
            query = query.where(uploads.c.owner_id == actor.user_id)
        row: Any = connection.execute(query).one_or_none() if is_id(upload_id) else None
        if row is None:
            raise NotFound("upload_not_found")
        if row.expired and not expired_too:
            raise Refused("upload_expired", 410, name=row.name)
        return Upload(*row[: len(_COLUMNS)])
