"""What the server answers with, as plain dataclasses, read by `parsing.parse`. Instants are aware datetimes in UTC,
durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ENDED = ("succeeded", "failed", "cancelled")


@dataclass(slots=True)
class User:
    """Who is signed in; `role` is operator or admin."""

    id: str = ""
    username: str = ""
    role: str = "operator"
    display_name: str | None = None
    email: str | None = None
    language: str = "zh_CN"

    @property
    def is_admin(self) -> bool:
        """True for admins."""
        return self.role == "admin"


@dataclass(slots=True)
class Estimate:
    """Expected course of a job; None: not known. `based_on`: number of finished jobs that it was learnt from."""

    start_seconds: float | None = None
    duration_seconds: float | None = None
    based_on: int = 0


@dataclass(slots=True)
class Owner:
    """Whose job it is."""

    id: str = ""
    username: str = ""
    display_name: str | None = None


@dataclass(slots=True)
class JobError:
    """Why a job failed; `message` is in the user's language, `traceback` comes to admins only."""

    code: str = ""
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    traceback: str | None = None


@dataclass(slots=True)
class JobFile:
    """A file of a job; `role` is upload, export, errors or report; `size` in bytes."""

    id: str = ""
    name: str = ""
    size: int = 0
    sha256: str = ""
    role: str = ""


@dataclass(slots=True)
class Why:
    """Why a job is in its state and what happens next; `message` is in the user's language."""

    code: str = ""
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Child:
    """A job that goes on with another: the import of its corrected error workbook, or what takes it back."""

    id: str = ""
    kind: str = ""
    title: str = ""
    state: str = "pending"
    created_at: datetime | None = None


@dataclass(slots=True)
class Job:
    """A job. `progress` is 0 to 100, `rate` rows per second; `stage` is in the user's language."""

    id: str = ""
    kind: str = ""
    kind_title: str = ""
    title: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    state: str = "pending"
    progress: float = 0.0
    stage: str | None = None
    rows_done: int | None = None
    rows_total: int | None = None
    rate: float | None = None
    eta_seconds: float | None = None
    estimate: Estimate | None = None
    priority: str = "normal"
    lane: str = ""
    owner: Owner = field(default_factory=Owner)
    parent_id: str | None = None
    children: list[Child] = field(default_factory=list)  # told of a single job only
    scheduled: bool = False
    attempt: int = 0
    cancel_requested: bool = False
    run_at: datetime | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: dict[str, Any] | None = None
    error: JobError | None = None
    files: list[JobFile] = field(default_factory=list)
    why: Why | None = None
    version: int = 0
    can_undo: bool = False
    undone_by: str | None = None
    undone_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """True once nothing will happen to it any more by itself."""
        return self.state in ENDED


@dataclass(slots=True)
class UndoPreview:
    """What taking an import back would do now: rows that would be removed, restored and kept, and until when it can be
    asked for.
    """

    job: str = ""
    dataset: str = ""
    removed: int = 0
    restored: int = 0
    kept: int = 0
    rows: int = 0
    expires_at: datetime | None = None


@dataclass(slots=True)
class Event:
    """One line of a job's story; `message` is in the user's language."""

    id: int = 0
    at: datetime | None = None
    type: str = ""
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class JobPage:
    """A page of jobs, newest first; `next` is the cursor of the next page, None on the last.

    `cursor` is where to ask the change feed from, so that nothing after this page is missed.
    """

    jobs: list[Job] = field(default_factory=list)
    next: str | None = None
    total: int | None = None
    cursor: str | None = None


@dataclass(slots=True)
class Changes:
    """What changed since a cursor; `etag` goes with the next question so that "nothing new" costs almost nothing."""

    cursor: str = ""
    jobs: list[Job] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    more: bool = False
    poll_after_ms: int = 1000
    etag: str | None = None


# ---------------------------------------------------------------- kinds and sign-in


@dataclass(slots=True)
class UploadNeeds:
    """Which files a kind works on: how many, and the accepted endings (lower case, with the dot; empty: any)."""

    minimum: int = 0
    maximum: int = 0
    suffixes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Kind:
    """A kind of job that this user may submit; `params_schema` is the JSON Schema of its parameters, `technical` one
    that only tries out the system, `result_titles` what the values of a result are called, by name and language.
    """

    kind: str = ""
    title: str = ""
    lane: str = ""
    dataset: str | None = None
    order: int = 100
    admin_only: bool = False
    technical: bool = False
    uploads: UploadNeeds = field(default_factory=UploadNeeds)
    params_schema: dict[str, Any] = field(default_factory=dict)
    result_titles: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Tokens:
    """Answer to a sign-in; `expires_in` is the life of the access token in seconds."""

    access_token: str = ""
    refresh_token: str | None = None
    expires_in: float | None = None
