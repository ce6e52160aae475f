"""004, the task service: tasks with a name and a type of the submitter's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, DatabaseDep, SettingsDep
from api.routes.aliases.calls import call
from api.routes.aliases.calls import router as new_router
from worker.engine import control, documented, jobs
from worker.engine.submit import submit
from worker.engine.views import JobView, Priority, State, Submission

router = new_router("004")

Status = Literal["pending", "running", "succeeded", "failed", "revoked"]
_STATUS: dict[State, Status] = {
    "pending": "pending",
    "running": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "revoked",
}


class NewTask(BaseModel):
    """A task: `celery_task_name` is a documented name or a kind, `task_type` the submitter's own word for it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=300)
    task_type: str = Field("", max_length=100)
    celery_task_name: str = Field(max_length=200)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    priority: Priority = "normal"


class Task(BaseModel):
    """A task. `progress` 0 to 100."""

    id: str
    name: str
    task_type: str
    status: Status
    progress: float
    priority: Priority
    result: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    user_id: str


def _task(job: JobView) -> Task:
    return Task(
        id=job.id,
        name=job.title,
        task_type=job.label or job.kind,
        status=_STATUS[job.state],
        progress=job.progress,
        priority=job.priority,
        result=job.result,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        user_id=job.owner.id,
    )


@call(router, "POST", "/api/v1/tasks/", 201)
def create_task(body: NewTask, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Task:
    """Submit a task."""
    kind, params = documented.request_of(body.celery_task_name, body.args, body.kwargs)
    submission = Submission(kind=kind, params=params, priority=body.priority, title=body.name)
    return _task(submit(database, settings, actor, submission, None, label=body.task_type or None)[0])


@call(router, "GET", "/api/v1/tasks/")
def list_tasks(
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Task]:
    """The tasks that I may see, the newest first."""
    page = jobs.page(database, actor, actor.language, limit=limit, settings=settings)
    return [_task(job) for job in page.jobs]


@call(router, "GET", "/api/v1/tasks/{task_id}")
def get_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Task:
    """One task."""
    return _task(jobs.get(database, actor, task_id, actor.language, settings=settings))


@call(router, "POST", "/api/v1/tasks/{task_id}/cancel")
def cancel_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Task:
    """Cancel a task (409 when it has ended)."""
    return _task(control.cancel(database, actor, task_id, settings=settings))


@call(router, "DELETE", "/api/v1/tasks/{task_id}", 204)
def delete_task(task_id: str, actor: ActorDep, database: DatabaseDep) -> Response:
    """Delete a task that has ended (409 before)."""
    control.delete(database, actor, task_id)
    return Response(status_code=204)
