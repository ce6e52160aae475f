"""The manifest: what each file was at a time, so that a later look can prove that it still is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker.db.schema import jobs
from worker.errors import Refused
from worker.files import results
from worker.files.rows import FileRow
from worker.ids import is_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.actor import Actor
    from worker.files.storage import Storage

FORMAT = "tasktray.manifest"
NAME = "manifest.json"
SUMS = "SHA256SUMS.txt"
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a manifest.

    Attributes:
        size: bytes.
        type: by content, a name of `content.TYPES`.
        modified: ISO 8601, as the sender said; None: unknown, for an upload does not carry it by itself.
        received: ISO 8601, when the server had all of it.
    """

    name: str
    size: int
    sha256: str
    type: str
    modified: str | None
    received: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Files and where the list of them comes from.

    Attributes:
        job: id of the job that wrote it.
        created_at: ISO 8601.
    """

    job: str
    created_at: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a file: `unchanged`, `renamed`, `changed`, `missing` or `added`."""

    how: str
    before: Entry | None
    now: Entry | None


HOWS = ("unchanged", "renamed", "changed", "missing", "added")


def write(path: Path, manifest: Manifest) -> None:
    """Write a manifest as JSON."""
    content = {
        "format": FORMAT, "version": 1, "job": manifest.job, "created_at": manifest.created_at,
        "files": [asdict(entry) for entry in manifest.entries],
    }  # fmt: skip
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def write_sums(path: Path, manifest: Manifest) -> None:
    """Write the lines that `sha256sum --check` takes."""
    lines = "".join(f"{e.sha256}  {e.name}\n" for e in manifest.entries)
    path.write_text(lines, "utf-8", newline="\n")


def parse(content: str | bytes) -> Manifest | None:
    """A manifest, or None when the text is none of ours."""
    try:
        data = json.loads(content)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            return None
        entries = tuple(
            Entry(
                str(f["name"]), int(f["size"]), str(f["sha256"]).lower(), str(f.get("type", "")), f.get("modified"),
                f.get("received"),
            )
            for f in data["files"]
        )  # fmt: skip
        return Manifest(str(data.get("job", "")), str(data.get("created_at", "")), entries)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def of_file(path: Path, name: str) -> Manifest | None:
    """The manifest that a file of evidence is, or None."""
    if not name.lower().endswith(".json") or path.stat().st_size > _LARGEST:
        return None
    return parse(path.read_bytes())


def check_job(connection: Connection, actor: Actor, job_id: str, kind: str) -> FileRow:
    """The manifest file of an earlier job that `actor` may see.

    Raises:
        Refused: `evidence_no_such_job`, `evidence_no_manifest`.
    """
    row = None
    if is_id(job_id):
        row = connection.execute(select(jobs.c.owner_id, jobs.c.kind).where(jobs.c.id == job_id)).one_or_none()
    if row is None or row.kind != kind or (row.owner_id != actor.user_id and not actor.is_admin):
        raise Refused("evidence_no_such_job", job=job_id[:64])
    files = results.of_job(connection, [job_id])[job_id]
    found = [f for f in files if f.role == "export" and f.name == NAME]
    if not found:
        raise Refused("evidence_no_manifest", job=job_id)
    return found[-1]


def of_job(connection: Connection, storage: Storage, actor: Actor, job_id: str, kind: str) -> Manifest:
    """The manifest that an earlier job wrote.

    Raises:
        Refused: as `check_job`.
    """
    row = check_job(connection, actor, job_id, kind)
    with storage.open(row.storage_key) as file:
        found = parse(file.read())
    if found is None:
        raise Refused("evidence_no_manifest", job=job_id)
    return found


def compare(before: Sequence[Entry], now: Sequence[Entry]) -> list[Difference]:
    """What became of each file: first those that are the same by name and hash, then by hash, then by name."""
    left, fresh = list(before), list(now)
    found: list[Difference] = []

    def match(how: str, key: Any) -> None:
        waiting: defaultdict[Any, list[Entry]] = defaultdict(list)
        for entry in fresh:
            waiting[key(entry)].append(entry)
        for entry in list(left):
            if waiting[key(entry)]:
                other = waiting[key(entry)].pop(0)
                left.remove(entry)
                fresh.remove(other)
                found.append(Difference(how, entry, other))

    match("unchanged", lambda e: (e.name, e.sha256))
    match("renamed", lambda e: e.sha256)
    match("changed", lambda e: e.name)
    found += [Difference("missing", entry, None) for entry in left]
    found += [Difference("added", None, entry) for entry in fresh]
    return found


def proved(differences: Sequence[Difference]) -> bool:
    """Whether every file of before is there, byte for byte."""
    return all(d.how in ("unchanged", "renamed", "added") for d in differences)
