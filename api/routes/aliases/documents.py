"""002, the documents: the example tasks, documents and evidence, a task's state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict

from api.dependencies import ActorDep, DatabaseDep, SettingsDep, UploadsDep
from api.routes.aliases.calls import call, error_of, reason_of, submit_files
from api.routes.aliases.calls import router as new_router
from worker.actor import Actor
from worker.db.database import Database
from worker.engine import jobs
from worker.engine.submit import submit
from worker.engine.views import JobView, State, Submission
from worker.errors import Refused
from worker.files.uploads import Uploads
from worker.settings import Settings

router = new_router("002")
FORM_PATHS = frozenset(("/api/v1/tasks/process-document", "/api/v1/tasks/analyze-evidence"))

_FILES = 1000  # in one form

Status = Literal["PENDING", "STARTED", "PROGRESS", "SUCCESS", "FAILURE", "REVOKED"]
_STATUS: dict[State, Status] = {
    "pending": "PENDING",
    "running": "PROGRESS",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "REVOKED",
}


class TaskAccepted(BaseModel):
    """Answer to a submission; `message` is in the asker's language."""

    task_id: str
    status: Status
    message: str


class TaskStatus(BaseModel):
    """A task. `error` is in the asker's language."""

    task_id: str
    status: Status
    progress: float
    result: dict[str, Any] | None
    error: str | None


class AddBody(BaseModel):
    """Two numbers."""

    model_config = ConfigDict(extra="forbid")

    x: int | float | None = None
    y: int | float | None = None


def _status(job: JobView) -> Status:
    """In words; a task that has begun is STARTED until its first progress."""
    return "STARTED" if job.state == "running" and not job.progress else _STATUS[job.state]


def _accepted(job: JobView) -> TaskAccepted:
    return TaskAccepted(task_id=job.id, status=_status(job), message=reason_of(job))


def _submit(
    database: Database,
    settings: Settings,
    actor: Actor,
    kind: str,
    params: dict[str, Any],
    uploads: list[str] | None = None,
) -> TaskAccepted:
    given = {name: value for name, value in params.items() if value is not None}
    submission = Submission(kind=kind, params=given, uploads=uploads or [])
    return _accepted(submit(database, settings, actor, submission, None)[0])


@call(router, "POST", "/api/v1/tasks/example", 202)
def start_example(
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    name: Annotated[str | None, Query(max_length=200)] = None,
    seconds: Annotated[float | None, Query(ge=0)] = None,
) -> TaskAccepted:
    """Wait for some seconds: `examples.sleep`."""
    return _submit(database, settings, actor, "examples.sleep", {"name": name, "seconds": seconds})


@call(router, "POST", "/api/v1/tasks/add", 202)
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
    return _submit(database, settings, actor, "examples.add", numbers)


async def _given(request: Request) -> AsyncIterator[list[UploadFile] | list[str]]:
    """Files of a form (`file`, `files`), or ids of uploads in JSON (`upload_id`, `upload_ids`).

    Raises:
        Refused: `invalid_request`: there are none.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        async with request.form(max_files=_FILES) as form:
            files = [p for name in ("file", "files") for p in form.getlist(name) if not isinstance(p, str)]
            if not files:
                raise _missing("file")
            yield [UploadFile(p.file, size=p.size, filename=p.filename, headers=p.headers) for p in files]
        return
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        body = None
    ids = body.get("upload_ids", [body.get("upload_id")]) if isinstance(body, dict) else []
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise _missing("upload_id")
    yield ids


def _missing(field: str) -> Refused:
    return Refused("invalid_request", errors=[{"field": field, "code": "field_missing", "values": {}}])


Given = Annotated[list[UploadFile] | list[str], Depends(_given)]


def _body(form_field: str, id_field: str) -> dict[str, Any]:
    """What the documentation says about a body that comes in one of two forms."""
    one = {"type": "string", "format": "binary"}
    several = form_field == "files"
    files = {"type": "array", "items": one} if several else one
    ids = {"type": "array", "items": {"type": "string"}} if several else {"type": "string"}
    content = {
        media: {"schema": {"type": "object", "properties": {name: kind}, "required": [name]}}
        for media, name, kind in (("multipart/form-data", form_field, files), ("application/json", id_field, ids))
    }
    return {"requestBody": {"required": True, "content": content}}


def _process(
    kind: str,
    given: list[UploadFile] | list[str],
    actor: Actor,
    database: Database,
    settings: Settings,
    uploads: Uploads,
) -> TaskAccepted:
    files = [one for one in given if not isinstance(one, str)]
    if files:
        return _accepted(submit_files(database, settings, actor, uploads, kind, files))
    return _submit(database, settings, actor, kind, {}, [one for one in given if isinstance(one, str)])


@call(router, "POST", "/api/v1/tasks/process-document", 202, openapi_extra=_body("file", "upload_id"))
def process_document(
    given: Given, actor: ActorDep, database: DatabaseDep, settings: SettingsDep, uploads: UploadsDep
) -> TaskAccepted:
    """Get text, metadata and tables out of a document: `documents.process`."""
    return _process("documents.process", given, actor, database, settings, uploads)


@call(router, "POST", "/api/v1/tasks/analyze-evidence", 202, openapi_extra=_body("files", "upload_ids"))
def analyze_evidence(
    given: Given, actor: ActorDep, database: DatabaseDep, settings: SettingsDep, uploads: UploadsDep
) -> TaskAccepted:
    """Analyse a set of files: `evidence.analyze`."""
    return _process("evidence.analyze", given, actor, database, settings, uploads)


@call(router, "GET", "/api/v1/tasks/status/{task_id}")
def get_task_status(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> TaskStatus:
    """A task's state and result."""
    job = jobs.get(database, actor, task_id, actor.language, settings=settings)
    return TaskStatus(
        task_id=job.id, status=_status(job), progress=job.progress, result=job.result, error=error_of(job)
    )
