"""Jobs: submit, look, follow, steer. Each route calls one function of the engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Header, Query, Response
from pydantic import BaseModel, ConfigDict

from api.dependencies import ActorDep, DatabaseDep, SettingsDep
from api.routing import v1_router
from worker.engine import changes as feed
from worker.engine import control, jobs
from worker.engine.estimate import estimate
from worker.engine.submit import submit
from worker.engine.views import (
    Changes,
    Estimate,
    JobEvent,
    JobFile,
    JobPage,
    JobView,
    Priority,
    State,
    Submission,
)
from worker.errors import Refused
from worker.settings import Settings

router = v1_router("/jobs", "jobs")


class JobList(JobPage):
    """A page of jobs. `cursor`: where to ask `/jobs/changes` from, so that nothing after this page is missed."""

    cursor: str


class JobPatch(BaseModel):
    """What to change about a job: its place in the queue while it waits, its title at any time."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority | None = None
    title: str | None = None


class EventList(BaseModel):
    """A job's story, oldest first."""

    events: list[JobEvent]


class FileList(BaseModel):
    """A job's files: its uploads, then what it made. Download at `/api/v1/files/{id}`."""

    files: list[JobFile]


def aware(instant: datetime | None, settings: Settings) -> datetime | None:
    """The instant in UTC; a time without a zone is meant in the installation's.

    Raises:
        Refused: `unstorable_value`: so near to the ends of the calendar that there is none in UTC.
    """
    if instant is None:
        return None
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(settings.timezone))).astimezone(UTC)
    except OverflowError as error:
        raise Refused("unstorable_value") from error


@router.post("", status_code=202)
def submit_job(
    body: Submission,
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="Same key and body: the first answer again.")] = None,
) -> JobView:
    """Submit a job. With an `Idempotency-Key` a repeated request never makes a second job."""
    body = body.model_copy(update={"run_at": aware(body.run_at, settings)})
    job, _ = submit(database, settings, actor, body, idempotency_key)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.post("/estimate")
def estimate_job(body: Submission, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Estimate:
    """When such a job would start and how long it would take. Nothing is submitted."""
    body = body.model_copy(update={"run_at": aware(body.run_at, settings)})
    return estimate(database, actor, body, settings=settings)


@router.get("")
def list_jobs(
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    state: Annotated[list[State] | None, Query(description="May be given several times.")] = None,
    kind: Annotated[list[str] | None, Query(description="May be given several times.")] = None,
    owner: Annotated[str | None, Query(description="User name or id.", max_length=64)] = None,
    text: Annotated[str | None, Query(description="Part of the title, or an id.", max_length=300)] = None,
    created_from: Annotated[datetime | None, Query(alias="from", description="Created at or after.")] = None,
    created_to: Annotated[datetime | None, Query(alias="to", description="Created before.")] = None,
    scheduled: Annotated[bool, Query(description="With the jobs of schedules.")] = False,
    parent_id: Annotated[
        str | None, Query(max_length=36, description="Only those that go on with this job: corrections, taking back.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> JobList:
    """A page of the jobs that I may see, newest first."""
    position = feed.head(database, actor)  # before the list: what changes meanwhile comes twice rather than never
    page = jobs.page(
        database,
        actor,
        actor.language,
        states=state or (),
        kinds=kind or (),
        owner=owner,
        text=text,
        created_from=aware(created_from, settings),
        created_to=aware(created_to, settings),
        scheduled=scheduled,
        parent_id=parent_id,
        cursor=cursor,
        limit=limit,
        settings=settings,
    )
    return JobList(jobs=page.jobs, next=page.next, total=page.total, cursor=position)


@router.get("/changes", response_model=Changes, responses={304: {"description": "Nothing changed"}})
def list_changes(
    actor: ActorDep,
    database: DatabaseDep,
    response: Response,
    since: Annotated[str | None, Query(max_length=100, description="A cursor; none: only the present one.")] = None,
    scheduled: Annotated[bool, Query(description="With the jobs of schedules.")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Changes | Response:
    """What changed since a cursor. 304 when nothing did (`If-None-Match` with the last answer's `ETag`); 410 when the
    cursor is too old or the user's role changed: read the list anew.
    """
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Authorization"}
    if if_none_match:
        etag = f'"{feed.head(database, actor)}"'
        if etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
            return Response(status_code=304, headers=headers | {"ETag": etag})
    found = feed.read(database, actor, actor.language, since, limit, scheduled=scheduled)
    response.headers.update(headers | {"ETag": f'"{found.cursor}"'})
    return found


@router.get("/{job_id}")
def get_job(job_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """One job."""
    return jobs.get(database, actor, job_id, actor.language, settings=settings)


@router.patch("/{job_id}")
def patch_job(job_id: str, body: JobPatch, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """Change a job's title, or its priority while it waits (409 `job_not_pending` later)."""
    return control.patch(database, actor, job_id, body.priority, body.title, settings=settings)


@router.delete("/{job_id}", status_code=204)
def delete_job(job_id: str, actor: ActorDep, database: DatabaseDep) -> None:
    """Delete a job that has ended, with its files (409 `job_not_ended` otherwise)."""
    control.delete(database, actor, job_id)


@router.get("/{job_id}/events")
def list_events(job_id: str, actor: ActorDep, database: DatabaseDep) -> EventList:
    """A job's story, oldest first."""
    return EventList(events=jobs.events(database, actor, job_id, actor.language))


@router.get("/{job_id}/files")
def list_files(job_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> FileList:
    """A job's files."""
    return FileList(files=jobs.get(database, actor, job_id, actor.language, settings=settings).files)


@router.post("/{job_id}/cancel", status_code=202)
def cancel_job(job_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """Cancel a job: at once while it waits, within seconds while it runs (409 `job_ended` when it has ended)."""
    return control.cancel(database, actor, job_id, settings=settings)


@router.post("/{job_id}/retry", status_code=202)
def retry_job(job_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> JobView:
    """Run a failed or cancelled job again, on from where it was (409 `job_not_retryable` otherwise)."""
    return control.retry(database, actor, job_id, settings=settings)
