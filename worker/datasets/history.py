"""Imports of the past: was this very file imported before?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker.db.schema import files, job_uploads, jobs, users

if TYPE_CHECKING:
    from worker.actor import Actor
    from worker.db.database import Database

COUNTS = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected")
_LOOKED_AT = 20  # jobs of the same file that are looked at; dry runs among them do not count


def imports_of(
    database: Database, actor: Actor, kind: str, sha256: str, job_id: str | None = None
) -> list[dict[str, Any]]:
    """The imports of files with the same content into the same dataset, whoever did them, the newest first; dry runs
    are none.

    Args:
        database: where.
        actor: who asks; another's job is told by name, time and counts, its id only to those who may see it.
        kind: `<dataset>.import`.
        sha256: of the file, in hex.
        job_id: the asking job itself, passed over.

    Returns:
        `{"job": id or None, "by": username, "by_name": display name or None, "at": instant as ISO text (of its end, or
        of its submission while it has not ended), "state", "mode", "counts": {…}, "undone": it was taken back,
        "undone_at"}` each. `counts` is empty while nothing is known.
    """
    query = (
        select(
            jobs.c.id, jobs.c.owner_id, jobs.c.state, jobs.c.created_at, jobs.c.finished_at, jobs.c.undone_at,
            jobs.c.params, jobs.c.result, jobs.c.error_values, users.c.username, users.c.display_name,
        )
        .join(job_uploads, job_uploads.c.job_id == jobs.c.id)
        .join(files, files.c.id == job_uploads.c.file_id)
        .join(users, users.c.id == jobs.c.owner_id)
        .where(files.c.sha256 == sha256, jobs.c.kind == kind)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(_LOOKED_AT)
    )  # fmt: skip
    if job_id is not None:
        query = query.where(jobs.c.id != job_id)
    with database.read() as connection:
        found = connection.execute(query).all()
    return [_told(row, actor) for row in found if not row.params.get("dry_run")]


def imported_before(
    database: Database, actor: Actor, kind: str, sha256: str, job_id: str | None = None
) -> dict[str, Any] | None:
    """The last of `imports_of` that went in and was not taken back; None when there is none."""
    for one in imports_of(database, actor, kind, sha256, job_id):
        if one["state"] == "succeeded" and not one["undone"]:
            return one
    return None


def _told(row: Any, actor: Actor) -> dict[str, Any]:
    at = row.finished_at or row.created_at
    said = row.result or row.error_values or {}
    return {
        "job": row.id if actor.is_admin or row.owner_id == actor.user_id else None,
        "by": row.username,
        "by_name": row.display_name,
        "at": at.isoformat(),
        "state": row.state,
        "mode": row.params.get("mode"),
        "counts": {name: said[name] for name in COUNTS if isinstance(said.get(name), int)},
        "undone": row.undone_at is not None,
        "undone_at": row.undone_at.isoformat() if row.undone_at else None,
    }
