"""Schedules, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from api.dependencies import AdminDep, DatabaseDep, SettingsDep
from api.routing import v1_router
from worker.engine.views import JobView
from worker.errors import Refused
from worker.schedules import schedules
from worker.schedules.views import NewSchedule, ScheduleChanges, ScheduleView

router = v1_router("/schedules", "schedules")

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=64, description="The ETag that was seen, or `*` for any.")
]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


class ScheduleList(BaseModel):
    """All schedules, oldest first."""

    schedules: list[ScheduleView]


@router.get("")
def list_schedules(admin: AdminDep, database: DatabaseDep) -> ScheduleList:
    """All schedules with their next due times."""
    return ScheduleList(schedules=schedules.everything(database, admin, admin.language))


@router.post("", status_code=201)
def add_schedule(body: NewSchedule, response: Response, admin: AdminDep, database: DatabaseDep) -> ScheduleView:
    """Make a schedule."""
    made = _tagged(schedules.create(database, admin, body, admin.language), response)
    response.headers["Location"] = f"/api/v1/schedules/{made.id}"
    return made


@router.get("/{schedule_id}")
def get_schedule(schedule_id: str, response: Response, admin: AdminDep, database: DatabaseDep) -> ScheduleView:
    """One schedule; its ETag is its version."""
    return _tagged(schedules.get(database, admin, schedule_id, admin.language), response)


@router.patch("/{schedule_id}")
def change_schedule(
    schedule_id: str,
    body: ScheduleChanges,
    response: Response,
    admin: AdminDep,
    database: DatabaseDep,
    if_match: IfMatch = None,
) -> ScheduleView:
    """Change a schedule that nobody else has changed meanwhile (412); in force within two seconds."""
    version = _version(if_match)
    return _tagged(schedules.change(database, admin, schedule_id, body, version, admin.language), response)


@router.delete("/{schedule_id}", status_code=204)
def delete_schedule(schedule_id: str, admin: AdminDep, database: DatabaseDep, if_match: IfMatch = None) -> None:
    """Delete a schedule; jobs that it has made stay."""
    schedules.remove(database, admin, schedule_id, _version(if_match))


@router.post("/{schedule_id}/run", status_code=202)
def run_schedule(
    schedule_id: str,
    response: Response,
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    key: IdempotencyKey = None,
) -> JobView:
    """Make a job of it now, beside its due times."""
    job = schedules.run(database, settings, admin, schedule_id, key)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


def _tagged(view: ScheduleView, response: Response) -> ScheduleView:
    response.headers["ETag"] = f'"{view.version}"'
    return view


def _version(if_match: str | None) -> int | None:
    """The version that the caller has seen; None for `*`, any.

    Raises:
        Refused: `if_match_needed` (428); `schedule_changed` (412) for what never was an ETag of ours.
    """
    if if_match is None:
        raise Refused("if_match_needed", 428)
    given = if_match.strip()
    if given == "*":
        return None
    number = given.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused("schedule_changed", 412)
    return int(number)
