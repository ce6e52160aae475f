"""How an attempt ends: the ways to give a job back. Each checks, as everything in `lease` does, that the job still
carries the token, and raises `LeaseLost` without a trace if not."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from worker.db.database import Database
from worker.db.schema import jobs
from worker.db.types import db_now
from worker.engine import events, kinds
from worker.engine.changes import stamp
from worker.engine.lease import held
from worker.engine.limits import IS_PENDING
from worker.engine.plain import plain, plain_text
from worker.engine.routing import NORMAL, Publish, hint_queue
from worker.errors import LeaseLost
from worker.settings import Settings

BACKOFF_LIMIT_SECONDS = 600.0
_TRACEBACK_CHARACTERS = 50_000

_NO_LEASE: dict[str, Any] = {
    "worker": None,
    "lease_token": None,
    "lease_until": None,
    "soft_deadline": None,
    "hard_deadline": None,
    "rate": None,
    "eta_seconds": None,
}


def backoff(settings: Settings, count: int) -> float:
    """Seconds to wait after the `count`-th failure in a row: doubling, with jitter of a fifth, at most 10 minutes."""
    wait = settings.backoff_seconds * 2.0 ** min(max(count - 1, 0), 32)
    return float(min(wait, BACKOFF_LIMIT_SECONDS) * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, no secret


def _take(connection: Connection, job_id: str, token: str) -> Row[Any]:
    row = connection.execute(select(jobs).where(held(job_id, token)).with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise LeaseLost
    return row


def _put(connection: Connection, job_id: str, state: str, event: str, details: dict[str, Any], **values: Any) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=state, **_NO_LEASE, **values))
    events.add(connection, job_id, event, **details)
    stamp(connection, job_id)


def finish(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    result: dict[str, Any] | None,
    *,
    publish: Publish | None = None,
) -> str:
    """The job has succeeded with `result`; gives its new state.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with database.write() as connection:
        row = _take(connection, job_id, token)
        _put(
            connection, job_id, "succeeded", "succeeded", {},
            result=plain(result), progress=100.0, crashes=0, finished_at=db_now(), **_no_error(),
        )  # fmt: skip
    _freed(database, settings, row, publish)
    return "succeeded"


def fail(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    code: str,
    values: dict[str, Any] | None = None,
    *,
    traceback: str | None = None,
    transient: bool = False,
    publish: Publish | None = None,
) -> str:
    """The attempt has failed.

    A transient fault goes back to pending with a doubling wait, as often as the kind allows; any other, and one that
    has used up its retries, is final. Asked to stop meanwhile, the job ends as cancelled instead of being retried.

    Args:
        code, values: the reason, for the texts.
        traceback: for admins.

    Returns:
        The new state: pending, failed or cancelled.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    error = {
        "error_code": code,
        "error_values": plain(values) or None,
        "traceback": plain_text(traceback)[-_TRACEBACK_CHARACTERS:] if traceback else None,
    }
    details = {"code": code, "values": values or {}}
    with database.write() as connection:
        row = _take(connection, job_id, token)
        kind = kinds.get(row.kind)
        if transient and row.cancel_requested_at is not None:
            state = _cancel(connection, row)
        elif transient and kind is not None and row.retries < kind.max_retries:
            state, wait = "pending", backoff(settings, row.retries + 1)
            _put(
                connection, job_id, state, "retry",
                details | {"count": row.retries + 1, "limit": kind.max_retries, "seconds": round(wait)},
                retries=row.retries + 1, run_at=db_now(wait), waiting_for="retry", hinted_at=None, **error,
            )  # fmt: skip
        else:
            state = "failed"
            _put(connection, job_id, state, "failed", details, finished_at=db_now(), **error)
    _freed(database, settings, row, publish)
    return state


def cancelled(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    result: dict[str, Any] | None = None,
    *,
    publish: Publish | None = None,
) -> str:
    """The job has stopped because it was asked to; `result` says what was done until then. Gives the new state.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with database.write() as connection:
        row = _take(connection, job_id, token)
        state = _cancel(connection, row, result)
    _freed(database, settings, row, publish)
    return state


