"""What the engine answers with: the JSON forms of jobs, events, files and changes; the API serves them as they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

State = Literal["pending", "running", "succeeded", "failed", "cancelled"]
Priority = Literal["high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("high", "normal", "low")  # position = the number in the table
ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")


class Submission(BaseModel):
    """Body of `POST /jobs`."""

    kind: str
    params: dict[str, Any] = {}
    uploads: list[str] = []
    priority: Priority = "normal"
    title: str | None = None
    run_at: datetime | None = None


class Estimate(BaseModel):
    """Expected course of a job, from that kind's history and the work ahead of it.

    Attributes:
        start_seconds: until it starts; None: unknown (e.g. no worker is there).
        duration_seconds: from start to end; None: no history of this kind yet.
        based_on: number of finished jobs that the duration was learnt from.
    """

    start_seconds: float | None
    duration_seconds: float | None
    based_on: int = 0


class Owner(BaseModel):
    """Whose job it is."""

    id: str
    username: str
    display_name: str | None = None


class JobError(BaseModel):
    """Why a job failed: a stable code, its words in the asker's language, and the values in them."""

    code: str
    message: str
    values: dict[str, Any] = {}
    traceback: str | None = None  # for admins only


class JobFile(BaseModel):
    """A file that belongs to a job; `role` is upload, export, errors or report."""

    id: str
    name: str
    size: int
    sha256: str
    role: str


class Why(BaseModel):
    """Why a job is in its state and what happens next.

    Attributes:
        code: e.g. `no_worker`, `lane_paused`, `kind_limit`, `user_limit`, `jobs_ahead`, `retry_at`, `scheduled_for`.
        message: its words in the asker's language.
        values: what the words need, e.g. `{"count": 3}`.
    """

    code: str
    message: str
    values: dict[str, Any] = {}


class Child(BaseModel):
    """A job that goes on with another one: the import of its corrected error workbook, or what takes it back."""

    id: str
    kind: str
    title: str
    state: State
    created_at: datetime


class JobView(BaseModel):
    """A job as the API shows it (DESIGN section 7). `stage` is in the asker's language.

    Attributes:
        can_undo: an import that has changed rows, which may still be taken back.
        label: the submitter's own word for the sort of job that it is.
        undone_by, undone_at: the job that has taken this one back, and when.
        children: the jobs that go on with this one and that the asker may see, oldest first; told of a single job only
            (in lists it is empty: there `parent_id` tells).
    """

    id: str
    kind: str
    kind_title: str
    title: str
    params: dict[str, Any]
    state: State
    progress: float
    stage: str | None
    rows_done: int | None
    rows_total: int | None
    rate: float | None
    eta_seconds: float | None
    estimate: Estimate | None
    priority: Priority
    lane: str
    owner: Owner
    parent_id: str | None
    label: str | None = None
    scheduled: bool
    attempt: int
    cancel_requested: bool
    run_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    error: JobError | None
    files: list[JobFile]
    why: Why | None
    version: int
    can_undo: bool = False
    undone_by: str | None = None
    undone_at: datetime | None = None
    children: list[Child] = []


class JobEvent(BaseModel):
    """One line of a job's story; `message` is in the asker's language."""

    id: int
    at: datetime
    type: str
    message: str
    values: dict[str, Any]


class JobPage(BaseModel):
    """A page of jobs, newest first; `next` is the cursor of the next page, None on the last."""

    jobs: list[JobView]
    next: str | None
    total: int | None = None


class Changes(BaseModel):
    """What changed since a cursor.

    Attributes:
        cursor: to ask with next time; opaque.
        jobs: jobs that are new or changed, each once, in the order of change.
        removed: ids of jobs that were deleted or are no longer visible to the asker.
        more: there is more; ask again at once.
        poll_after_ms: when to ask next.
    """

    cursor: str
    jobs: list[JobView]
    removed: list[str]
    more: bool
    poll_after_ms: int
