"""001, the work logs: export, progress, download by name, notifications, cleaning."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, AdminDep, DatabaseDep, SettingsDep, StorageDep
from api.routes.aliases.calls import DOWNLOADS, call, download_of, error_of, reason_of
from api.routes.aliases.calls import router as new_router
from api.routes.files import respond
from worker.accounts import messages
from worker.actor import Actor
from worker.db.database import Database
from worker.engine import jobs
from worker.engine.submit import submit
from worker.engine.views import JobView, State, Submission
from worker.files import results
from worker.texts import text

router = new_router("001")

Status = Literal["pending", "processing", "completed", "failed"]
_STATUS: dict[State, Status] = {
    "pending": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}


class ExportBody(BaseModel):
    """Which work logs to export."""

    model_config = ConfigDict(extra="forbid")

    start_date: date
    end_date: date
    employee_ids: list[str] | None = None
    export_format: Literal["xlsx", "csv"] = "xlsx"


class TaskAccepted(BaseModel):
    """Answer to a submission; `message` is in the asker's language."""

    task_id: str
    status: Status
    message: str
    status_url: str


class Task(BaseModel):
    """A task. `result` has a `message` (what it does now, or how it ended), then what it made; `error` is `cancelled`
    for one that was cancelled.
    """

    task_id: str
    status: Status
    progress: float
    result: dict[str, Any]
    error: str | None


class ExportedFile(BaseModel):
    """An export file of one's own."""

    file_name: str
    size: int
    created_at: datetime
    download_url: str


class ExportedFiles(BaseModel):
    """One's own export files, the newest first."""

    count: int
    files: list[ExportedFile]


class NotificationBody(BaseModel):
    """A message to a user, by name or id."""

    model_config = ConfigDict(extra="forbid")

    user_id: str = Field(min_length=1, max_length=64)
    message: str = Field(min_length=1, max_length=messages.MESSAGE_CHARACTERS)
    notification_type: messages.Way = "in_app"


class NotificationAccepted(BaseModel):
    """Answer to a message; the task delivers it."""

    task_id: str
    status: Status
    message: str


def _accepted(job: JobView, language: str, code: str) -> TaskAccepted:
    return TaskAccepted(
        task_id=job.id, status="processing", message=text(code, language), status_url=f"/api/tasks/{job.id}"
    )


@call(router, "POST", "/api/export/work-logs", 202)
def export_work_logs(body: ExportBody, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> TaskAccepted:
    """Export work logs: `work_logs.export`."""
    params = body.model_dump(mode="json", exclude_none=True)
    params["format"] = params.pop("export_format")
    job, _ = submit(database, settings, actor, Submission(kind="work_logs.export", params=params), None)
    return _accepted(job, actor.language, "alias_export_accepted")


@call(router, "GET", "/api/tasks/{task_id}")
def get_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Task:
    """A task's state and result."""
    job = jobs.get(database, actor, task_id, actor.language, settings=settings)
    result = {"message": (job.stage if job.state == "running" else None) or reason_of(job), **(job.result or {})}
    download = download_of(job)
    if download is not None:
        name = next(file.name for file in job.files if file.id == download)
        result |= {"file_name": name, "download_url": _download_url(database, actor, download, name)}
    error = "cancelled" if job.state == "cancelled" else error_of(job)
    return Task(task_id=job.id, status=_STATUS[job.state], progress=job.progress, result=result, error=error)


def _download_url(database: Database, actor: Actor, file_id: str, name: str) -> str:
    """By name as the document shows it; by id where a later file of another task bears the same name."""
    with database.read() as connection:
        by_name = results.named(connection, actor, name, DOWNLOADS)
    return f"/api/download/{quote(name)}" if by_name.id == file_id else f"/api/v1/files/{file_id}"


@call(router, "GET", "/api/download/{file_name}", response_class=StreamingResponse)
def download_by_name(
    file_name: str, request: Request, actor: ActorDep, database: DatabaseDep, storage: StorageDep
) -> Response:
    """A result file by its name: an own one, any for admins; of several the newest."""
    with database.read() as connection:
        file = results.named(connection, actor, file_name, DOWNLOADS)
    return respond(request, actor, database, storage, file.id)


@call(router, "GET", "/api/exports")
def list_exports(
    actor: ActorDep, database: DatabaseDep, limit: Annotated[int, Query(ge=1, le=1000)] = 1000
) -> ExportedFiles:
    """My export files, the newest first."""
    with database.read() as connection:
        count, found = results.exports(connection, actor, limit)
    files = [
        ExportedFile(
            file_name=f.name, size=f.size, created_at=f.created_at, download_url=f"/api/download/{quote(f.name)}"
        )
        for f in found
    ]
    return ExportedFiles(count=count, files=files)


@call(router, "POST", "/api/notifications", 202)
def send_notification(
    body: NotificationBody, actor: ActorDep, database: DatabaseDep, settings: SettingsDep
) -> NotificationAccepted:
    """Send a message: by e-mail (`notifications.send_email`) or into the recipient's list (`notifications.notify`)."""
    if body.notification_type == "email":
        job = messages.mail(database, settings, actor, body.user_id, body.message)
    else:
        params = {"user_id": body.user_id, "message": body.message}
        job, _ = submit(database, settings, actor, Submission(kind="notifications.notify", params=params), None)
    said = text("alias_notification_accepted", actor.language)
    return NotificationAccepted(task_id=job.id, status="processing", message=said)


@call(router, "POST", "/api/cleanup", 202)
def clean_up(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    days_old: Annotated[int, Query(ge=0, le=36_500, description="Export files older than this are removed.")] = 7,
) -> TaskAccepted:
    """Remove old export files: `maintenance.cleanup_files`."""
    submission = Submission(kind="maintenance.cleanup_files", params={"days_old": days_old})
    job, _ = submit(database, settings, admin, submission, None)
    return _accepted(job, admin.language, "alias_cleanup_accepted")
