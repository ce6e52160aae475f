"""What the API takes and gives of schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.engine.views import Priority, State

CatchUp = Literal["skip", "once", "all"]


class NewSchedule(BaseModel):
    """Body of `POST /schedules`: when, and what is submitted then.

    Attributes:
        kind, params, priority: of the jobs. A kind that needs files cannot be scheduled.
        title: of the schedule and its jobs; None: the kind's own.
        cron: minute, hour, day of the month, month, day of the week; or else `interval_seconds`.
        timezone: IANA name, in which `cron` is read.
        catch_up: what becomes of due times that passed while no scheduler ran: `skip` leaves them out (one that is
            at most a minute late still counts), `once` makes up for all of them with one job, `all` with one each.
    """

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=64)
    params: dict[str, Any] = {}
    priority: Priority = "normal"
    title: str | None = Field(None, max_length=300)
    cron: str | None = Field(None, max_length=200)
    interval_seconds: int | None = None
    timezone: str = Field("Asia/Shanghai", max_length=64)
    catch_up: CatchUp = "skip"
    enabled: bool = True


class ScheduleChanges(BaseModel):
    """Body of `PATCH /schedules/{id}`; what is not named stays. `cron` takes the place of an interval, and the other
    way round."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(None, max_length=64)
    params: dict[str, Any] | None = None
    priority: Priority | None = None
    title: str | None = Field(None, max_length=300)
    cron: str | None = Field(None, max_length=200)
    interval_seconds: int | None = None
    timezone: str | None = Field(None, max_length=64)
    catch_up: CatchUp | None = None
    enabled: bool | None = None


class Broken(BaseModel):
    """Why a schedule cannot make a job; in the reader's language.

    Attributes:
        code: e.g. `unknown_kind`, `invalid_params`.
        errors: for bad parameters, one `{field, code, message}` each.
    """

    code: str
    message: str
    errors: list[dict[str, Any]] = []


class ScheduleView(BaseModel):
    """A schedule.

    Attributes:
        title: the schedule's own, or that of its kind in the reader's language.
        own_title: the schedule's own; None: it has none.
        next_at: the next due times; empty when it is off, broken, or never due again.
        last_due_at, last_job_id: of the last firing; the job may have been deleted.
        last_state: of the last job; None: there is none (any more).
        broken: why it cannot make a job at present; None: it can.
        version: of its last edit; the ETag.
    """

    id: str
    title: str
    own_title: str | None
    kind: str
    kind_title: str
    params: dict[str, Any]
    priority: Priority
    cron: str | None
    interval_seconds: int | None
    timezone: str
    catch_up: CatchUp
    enabled: bool
    next_at: list[datetime]
    last_due_at: datetime | None
    last_job_id: str | None
    last_state: State | None
    broken: Broken | None
    created_at: datetime
    updated_at: datetime
    version: int
