"""What the documents' calls share: an address with and without its slash, kept files, the words of a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, UploadFile

from api.routing import plain_router
from worker.actor import Actor
from worker.db.database import Database
from worker.engine.submit import submit
from worker.engine.views import JobView, Submission
from worker.errors import Refused
from worker.files.uploads import Uploads
from worker.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
DOWNLOADS = ("export", "report", "errors")
"""Which of a job's files a `download_url` names, best first."""


def router(document: str) -> APIRouter:
    """The router of one document's calls."""
    return plain_router("", f"source document {document}")


def call(of: APIRouter, method: str, path: str, status_code: int = 200, **options: Any) -> Callable[[F], F]:
    """Route `path` with and without a slash at its end; the second form is not documented twice."""
    bare = path.rstrip("/")

    def decorate(endpoint: F) -> F:
        for address in (bare, bare + "/"):
            of.add_api_route(
                address,
                endpoint,
                methods=[method],
                status_code=status_code,
                include_in_schema=address == path,
                **options,
            )
        return endpoint

    return decorate


def submit_files(
    database: Database,
    settings: Settings,
    actor: Actor,
    uploads: Uploads,
    kind: str,
    files: Sequence[UploadFile],
    params: dict[str, Any] | None = None,
) -> JobView:
    """Keep the files of a form and submit a job for them; a refused one leaves no file behind."""
    kept = []
    try:
        for file in files:
            kept.append(uploads.keep(actor, file.file, file.filename))  # noqa: PERF401 - known when a later one fails
        submission = Submission(kind=kind, params=params or {}, uploads=[k.id for k in kept])
        return submit(database, settings, actor, submission, None)[0]
    except Refused:
        for one in kept:
            uploads.drop(actor, one)  # nobody knows of it
        raise


def download_of(job: JobView) -> str | None:
    """Id of the file that a finished task offers for download."""
    by_role = {file.role: file.id for file in reversed(job.files)}
    return next((by_role[role] for role in DOWNLOADS if role in by_role), None)


def reason_of(job: JobView) -> str:
    """Why the job is in its state, in the asker's language."""
    return job.why.message if job.why else ""


def error_of(job: JobView) -> str | None:
    """Why the job failed, in the asker's language."""
    return job.error.message if job.error else None


def is_retrying(job: JobView) -> bool:
    """Whether a pending job waits for another try after an error."""
    return job.state == "pending" and job.why is not None and job.why.code == "retry_at"
