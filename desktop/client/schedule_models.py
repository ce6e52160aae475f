"""What the server says of schedules; read leniently, as all of `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Broken:
    """Why a schedule cannot make a job; `errors`: for bad parameters, `{field, code, message}` each."""

    code: str = ""
    message: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Schedule:
    """A schedule: `cron` or else `interval_seconds`; `next_at` is empty when it is off, broken, or never due again;
    `last_state` is that of the last job, None when there is none (any more).
    """

    id: str = ""
    title: str = ""
    own_title: str | None = None
    kind: str = ""
    kind_title: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    priority: str = "normal"
    cron: str | None = None
    interval_seconds: int | None = None
    timezone: str = ""
    catch_up: str = "skip"
    enabled: bool = False
    next_at: list[datetime] = field(default_factory=list)
    last_due_at: datetime | None = None
    last_job_id: str | None = None
    last_state: str | None = None
    broken: Broken | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 0
