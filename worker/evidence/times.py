"""When a file was changed and received, as far as anybody said so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.db.schema import files, uploads

if TYPE_CHECKING:
    from worker.db.database import Database

_BATCH = 500
_LATEST = 4_102_444_800  # 2100
_MILLISECONDS_FROM = 100_000_000_000


def read_modified(value: str | None) -> str | None:
    """The `modified` of an upload's metadata (ISO 8601, or seconds or milliseconds since 1970) as ISO 8601 in UTC."""
    if not value:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
        return at.astimezone(dt.UTC).isoformat(timespec="seconds") if at.tzinfo else at.isoformat(timespec="seconds")
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 < seconds < _LATEST:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def of_files(database: Database, ids: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """`{file id: (modified, received)}`; a complete upload has the id of its file."""
    found: dict[str, tuple[str | None, str | None]] = {}
    with database.read() as connection:
        for start in range(0, len(ids), _BATCH):
            some = list(ids[start : start + _BATCH])
            said = {
                row.id: row.metadata or {}
                for row in connection.execute(select(uploads.c.id, uploads.c.metadata).where(uploads.c.id.in_(some)))
            }
            for row in connection.execute(select(files.c.id, files.c.created_at).where(files.c.id.in_(some))):
                found[row.id] = (
                    read_modified(said.get(row.id, {}).get("modified")),
                    row.created_at.isoformat(timespec="seconds"),
                )
    return found
