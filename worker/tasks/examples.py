"""Examples: three small kinds that prove that the queue works."""

from __future__ import annotations

import time
from typing import Any

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.kinds import Params, kind

_STEP_SECONDS = 0.1


class EchoParams(Params):
    """What to send back."""

    message: str = Field(
        "hello", max_length=1000, title="Message", json_schema_extra={"titles": {"en": "Message", "zh_CN": "消息"}}
    )
    param: str | None = Field(
        None, max_length=1000, title="Note", json_schema_extra={"titles": {"en": "Note", "zh_CN": "备注"}}
    )


@kind("examples.echo", {"zh_CN": "回显", "en": "Echo"}, EchoParams, order=900, technical=True)
def echo(job: JobContext, params: EchoParams) -> dict[str, Any]:
    """Answer with the message."""
    note = {} if params.param is None else {"param": params.param}
    return {"message": f"Task received: {params.message}", **note}


class AddParams(Params):
    """Two numbers."""

    x: float | int = Field(
        title="First number", json_schema_extra={"titles": {"en": "First number", "zh_CN": "第一个数"}}
    )
    y: float | int = Field(
        title="Second number", json_schema_extra={"titles": {"en": "Second number", "zh_CN": "第二个数"}}
    )


@kind("examples.add", {"zh_CN": "相加", "en": "Add"}, AddParams, order=901, technical=True)
def add(job: JobContext, params: AddParams) -> dict[str, Any]:
    """Answer with the sum."""
    return {"sum": params.x + params.y}


class SleepParams(Params):
    """How long to wait."""

    seconds: float = Field(
        10, ge=0, le=3600, title="Seconds", json_schema_extra={"titles": {"en": "Seconds", "zh_CN": "秒数"}}
    )
    name: str = Field("", max_length=200, title="Note", json_schema_extra={"titles": {"en": "Note", "zh_CN": "备注"}})


@kind("examples.sleep", {"zh_CN": "等待", "en": "Wait"}, SleepParams, order=902, technical=True)
def sleep(job: JobContext, params: SleepParams) -> dict[str, Any]:
    """Wait, which is all that this kind is for: it shows progress, cancel and shutdown at work."""
    began = time.monotonic()
    total = max(1, round(params.seconds))
    while (passed := time.monotonic() - began) < params.seconds:
        job.progress("stage_waiting", min(total, int(passed)), total)
        time.sleep(min(_STEP_SECONDS, params.seconds - passed))
    job.progress("stage_waiting", total, total)
    return {"seconds": params.seconds, "name": params.name}
