"""The files of a job, read one after the other in a helper; each is done, and counted, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from worker.documents import content
from worker.engine import packing, parts
from worker.engine.context import InputFile, JobContext
from worker.engine.helper import Helper, HelperStopped

STATES = ("read", "scanned", "encrypted", "broken", "unsupported", "stopped")
"""Each file is in one of these in the end."""
_TYPE_SECONDS = 10.0
_CUT_SHARE = 0.8  # of a file's time: a long document is cut off before the helper has to be
_TABLE_SHARE = 0.5

Summary = dict[str, Any]
Read = Callable[[Helper, InputFile, Path], Summary]


def through(job: JobContext, read: Read) -> None:
    """Read all files of the job that no earlier attempt has read, and keep a part for each.

    Args:
        read: `(helper, file, out)` gives a summary and writes the part's packed content into `out`. Its
            `HelperStopped` becomes the file's reason.
    """
    done = int((job.checkpoint or {}).get("done", 0))
    total = len(job.uploads)
    with Helper(job.settings.document_memory_bytes, job.check) as helper:
        for position in range(done, total):
            file = job.uploads[position]
            job.progress("stage_document", position, total, file=file.name)
            out = job.folder / "part"
            out.unlink(missing_ok=True)
            try:
                summary = read(helper, file, out)
            except HelperStopped as end:
                out.unlink(missing_ok=True)
                summary = stopped(job, helper, file, end)
            packed = out.read_bytes() if out.exists() else packing.pack(None)
            with job.chunk() as chunk:
                parts.keep(chunk.connection, job.job_id, position, summary, packed)
                chunk.checkpoint({**(job.checkpoint or {}), "done": position + 1})
            job.progress("stage_document", position + 1, total, file=file.name)


def scratch(job: JobContext) -> Path:
    """A folder for the helper's temporary files."""
    folder = job.folder / "helper"
    folder.mkdir(exist_ok=True)
    return folder


def reading_seconds(job: JobContext) -> float:
    """How long the reading itself may take, so that something is there when the time is over."""
    return job.settings.document_seconds * _CUT_SHARE


def table_seconds(job: JobContext) -> float:
    """How long tables of a PDF are looked for."""
    return job.settings.document_seconds * _TABLE_SHARE


def lies(name: str, type_: str) -> bool:
    """Whether the ending of a file's name says something else than its content; see `content.lies`."""
    return content.lies(name, content.TYPES[type_])


def stopped(job: JobContext, helper: Helper, file: InputFile, end: HelperStopped) -> Summary:
    """The summary of a file that the helper did not come to the end of."""
    type_ = "unknown"
    with suppress(HelperStopped):
        type_ = helper.call("worker.documents.reader:type_of", _TYPE_SECONDS, path=str(file.path))["type"]
    settings = job.settings
    state, code = "stopped", "document_crash"
    values: dict[str, Any] = {}
    match end.code:
        case "time":
            code, values = "document_time", {"seconds": round(settings.document_seconds)}
        case "memory":
            code, values = "document_memory", {"megabytes": settings.document_memory_bytes // 1_000_000}
        case "failed":
            state, code = "broken", "document_broken"
    return summary_of(type_, state, code, values)


def summary_of(type_: str, state: str, code: str = "", values: dict[str, Any] | None = None) -> Summary:
    """The summary of a file without any text."""
    return {
        "type": type_, "state": state, "code": code, "values": values or {}, "characters": 0, "tables": 0, "notes": [],
    }  # fmt: skip


def counts(summaries: list[Summary]) -> dict[str, int]:
    """How many files are in which state; they add up to `files`."""
    found = {state: sum(1 for s in summaries if s["state"] == state) for state in STATES}
    return {"files": len(summaries), **found}
