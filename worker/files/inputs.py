"""Files that a job is to work on: ids of the submission become rows of `files`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, or_, select

from worker.actor import Actor
from worker.db.schema import files, uploads
from worker.db.types import db_now
from worker.errors import Refused
from worker.files.rows import COLUMNS, FileRow
from worker.ids import is_id


def resolve(connection: Connection, actor: Actor, ids: Sequence[str]) -> list[FileRow]:
    """The files behind ids of complete uploads or of files, in the same order; own ones, any for admins.

    On PostgreSQL the rows stay until the transaction ends (the cleaning waits), so that `job_uploads` can be written
    in the same one.

    Raises:
        Refused: `unknown_upload` (there is none, it has expired, or it is somebody else's) with `id`;
            `upload_incomplete` with `id`, `name`, `received` and `size` (bytes).
    """
    return [_one(connection, actor, wanted) for wanted in ids]


def _one(connection: Connection, actor: Actor, wanted: str) -> FileRow:
    if not is_id(wanted):
        raise Refused("unknown_upload", id=wanted[:64])
    upload_query = select(uploads.c.name, uploads.c.offset, uploads.c.size, uploads.c.file_id).where(
        uploads.c.id == wanted
    )
    if not actor.is_admin:
        upload_query = upload_query.where(uploads.c.owner_id == actor.user_id)
    upload = connection.execute(upload_query).one_or_none()
    if upload is not None and upload.file_id is None:
        raise Refused("upload_incomplete", id=wanted, name=upload.name, received=upload.offset, size=upload.size)
    file_query = (
        select(*COLUMNS)
        .where(files.c.id == (wanted if upload is None else upload.file_id))
        .where(or_(files.c.expires_at.is_(None), files.c.expires_at > db_now()))
        .with_for_update(read=True, key_share=True)
    )
    if not actor.is_admin:
        file_query = file_query.where(files.c.owner_id == actor.user_id)
    row = connection.execute(file_query).one_or_none()
    if row is None:
        raise Refused("unknown_upload", id=wanted)
    return FileRow.of(row)
