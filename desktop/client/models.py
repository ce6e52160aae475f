"""What the server answers with, as plain dataclasses.

Read leniently: fields that a newer server adds are passed over, and what an older one lacks keeps its default, so that
desktop and server need not be updated on the same day. Instants are aware datetimes in UTC, durations seconds.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


@cache
def _readers(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((f.name, hints[f.name]) for f in fields(kind) if f.init)


def _convert(hint: Any, value: Any) -> Any:
    """`value` as `hint` asks, or as it is; raises ValueError or TypeError when it cannot be."""
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(hint) if a is not type(None)]
        return _convert(inner[0], value) if len(inner) == 1 else value
    if origin is list:
        (item,) = get_args(hint)
        return [_convert(item, v) for v in value] if isinstance(value, list) else []
    if hint is datetime:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if is_dataclass(hint) and isinstance(hint, type):
        return parse(hint, value) if isinstance(value, dict) else None
    if hint is float:
        return float(value)
    if hint in (int, str):
        return hint(value)
    return value


def parse(kind: type[T], data: Any) -> T:
    """A `kind` from JSON values; a field that is absent, null or senseless keeps its default."""
    found: dict[str, Any] = {}
    if isinstance(data, dict):
        for name, hint in _readers(kind):  # type: ignore[arg-type]  # a class is hashable, which mypy doubts for type[T]
            if data.get(name) is None:
                continue
            try:
                value = _convert(hint, data[name])
            except (TypeError, ValueError):
                continue
            if value is not None:
                found[name] = value
    return kind(**found)


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


# ---------------------------------------------------------------- monitoring


@dataclass(slots=True)
class RunningJob:
    """A job that a worker runs now; `since`: when this attempt began."""

    id: str = ""
    kind: str = ""
    kind_title: str = ""
    title: str = ""
    lane: str = ""
    attempt: int = 0
    progress: float = 0.0
    since: datetime | None = None


@dataclass(slots=True)
class Worker:
    """A worker process; `state` is online, stopping or silent (not seen for a while)."""

    id: str = ""
    name: str = ""
    pid: int = 0
    state: str = "online"
    lanes: list[str] = field(default_factory=list)
    slots: int = 0
    jobs: list[RunningJob] = field(default_factory=list)
    memory_bytes: int | None = None
    started_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(slots=True)
class Queue:
    """A lane: `due` of the `waiting` jobs could run now; `workers` with `slots` serve it; `paused_at` None: open."""

    lane: str = ""
    waiting: int = 0
    due: int = 0
    running: int = 0
    oldest_waiting_seconds: float | None = None
    finished_per_minute: float = 0.0
    rate_minutes: int = 0
    workers: int = 0
    slots: int = 0
    paused_at: datetime | None = None
    paused_by: str | None = None


@dataclass(slots=True)
class Counts:
    """Jobs by state."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


@dataclass(slots=True)
class KindFigures:
    """How the jobs of one kind went; `success_rate` is 0 to 1, durations are those of jobs that succeeded."""

    kind: str = ""
    title: str = ""
    total: int = 0
    states: Counts = field(default_factory=Counts)
    success_rate: float | None = None
    average_seconds: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None


@dataclass(slots=True)
class Failure:
    """A reason of failures; `message` is in the user's language, of the latest of them."""

    kind: str = ""
    code: str = ""
    message: str = ""
    count: int = 0
    last_at: datetime | None = None


@dataclass(slots=True)
class Stats:
    """How jobs went over a period, all together and by kind."""

    since: datetime | None = None
    until: datetime | None = None
    total: int = 0
    states: Counts = field(default_factory=Counts)
    success_rate: float | None = None
    average_seconds: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    kinds: list[KindFigures] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class HistoryEntry:
    """A job that has ended; `seconds` from its first start to its end, None when it never started."""

    id: str = ""
    kind: str = ""
    kind_title: str = ""
    title: str = ""
    state: str = ""
    lane: str = ""
    owner: Owner = field(default_factory=Owner)
    scheduled: bool = False
    attempt: int = 0
    rows_done: int | None = None
    error: JobError | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None


@dataclass(slots=True)
class History:
    """A page of ended jobs, the last ended first; `next` is the cursor of the next page, None on the last."""

    entries: list[HistoryEntry] = field(default_factory=list)
    next: str | None = None


@dataclass(slots=True)
class Point:
    """One minute or hour; `waiting` and `running` are None where nobody looked."""

    at: datetime | None = None
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    waiting: int | None = None
    running: int | None = None


@dataclass(slots=True)
class Series:
    """One point for each minute or hour, without gaps; the last one is still under way."""

    step_seconds: int = 60
    lane: str | None = None
    points: list[Point] = field(default_factory=list)


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
