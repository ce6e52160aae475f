"""Taking an import back: what it would do, and asking for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response

from api.dependencies import ActorDep, DatabaseDep, SettingsDep
from api.routing import v1_router
from worker.datasets import undo
from worker.datasets.undo import UndoPreview
from worker.engine.views import JobView

router = v1_router("/jobs", "jobs")


@router.get("/{job_id}/undo")
def preview_undo(job_id: str, actor: ActorDep, database: DatabaseDep, settings: SettingsDep) -> UndoPreview:
    """What taking this import back would do now, counted; nothing is changed. 409 `already_undone`, `undo_running`,
    `undo_expired`, `nothing_to_undo` or `job_not_ended` when it cannot be.
    """
    return undo.preview(database, settings, actor, job_id)


@router.post("/{job_id}/undo", status_code=202)
def undo_job(
    job_id: str,
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="Same key: the first answer again.")] = None,
) -> JobView:
    """Take an import back (409 as above); the answer is the job that does it."""
    job = undo.submit(database, settings, actor, job_id, idempotency_key)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job
