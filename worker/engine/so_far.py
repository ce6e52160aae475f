"""What a job has done by its last checkpoint, where nobody is left to say so: cancelled after its worker has died."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection, select

from worker.db.schema import jobs
from worker.engine import kinds
from worker.engine.plain import plain

log = logging.getLogger(__name__)


def by_checkpoint(connection: Connection, job_id: str, kind_name: str) -> tuple[dict[str, Any] | None, int | None]:
    """The result that the job would have given had it been asked to stop there, and its rows; None, where there is no
    checkpoint or the kind does not say what one means."""
    kind = kinds.get(kind_name)
    if kind is None or kind.so_far is None:
        return None, None
    row = connection.execute(select(jobs.c.params, jobs.c.checkpoint).where(jobs.c.id == job_id)).one()
    if row.checkpoint is None:
        return None, None
    try:
        result, rows = kind.so_far(kind.params.model_validate(row.params), row.checkpoint)
    except Exception:  # a checkpoint of an earlier version, a fault of a plug-in: the job ends all the same
        log.exception("job %s: its checkpoint does not tell what was done", job_id)
        return None, None
    return None if result is None else plain(result), rows
