"""The work of `evidence.analyze`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from worker.documents import files
from worker.engine import parts
from worker.engine.context import InputFile, JobContext
from worker.engine.helper import Helper, HelperStopped
from worker.errors import Cancelled
from worker.evidence import manifest, report, times
from worker.evidence.manifest import Difference, Entry, Manifest
from worker.files.storage import Storage

_PIECE = 1 << 20
_READING_SHARE = 0.5  # of a file's time; the other half is for the searches
_SHOWN = 50
_MANIFEST = "manifest"  # the state of a file that is an earlier manifest, and no evidence


def run(job: JobContext, *, keywords: Sequence[str], near: float, compare_with: str | None) -> dict[str, Any]:
    """Examine all files, compare them with an earlier manifest, write report and manifest.

    Args:
        keywords: to be looked for.
        near: share of common shingles from which texts are near duplicates, 0 to 1.
        compare_with: id of an earlier job; None: with the manifest among the files, if there is one.

    Returns:
        Counts of files by state, which add up to `files`; of duplicates, wrong endings, findings of each kind,
        keyword hits; with a comparison, how many files are unchanged, renamed, changed, missing and added (the first
        four add up to the files of before), `proved`, and `differing`: the names of those that are not the same, with
        what became of them in the owner's words.

    Raises:
        Refused: `evidence_no_such_job`, `evidence_no_manifest`.
    """
    finished: dict[str, Any] | None = (job.checkpoint or {}).get("result")
    if finished is None:
        earlier = _earlier(job, compare_with)
        try:
            files.through(job, partial(_examine, job, list(keywords)))
            finished = _results(job, keywords, near, earlier)
        except Cancelled:
            raise Cancelled(files.counts(_evidence(job))) from None
        with job.chunk() as chunk:
            chunk.checkpoint({"done": len(job.uploads), "result": finished})
    parts.drop(job)
    return finished


def _earlier(job: JobContext, compare_with: str | None) -> tuple[Manifest, str] | None:
    """The manifest to compare with, and its SHA-256 or the job's id, for the report."""
    if compare_with:
        with job.database.read() as connection:
            storage = Storage(job.settings)
            return manifest.of_job(connection, storage, job.actor, compare_with, job.kind), compare_with
    for file in job.uploads:
        found = manifest.of_file(file.path, file.name)
        if found is not None:
            return found, f"{file.name}, SHA-256 {file.sha256}"
    return None


def _examine(job: JobContext, keywords: list[str], helper: Helper, file: InputFile, out: Path) -> dict[str, Any]:
    sha256 = _hash(job, file.path)
    if manifest.of_file(file.path, file.name) is not None:
        return files.summary_of("text", _MANIFEST)
    try:
        summary = helper.call(
            "worker.evidence.examiner:examine",
            job.settings.document_seconds,
            path=str(file.path),
            name=file.name,
            folder=str(files.scratch(job)),
            out=str(out),
            seconds=job.settings.document_seconds * _READING_SHARE,
            keywords=keywords,
        )
    except HelperStopped as stopped:
        out.unlink(missing_ok=True)
        summary = files.stopped(job, helper, file, stopped)
        summary |= {"lies": files.lies(file.name, summary["type"])}
    # What is stored must still be what was sent.
    return summary | {"sha256": sha256, "altered": sha256 != file.sha256}


def _hash(job: JobContext, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            digest.update(piece)
            job.check()
    return digest.hexdigest()


def _evidence(job: JobContext) -> list[dict[str, Any]]:
    return [s for _, s in parts.summaries(job.database, job.job_id) if s["state"] != _MANIFEST]


def _entries(job: JobContext) -> dict[int, Entry]:
    """The manifest's entry of each file, by position."""
    known = times.of_files(job.database, [file.id for file in job.uploads])
    found: dict[int, Entry] = {}
    for position, summary in parts.summaries(job.database, job.job_id):
        if summary["state"] != _MANIFEST:
            file = job.uploads[position]
            modified, received = known.get(file.id, (None, None))
            found[position] = Entry(file.name, file.size, summary["sha256"], summary["type"], modified, received)
    return found


def _results(
    job: JobContext, keywords: Sequence[str], near: float, earlier: tuple[Manifest, str] | None
) -> dict[str, Any]:
    entries = _entries(job)
    now = Manifest(job.job_id, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), tuple(entries.values()))
    differences = manifest.compare(earlier[0].entries, now.entries) if earlier else None
    workbook = job.folder / "evidence.xlsx"
    found = report.write(
        job, workbook, entries=entries, keywords=keywords, near=near, earlier=earlier, differences=differences
    )
    job.progress("stage_storing", len(job.uploads), len(job.uploads))
    manifest.write(job.folder / manifest.NAME, now)
    manifest.write_sums(job.folder / manifest.SUMS, now)
    name = job.text("evidence_file_name")
    job.add_file(workbook, name, "report")
    job.add_file(job.folder / manifest.NAME, manifest.NAME, "export")
    job.add_file(job.folder / manifest.SUMS, manifest.SUMS, "export")
    summaries = _evidence(job)
    result: dict[str, Any] = files.counts(summaries)
    result |= {
        "wrong_endings": sum(1 for s in summaries if s.get("lies")),
        "altered": sum(1 for s in summaries if s.get("altered")),
        **found,
        "file": name,
    }
    if differences is not None:
        result |= _comparison(job, differences)
    return result


def _comparison(job: JobContext, differences: list[Difference]) -> dict[str, Any]:
    count = Counter(d.how for d in differences)
    pairs = [(d.before or d.now, d.how) for d in differences if d.how != "unchanged"]
    differing = [
        {"name": entry.name, "how": job.text(f"evidence_is_{how}")} for entry, how in pairs if entry is not None
    ]
    return {
        **{how: count[how] for how in manifest.HOWS},
        "proved": manifest.proved(differences),
        "differing": differing[:_SHOWN],
    }
