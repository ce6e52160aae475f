"""Imports of the past: was this very file imported before?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker.db.schema import files, job_uploads, jobs, users

if TYPE_CHECKING:
    from worker.actor import Actor
    from worker.db.database import Database

_LOOKED_AT = 20  # jobs of the same file that are looked at; dry runs among them do not count


def imported_before(
    database: Database, actor: Actor, kind: str, sha256: str, job_id: str | None = None
) -> dict[str, Any] | None:
    """The last import of a file with the same content into the same dataset, whoever did it.

    Args:
        database: where.
        actor: who asks; another's job is announced by name and time, its id only to those who may see it.
        kind: `<dataset>.import`.
        sha256: of the file, in hex.
        job_id: the asking job itself, passed over.

    Returns:
        `{"job": id or None, "by": username, "at": instant as ISO text, "counts": {…}}`; None when there is none.
    """
    query = (
        select(jobs.c.id, jobs.c.owner_id, jobs.c.finished_at, jobs.c.params, jobs.c.result, users.c.username)
        .join(job_uploads, job_uploads.c.job_id == jobs.c.id)
        .join(files, files.c.id == job_uploads.c.file_id)
        .join(users, users.c.id == jobs.c.owner_id)
        .where(files.c.sha256 == sha256, jobs.c.kind == kind, jobs.c.state == "succeeded", jobs.c.undone_at.is_(None))
        .order_by(jobs.c.finished_at.desc())
        .limit(_LOOKED_AT)
    )
    if job_id is not None:
        query = query.where(jobs.c.id != job_id)
    with database.read() as connection:
        found = connection.execute(query).all()
    for row in found:
        if row.params.get("dry_run"):
            continue
        visible = actor.is_admin or row.owner_id == actor.user_id
        result = row.result or {}
        names = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected")
        return {
            "job": row.id if visible else None,
            "by": row.username,
            "at": row.finished_at.isoformat() if row.finished_at else None,
            "counts": {name: result[name] for name in names if name in result},
        }
    return None
