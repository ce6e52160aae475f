"""What the server says of workers, lanes, and how jobs went; read leniently, as all of `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from desktop.client.models import JobError, Owner


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
class Figures:
    """How jobs went; `success_rate` is 0 to 1, durations are those of jobs that succeeded."""

    total: int = 0
    states: Counts = field(default_factory=Counts)
    success_rate: float | None = None
    average_seconds: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None


@dataclass(slots=True)
class KindFigures(Figures):
    """How the jobs of one kind went."""

    kind: str = ""
    title: str = ""


@dataclass(slots=True)
class Failure:
    """A reason of failures; `message` is in the user's language, of the latest of them."""

    kind: str = ""
    code: str = ""
    message: str = ""
    count: int = 0
    last_at: datetime | None = None


@dataclass(slots=True)
class Stats(Figures):
    """How jobs went over a period, all together and by kind."""

    since: datetime | None = None
    until: datetime | None = None
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
