"""Result files of jobs: exports, error workbooks, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from worker.actor import Actor
from worker.db.schema import files, job_uploads
from worker.db.types import db_now
from worker.errors import NotFound
from worker.files import names
from worker.files.rows import COLUMNS, FileRow
from worker.files.storage import Storage
from worker.ids import is_id, new_id

_BATCH = 500  # ids in one IN (…); SQLite and PostgreSQL both take it


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is in the storage but has no row yet; the cleaning removes it if none comes.

    Attributes:
        key: in the storage.
        size: bytes.
        sha256: hex.
    """

    key: str
    size: int
    sha256: str


def store(storage: Storage, path: Path, sha256: str | None = None) -> Stored:
    """Copy and hash `path` into the storage. Done before the transaction of `add`, so that a big file does not hold
    the database's write lock for seconds.

    Args:
        sha256: of the file, in hex, if it is synced and never changed again: it is kept as it is, not copied.

    Raises:
        Refused: `storage_full`.
    """
    key = new_id()
    return Stored(key, *storage.put(path, key, link=sha256 is not None, sha256=sha256))


def add(
    connection: Connection,
    storage: Storage,
    *,
    owner_id: str,
    job_id: str | None,
    path: Path | Stored,
    name: str,
    role: str,
    content_type: str | None = None,
    expires_in: float | None = None,
) -> str:
    """Keep a result file and give its id. A file of the same job, role and name (of an earlier attempt) is replaced.

    Args:
        connection: a writing transaction. Rolled back, the object is an orphan, which the cleaning removes.
        path: the file, or what `store` gave for it.
        name: what the person sees; made harmless.
        role: export, errors or report.
        content_type: None: by the ending of the name.
        expires_in: seconds after which it may be removed; None: kept as long as its job.

    Raises:
        Refused: `storage_full`.
    """
    stored = path if isinstance(path, Stored) else store(storage, path)
    name = names.clean(name)
    if job_id is not None:
        earlier = (files.c.job_id == job_id) & (files.c.role == role) & (files.c.name == name)
        used = exists().where(job_uploads.c.file_id == files.c.id)
        # One that another job works on stays, for that job alone; objects without a row go in the next cleaning.
        connection.execute(delete(files).where(earlier, ~used))
        connection.execute(update(files).where(earlier).values(job_id=None))
    file_id = new_id()
    connection.execute(
        insert(files).values(
            id=file_id,
            owner_id=owner_id,
            job_id=job_id,
            role=role,
            name=name,
            content_type=content_type or names.content_type(name),
            size=stored.size,
            sha256=stored.sha256,
            storage_key=stored.key,
            created_at=db_now(),
            expires_at=None if expires_in is None else db_now(expires_in),
        )
    )
    return file_id


def of_job(connection: Connection, job_ids: Sequence[str]) -> dict[str, list[FileRow]]:
    """The files of jobs, by job id: first its uploads in the order of submission, then what it made, oldest first."""
    found: dict[str, list[FileRow]] = {job_id: [] for job_id in job_ids}
    for start in range(0, len(job_ids), _BATCH):
        some = list(job_ids[start : start + _BATCH])
        uploads = (
            select(*COLUMNS, job_uploads.c.job_id.label("of"))
            .join(job_uploads, job_uploads.c.file_id == files.c.id)
            .where(job_uploads.c.job_id.in_(some))
            .order_by(job_uploads.c.job_id, job_uploads.c.position)
        )
        for row in connection.execute(uploads):
            found[row.of].append(FileRow.of(row))
        results = select(*COLUMNS).where(files.c.job_id.in_(some)).order_by(files.c.created_at, files.c.id)
        for row in connection.execute(results):
            found[row.job_id].append(FileRow.of(row))
    return found


def named(connection: Connection, actor: Actor, name: str, roles: Sequence[str]) -> FileRow:
    """The newest result file of this name that `actor` may see.

    Raises:
        NotFound: `file_not_found`.
    """
    query = select(*COLUMNS).where(files.c.name == name, files.c.role.in_(list(roles)))
    if not actor.is_admin:
        query = query.where(files.c.owner_id == actor.user_id)
    row = connection.execute(query.order_by(files.c.created_at.desc(), files.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFound("file_not_found")
    return FileRow.of(row)


def exports(connection: Connection, actor: Actor, limit: int) -> tuple[int, list[FileRow]]:
    """The actor's own export files: how many there are, and the newest `limit` of them."""
    own = (files.c.owner_id == actor.user_id, files.c.role == "export", files.c.job_id.is_not(None))
    count = connection.execute(select(func.count()).select_from(files).where(*own)).scalar_one()
    query = select(*COLUMNS).where(*own).order_by(files.c.created_at.desc(), files.c.id.desc()).limit(limit)
    return count, [FileRow.of(row) for row in connection.execute(query)]


def get(connection: Connection, actor: Actor, file_id: str) -> FileRow:
    """One file that `actor` may see: an own one, any for admins.

    Raises:
        NotFound: `file_not_found`.
    """
    query = select(*COLUMNS).where(files.c.id == file_id)
    if not actor.is_admin:
        query = query.where(files.c.owner_id == actor.user_id)
    row = connection.execute(query).one_or_none() if is_id(file_id) else None
    if row is None:
        raise NotFound("file_not_found")
    return FileRow.of(row)
