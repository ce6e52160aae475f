"""Why a job is in its state and what happens next: the answer that a queue table owes to the one who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from worker.actor import Actor
from worker.db.schema import jobs
from worker.db.types import db_now
from worker.engine import kinds, visibility
from worker.engine.limits import IS_PENDING, Situation, look
from worker.engine.views import Why
from worker.settings import Settings
from worker.texts import text

_NOW = select(db_now())


def reasons(
    connection: Connection,
    settings: Settings,
    actor: Actor,
    rows: Sequence[Row[Any]],
    language: str,
    *,
    detailed: bool = False,
    situation: Situation | None = None,
    now: datetime | None = None,
) -> dict[str, Why]:
    """The reason for each of `rows`, by job id.

    Args:
        situation: with the workers online, and `now` by the database's clock, where the caller has looked already.
        detailed: for a job that waits for its turn, also count the jobs ahead of it; without it says `waiting`.
    """
    if now is None:
        under_way = any(row.state in ("pending", "running") for row in rows)
        now = connection.execute(_NOW).scalar_one() if under_way else datetime.now(UTC)
    if situation is None and any(row.state == "pending" for row in rows):
        situation = look(connection, settings, online=True)
    answers = {}
    for row in rows:
        if row.state == "pending" and situation is not None:
            code, values = _pending(row, now, situation)
            if code == "waiting" and detailed:
                count = jobs_ahead(connection, row)
                code, values = ("jobs_ahead", {"count": count}) if count else ("next", {})
        elif row.state == "running":
            code, values = _running(row, now)
        else:
            code, values = _ended(row)
        words = dict(values)
        if "code" in values:
            words["reason"] = text(values["code"], language, **values.get("values", {}))
        spoken = "running_again" if code == "running" and row.attempt > 1 else code
        answers[row.id] = Why(
            code=code,
            message=text(f"why_{spoken}", language, **words),
            values=visibility.values_for(actor, values),
        )
    return answers


def _pending(row: Row[Any], now: datetime, situation: Situation) -> tuple[str, dict[str, Any]]:
    kind = kinds.get(row.kind)
    if kind is None:
        return "kind_gone", {"kind": row.kind}
    if row.run_at > now:
        at = {"at": row.run_at.isoformat(timespec="seconds"), "seconds": round((row.run_at - now).total_seconds())}
        if row.waiting_for == "retry":
            return "retry_at", at | {"count": row.retries, "limit": kind.max_retries} | _cause(row)
        if row.waiting_for == "rescue":
            return "rescue_at", at | {"count": row.crashes}
        return "scheduled_for", at
    if row.lane in situation.paused:
        return "lane_paused", {"lane": row.lane}
    if row.lane not in situation.served:
        return "no_worker", {"lane": row.lane}
    if row.kind in situation.full_kinds:
        return "kind_limit", {"kind": row.kind, "limit": kind.running_limit}
    if row.owner_id in situation.full_owners:
        return "user_limit", {"limit": situation.user_limit}
    return "waiting", {}


def _running(row: Row[Any], now: datetime) -> tuple[str, dict[str, Any]]:
    if row.lease_until is not None and row.lease_until < now:
        return "worker_silent", {"worker": row.worker, "seconds": round((now - row.lease_until).total_seconds())}
    if row.cancel_requested_at is not None:
        return "stopping", {"worker": row.worker}
    return "running", {"worker": row.worker, "attempt": row.attempt}


def _ended(row: Row[Any]) -> tuple[str, dict[str, Any]]:
    if row.state == "failed":
        return "failed", _cause(row)
    if row.state == "succeeded" and row.cancel_requested_at is not None:
        return "succeeded_before_cancel", {}
    return str(row.state), {}


def _cause(row: Row[Any]) -> dict[str, Any]:
    return {"code": row.error_code or "unknown_error", "values": row.error_values or {}}


def jobs_ahead(connection: Connection, row: Row[Any]) -> int:
    """How many due jobs of its lane come before a pending job, owners taking turns as in the claim.

    Of each other owner at most as many come first as this owner's own jobs do, plus one.
    """
    same = and_(jobs.c.priority == row.priority, jobs.c.owner_id == row.owner_id)
    before = or_(jobs.c.run_at < row.run_at, and_(jobs.c.run_at == row.run_at, jobs.c.id < row.id))
    waiting = and_(IS_PENDING, jobs.c.lane == row.lane, jobs.c.run_at <= db_now())
    own = connection.execute(select(func.count()).select_from(jobs).where(waiting, same, before)).scalar_one()
    urgent = connection.execute(
        select(func.count()).select_from(jobs).where(waiting, jobs.c.priority < row.priority)
    ).scalar_one()
    others = connection.execute(
        select(func.count())
        .select_from(jobs)
        .where(waiting, jobs.c.priority == row.priority, jobs.c.owner_id != row.owner_id)
        .group_by(jobs.c.owner_id)
    ).scalars()
    return int(own + urgent + sum(min(count, own + 1) for count in others))