def release(database: Database, settings: Settings, job_id: str, token: str, *, publish: Publish | None = None) -> str:
    """The worker shuts down: the job goes back to its place in the queue and no attempt is counted.

    Returns:
        The new state: pending, or cancelled if it was asked to stop.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with database.write() as connection:
        row = _take(connection, job_id, token)
        if row.cancel_requested_at is not None:
            state = _cancel(connection, row)
        else:
            state = "pending"
            _put(
                connection, job_id, state, "released", {"worker": row.worker},
                attempt=max(0, row.attempt - 1), waiting_for="resume", hinted_at=None,
            )  # fmt: skip
    if state == "pending" and publish is not None:
        publish(hint_queue(row.lane, row.priority))
    _freed(database, settings, row, publish)
    return state


def crashed(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    reason: str = "runner_died",
    values: dict[str, Any] | None = None,
    *,
    publish: Publish | None = None,
) -> str:
    """The runner has died or no longer answers. The job is tried again after a wait; after `crash_limit` crashes
    without a checkpoint in between it is failed as quarantined.

    Args:
        reason, values: what happened, for the texts.

    Returns:
        The new state: pending, failed or cancelled.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with database.write() as connection:
        row = _take(connection, job_id, token)
        state = rescue(connection, settings, row, reason, values)
    _freed(database, settings, row, publish)
    return state


def rescue(
    connection: Connection, settings: Settings, row: Row[Any], reason: str, values: dict[str, Any] | None = None
) -> str:
    """Take a running job, whose row is locked, from a worker that cannot finish it. Gives the new state."""
    if row.cancel_requested_at is not None:
        return _cancel(connection, row)
    crashes = row.crashes + 1
    details = {"code": reason, "values": values or {}, "worker": row.worker, "count": crashes}
    if crashes >= settings.crash_limit:
        _put(
            connection, row.id, "failed", "quarantined", details | {"limit": settings.crash_limit},
            crashes=crashes, finished_at=db_now(), error_code="quarantined",
            error_values=plain({"count": crashes, "reason": reason, "reason_values": values or {}}), traceback=None,
        )  # fmt: skip
        return "failed"
    wait = backoff(settings, crashes)
    _put(
        connection, row.id, "pending", "rescued", details | {"seconds": round(wait)},
        crashes=crashes, run_at=db_now(wait), waiting_for="rescue", hinted_at=None,
    )  # fmt: skip
    return "pending"


def _cancel(connection: Connection, row: Row[Any], result: dict[str, Any] | None = None) -> str:
    values: dict[str, Any] = {"result": plain(result)} if result is not None else {}
    _put(
        connection, row.id, "cancelled", "cancelled", {"rows_done": row.rows_done, "rows_total": row.rows_total},
        finished_at=db_now(), **values, **_no_error(),
    )  # fmt: skip
    return "cancelled"


def _no_error() -> dict[str, Any]:
    return {"error_code": None, "error_values": None, "traceback": None}


def _freed(database: Database, settings: Settings, row: Row[Any], publish: Publish | None) -> None:
    """Hint the lanes in which jobs wait that a limit held back until now."""
    if publish is None:
        return
    kind = kinds.get(row.kind)
    held_back = []
    if kind is not None and kind.running_limit:
        held_back.append(jobs.c.kind == row.kind)
    if settings.user_running_limit:
        held_back.append(jobs.c.owner_id == row.owner_id)
    if not held_back:
        return
    with database.read() as connection:
        lanes = connection.execute(
            select(jobs.c.lane).where(IS_PENDING, or_(*held_back), jobs.c.run_at <= db_now()).distinct()
        ).scalars()
        queues = [hint_queue(lane, NORMAL) for lane in lanes]
    for queue in queues:
        publish(queue)
