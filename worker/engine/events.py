"""The story of a job: one row for each step, put into words when it is read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from worker.actor import Actor
from worker.db.schema import job_events
from worker.db.types import Json, db_now
from worker.engine import visibility
from worker.engine.plain import plain
from worker.engine.views import JobEvent
from worker.texts import text

_ADD = insert(job_events).values(
    job_id=bindparam("job"), at=db_now(), type=bindparam("step"), values=bindparam("details", type_=Json)
)


def add(connection: Connection, job_id: str, type_: str, **values: Any) -> None:
    """Add a step; its words are the text `event_<type>`."""
    connection.execute(_ADD, {"job": job_id, "step": type_, "details": plain(values) or None})


def read(connection: Connection, actor: Actor, job_id: str, language: str) -> list[JobEvent]:
    """All steps of a job, oldest first.

    Raises:
        NotFound: there is no such job for this actor.
    """
    visibility.require(connection, actor, job_id)
    c = job_events.c
    rows = connection.execute(
        select(c.id, c.at, c.type, c["values"].label("details")).where(c.job_id == job_id).order_by(c.id)
    )
    return [
        JobEvent(
            id=row.id,
            at=row.at,
            type=row.type,
            message=_words(row.type, language, row.details or {}),
            values=visibility.values_for(actor, row.details or {}),
        )
        for row in rows
    ]


def _words(type_: str, language: str, values: dict[str, Any]) -> str:
    words = dict(values)
    if type_ == "stage":
        words["stage"] = text(str(values.get("stage")), language, **(values.get("values") or {}))
    if "code" in values:
        words["reason"] = text(str(values["code"]), language, **(values.get("values") or {}))
    if type_ == "cancelled" and values.get("rows_done"):
        type_ = "cancelled_midway"
    if type_ == "claimed" and (values.get("attempt") or 1) > 1:
        type_ = "claimed_again"
    return text(f"event_{type_}", language, **words)
