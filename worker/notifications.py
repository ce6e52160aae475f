"""In-app notifications: to one person, to all admins, to those who deal with bills or to everybody; each reader has a
mark of reading of their own.

One with a key is raised once for its audience: raised again it counts up and is unread again, so that 500 failures of
a kind are one notification.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import jobs, notification_reads, notifications, users
from worker.db.types import db_now
from worker.errors import NotFound, Refused
from worker.ids import is_id, new_id
from worker.notification_choices import choice_of, chosen_by
from worker.texts import text

ADMINS = "admins"
FINANCE = "finance"
"""Those who want to be told of all overdue bills (`worker/notification_choices.py`)."""
EVERYBODY = "all"
Level = Literal["info", "warning", "error"]
LIMIT = 200
"""Notifications in a page at most."""
_n = notifications.c
_r = notification_reads.c


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as one reader sees it.

    Attributes:
        category: message, job_failed, bill_overdue, mail_unknown, …
        message: in the reader's language.
        count: how often it was raised.
        sender: name of the person who wrote it; None: the system.
        job_id: the (last) job that it is about.
        read: by this reader, since it was last raised.
    """

    id: str
    category: str
    level: Level
    message: str
    count: int
    sender: str | None
    job_id: str | None
    read: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Notifications, the latest first; `unread` counts all of the reader's, `next` is the cursor of the next page."""

    notifications: list[Notification]
    unread: int
    next: str | None


def _upsert(connection: Connection) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(notifications)


def add(
    connection: Connection,
    audience: str,
    category: str,
    level: Level = "info",
    *,
    message: str | None = None,
    key: str | None = None,
    job_id: str | None = None,
    sender_id: str | None = None,
    **values: Any,
) -> None:
    """Raise a notification, or count up the one of this audience and key.

    Args:
        connection: a writing transaction.
        audience: a user's id, `ADMINS`, `FINANCE` or `EVERYBODY`.
        category: its words are the text `notice_<category>`.
        message: what a person wrote, in place of these words.
        values: what the words need.
    """
    row = {
        "id": new_id(), "audience": audience, "key": key, "category": category, "level": level, "message": message,
        "values": values or None, "job_id": job_id, "sender_id": sender_id,
    }  # fmt: skip
    query = _upsert(connection).values(**row, created_at=db_now(), updated_at=db_now())
    if key is not None:
        query = query.on_conflict_do_update(
            index_elements=[_n.audience, _n.key],
            set_={"count": _n.count + 1, "values": query.excluded["values"], "job_id": query.excluded.job_id,
                  "level": query.excluded.level, "updated_at": db_now()},
        )  # fmt: skip
    connection.execute(query)


