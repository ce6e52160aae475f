"""Kinds for the chaos tests only, loaded as a plug-in (`TASKTRAY_EXTRA_KINDS`): real work that can be disturbed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from worker.engine.context import JobContext
from worker.engine.kinds import Params, kind
from worker.errors import Refused, Transient


class CountParams(Params):
    """How many rows to write, in which chunks; `seconds` is the least time of a chunk."""

    rows: int
    chunk: int = 10
    seconds: float = 0.0
    fail_once: str = ""


@kind("chaos.count", {"zh_CN": "计数", "en": "Count"}, CountParams)
def count(job: JobContext, params: CountParams) -> dict[str, Any]:
    """Write the numbers 0 to rows-1 into `chaos_rows`, which has no key: a row that takes effect twice is seen."""
    done = job.checkpoint["done"] if job.checkpoint else 0
    began_at = done
    while done < params.rows:
        until = min(params.rows, done + params.chunk)
        with job.chunk() as chunk:
            for number in range(done, until):
                chunk.connection.execute(
                    text("INSERT INTO chaos_rows (job_id, number, pid, attempt) VALUES (:j, :n, :p, :a)"),
                    {"j": job.job_id, "n": number, "p": os.getpid(), "a": job.attempt},
                )
            chunk.checkpoint({"done": until})
        done = until
        job.progress("stage_waiting", done, params.rows)
        time.sleep(params.seconds)
    return {"rows": done, "began_at": began_at}


class FileParams(Params):
    """A file in which the kind tells the test where it is."""

    path: str


@kind("chaos.hang", {"zh_CN": "卡住", "en": "Hang"}, FileParams)
def hang(job: JobContext, params: FileParams) -> dict[str, Any]:
    """Hold the interpreter's lock in one C call that would take hours: no thread of this process runs any more."""
    job.progress("stage_waiting")
    Path(params.path).write_text(str(os.getpid()))
    return {"digits": len(str(10**10**9))}


class LimitedParams(Params):
    """Nothing to choose."""


@kind("chaos.endless", {"zh_CN": "无尽", "en": "Endless"}, soft_limit_seconds=0.6, hard_limit_seconds=1.2)
def endless(job: JobContext, params: LimitedParams) -> dict[str, Any]:
    """Never look at the clock, nor at the orders."""
    while True:
        time.sleep(0.01)


@kind("chaos.patient", {"zh_CN": "听话", "en": "Patient"}, soft_limit_seconds=0.5, hard_limit_seconds=30)
def patient(job: JobContext, params: LimitedParams) -> dict[str, Any]:
    """Work on, but look at the orders: ends at the soft limit."""
    while True:
        job.check()
        time.sleep(0.01)


@kind("chaos.greedy", {"zh_CN": "贪吃", "en": "Greedy"})
def greedy(job: JobContext, params: LimitedParams) -> dict[str, Any]:
    """Take more and more memory."""
    hoard = []
    while True:
        hoard.append(bytearray(os.urandom(1) * 10_000_000))
        time.sleep(0.01)


class ErrorParams(Params):
    """Which way to fail."""

    how: str


@kind("chaos.fail", {"zh_CN": "失败", "en": "Fail"}, ErrorParams, max_retries=1)
def fail(job: JobContext, params: ErrorParams) -> dict[str, Any]:
    """Fail as asked."""
    match params.how:
        case "refused":
            raise Refused("unknown_upload", id="x")
        case "transient":
            raise Transient("connection_failed")
        case "table":
            from tabular.errors import TableError

            raise TableError("empty_file", name="a.csv")
        case "exit":
            os._exit(7)
        case "print":
            print("on standard output, which must not disturb the pipe")
            os.write(1, b"nor this\n")
            return {"value": float("nan")}
    raise ZeroDivisionError("unforeseen")
