"""The work of `documents.process`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from worker.documents import files, report
from worker.engine import parts
from worker.engine.context import InputFile, JobContext
from worker.engine.helper import Helper, HelperStopped
from worker.errors import Cancelled


def run(job: JobContext, *, tables: bool) -> dict[str, Any]:
    """Read all files, write the workbook and the archive of texts.

    Args:
        tables: look for tables in PDF, which takes time.

    Returns:
        Counts of files by state, which add up to `files`; `pages`, `tables`, `characters`; `file`: the workbook.
    """
    finished: dict[str, Any] | None = (job.checkpoint or {}).get("result")
    if finished is None:
        try:
            files.through(job, partial(_read, job, tables))
            finished = _results(job)
        except Cancelled:
            raise Cancelled(_counts(job)) from None
        with job.chunk() as chunk:
            chunk.checkpoint({"done": len(job.uploads), "result": finished})
    parts.drop(job)
    return finished


def _read(job: JobContext, tables: bool, helper: Helper, file: InputFile, out: Path) -> dict[str, Any]:
    summary = helper.call(
        "worker.documents.reader:read_file",
        job.settings.document_seconds,
        path=str(file.path),
        name=file.name,
        folder=str(files.scratch(job)),
        out=str(out),
        seconds=files.reading_seconds(job),
    )
    pages = summary.pop("table_pages")
    if not pages or not tables:
        return summary
    try:
        more = helper.call(
            "worker.documents.reader:read_tables",
            job.settings.document_seconds,
            path=str(file.path),
            pages=pages,
            out=str(out),
            seconds=files.table_seconds(job),
        )
    except HelperStopped:
        summary["notes"].append(["document_note_no_tables", {}])
        return summary
    return {**summary, "tables": more["tables"], "notes": summary["notes"] + more["notes"]}


def _counts(job: JobContext) -> dict[str, Any]:
    summaries = [summary for _, summary in parts.summaries(job.database, job.job_id)]
    return files.counts(summaries) | {
        "pages": sum(s.get("pages") or 0 for s in summaries),
        "tables": sum(s["tables"] for s in summaries),
        "characters": sum(s["characters"] for s in summaries),
    }


def _results(job: JobContext) -> dict[str, Any]:
    workbook, archive = job.folder / "report.xlsx", job.folder / "texts.zip"
    count = report.write(job, workbook, archive)
    job.progress("stage_storing", len(job.uploads), len(job.uploads))
    name = job.text("documents_file_name")
    job.add_file(workbook, name, "report")
    if count:
        job.add_file(archive, job.text("texts_file_name"), "export")
    return _counts(job) | {"file": name}
