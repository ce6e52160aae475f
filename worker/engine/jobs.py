"""Reading jobs: one, a page of the list, the story of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, users
from worker.engine import events as story
from worker.engine import keyset
from worker.engine.presenter import present
from worker.engine.views import JobEvent, JobPage, JobView
from worker.engine.visibility import listed, require, visible
from worker.settings import Settings

PAGE_LIMIT = 500


def get(database: Database, actor: Actor, job_id: str, language: str, *, settings: Settings | None = None) -> JobView:
    """One job, with the number of jobs ahead of it.

    Raises:
        NotFound: `unknown_job`.
    """
    with database.read() as connection:
        row = require(connection, actor, job_id)
        return present(connection, actor, language, [row], settings=settings, detailed=True)[0]


def events(database: Database, actor: Actor, job_id: str, language: str) -> list[JobEvent]:
    """The story of a job, oldest step first.

    Raises:
        NotFound: `unknown_job`.
    """
    with database.read() as connection:
        return story.read(connection, actor, job_id, language)


def page(
    database: Database,
    actor: Actor,
    language: str,
    *,
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    owner: str | None = None,
    text: str | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    scheduled: bool = False,
    parent_id: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
    settings: Settings | None = None,
) -> JobPage:
    """A page of the jobs that the actor may see, newest first.

    Args:
        states, kinds: only these; empty: all.
        owner: user name or id.
        text: part of the title, or a job's id.
        created_from, created_to: from (inclusive) and to (exclusive).
        scheduled: with the jobs of schedules.
        parent_id: only those that go on with this job.
        cursor: `next` of the page before.
        limit: 1 to 500.

    Returns:
        The page; `total` (of all pages) is counted for the first one only.

    Raises:
        Refused: `invalid_cursor` (422).
    """
    conditions: list[ColumnElement[bool]] = [visible(actor), listed(scheduled)]
    if states:
        conditions.append(jobs.c.state.in_(list(states)))
    if kinds:
        conditions.append(jobs.c.kind.in_(list(kinds)))
    if owner:
        named = select(users.c.id).where(users.c.username == owner).scalar_subquery()
        conditions.append(or_(jobs.c.owner_id == owner, jobs.c.owner_id == named))
    if text and text.strip():
        wanted = text.strip().replace("\x00", "")
        conditions.append(or_(jobs.c.title.icontains(wanted, autoescape=True), jobs.c.id == wanted))
    if created_from:
        conditions.append(jobs.c.created_at >= created_from)
    if created_to:
        conditions.append(jobs.c.created_at < created_to)
    if parent_id is not None:
        conditions.append(jobs.c.parent_id == parent_id)
    limit = min(max(limit, 1), PAGE_LIMIT)
    with database.read() as connection:
        total: int | None = None
        where = list(conditions)
        if cursor is None:
            total = connection.execute(select(func.count()).select_from(jobs).where(*conditions)).scalar_one()
        else:
            where.append(keyset.before(cursor, jobs.c.created_at, jobs.c.id))
        rows = connection.execute(
            select(jobs).where(*where).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit + 1)
        ).all()
        following = keyset.cursor(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
        views = present(connection, actor, language, rows[:limit], settings=settings)
    return JobPage(jobs=views, next=following, total=total)
