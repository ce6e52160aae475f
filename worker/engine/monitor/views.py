"""What monitoring answers with: JSON forms that the API serves as they are. Durations are seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from worker.engine.views import JobError, Owner, State

WorkerState = Literal["online", "stopping", "silent"]
Step = Literal["minute", "hour"]
Ended = Literal["succeeded", "failed", "cancelled"]


class RunningJob(BaseModel):
    """A job that a worker runs now. `since`: when this attempt began."""

    id: str
    kind: str
    kind_title: str
    title: str
    lane: str
    attempt: int
    progress: float
    since: datetime


class WorkerView(BaseModel):
    """A worker process.

    Attributes:
        state: `online`; `stopping`: it takes no more jobs; `silent`: not seen for longer than a lease lasts.
        slots: jobs that it can run at the same time.
        jobs: what it runs now.
        memory_bytes: of the worker and its runners together; None: not known yet.
        started_at, seen_at: since when it is there, when it was last seen.
    """

    id: str
    name: str
    pid: int
    state: WorkerState
    lanes: list[str]
    slots: int
    jobs: list[RunningJob]
    memory_bytes: int | None
    started_at: datetime
    seen_at: datetime


class QueueView(BaseModel):
    """A lane.

    Attributes:
        waiting: pending jobs; `due` of them could run now, the others wait for their time or a retry.
        running: jobs that run now.
        oldest_waiting_seconds: how long the first due job has been due; None: none is.
        finished_per_minute: jobs that ended in the last `rate_minutes`, a minute.
        workers, slots: who serves it, without those that are stopping.
        paused_at, paused_by: since when nothing of it starts, and the user name of who said so; None: open.
    """

    lane: str
    waiting: int
    due: int
    running: int
    oldest_waiting_seconds: float | None
    finished_per_minute: float
    rate_minutes: int
    workers: int
    slots: int
    paused_at: datetime | None
    paused_by: str | None


class Counts(BaseModel):
    """Jobs by state: open ones as they are now, ended ones of the period."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


class Figures(BaseModel):
    """How a set of jobs went.

    Attributes:
        total: all that `states` counts.
        success_rate: succeeded of those that succeeded or failed, 0 to 1; None: there are none.
        average_seconds, p50_seconds, p95_seconds: from first start to end, of the jobs that succeeded in the period;
            None: none did. Percentiles are durations that occurred (nearest rank), in steps of about a hundredth.
    """

    total: int = 0
    states: Counts = Counts()
    success_rate: float | None = None
    average_seconds: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None


class KindFigures(Figures):
    """The figures of one kind."""

    kind: str
    title: str


class Failure(BaseModel):
    """A reason of failures and how many jobs failed for it in the period; `message` is in the asker's language, of
    the latest of them.
    """

    kind: str
    code: str
    message: str
    count: int
    last_at: datetime


class Stats(Figures):
    """Figures of all jobs and of each kind, over a period.

    Attributes:
        since, until: the period; None: from the beginning, up to now.
        kinds: by total, largest first.
        failures: the most frequent reasons, at most 20.
    """

    since: datetime | None
    until: datetime | None
    kinds: list[KindFigures] = []
    failures: list[Failure] = []


class HistoryEntry(BaseModel):
    """A job that has ended. `seconds`: from first start to end; None: it never started."""

    id: str
    kind: str
    kind_title: str
    title: str
    state: State
    lane: str
    owner: Owner
    scheduled: bool
    attempt: int
    rows_done: int | None
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime
    seconds: float | None


class History(BaseModel):
    """A page of ended jobs, those that ended last first; `next` is the cursor of the next page, None on the last."""

    entries: list[HistoryEntry]
    next: str | None


class Point(BaseModel):
    """One minute or hour.

    Attributes:
        at: its beginning.
        succeeded, failed, cancelled: jobs that ended in it.
        waiting, running: at the beginning of the minute; in an hour, the most there were at the beginning of one of
            its minutes; None: nobody looked (no scheduler ran).
    """

    at: datetime
    succeeded: int
    failed: int
    cancelled: int
    waiting: int | None
    running: int | None


class Series(BaseModel):
    """How it went over time; one point for each minute or hour without gaps, the last one is still under way."""

    step_seconds: int
    lane: str | None
    points: list[Point]
