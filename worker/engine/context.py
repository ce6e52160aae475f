"""What a kind's function is given to work with, inside a runner process.

A kind never touches `jobs` itself: progress, chunks, files and effects go through here, and each of them is fenced by
the job's lease token, so that a worker that lost its job can change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from worker.actor import Actor

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.db.database import Database
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class InputFile:
    """An upload of the job, present as a plain local file that must not be changed."""

    id: str
    name: str
    path: Path
    size: int
    sha256: str


class Chunk(Protocol):
    """One step of long work: its effects and the new checkpoint, in one transaction."""

    connection: Connection

    def checkpoint(self, value: dict[str, Any]) -> None:
        """Set the checkpoint that is committed with this chunk's effects (a small JSON object)."""

    def changed(self, *job_ids: str) -> None:
        """Name other jobs whose rows this chunk has changed; they take their change numbers last, with the commit."""


class JobContext(Protocol):
    """The job, as its kind's function sees it.

    Attributes:
        job_id, kind, attempt: as in `jobs`.
        actor: the owner; texts are written in `actor.language`.
        uploads: the job's files, in the order of submission.
        checkpoint: what the last committed chunk set; None at the first start. A resumed job goes on from there.
        database: for reading. Writes go through `chunk()`.
        settings: the installation's settings.
        due_at: the due time of the schedule that made the job, in UTC, however late it runs; None: no due time did.
        folder: an empty temporary folder of this attempt, removed afterwards.
    """

    job_id: str
    kind: str
    attempt: int
    actor: Actor
    uploads: list[InputFile]
    checkpoint: dict[str, Any] | None
    parent_id: str | None
    due_at: datetime | None
    database: Database
    settings: Settings
    folder: Path

    def progress(self, stage: str, done: int | None = None, total: int | None = None, **values: Any) -> None:
        """Tell how far the job is; cheap enough for every batch. Cancel and soft deadline are honoured here.

        Args:
            stage: a code of `worker/texts`, e.g. `stage_loading`.
            done, total: rows, where rows are what the work consists of.
            values: what the stage's words need.

        Raises:
            Cancelled: the job was asked to stop.
            DeadlineReached: its soft time limit has passed.
            LeaseLost: it belongs to another worker now.
            Interrupted: the worker is shutting down; the job is resumed at its checkpoint.
        """

    def check(self) -> None:
        """Raise what `progress` raises, without telling anything."""

    def chunk(self) -> AbstractContextManager[Chunk]:
        """A writing transaction: effects first, then (by the context) the fence, checkpoint and change number.

        Raises:
            LeaseLost: at the end of the block; nothing of it was committed.
        """

    def add_file(
        self, path: Path, name: str, role: str, connection: Connection | None = None, sha256: str | None = None
    ) -> str:
        """Keep a result file: hash and store `path` under `name`, give its id. A file of the same role and name that
        an earlier attempt of this job left is replaced.

        Args:
            role: export, errors or report.
            connection: a chunk's, to commit the file with the chunk; else it is committed (fenced) at once.
            sha256: of a big file that was hashed as it was written, and synced, and is never changed again: it is kept
                as it is, without being read and copied.
        """

    def adopt(self, parent_id: str) -> None:
        """Link this job to an earlier one of its kind that it goes on with (a corrected error workbook). Nothing
        happens when that one is not the owner's to see, or when this one has a parent.
        """

    def text(self, code: str, **values: Any) -> str:
        """Words from the catalogue in the owner's language."""

    def effect(self, step: str, key: str) -> AbstractContextManager[bool]:
        """Guard an effect outside the database (an e-mail). Gives True when it is to be done now; a row
        `effects(job, step, key)` is written before the block and confirmed after it. Gives False when it was done, or
        when its outcome is unknown, which is then shown to a person and never silently repeated.
        """

    def last_word(self) -> AbstractContextManager[Connection]:
        """A writing transaction, fenced like a chunk, that begins also when the job was asked to stop: what has
        happened outside (a mail was sent) must be written down all the same.

        Raises:
            LeaseLost: at the end of the block; nothing of it was committed.
        """

    def iter_effects(self, step: str) -> Iterator[tuple[str, str]]:
        """`(key, state)` of this job's effects of a step; state is started, done or unknown."""
