"""What the outbox holds: a job on its way to the server, and its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATES = ("waiting", "uploading", "submitting", "accepted", "refused")


class EntryGone(Exception):
    """The entry was taken out of the outbox while it was worked on."""


@dataclass(slots=True)
class HeldFile:
    """A file of an entry.

    Attributes:
        path: the original.
        size, mtime_ns: bytes and time of change when it was picked.
        sha256: known once it is copied.
        kept: our copy; None: not copied yet.
        upload_id, offset: how far the server has it, in bytes.
    """

    path: Path
    name: str
    size: int
    mtime_ns: int
    sha256: str | None = None
    kept: Path | None = None
    upload_id: str | None = None
    offset: int = 0


@dataclass(slots=True)
class Entry:
    """A job on its way to the server.

    Attributes:
        id: its `Idempotency-Key`.
        server, user: to whom it goes and on whose behalf; it is never sent for another user.
        state: waiting, uploading, submitting (the server may have it already), accepted, refused.
        error_code, error_values, error_message: why it was refused or could not be sent last time; the message is the
            server's, in the user's language, or None.
        created_at, submitted_at, next_try_at: seconds since 1970; submitted_at: when the job was first handed in.
        job_id: once accepted.
    """

    id: str
    kind: str
    params: dict[str, Any]
    title: str | None
    priority: str
    server: str
    user: str
    state: str = "waiting"
    error_code: str | None = None
    error_values: dict[str, Any] = field(default_factory=dict)
    error_message: str | None = None
    created_at: float = 0.0
    submitted_at: float | None = None
    attempts: int = 0
    next_try_at: float = 0.0
    job_id: str | None = None
    files: list[HeldFile] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def sent(self) -> int:
        """Bytes that the server has confirmed."""
        return sum(file.offset for file in self.files)
