"""A failed job again: its files are brought back, so that they can be read or mapped in another way."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from desktop.client import models
from desktop.client.client import Client
from desktop.client.downloads import download
from desktop.client.errors import FileProblem
from desktop.client.names import safe_name
from desktop.client.uploads import Fingerprint, fingerprint
from desktop.outbox import Entry

log = logging.getLogger(__name__)

# Why a job failed, where another sheet, header row, encoding or column is all that it takes.
MENDABLE = frozenset((
    "mapping_required", "mapping_unknown_column", "mapping_unknown_field", "mapping_field_twice", "constant_refused",
    "sheet_not_found", "header_row_beyond_end", "no_rows", "wrong_encoding", "unknown_encoding", "bad_delimiter",
    "nothing_imported", "too_many_errors",
))  # fmt: skip
_KEPT_DAYS = 7


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """A job with its files on this computer.

    Attributes:
        files: path -> id of the file on the server, in the job's order.
    """

    job: models.Job
    files: dict[Path, str]


def bring_back(
    client: Client, job_id: str, sent: Iterable[Entry], folder: Path, cancelled: threading.Event
) -> BroughtBack:
    """Read a job and find its files: as they were sent from here, or else fetched from the server.

    Args:
        sent: the outbox, which remembers for some days from where files were sent.
        folder: where files are fetched to; what lies there for long is removed.

    Raises:
        ClientError: the job or a file is gone, or the server away.
    """
    _tidy(folder)
    job = client.job(job_id)
    known = {file.sha256: file for entry in sent if entry.job_id == job_id for file in entry.files if file.sha256}
    found: dict[Path, str] = {}
    for file in job.files:
        if file.role != "upload":
            continue
        original = known.get(file.sha256)
        if original is not None and _is_still(original.path, Fingerprint(original.size, original.mtime_ns)):
            found[original.path] = file.id
            continue
        place = folder / safe_name(file.id)
        path = place / safe_name(file.name)
        if not path.exists():
            place.mkdir(parents=True, exist_ok=True)
            path = download(client, file.id, path, sha256=file.sha256 or None, replace=True, cancel=cancelled)
        found[path] = file.id
    return BroughtBack(job, found)


def _is_still(path: Path, mark: Fingerprint) -> bool:
    try:
        return fingerprint(path) == mark
    except FileProblem:
        return False


def _tidy(folder: Path) -> None:
    before = time.time() - _KEPT_DAYS * 86400
    for place in folder.iterdir() if folder.is_dir() else ():
        try:
            if place.stat().st_mtime < before:
                shutil.rmtree(place)
        except OSError as error:
            log.warning("%s could not be removed: %s", place, error)
