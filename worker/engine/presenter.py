"""Rows of `jobs` as the API shows them: in the asker's language, with owner, files and the reason of their state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from worker.actor import Actor
from worker.db.schema import jobs, users
from worker.engine import kinds, visibility, why
from worker.engine.limits import Situation
from worker.engine.views import ENDED, PRIORITIES, Child, Estimate, JobError, JobFile, JobView, Owner
from worker.engine.visibility import visible
from worker.files import results
from worker.files.rows import FileRow
from worker.settings import Settings, get_settings
from worker.texts import text

_BATCH = 500  # ids in one IN list
_OWNERS = select(users.c.id, users.c.username, users.c.display_name).where(
    users.c.id.in_(bindparam("ids", expanding=True))
)


def present(
    connection: Connection,
    actor: Actor,
    language: str,
    rows: Sequence[Row[Any]],
    *,
    settings: Settings | None = None,
    detailed: bool = False,
    situation: Situation | None = None,
    now: datetime | None = None,
    attached: dict[str, list[JobFile]] | None = None,
) -> list[JobView]:
    """Views of `rows` (whole rows of `jobs`), in their order, at a fixed number of queries.

    Args:
        actor: tracebacks and the names of workers are for admins only.
        settings: the installation's; None takes those of this process.
        detailed: with the number of jobs ahead in `why`, which costs a look at the whole lane, and with `children`.
        situation, now: see `why.reasons`; `attached`: the jobs' files, by job id. What the caller knows is not asked.
    """
    if not rows:
        return []
    owners = _owners(connection, {row.owner_id for row in rows})
    if attached is None:
        attached = _files(connection, [row.id for row in rows])
    reasons = why.reasons(
        connection, settings or get_settings(), actor, rows, language, detailed=detailed, situation=situation, now=now
    )
    known = kinds.load()
    children = _children(connection, actor, [row.id for row in rows]) if detailed else {}
    undoable = _undoable(connection, settings or get_settings(), rows, known)
    return [
        JobView(
            id=row.id,
            kind=row.kind,
            kind_title=kinds.title(row.kind, language),
            title=row.title,
            params=row.params,
            state=row.state,
            progress=row.progress,
            stage=text(row.stage, language, **(row.stage_values or {})) if row.stage else None,
            rows_done=row.rows_done,
            rows_total=row.rows_total,
            rate=row.rate if row.state == "running" else None,
            eta_seconds=row.eta_seconds if row.state == "running" else None,
            estimate=Estimate.model_validate(row.estimate) if row.estimate else None,
            priority=PRIORITIES[row.priority],
            lane=row.lane,
            owner=owners[row.owner_id],
            parent_id=row.parent_id,
            label=row.label,
            scheduled=row.scheduled,
            attempt=row.attempt,
            cancel_requested=row.cancel_requested_at is not None,
            run_at=row.run_at,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            result=row.result,
            error=_error(row, language, actor) if row.state == "failed" else None,
            files=attached.get(row.id, []),
            why=reasons.get(row.id),
            version=row.version,
            can_undo=row.id in undoable,
            undone_by=row.undone_by if row.undone_at else None,
            undone_at=row.undone_at,
            children=children.get(row.id, []),
        )
        for row in rows
    ]


def _children(connection: Connection, actor: Actor, ids: Sequence[str]) -> dict[str, list[Child]]:
    found: dict[str, list[Child]] = {}
    j = jobs.c
    query = (
        select(j.parent_id, j.id, j.kind, j.title, j.state, j.created_at)
        .where(j.parent_id.in_(ids), visible(actor))
        .order_by(j.created_at, j.id)
        .limit(_BATCH)
    )
    for row in connection.execute(query):
        child = Child(id=row.id, kind=row.kind, title=row.title, state=row.state, created_at=row.created_at)
        found.setdefault(row.parent_id, []).append(child)
    return found


def _undoable(
    connection: Connection, settings: Settings, rows: Sequence[Row[Any]], known: dict[str, kinds.Kind]
) -> set[str]:
    """Which of the jobs can be taken back, as far as their rows tell; at most one query, for those that are being."""
    since = datetime.now(UTC) - timedelta(days=settings.undo_days)
    found = {}
    for row in rows:
        kind = known.get(row.kind)
        if (
            kind is not None
            and kind.left_changes is not None
            and row.state in ENDED
            and row.undone_at is None
            and row.finished_at is not None
            and row.finished_at > since
            and kind.left_changes(row)
        ):
            found[row.id] = row.undone_by
    asked = [job_id for job_id in found.values() if job_id]
    under_way = set(
        connection.execute(
            select(jobs.c.id).where(jobs.c.id.in_(asked), jobs.c.state.in_(("pending", "running")))
        ).scalars()
        if asked
        else ()
    )
    return {job_id for job_id, undo in found.items() if undo not in under_way}


def _error(row: Row[Any], language: str, actor: Actor) -> JobError:
    values = row.error_values or {}
    return JobError(
        code=row.error_code or "unknown_error",
        message=text(row.error_code or "unknown_error", language, **values),
        values=visibility.values_for(actor, values),
        traceback=row.traceback if actor.is_admin else None,
    )


def _owners(connection: Connection, ids: set[str]) -> dict[str, Owner]:
    found: dict[str, Owner] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _BATCH):
        for row in connection.execute(_OWNERS, {"ids": wanted[start : start + _BATCH]}):
            found[row.id] = Owner(id=row.id, username=row.username, display_name=row.display_name)
    return found


def _files(connection: Connection, ids: Sequence[str]) -> dict[str, list[JobFile]]:
    return {job_id: [file_view(file) for file in found] for job_id, found in results.of_job(connection, ids).items()}


def file_view(file: FileRow) -> JobFile:
    """A file as a job shows it."""
    return JobFile(id=file.id, name=file.name, size=file.size, sha256=file.sha256, role=file.role)
