"""003, finance and reports: tasks by name, statistics, history, workers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header, Query
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, AdminDep, DatabaseDep, SettingsDep
from api.routes.aliases.calls import call, error_of, is_retrying
from api.routes.aliases.calls import router as new_router
from worker.engine import control, documented, jobs
from worker.engine.monitor.fleet import fleet
from worker.engine.monitor.history import history
from worker.engine.monitor.stats import stats
from worker.engine.submit import submit
from worker.engine.views import JobView, Priority, State, Submission

router = new_router("003")

Status = Literal["PENDING", "RETRY", "STARTED", "SUCCESS", "FAILURE", "REVOKED"]
_STATUS: dict[State, Status] = {
    "pending": "PENDING",
    "running": "STARTED",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "cancelled": "REVOKED",
}


class NewTask(BaseModel):
    """A task by its name, or by its kind; `args` are values of its parameters in their order.

    Not in the document: `uploads` (ids of files that it works on), `priority`, `title`.
    """

    model_config = ConfigDict(extra="forbid")

    task_name: str = Field(max_length=200)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    uploads: list[str] = []
    priority: Priority = "normal"
    title: str | None = None


class TaskState(BaseModel):
    """Answer to a revoke."""

    task_id: str
    status: Status


class TaskAccepted(TaskState):
    """Answer to a submission."""

    task_name: str


class ListedTask(TaskAccepted):
    """A task in the list; `result` is a text where the task gives one."""

    result: Any


class Task(ListedTask):
    """A task. `progress` 0 to 100; `error` in the asker's language."""

    progress: float
    error: str | None


class TaskList(BaseModel):
    """The active tasks that the asker may see, the newest first: `count` of all, at most 500 of them."""

    count: int
    results: list[ListedTask]


class TaskStats(BaseModel):
    """Figures of the tasks that the asker may see: `success_rate` 0 to 1, `average_seconds` of those that succeeded."""

    total_tasks: int
    by_status: dict[Status, int]
    by_name: dict[str, int]
    success_rate: float | None
    average_seconds: float | None


class HistoryEntry(BaseModel):
    """A task that has ended. `seconds`: from its start to its end; null: it never started."""

    task_id: str
    task_name: str
    status: Status
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime
    seconds: float | None


class TaskHistory(BaseModel):
    """Tasks that have ended, the last one first; `count` of those in this answer."""

    count: int
    results: list[HistoryEntry]


class Worker(BaseModel):
    """A worker: `status` is online, stopping or silent."""

    name: str
    status: str
    active_tasks: int
    lanes: list[str]


class WorkerList(BaseModel):
    """The workers, by name."""

    count: int
    results: list[Worker]


def _status(job: JobView) -> Status:
    return "RETRY" if is_retrying(job) else _STATUS[job.state]


def _result(job: JobView) -> Any:
    """As the document shows it: the test task's result is a text."""
    if job.kind == "examples.echo" and job.result is not None:
        return job.result.get("message")
    return job.result


def _listed(job: JobView) -> dict[str, Any]:
    name = documented.name_of(job.kind)
    return {"task_id": job.id, "task_name": name, "status": _status(job), "result": _result(job)}


@call(router, "GET", "/api/core/tasks/")
def list_tasks(actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> TaskList:
    """The active tasks: waiting and running ones, those of schedules, too."""
    page = jobs.page(
        database,
        actor,
        actor.language,
        states=("pending", "running"),
        scheduled=True,
        limit=jobs.PAGE_LIMIT,
        settings=settings,
    )
    return TaskList(count=page.total or 0, results=[ListedTask(**_listed(job)) for job in page.jobs])


@call(router, "POST", "/api/core/tasks/", 202)
def send_task(
    body: NewTask,
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    idempotency_key: Annotated[str | None, Header(description="As at `POST /api/v1/jobs`.")] = None,
) -> TaskAccepted:
    """Submit a task by its name."""
    kind, params = documented.request_of(body.task_name, body.args, body.kwargs)
    submission = Submission(kind=kind, params=params, uploads=body.uploads, priority=body.priority, title=body.title)
    job, _ = submit(database, settings, actor, submission, idempotency_key)
    return TaskAccepted(task_id=job.id, task_name=documented.name_of(job.kind), status=_status(job))


# Before the task of an id: these are no ids.
@call(router, "GET", "/api/core/tasks/stats/")
def get_stats(actor: ActorDep, database: DatabaseDep) -> TaskStats:
    """How tasks went, of all time that is kept."""
    found = stats(database, actor, actor.language)
    by_name: dict[str, int] = {}
    for kind in found.kinds:
        name = documented.name_of(kind.kind)
        by_name[name] = by_name.get(name, 0) + kind.total
    return TaskStats(
        total_tasks=found.total,
        by_status={status: getattr(found.states, state) for state, status in _STATUS.items()},
        by_name=by_name,
        success_rate=found.success_rate,
        average_seconds=found.average_seconds,
    )


@call(router, "GET", "/api/core/tasks/history/")
def get_history(
    actor: ActorDep, database: DatabaseDep, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> TaskHistory:
    """Tasks that have ended, the last one first."""
    entries = [
        HistoryEntry(
            task_id=entry.id,
            task_name=documented.name_of(entry.kind),
            status=_STATUS[entry.state],
            created_at=entry.created_at,
            started_at=entry.started_at,
            finished_at=entry.finished_at,
            seconds=entry.seconds,
        )
        for entry in history(database, actor, actor.language, limit=limit).entries
    ]
    return TaskHistory(count=len(entries), results=entries)


@call(router, "GET", "/api/core/tasks/{task_id}/")
def get_task(task_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> Task:
    """A task's state and result."""
    job = jobs.get(database, actor, task_id, actor.language, settings=settings)
    return Task(**_listed(job), progress=job.progress, error=error_of(job))


@call(router, "POST", "/api/core/tasks/{task_id}/revoke/", 202)
def revoke_task(task_id: str, admin: AdminDep, database: DatabaseDep, settings: SettingsDep) -> TaskState:
    """Cancel a task (409 when it has ended)."""
    job = control.cancel(database, admin, task_id, settings=settings)
    return TaskState(task_id=job.id, status=_status(job))


@call(router, "GET", "/api/core/workers/")
def list_workers(admin: AdminDep, database: DatabaseDep, settings: SettingsDep) -> WorkerList:
    """Who works, and on how much."""
    found = [
        Worker(name=worker.name, status=worker.state, active_tasks=len(worker.jobs), lanes=worker.lanes)
        for worker in fleet(database, settings, admin, admin.language)
    ]
    return WorkerList(count=len(found), results=found)
