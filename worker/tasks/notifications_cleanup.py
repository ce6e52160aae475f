"""`notifications.cleanup`: drop old notifications that have been read."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import delete, or_, select

from worker import notifications
from worker.db.schema import notifications as table
from worker.db.types import db_now
from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind

_CHUNK = 500
_DAY = 86400.0


class CleanupParams(Params):
    """Which notifications are old.

    Attributes:
        days_old: read ones go after this time.
        unread_days_old: those that somebody has not read go after this time, since nobody will any more.
    """

    days_old: int = Field(
        30, ge=1, le=3650,
        json_schema_extra=words(
            "已读通知保留天数", "Days to keep read ones", "发给多人的通知，所有人都读过才算已读。",
            "One to several people is read when all have read it.",
        ),
    )  # fmt: skip
    unread_days_old: int = Field(
        365, ge=1, le=3650, json_schema_extra=words("未读通知保留天数", "Days to keep unread ones", advanced=True)
    )


@kind(
    "notifications.cleanup",
    {"zh_CN": "清理旧通知", "en": "Clean up notifications"},
    CleanupParams,
    admin_only=True,
    order=910,
    result_titles={"removed": ("已删除", "Removed")},
)
def cleanup(job: JobContext, params: CleanupParams) -> dict[str, Any]:
    """Delete them in chunks.

    Returns:
        `{removed}`.
    """
    n = table.c
    removed = int((job.checkpoint or {}).get("removed", 0))
    read, unread = params.days_old * _DAY, max(params.days_old, params.unread_days_old) * _DAY
    after = ""
    while True:
        job.progress("stage_cleaning", removed)
        with job.chunk() as chunk:
            connection = chunk.connection
            # Evaluated once: PostgreSQL's clock is volatile and could not be looked up in an index.
            old, very_old = (select(db_now(-seconds)).scalar_subquery() for seconds in (read, unread))
            page = connection.execute(
                select(n.id, (n.updated_at < very_old).label("very_old"))
                .where(n.updated_at < old, n.id > after)
                .order_by(n.id)
                .limit(_CHUNK)
            ).all()
            ids = [row.id for row in page]
            gone = or_(n.id.in_([row.id for row in page if row.very_old]), ~notifications.unread_by_somebody())
            removed += connection.execute(delete(table).where(n.id.in_(ids), gone, n.updated_at < old)).rowcount
            chunk.checkpoint({"removed": removed})
        if len(page) < _CHUNK:
            return {"removed": removed}
        after = ids[-1]
