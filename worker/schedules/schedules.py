"""The rows of `schedules`: shown, made, changed, removed, and run by hand. For admins; every deed is audited."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from worker import audit
from worker.actor import SYSTEM, Actor
from worker.db.database import Database
from worker.db.schema import jobs, schedules
from worker.db.types import db_now
from worker.engine import kinds
from worker.engine import submit as engine
from worker.engine.plain import plain_text
from worker.engine.routing import Publish
from worker.engine.views import PRIORITIES, JobView, Submission
from worker.errors import Forbidden, NotFound, Refused
from worker.ids import is_id, new_id
from worker.schedules.timing import Timing, timing
from worker.schedules.views import Broken, NewSchedule, ScheduleChanges, ScheduleView
from worker.settings import Settings
from worker.texts import text

NEXT_TIMES = 5
_WITH_LAST = select(schedules, jobs.c.state.label("last_state")).outerjoin(jobs, jobs.c.id == schedules.c.last_job_id)


def everything(database: Database, actor: Actor, language: str) -> list[ScheduleView]:
    """All schedules, oldest first.

    Raises:
        Forbidden: not an admin.
    """
    _admin(actor)
    with database.read() as connection:
        now = connection.execute(select(db_now())).scalar_one()
        rows = connection.execute(_WITH_LAST.order_by(schedules.c.id)).all()
    return [_view(row, now, language) for row in rows]


def get(database: Database, actor: Actor, schedule_id: str, language: str) -> ScheduleView:
    """One schedule.

    Raises:
        NotFound: `unknown_schedule`.
        Forbidden: not an admin.
    """
    _admin(actor)
    with database.read() as connection:
        return _shown(connection, _require(connection, schedule_id).id, language)


def create(database: Database, actor: Actor, new: NewSchedule, language: str) -> ScheduleView:
    """Make a schedule; its first due time is the next one from now.

    Raises:
        Refused: `invalid_schedule` (with errors), `invalid_title`, `schedule_unfit_kind`, and what a submission of such
            a job says: `unknown_kind`, `invalid_params`.
        Forbidden: not an admin.
    """
    _admin(actor)
    params = _fit(new.kind, new.params, language)
    schedule_id = new_id()
    with database.write() as connection:
        now = connection.execute(select(db_now())).scalar_one()
        timed = timing(new.cron, new.interval_seconds, new.timezone, now.replace(microsecond=0))
        connection.execute(
            insert(schedules).values(
                id=schedule_id,
                title=_title(new.title),
                kind=new.kind,
                params=params,
                priority=PRIORITIES.index(new.priority),
                cron=timed.cron,
                interval_seconds=new.interval_seconds,
                timezone=new.timezone,
                catch_up=new.catch_up,
                enabled=new.enabled,
                start_at=now.replace(microsecond=0),  # due times are whole seconds
                next_due_at=timed.next(now),
                created_at=now,
                updated_at=now,
            )
        )
        audit.record(connection, actor, "schedule.create", "schedule", schedule_id, kind=new.kind, **_when(timed, new))
        return _shown(connection, schedule_id, language)


def change(
    database: Database, actor: Actor, schedule_id: str, changes: ScheduleChanges, version: int | None, language: str
) -> ScheduleView:
    """Change a schedule; in force within two seconds. Due times from now on follow it, earlier ones are not made up.

    Args:
        version: that the changes were made from; None: whatever it is now.

    Raises:
        NotFound: `unknown_schedule`.
        Refused: `schedule_changed` (412): it has another version by now; and as `create`.
        Forbidden: not an admin.
    """
    _admin(actor)
    with database.write() as connection:
        row = _require(connection, schedule_id, version, lock=True)
        given = changes.model_dump(exclude_unset=True)
        values: dict[str, Any] = {
            name: given[name] for name in ("catch_up", "enabled", "timezone") if given.get(name) is not None
        }
        if "title" in given:
            values["title"] = _title(given["title"])
        if given.get("priority"):
            values["priority"] = PRIORITIES.index(given["priority"])
        for name, other in (("cron", "interval_seconds"), ("interval_seconds", "cron")):
            if given.get(name) is not None:
                values |= {name: given[name]} | ({} if given.get(other) is not None else {other: None})
        if given.get("kind") is not None or given.get("params") is not None:
            values["kind"] = given.get("kind") or row.kind
            values["params"] = _fit(
                values["kind"], row.params if given.get("params") is None else given["params"], language
            )
        after = row._asdict() | values
        now = connection.execute(select(db_now())).scalar_one()
        timed = timing(after["cron"], after["interval_seconds"], after["timezone"], row.start_at)
        values["cron"] = timed.cron
        if any(after[name] != row._mapping[name] for name in ("cron", "interval_seconds", "timezone", "enabled")):
            values["next_due_at"] = timed.next(now)
        differing = {name: value for name, value in values.items() if value != row._mapping[name]}
        if differing:
            connection.execute(
                update(schedules)
                .where(schedules.c.id == row.id)
                .values(**differing, updated_at=now, version=row.version + 1)
            )
            told = {name: value for name, value in differing.items() if name != "next_due_at"}
            audit.record(connection, actor, "schedule.change", "schedule", row.id, **told)
        return _shown(connection, row.id, language)


def remove(database: Database, actor: Actor, schedule_id: str, version: int | None) -> None:
    """Delete a schedule; jobs that it has made stay.

    Raises:
        NotFound: `unknown_schedule`.
        Refused: `schedule_changed` (412).
        Forbidden: not an admin.
    """
    _admin(actor)
    with database.write() as connection:
        row = _require(connection, schedule_id, version, lock=True)
        connection.execute(delete(schedules).where(schedules.c.id == row.id))
        audit.record(connection, actor, "schedule.delete", "schedule", row.id, kind=row.kind, title=row.title)


def run(
    database: Database,
    settings: Settings,
    actor: Actor,
    schedule_id: str,
    key: str | None = None,
    *,
    publish: Publish | None = None,
) -> JobView:
    """Make a job of a schedule now, beside its due times; also of one that is off.

    Args:
        key: the idempotency key, as of any submission.

    Raises:
        NotFound: `unknown_schedule`.
        Refused: what makes it broken.
        Forbidden: not an admin.
    """
    _admin(actor)
    with database.read() as connection:
        row = _require(connection, schedule_id)

    def note(connection: Connection, job_id: str) -> None:
        connection.execute(update(schedules).where(schedules.c.id == row.id).values(last_job_id=job_id))
        audit.record(connection, actor, "schedule.run", "schedule", row.id, job=job_id)

    # The job belongs to the system, and so does its key: it is made one of this admin's.
    own_key = None if key is None else f"{actor.user_id}:{key}"
    system = Actor(SYSTEM.user_id, SYSTEM.username, SYSTEM.role, actor.language, actor.ip)
    return engine.submit(
        database, settings, system, submission(row), own_key, scheduled=True, also=note, publish=publish
    )[0]


def submission(row: Row[Any], language: str = "en") -> Submission:
    """What a schedule submits.

    Raises:
        Refused: `schedule_unfit_kind`, `unknown_kind`, `invalid_params`: it is broken.
    """
    _fit(row.kind, row.params, language)
    return Submission(kind=row.kind, params=row.params, priority=PRIORITIES[row.priority], title=row.title)


def timing_of(row: Row[Any]) -> Timing:
    """When a schedule is due.

    Raises:
        Refused: `invalid_schedule`: it no longer can be read, e.g. since its time zone is not known here.
    """
    return timing(row.cron, row.interval_seconds, row.timezone, row.start_at)


# ---------------------------------------------------------------- inner


def _admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise Forbidden


def _require(connection: Connection, schedule_id: str, version: int | None = None, *, lock: bool = False) -> Row[Any]:
    if not is_id(schedule_id):
        raise NotFound("unknown_schedule", schedule=plain_text(schedule_id[:64]))
    query = select(schedules).where(schedules.c.id == schedule_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("unknown_schedule", schedule=schedule_id)
    if version is not None and row.version != version:
        raise Refused("schedule_changed", 412, version=row.version)
    return row


def _fit(kind_name: str, params: dict[str, Any], language: str) -> dict[str, Any]:
    """The parameters with their defaults, if jobs of this kind can be made by a schedule."""
    kind, checked = engine.checked(SYSTEM, kind_name, params)
    if kind.uploads.minimum or kind.hidden:
        raise Refused("schedule_unfit_kind", kind=kinds.title(kind.name, language))
    return checked


def _title(given: str | None) -> str | None:
    return None if given is None or not given.strip() else engine.checked_title(given)


def _when(timed: Timing, new: NewSchedule) -> dict[str, Any]:
    return {"cron": timed.cron, "interval_seconds": new.interval_seconds, "timezone": new.timezone}


def _shown(connection: Connection, schedule_id: str, language: str) -> ScheduleView:
    now = connection.execute(select(db_now())).scalar_one()
    row = connection.execute(_WITH_LAST.where(schedules.c.id == schedule_id)).one()
    return _view(row, now, language)


def _view(row: Row[Any], now: datetime, language: str) -> ScheduleView:
    broken, next_at = _broken(row, language), []
    if row.enabled and broken is None:
        # What is due and not fired yet comes first.
        since = min(row.next_due_at, now) if row.next_due_at else now
        waiting = [row.next_due_at] if row.next_due_at and row.next_due_at <= now else []
        next_at = [*waiting, *islice(timing_of(row).after(max(since, now)), NEXT_TIMES - len(waiting))]
    title = kinds.title(row.kind, language)
    return ScheduleView(
        id=row.id,
        title=row.title or title,
        own_title=row.title,
        kind=row.kind,
        kind_title=title,
        params=row.params,
        priority=PRIORITIES[row.priority],
        cron=row.cron,
        interval_seconds=row.interval_seconds,
        timezone=row.timezone,
        catch_up=row.catch_up,
        enabled=row.enabled,
        next_at=next_at,
        last_due_at=row.last_due_at,
        last_job_id=row.last_job_id,
        last_state=row.last_state,
        broken=broken,
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
        version=row.version,
    )


def _broken(row: Row[Any], language: str) -> Broken | None:
    try:
        submission(row, language)
        timing_of(row)
    except Refused as refused:
        return Broken(
            code=refused.code,
            message=text(refused.code, language, **refused.values),
            errors=[error | {"message": text(error["code"], language, **error["values"])} for error in refused.errors],
        )
    return None
