"""A row of `files` as the rest of the system sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.db.schema import files


@dataclass(frozen=True, slots=True)
class FileRow:
    """A stored file: an upload that is complete, or a result of a job.

    Attributes:
        id, owner_id: ids; the owner is the uploader or the owner of the job.
        job_id: the job that made it; None for uploads.
        role: upload, export, errors or report.
        name: what a person calls it (already made harmless).
        content_type: by the name's ending.
        size: bytes.
        sha256: hex.
        storage_key: its object in the storage.
        expires_at: may be removed from then on if no job uses it; None: kept.
    """

    id: str
    owner_id: str
    job_id: str | None
    role: str
    name: str
    content_type: str
    size: int
    sha256: str
    storage_key: str
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> FileRow:
        """From a row that was selected with `COLUMNS` first."""
        return cls(*row[: len(COLUMNS)])


COLUMNS = (
    files.c.id,
    files.c.owner_id,
    files.c.job_id,
    files.c.role,
    files.c.name,
    files.c.content_type,
    files.c.size,
    files.c.sha256,
    files.c.storage_key,
    files.c.created_at,
    files.c.expires_at,
)