def add_many(connection: Connection, category: str, level: Level, many: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Raise a notification for each of `many`: its audience and the values of its words."""
    row = {"category": category, "level": level}
    if many:
        connection.execute(
            insert(notifications).values(created_at=db_now(), updated_at=db_now()),
            [{"id": new_id(), "audience": audience, "values": values, **row} for audience, values in many],
        )


def job_failed(connection: Connection, job: Any, code: str, values: dict[str, Any] | None) -> None:
    """Tell the admins that a job has failed: one notification a kind and day.

    Args:
        connection: the transaction that ends the job.
        job: its row, with id and kind at least.
        code, values: the reason, for the texts.
    """
    title = connection.execute(select(jobs.c.title).where(jobs.c.id == job.id)).scalar_one()
    add(
        connection, ADMINS, "job_failed", "error", key=f"job_failed:{job.kind}:{datetime.now(UTC):%Y-%m-%d}",
        job_id=job.id, title=title, code=code, reason=values or {},
    )  # fmt: skip


def _mine(connection: Connection, actor: Actor) -> ColumnElement[bool]:
    of_bills = [FINANCE] if choice_of(connection, actor) == "all" else []
    return _n.audience.in_([actor.user_id, EVERYBODY, *([ADMINS] if actor.is_admin else []), *of_bills])


def _read(actor: Actor) -> tuple[Any, ColumnElement[bool]]:
    """`notifications` with the reader's marks, and whether one has been read since it was last raised."""
    joined = notifications.outerjoin(notification_reads, and_(_r.notification_id == _n.id, _r.user_id == actor.user_id))
    return joined, and_(_r.read_at.is_not(None), _r.read_at >= _n.updated_at)


def page(database: Database, actor: Actor, *, unread: bool = False, cursor: str | None = None, limit: int = 50) -> Page:
    """A page of the reader's notifications.

    Args:
        unread: leave out those that have been read.
        cursor: `next` of the page before.
        limit: at most `LIMIT`.

    Raises:
        Refused: `invalid_cursor`.
    """
    limit = max(1, min(limit, LIMIT))
    joined, is_read = _read(actor)
    columns = (*notifications.c, is_read.label("is_read"), users.c.display_name, users.c.username)
    query = select(*columns).select_from(joined.outerjoin(users, users.c.id == _n.sender_id))
    if unread:
        query = query.where(~is_read)
    if cursor is not None:
        query = query.where(tuple_(_n.updated_at, _n.id) < tuple_(*_place(cursor)))
    with database.read() as connection:
        mine = _mine(connection, actor)
        query = query.where(mine).order_by(_n.updated_at.desc(), _n.id.desc()).limit(limit + 1)
        rows = connection.execute(query).all()
        count = connection.execute(select(func.count()).select_from(joined).where(mine, ~is_read)).scalar_one()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page([_shown(row, actor.language) for row in rows[:limit]], count, _cursor(last) if last else None)


def get(connection: Connection, actor: Actor, notification_id: str) -> Notification:
    """One notification of the reader's.

    Raises:
        NotFound: `notification_not_found`: there is none, or it is another's.
    """
    joined, is_read = _read(actor)
    columns = (*notifications.c, is_read.label("is_read"), users.c.display_name, users.c.username)
    query = select(*columns).select_from(joined.outerjoin(users, users.c.id == _n.sender_id))
    row = None
    if is_id(notification_id):
        row = connection.execute(query.where(_mine(connection, actor), _n.id == notification_id)).one_or_none()
    if row is None:
        raise NotFound("notification_not_found")
    return _shown(row, actor.language)


def mark_read(database: Database, actor: Actor, notification_id: str) -> Notification:
    """Mark one as read by this reader; again it changes nothing.

    Raises:
        NotFound: `notification_not_found`.
    """
    with database.write() as connection:
        if not get(connection, actor, notification_id).read:
            _mark(connection, actor, _n.id == notification_id)
        return get(connection, actor, notification_id)


def mark_all_read(database: Database, actor: Actor) -> int:
    """Mark all as read by this reader; gives how many were unread."""
    with database.write() as connection:
        joined, is_read = _read(actor)
        mine = _mine(connection, actor)
        unread = select(func.count()).select_from(joined).where(mine, ~is_read)
        count = int(connection.execute(unread).scalar_one())
        if count:
            _mark(connection, actor, mine)
    return count


def _mark(connection: Connection, actor: Actor, which: ColumnElement[bool]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    chosen = select(_n.id, select(users.c.id).where(users.c.id == actor.user_id).scalar_subquery(), db_now())
    marks = dialect.insert(notification_reads).from_select(
        ["notification_id", "user_id", "read_at"], chosen.where(which)
    )
    connection.execute(
        marks.on_conflict_do_update(
            index_elements=[_r.notification_id, _r.user_id], set_={"read_at": marks.excluded.read_at}
        )
    )


def _shown(row: Any, language: str) -> Notification:
    values = dict(row._mapping["values"] or {})
    if "code" in values:
        values["reason"] = text(str(values["code"]), language, **(values.get("reason") or {}))
    count = row._mapping["count"]  # `Row.count` is a method of tuples
    message = row.message
    if message is None:
        code = f"notice_{row.category}"
        message = text(f"{code}_many" if count > 1 else code, language, **(values | {"count": count}))
    return Notification(
        id=row.id, category=row.category, level=row.level, message=message, count=count,
        sender=(row.display_name or row.username) if row.sender_id else None, job_id=row.job_id, read=bool(row.is_read),
        created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def _cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row.updated_at.isoformat()} {row.id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, id_ = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").rpartition(" ")
        instant = datetime.fromisoformat(at)
    except (ValueError, OverflowError):
        raise Refused("invalid_cursor", 400) from None
    if instant.tzinfo is None or not is_id(id_):
        raise Refused("invalid_cursor", 400)
    return instant, id_


def unread_by_somebody() -> ColumnElement[bool]:
    """SQL: somebody of the audience, who can sign in, has not read it since it was last raised."""
    reader = users.alias()
    of_audience = or_(
        reader.c.id == _n.audience,
        and_(_n.audience == ADMINS, reader.c.role == "admin"),
        and_(_n.audience == FINANCE, reader.c.role != "system", chosen_by(reader) == "all"),
        and_(_n.audience == EVERYBODY, reader.c.role != "system"),
    )
    marks = notification_reads.alias()
    mark = select(marks.c.user_id).where(
        marks.c.notification_id == _n.id, marks.c.user_id == reader.c.id, marks.c.read_at >= _n.updated_at
    )
    return (
        select(reader.c.id).where(of_audience, reader.c.disabled_at.is_(None), ~mark.exists()).correlate(notifications)
    ).exists()
