"""The calls of the source documents, as written there: each turns its words into a submit, a read or a cancel of the
one job service, and the answer back. With and without a trailing slash, without redirects.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Form, Query, UploadFile, WebSocket
from pydantic import BaseModel, ConfigDict

from api.dependencies import ActorDep, DatabaseDep, SettingsDep, UploadsDep
from api.sockets import push, sign_in
from worker.actor import Actor
from worker.db.database import Database
from worker.engine import control, jobs
from worker.engine.submit import submit
from worker.engine.views import ENDED, JobView, State, Submission
from worker.errors import Refused
from worker.settings import Settings

router = APIRouter(tags=["source documents"])
FORM_PATHS = frozenset(("/api/v1/customers/import-async",))  # they take a file in a form
F = TypeVar("F", bound=Callable[..., Any])


def _call(method: str, path: str, status_code: int = 200) -> Callable[[F], F]:
    """Route `path` and `path/` alike; the second is not documented twice."""

    def decorate(endpoint: F) -> F:
        for address in (path, path + "/"):
            router.add_api_route(
                address, endpoint, methods=[method], status_code=status_code, include_in_schema=address == path
            )
        return endpoint

    return decorate


# ---------------------------------------------------------------- 000: customers

Status = Literal["PENDING", "PROGRESS", "SUCCESS", "FAILURE", "REVOKED"]
_STATUS: dict[State, Status] = {
    "pending": "PENDING",
    "running": "PROGRESS",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "REVOKED",
}
_DOWNLOADS = ("export", "report", "errors")  # which of a job's files `download_url` names, best first


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
    by_role = {file.role: file.id for file in job.files}
    download = next((by_role[role] for role in _DOWNLOADS if role in by_role), None)
    why = job.why.message if job.why else ""
    return AsyncTask(
        task_id=job.id,
        status=_STATUS[job.state],
        progress=job.progress,
        message=(job.stage or why) if job.state == "running" else why,
        estimated_seconds=_estimated(job),
        result=job.result,
        error=job.error.message if job.error else None,
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


@_call("POST", "/customers/import-async", 202)
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
    kept = uploads.keep(actor, file.file, file.filename)
    try:
        submission = Submission(kind="customers.import", params=params, uploads=[kept.id])
        job, _ = submit(database, settings, actor, submission, None)
    except Refused:
        uploads.drop(actor, kept)  # nobody knows of it
        raise
    return _accepted(job)


@_call("POST", "/customers/export-async", 202)
def export_customers(
    actor: ActorDep, database: DatabaseDep, settings: SettingsDep, body: ExportBody | None = None
) -> AsyncTaskAccepted:
    """Export customers: `customers.export`."""
    params = (body or ExportBody()).model_dump(exclude_none=True)
    job, _ = submit(database, settings, actor, Submission(kind="customers.export", params=params), None)
    return _accepted(job)


@_call("GET", "/async-tasks/{task_id}")
def get_async_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> AsyncTask:
    """A task's state and result."""
    return _task(jobs.get(database, actor, task_id, actor.language, settings=settings))


@_call("DELETE", "/async-tasks/{task_id}", 202)
def cancel_async_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> AsyncTaskState:
    """Cancel a task (409 when it has ended)."""
    job = control.cancel(database, actor, task_id, settings=settings)
    return AsyncTaskState(task_id=job.id, status=_STATUS[job.state])


@router.websocket("/async-tasks/{task_id}/ws")
@router.websocket("/async-tasks/{task_id}/ws/")
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


# ---------------------------------------------------------------- 002: documents

DocumentStatus = Literal["PENDING", "STARTED", "PROGRESS", "SUCCESS", "FAILURE", "REVOKED"]


class TaskAccepted(BaseModel):
    """Answer to a submission; `message` is in the asker's language."""

    task_id: str
    status: DocumentStatus
    message: str


class TaskStatus(BaseModel):
    """A task. `error` is in the asker's language."""

    task_id: str
    status: DocumentStatus
    progress: float
    result: dict[str, Any] | None
    error: str | None


class AddBody(BaseModel):
    """Two numbers."""

    model_config = ConfigDict(extra="forbid")

    x: int | float | None = None
    y: int | float | None = None


def _document_status(job: JobView) -> DocumentStatus:
    return "STARTED" if job.state == "running" and not job.progress else _STATUS[job.state]


def _submit_example(
    database: Database, settings: Settings, actor: Actor, kind: str, params: dict[str, Any]
) -> TaskAccepted:
    given = {name: value for name, value in params.items() if value is not None}
    job, _ = submit(database, settings, actor, Submission(kind=kind, params=given), None)
    message = job.why.message if job.why else ""
    return TaskAccepted(task_id=job.id, status=_document_status(job), message=message)


@_call("POST", "/tasks/example", 202)
def start_example(
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    name: Annotated[str | None, Query(max_length=200)] = None,
    seconds: Annotated[float | None, Query(ge=0)] = None,
) -> TaskAccepted:
    """Wait for some seconds: `examples.sleep`."""
    return _submit_example(database, settings, actor, "examples.sleep", {"name": name, "seconds": seconds})


@_call("POST", "/tasks/add", 202)
def start_add(
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    x: int | float | None = None,
    y: int | float | None = None,
    body: AddBody | None = None,
) -> TaskAccepted:
    """Add two numbers: `examples.add`; they come in the address or as JSON."""
    body = body or AddBody()
    numbers = {"x": body.x if x is None else x, "y": body.y if y is None else y}
    return _submit_example(database, settings, actor, "examples.add", numbers)


@_call("GET", "/tasks/status/{task_id}")
def get_task_status(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> TaskStatus:
    """A task's state and result."""
    job = jobs.get(database, actor, task_id, actor.language, settings=settings)
    return TaskStatus(
        task_id=job.id,
        status=_document_status(job),
        progress=job.progress,
        result=job.result,
        error=job.error.message if job.error else None,
    )
