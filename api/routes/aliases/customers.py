"""000, the customers: import and export in the background, a task's progress, cancel."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import Form, UploadFile, WebSocket
from pydantic import BaseModel, ConfigDict

from api.dependencies import ActorDep, DatabaseDep, SettingsDep, UploadsDep
from api.routes.aliases.calls import call, download_of, error_of, reason_of, submit_files
from api.routes.aliases.calls import router as new_router
from api.sockets import push, sign_in
from worker.actor import Actor
from worker.db.database import Database
from worker.engine import control, jobs
from worker.engine.submit import submit
from worker.engine.views import ENDED, JobView, State, Submission
from worker.errors import Refused
from worker.settings import Settings

router = new_router("000")
FORM_PATHS = frozenset(("/api/v1/customers/import-async",))  # they take a file in a form

Status = Literal["PENDING", "PROGRESS", "SUCCESS", "FAILURE", "REVOKED"]
_STATUS: dict[State, Status] = {
    "pending": "PENDING",
    "running": "PROGRESS",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "REVOKED",
}


class AsyncTaskAccepted(BaseModel):
    """Answer to a submission. `estimated_seconds`: until its end; null where nothing is known yet."""

    task_id: str
    status: Status
    estimated_seconds: float | None
    status_url: str


class AsyncTaskState(BaseModel):
    """Answer to a cancel."""

    task_id: str
    status: Status


class AsyncTask(AsyncTaskState):
    """A task. `progress` 0 to 100; `error` in the asker's language; `download_url` once there is a result file."""

    progress: float
    message: str
    estimated_seconds: float | None
    result: dict[str, Any] | None
    error: str | None
    download_url: str | None


class ExportBody(BaseModel):
    """What to export; all may be left out."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["xlsx", "csv"] = "xlsx"
    columns: list[str] | None = None
    filters: dict[str, Any] | None = None


def _estimated(job: JobView) -> float | None:
    if job.state in ENDED:
        return 0.0
    if job.eta_seconds is not None:
        return job.eta_seconds
    if job.estimate is None or job.estimate.duration_seconds is None:
        return None
    return (job.estimate.start_seconds or 0.0) + job.estimate.duration_seconds


def _accepted(job: JobView) -> AsyncTaskAccepted:
    return AsyncTaskAccepted(
        task_id=job.id,
        status=_STATUS[job.state],
        estimated_seconds=_estimated(job),
        status_url=f"/api/v1/async-tasks/{job.id}",
    )


def _task(job: JobView) -> AsyncTask:
    download, why = download_of(job), reason_of(job)
    return AsyncTask(
        task_id=job.id,
        status=_STATUS[job.state],
        progress=job.progress,
        message=(job.stage or why) if job.state == "running" else why,
        estimated_seconds=_estimated(job),
        result=job.result,
        error=error_of(job),
        download_url=f"/api/v1/files/{download}" if download else None,
    )


def _mapping(given: str | None) -> dict[str, Any] | None:
    if given is None or not given.strip():
        return None
    try:
        mapping = json.loads(given)
    except (ValueError, RecursionError):
        mapping = given
    if not isinstance(mapping, dict):
        raise Refused("invalid_request", errors=[{"field": "mapping", "code": "field_not_an_object", "values": {}}])
    return mapping


@call(router, "POST", "/api/v1/customers/import-async", 202)
def import_customers(
    file: UploadFile,
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    uploads: UploadsDep,
    import_mode: Annotated[Literal["insert", "skip", "update", "upsert"], Form()] = "upsert",
    mapping: Annotated[str | None, Form(description="JSON: column of the file to field.")] = None,
) -> AsyncTaskAccepted:
    """Import customers from a workbook or CSV: `customers.import`."""
    params = {"mode": import_mode, "mapping": _mapping(mapping)}
    return _accepted(submit_files(database, settings, actor, uploads, "customers.import", [file], params))


@call(router, "POST", "/api/v1/customers/export-async", 202)
def export_customers(
    actor: ActorDep, database: DatabaseDep, settings: SettingsDep, body: ExportBody | None = None
) -> AsyncTaskAccepted:
    """Export customers: `customers.export`."""
    params = (body or ExportBody()).model_dump(exclude_none=True)
    job, _ = submit(database, settings, actor, Submission(kind="customers.export", params=params), None)
    return _accepted(job)


@call(router, "GET", "/api/v1/async-tasks/{task_id}")
def get_async_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> AsyncTask:
    """A task's state and result."""
    return _task(jobs.get(database, actor, task_id, actor.language, settings=settings))


@call(router, "DELETE", "/api/v1/async-tasks/{task_id}", 202)
def cancel_async_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> AsyncTaskState:
    """Cancel a task (409 when it has ended)."""
    job = control.cancel(database, actor, task_id, settings=settings)
    return AsyncTaskState(task_id=job.id, status=_STATUS[job.state])


@router.websocket("/api/v1/async-tasks/{task_id}/ws")
@router.websocket("/api/v1/async-tasks/{task_id}/ws/")
async def watch_async_task(websocket: WebSocket, task_id: str) -> None:
    """The task on each change, closed at its end. The token comes as in `/jobs/stream`."""
    caller = await sign_in(websocket)
    if caller is None:
        return
    state = websocket.app.state
    version = -1

    async def news() -> bool:
        nonlocal version
        job = await to_thread.run_sync(_job, state.database, state.settings, caller.actor, task_id)
        if job.version != version:
            version = job.version
            await websocket.send_text(_task(job).model_dump_json())
        return job.state not in ENDED

    await push(websocket, caller.token, news)


def _job(database: Database, settings: Settings, actor: Actor, job_id: str) -> JobView:
    return jobs.get(database, actor, job_id, actor.language, settings=settings)
