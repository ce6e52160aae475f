"""What has ended, newest end first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, users
from worker.engine import keyset, kinds
from worker.engine.monitor.views import History, HistoryEntry
from worker.engine.views import JobError, Owner
from worker.engine.visibility import visible
from worker.texts import text

PAGE_LIMIT = 500
_COLUMNS = tuple(
    jobs.c[name]
    for name in (
        "id", "kind", "title", "state", "lane", "scheduled", "attempt", "rows_done", "error_code", "error_values",
        "traceback", "created_at", "started_at", "finished_at", "owner_id",
    )
)  # fmt: skip


def history(
    database: Database,
    actor: Actor,
    language: str,
    *,
    of_kinds: Sequence[str] = (),
    states: Sequence[str] = (),
    owner: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> History:
    """A page of the ended jobs that the actor may see, those of schedules included.

    Args:
        of_kinds, states: only these; empty: all.
        owner: user name or id.
        since, until: ended from (inclusive) to (exclusive).
        cursor: `next` of the page before.
        limit: 1 to 500.

    Raises:
        Refused: `invalid_cursor`.
    """
    conditions: list[ColumnElement[bool]] = [visible(actor), jobs.c.finished_at.is_not(None)]
    if of_kinds:
        conditions.append(jobs.c.kind.in_(list(of_kinds)))
    if states:
        conditions.append(jobs.c.state.in_(list(states)))
    if since is not None:
        conditions.append(jobs.c.finished_at >= since)
    if until is not None:
        conditions.append(jobs.c.finished_at < until)
    if cursor is not None:
        conditions.append(keyset.before(cursor, jobs.c.finished_at, jobs.c.id))
    limit = min(max(limit, 1), PAGE_LIMIT)
    with database.read() as connection:
        if owner:
            named = select(users.c.id).where(or_(users.c.username == owner, users.c.id == owner))
            ids = connection.execute(named).scalars().all()
            conditions.append(jobs.c.owner_id.in_(ids))
        rows = connection.execute(
            select(*_COLUMNS, users.c.username, users.c.display_name)
            .join_from(jobs, users, users.c.id == jobs.c.owner_id)
            .where(*conditions)
            .order_by(jobs.c.finished_at.desc(), jobs.c.id.desc())
            .limit(limit + 1)
        ).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return History(
        entries=[_entry(row, actor, language) for row in rows],
        next=keyset.cursor(rows[-1].finished_at, rows[-1].id) if more else None,
    )


def _entry(row: Any, actor: Actor, language: str) -> HistoryEntry:
    error = None
    if row.state == "failed":
        code, values = row.error_code or "unknown_error", row.error_values or {}
        error = JobError(
            code=code,
            message=text(code, language, **values),
            values=values,
            traceback=row.traceback if actor.is_admin else None,
        )
    return HistoryEntry(
        id=row.id,
        kind=row.kind,
        kind_title=kinds.title(row.kind, language),
        title=row.title,
        state=row.state,
        lane=row.lane,
        owner=Owner(id=row.owner_id, username=row.username, display_name=row.display_name),
        scheduled=row.scheduled,
        attempt=row.attempt,
        rows_done=row.rows_done,
        error=error,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds=round((row.finished_at - row.started_at).total_seconds(), 3) if row.started_at else None,
    )
