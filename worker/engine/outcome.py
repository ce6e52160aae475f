"""How an attempt ends: the ways to give a job back. Each checks, as everything in `lease` does, that the job still
carries the token, and raises `LeaseLost` without a trace if not.

What was told last of the work, and the claim of the slot's next job, can go into the same transaction: on a disk that
keeps its promises a transaction costs more than all its statements.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from worker import notifications
from worker.db.database import Database
from worker.db.schema import jobs
from worker.db.types import Json, db_now
from worker.engine import events, kinds
from worker.engine.changes import stamp
from worker.engine.lease import held
from worker.engine.limits import IS_PENDING
from worker.engine.plain import plain, plain_text
from worker.engine.progress import ProgressReport
from worker.engine.routing import NORMAL, Publish, hint_queue
from worker.engine.so_far import by_checkpoint
from worker.errors import LeaseLost
from worker.settings import Settings

BACKOFF_LIMIT_SECONDS = 600.0
_TRACEBACK_CHARACTERS = 50_000


def backoff(settings: Settings, count: int) -> float:
    """Seconds to wait after the `count`-th failure in a row: doubling, with jitter of a fifth, at most 10 minutes."""
    wait = settings.backoff_seconds * 2.0 ** min(max(count - 1, 0), 32)
    return float(min(wait, BACKOFF_LIMIT_SECONDS) * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, no secret


_NO_LEASE: dict[str, Any] = {
    "worker": None,
    "lease_token": None,
    "lease_until": None,
    "soft_deadline": None,
    "hard_deadline": None,
}
_NO_ERROR: dict[str, Any] = {"error_code": None, "error_values": None, "traceback": None}
_NO_PACE: dict[str, Any] = {"rate": None, "eta_seconds": None}  # nothing moves any more, whatever was told last

# Made once, and no more of the row than the ways below need: it ends every attempt.
_NEEDED = [jobs.c[name] for name in (
    "id", "kind", "owner_id", "lane", "priority", "worker", "attempt", "crashes", "retries", "cancel_requested_at",
    "rows_done", "rows_total",
)]  # fmt: skip
_OURS = held(bindparam("job"), bindparam("token"))
_HELD = select(*_NEEDED).where(_OURS).with_for_update(key_share=True)

_SUCCEED = (
    update(jobs)
    .where(_OURS)
    .values(
        state="succeeded", **_NO_LEASE, **_NO_PACE, **_NO_ERROR,
        result=bindparam("said", type_=Json), progress=100.0, crashes=0, finished_at=db_now(),
    )
    .returning(*_NEEDED)
)  # fmt: skip


class Next(Protocol):
    """Takes the slot's next job in the transaction that gives the last one back; see `claim.NextJob`."""

    def lock(self, connection: Connection) -> None:
        """Before anything else: claims wait for each other before they hold a job."""

    def take(self, connection: Connection) -> tuple[str, ...]:
        """After the outcome is written; gives the ids of the jobs that it changed."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of an attempt, being written in the transaction of `connection`.

    Attributes:
        row: the job as it was, locked.
        report: what was told last of the work and not yet written.
    """

    connection: Connection
    row: Row[Any]
    report: ProgressReport | None = None

    @property
    def rows(self) -> dict[str, int | None]:
        """How far the job came."""
        told = self.report or self.row
        return {"rows_done": told.rows_done, "rows_total": told.rows_total}

    def put(self, state: str, event: str, details: dict[str, Any], **values: Any) -> str:
        """Write the outcome and its line of the story; gives the state. The change number follows, last."""
        if self.report is not None:
            values = self.report.columns() | values
            if self.report.new_stage:
                self.report.tell(self.connection, self.row.id)
        self.connection.execute(
            update(jobs).where(jobs.c.id == self.row.id).values(**_NO_LEASE | {"state": state} | values | _NO_PACE)
        )
        events.add(self.connection, self.row.id, event, **details)
        return state


@contextmanager
def _giving_back(database: Database, job_id: str, then: Next | None) -> Iterator[Connection]:
    """The transaction of an attempt's end, with the claim of the next job; the change numbers last of all."""
    with database.write() as connection:
        if then is not None:
            then.lock(connection)
        yield connection
        stamp(connection, job_id, *(then.take(connection) if then is not None else ()))


@contextmanager
def _ending(
    database: Database, job_id: str, token: str, report: ProgressReport | None = None, then: Next | None = None
) -> Iterator[_End]:
    with _giving_back(database, job_id, then) as connection:
        row = connection.execute(_HELD, {"job": job_id, "token": token}).one_or_none()
        if row is None:
            raise LeaseLost
        yield _End(connection, row, report)


