"""Taking back an import: whether it can be, what it would do, and asking for it. `undoer` does it.

Rows that the import created are removed, rows that it updated get their old values; rows that changed since are kept.
An import is taken back once, within `undo_days` of its end, by its owner or an admin.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import select, update

from worker import audit, datasets
from worker.datasets.journal import Entries
from worker.db.schema import jobs
from worker.db.types import db_now
from worker.engine import events
from worker.engine import submit as engine
from worker.engine.kinds import Params
from worker.engine.views import ENDED, JobView, Submission
from worker.engine.visibility import require
from worker.errors import Conflict
from worker.texts import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from worker.actor import Actor
    from worker.datasets.dataset import Dataset
    from worker.db.database import Database
    from worker.engine.routing import Publish
    from worker.settings import Settings

KIND = "datasets.undo"


class UndoParams(Params):
    """Parameters of `datasets.undo`.

    Attributes:
        job: id of the import to take back.
    """

    job: str


class UndoPreview(BaseModel):
    """What taking an import back would do now.

    Attributes:
        job: the import.
        dataset: its dataset.
        removed: rows that it created, and that nobody has changed since.
        restored: rows that it updated, and that nobody has changed since.
        kept: rows of both sorts that have changed since, or are gone; they stay as they are.
        rows: all of these.
        expires_at: until when it can be asked for.
    """

    job: str
    dataset: str
    removed: int
    restored: int
    kept: int
    rows: int
    expires_at: datetime


def dataset_of(kind: str) -> Dataset | None:
    """The dataset that jobs of this kind import into; None: it is no import."""
    name, _, verb = kind.rpartition(".")
    return datasets.load().get(name) if verb == "import" else None


def left_changes(row: Any) -> bool:
    """Whether an ended import (its row of `jobs`) has changed the table, as far as its own counts tell."""
    if row.params.get("dry_run"):
        return False
    saved = row.checkpoint or {}
    if row.state == "succeeded":
        counts = row.result or {}
    elif row.error_code in ("nothing_imported", "changed_meanwhile") or saved.get("phase", "check") == "check":
        return False
    elif saved["phase"] == "take_back":  # stopped while it did so itself
        return True
    else:
        counts = saved.get("counts") or {}
        if row.params.get("all_or_nothing") and counts.get("rejected"):
            return False
    return bool(counts.get("inserted", 0) + counts.get("updated", 0))


def entries_of(row: Any, dialect: str) -> Entries:
    """The journal of an import (its row of `jobs`).

    Raises:
        Conflict: `nothing_to_undo`: it is no import.
    """
    dataset = dataset_of(row.kind)
    if dataset is None:
        raise Conflict("nothing_to_undo")
    return Entries(dialect, dataset, row.id, (row.checkpoint or {}).get("journal") or [])


def preview(database: Database, settings: Settings, actor: Actor, job_id: str) -> UndoPreview:
    """Count what taking the import back would do; nothing is changed.

    Raises:
        NotFound: `unknown_job`.
        Conflict: `job_not_ended`, `already_undone`, `undo_running`, `undo_expired`, `nothing_to_undo`.
    """
    with database.read() as connection:
        row = require(connection, actor, job_id)
        expires_at = _check(connection, settings, row)
        entries = entries_of(row, database.dialect)
        removed, restored, kept = entries.count(connection)
    if not removed + restored + kept:
        raise Conflict("nothing_to_undo")
    return UndoPreview(
        job=job_id,
        dataset=entries.dataset.name,
        removed=removed,
        restored=restored,
        kept=kept,
        rows=removed + restored + kept,
        expires_at=expires_at,
    )


def submit(
    database: Database,
    settings: Settings,
    actor: Actor,
    job_id: str,
    key: str | None = None,
    *,
    publish: Publish | None = None,
) -> JobView:
    """Ask for an import to be taken back; the job that does it is the import's child.

    Args:
        key: the idempotency key, as of any submission.

    Raises:
        NotFound, Conflict: as `preview`.
        Refused: as `worker.engine.submit.submit`.
    """
    with database.read() as connection:
        row = require(connection, actor, job_id)
    title = text("undo_title", actor.language, title=row.title)
    submission = Submission(kind=KIND, params={"job": job_id}, title=title[: engine.TITLE_CHARACTERS])
    return engine.submit(database, settings, actor, submission, key, parent_id=job_id, publish=publish)[0]


def accept(connection: Connection, settings: Settings, actor: Actor, job_id: str, params: UndoParams) -> Sequence[str]:
    """Let an undo job in, in the transaction that submits it: mark the import, so that no other comes beside it.

    Returns:
        The import's id: its job has changed.

    Raises:
        NotFound, Conflict: as `preview`.
    """
    row = require(connection, actor, params.job, lock=True)
    _check(connection, settings, row)
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(undone_by=job_id))
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(parent_id=row.id))
    events.add(connection, row.id, "undo_requested", by=actor.username, job=job_id)
    audit.record(connection, actor, "job.undo", "job", row.id, by=job_id)
    return [row.id]


def expiry(connection: Connection, settings: Settings, row: Any) -> tuple[datetime, bool]:
    """Until when an ended import (its row) can be taken back, and whether that has passed by the database's clock."""
    expires_at: datetime = row.finished_at + timedelta(days=settings.undo_days)
    now: datetime = connection.execute(select(db_now())).scalar_one()
    return expires_at, expires_at <= now


def _check(connection: Connection, settings: Settings, row: Row[Any]) -> datetime:
    if dataset_of(row.kind) is None:
        raise Conflict("nothing_to_undo")
    if row.state not in ENDED:
        raise Conflict("job_not_ended", state=row.state)
    if row.undone_at is not None:
        raise Conflict("already_undone", job=row.undone_by)
    if row.undone_by is not None:
        state = connection.scalar(select(jobs.c.state).where(jobs.c.id == row.undone_by))
        if state in ("pending", "running"):
            raise Conflict("undo_running", job=row.undone_by)
    if not left_changes(row):
        raise Conflict("nothing_to_undo")
    expires_at, passed = expiry(connection, settings, row)
    if passed:
        raise Conflict("undo_expired", days=f"{settings.undo_days:g}")
    return expires_at


def result(import_id: str, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """`{rows, removed, restored, kept, job}` of a taking back; the first is the sum of the next three."""
    counts = {name: checkpoint[name] for name in ("removed", "restored", "kept")}
    return {"rows": sum(counts.values()), **counts, "job": import_id}
