"""What people do to a job: cancel, retry, change its priority or title, delete it. Each deed is audited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy import delete as delete_from

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, jobs
from worker.db.types import db_now
from worker.engine import events, hints
from worker.engine.changes import stamp, tombstone
from worker.engine.leftovers import RETRY_DAYS
from worker.engine.presenter import present
from worker.engine.routing import Publish, hint_queue
from worker.engine.so_far import by_checkpoint
from worker.engine.submit import checked_title
from worker.engine.views import ENDED, PRIORITIES, JobView, Priority
from worker.engine.visibility import require
from worker.errors import Conflict
from worker.settings import Settings, get_settings


def cancel(database: Database, actor: Actor, job_id: str, *, settings: Settings | None = None) -> JobView:
    """Ask a job to stop. A pending one is cancelled at once; of a running one the worker learns with its next
    heartbeat, or whoever takes it over after a crash. Asking again changes nothing.

    Raises:
        NotFound: `unknown_job`.
        Conflict: `job_ended`.
    """
    with database.write() as connection:
        row = require(connection, actor, job_id, lock=True)
        if row.state in ENDED:
            raise Conflict("job_ended", state=row.state)
        asked: dict[str, Any] = {"cancel_requested_at": db_now(), "cancel_requested_by": actor.user_id}
        if row.cancel_requested_at is None:
            rows_done = row.rows_done
            if row.state == "pending":  # for the first time, or again after its worker has died
                asked |= {"state": "cancelled", "finished_at": db_now(), "hinted_at": None}
                result, rows = by_checkpoint(connection, job_id, row.kind)
                if result is not None:
                    asked["result"] = result
                if rows is not None:
                    rows_done = asked["rows_done"] = rows
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**asked))
            events.add(connection, job_id, "cancel_requested", by=actor.username)
            if row.state == "pending":
                events.add(connection, job_id, "cancelled", rows_done=rows_done, rows_total=row.rows_total)
            audit.record(connection, actor, "job.cancel", "job", job_id)
            stamp(connection, job_id)
        return _view(connection, actor, job_id, settings)


def retry(
    database: Database,
    actor: Actor,
    job_id: str,
    *,
    settings: Settings | None = None,
    publish: Publish | None = None,
) -> JobView:
    """Let a failed or cancelled job run again; it goes on from its checkpoint.

    Raises:
        NotFound: `unknown_job`.
        Conflict: `job_not_retryable`, `undone_not_retryable`, `job_too_old`: it ended more than
            `leftovers.RETRY_DAYS` ago.
    """
    with database.write() as connection:
        row = require(connection, actor, job_id, lock=True)
        if row.state not in ("failed", "cancelled"):
            raise Conflict("job_not_retryable", state=row.state)
        if row.undone_by is not None:
            # It would go on where it was, and leave out what was taken back.
            raise Conflict("undone_not_retryable")
        if row.finished_at is not None and row.finished_at < datetime.now(UTC) - timedelta(days=RETRY_DAYS):
            raise Conflict("job_too_old", days=RETRY_DAYS)
        connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id)
            .values(
                state="pending",
                run_at=db_now(),
                hinted_at=db_now(),
                waiting_for=None,
                crashes=0,
                retries=0,
                cancel_requested_at=None,
                cancel_requested_by=None,
                result=None,
                error_code=None,
                error_values=None,
                traceback=None,
                finished_at=None,
            )
        )
        events.add(connection, job_id, "retried", by=actor.username)
        audit.record(connection, actor, "job.retry", "job", job_id)
        stamp(connection, job_id)
        view = _view(connection, actor, job_id, settings)
    _publish(settings, publish)(hint_queue(row.lane, row.priority))
    return view


def patch(
    database: Database,
    actor: Actor,
    job_id: str,
    priority: Priority | None = None,
    title: str | None = None,
    *,
    settings: Settings | None = None,
    publish: Publish | None = None,
) -> JobView:
    """Change the priority of a pending job, or the title of any.

    Raises:
        NotFound: `unknown_job`.
        Conflict: `job_not_pending`: the priority of a job that has begun.
        Refused: `invalid_title`.
    """
    with database.write() as connection:
        row = require(connection, actor, job_id, lock=True)
        values: dict[str, Any] = {}
        if title is not None and (line := checked_title(title)) != row.title:
            values["title"] = line
        if priority is not None and PRIORITIES.index(priority) != row.priority:
            if row.state != "pending":
                raise Conflict("job_not_pending", state=row.state)
            values["priority"] = PRIORITIES.index(priority)
        if values:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
            if "priority" in values:
                events.add(connection, job_id, "priority", by=actor.username, priority=priority)
            audit.record(connection, actor, "job.change", "job", job_id, **values)
            stamp(connection, job_id)
        view = _view(connection, actor, job_id, settings)
    if "priority" in values:
        _publish(settings, publish)(hint_queue(row.lane, values["priority"]))
    return view


def delete(database: Database, actor: Actor, job_id: str) -> None:
    """Delete a finished job with its story; its result files expire now, its idempotency key stays.

    Raises:
        NotFound: `unknown_job`.
        Conflict: `job_not_ended`.
    """
    with database.write() as connection:
        row = require(connection, actor, job_id, lock=True)
        if row.state not in ENDED:
            raise Conflict("job_not_ended", state=row.state)
        audit.record(connection, actor, "job.delete", "job", job_id, kind=row.kind, title=row.title)
        erase(connection, row)


def erase(connection: Connection, row: Row[Any]) -> None:
    """Delete a finished job whose row is locked, leaving a tombstone; the last thing in its transaction."""
    connection.execute(update(files).where(files.c.job_id == row.id).values(expires_at=db_now(), job_id=None))
    connection.execute(delete_from(jobs).where(jobs.c.id == row.id))
    tombstone(connection, row.id, row.owner_id)


def _view(connection: Connection, actor: Actor, job_id: str, settings: Settings | None) -> JobView:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    return present(connection, actor, actor.language, [row], settings=settings, detailed=True)[0]


def _publish(settings: Settings | None, publish: Publish | None) -> Publish:
    return publish or partial(hints.publish, settings or get_settings())