def finish(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    result: dict[str, Any] | None,
    *,
    report: ProgressReport | None = None,
    then: Next | None = None,
    publish: Publish | None = None,
) -> str:
    """The job has succeeded with `result`; gives its new state.

    Args:
        report: what was told last of the work.
        then: takes the slot's next job with it.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with _giving_back(database, job_id, then) as connection:
        succeeding = _SUCCEED
        if report is not None:
            succeeding = succeeding.values(**report.columns() | {"progress": 100.0} | _NO_PACE)
        # The fence is the statement's own condition: what becomes of the job does not depend on its row.
        row = connection.execute(succeeding, {"job": job_id, "token": token, "said": plain(result)}).one_or_none()
        if row is None:
            raise LeaseLost
        if report is not None and report.new_stage:
            report.tell(connection, job_id)
        events.add(connection, job_id, "succeeded")
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
    report: ProgressReport | None = None,
    then: Next | None = None,
    publish: Publish | None = None,
) -> str:
    """The attempt has failed.

    A transient fault goes back to pending with a doubling wait, as often as the kind allows; any other, and one that
    has used up its retries, is final. Asked to stop meanwhile, the job ends as cancelled instead of being retried.

    Args:
        code, values: the reason, for the texts.
        traceback: for admins.
        report: what was told last of the work.
        then: takes the slot's next job with it.

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
    with _ending(database, job_id, token, report, then) as end:
        row = end.row
        kind = kinds.get(row.kind)
        if transient and row.cancel_requested_at is not None:
            state = _cancel(end)
        elif transient and kind is not None and row.retries < kind.max_retries:
            wait = backoff(settings, row.retries + 1)
            state = end.put(
                "pending", "retry",
                details | {"count": row.retries + 1, "limit": kind.max_retries, "seconds": round(wait)},
                retries=row.retries + 1, run_at=db_now(wait), waiting_for="retry", hinted_at=None, **error,
            )  # fmt: skip
        else:
            notifications.job_failed(end.connection, row, code, plain(values))
            state = end.put("failed", "failed", details, finished_at=db_now(), **error)
    _freed(database, settings, end.row, publish)
    return state


def cancelled(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    result: dict[str, Any] | None = None,
    *,
    rows_done: int | None = None,
    report: ProgressReport | None = None,
    then: Next | None = None,
    publish: Publish | None = None,
) -> str:
    """The job has stopped because it was asked to; `result` says what was done until then. Gives the new state.

    Args:
        rows_done: how many rows took effect, where that is less than what was told: the chunk under way did not.
        report: what was told last of the work.
        then: takes the slot's next job with it.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with _ending(database, job_id, token, report, then) as end:
        state = _cancel(end, result, rows_done)
    _freed(database, settings, end.row, publish)
    return state


def release(
    database: Database,
    settings: Settings,
    job_id: str,
    token: str,
    *,
    report: ProgressReport | None = None,
    publish: Publish | None = None,
) -> str:
    """The worker shuts down: the job goes back to its place in the queue and no attempt is counted.

    Args:
        report: what was told last of the work.

    Returns:
        The new state: pending, or cancelled if it was asked to stop.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with _ending(database, job_id, token, report) as end:
        row = end.row
        if row.cancel_requested_at is not None:
            state = _cancel(end)
        else:
            state = end.put(
                "pending", "released", {"worker": row.worker},
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
    report: ProgressReport | None = None,
    publish: Publish | None = None,
) -> str:
    """The runner has died or no longer answers. The job is tried again after a wait; after `crash_limit` crashes
    without a checkpoint in between it is failed as quarantined.

    Args:
        reason, values: what happened, for the texts.
        report: what was told last of the work.

    Returns:
        The new state: pending, failed or cancelled.

    Raises:
        LeaseLost: it belongs to another worker now; nothing was written.
    """
    with _ending(database, job_id, token, report) as end:
        state = _rescue(end, settings, reason, values)
    _freed(database, settings, end.row, publish)
    return state


def rescue(
    connection: Connection, settings: Settings, row: Row[Any], reason: str, values: dict[str, Any] | None = None
) -> str:
    """Take a running job, whose row is locked, from a worker that cannot finish it. Gives the new state. The last thing
    in its transaction."""
    state = _rescue(_End(connection, row), settings, reason, values)
    stamp(connection, row.id)
    return state


def restored(connection: Connection, row: Row[Any]) -> str:
    """A job that was running in a backup, whose worker is none any more: it waits again, and no attempt is counted.
    Gives the new state: pending, or cancelled if it was asked to stop.
    """
    end = _End(connection, row)
    if row.cancel_requested_at is not None:
        state = _cancel(end)
    else:
        state = end.put(
            "pending", "restored", {"worker": row.worker},
            attempt=max(0, row.attempt - 1), waiting_for="resume", hinted_at=None,
        )  # fmt: skip
    stamp(connection, row.id)
    return state


def _rescue(end: _End, settings: Settings, reason: str, values: dict[str, Any] | None) -> str:
    row = end.row
    if row.cancel_requested_at is not None:
        return _cancel(end)
    crashes = row.crashes + 1
    details = {"code": reason, "values": values or {}, "worker": row.worker, "count": crashes}
    if crashes >= settings.crash_limit:
        why = plain({"count": crashes, "reason": reason, "reason_values": values or {}})
        notifications.job_failed(end.connection, row, "quarantined", why)
        return end.put(
            "failed", "quarantined", details | {"limit": settings.crash_limit},
            crashes=crashes, finished_at=db_now(), error_code="quarantined", error_values=why, traceback=None,
        )  # fmt: skip
    wait = backoff(settings, crashes)
    return end.put(
        "pending", "rescued", details | {"seconds": round(wait)},
        crashes=crashes, run_at=db_now(wait), waiting_for="rescue", hinted_at=None,
    )  # fmt: skip


def _cancel(end: _End, result: dict[str, Any] | None = None, rows_done: int | None = None) -> str:
    if result is None:
        result, rows_done = by_checkpoint(end.connection, end.row.id, end.row.kind)
    values: dict[str, Any] = {} if result is None else {"result": plain(result)}
    rows = end.rows
    if rows_done is not None:
        rows["rows_done"] = rows_done
        values |= ProgressReport(rows_done=rows_done, rows_total=rows["rows_total"]).counts()
    return end.put("cancelled", "cancelled", rows, finished_at=db_now(), **values, **_NO_ERROR)


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
