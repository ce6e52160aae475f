"""A line of the queue table: a job as the server last told it, or an entry of the outbox that is not sent yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any

from desktop import formats
from desktop.client.models import Job, JobFile, Why

GROUPS = ("all", "running", "pending", "succeeded", "failed", "cancelled", "outbox")
OUTBOX_STATES = frozenset(("outbox", "sending", "refused"))
ENDED = frozenset(("succeeded", "failed", "cancelled"))


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line; immutable, a change brings a new one.

    Attributes:
        id: of the job; for an outbox entry the entry's own.
        state: the job's state, or `outbox` (waits for the server), `sending`, `refused` (the server said no).
        progress: 0 to 100.
        eta: seconds that remain; None: unknown.
        created: seconds since 1970.
        note: why it is in its state, in words.
        result, files: as the server told them; empty when there are none.
        error, error_code: why it failed, in words and as a stable code.
        parent_id: the job that it corrects or takes back.
        can_undo: an import that can still be taken back.
        needle: what the search looks in.
    """

    id: str
    kind: str
    kind_title: str
    title: str
    state: str
    progress: float = 0.0
    stage: str = ""
    rows_done: int | None = None
    rows_total: int | None = None
    rate: float | None = None
    eta: float | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    owner: str = ""
    priority: str = "normal"
    cancel_requested: bool = False
    note: str = ""
    result: Mapping[str, Any] | None = None
    error: str = ""
    error_code: str = ""
    parent_id: str | None = None
    files: tuple[JobFile, ...] = ()
    version: int = 0
    can_undo: bool = False
    needle: str = ""

    @property
    def group(self) -> str:
        """The entry of the side bar that it is counted under."""
        return "outbox" if self.state in OUTBOX_STATES else self.state

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it by itself."""
        return self.state in ENDED


def from_job(job: Job) -> JobRow:
    """The line of a job that the server told about."""
    owner = job.owner.display_name or job.owner.username
    kind_title = intern(job.kind_title or job.kind)
    title = job.title or kind_title
    done, total = job.rows_done, job.rows_total
    if job.ended and job.result and isinstance(job.result.get("rows"), int):
        done = total = job.result["rows"]  # what it last told may be about its last stage only
    return JobRow(
        id=job.id,
        kind=intern(job.kind),
        kind_title=kind_title,
        title=title,
        state=intern(job.state),
        progress=job.progress,
        stage=job.stage or "",
        rows_done=done,
        rows_total=total,
        rate=job.rate,
        eta=job.eta_seconds,
        created=_seconds(job.created_at) or 0.0,
        started=_seconds(job.started_at),
        finished=_seconds(job.finished_at),
        owner=intern(owner),
        priority=intern(job.priority),
        cancel_requested=job.cancel_requested,
        note=_why(job.why) if job.why else "",
        result=job.result or None,
        error=job.error.message or job.error.code if job.error else "",
        error_code=intern(job.error.code) if job.error else "",
        parent_id=job.parent_id,
        files=tuple(job.files),
        version=job.version,
        can_undo=job.can_undo,
        needle=needle(title, kind_title, job.kind, owner, job.id),
    )


def needle(*texts: str) -> str:
    """What the search looks in, from the texts of a row."""
    return "\n".join(texts).casefold()


def _why(why: Why) -> str:
    """The words, with a moment as it is on this computer's clock: the server knows of no other than UTC."""
    at = why.values.get("at")
    if not isinstance(at, str) or at not in why.message:
        return why.message
    try:
        return why.message.replace(at, formats.moment(datetime.fromisoformat(at).timestamp()))
    except ValueError:
        return why.message


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
