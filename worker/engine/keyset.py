"""Cursors of lists of jobs that are ordered by an instant and the id, newest first."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from worker.errors import Refused
from worker.ids import is_id


def cursor(instant: datetime, job_id: str) -> str:
    """The cursor of the page that follows after this row; opaque to clients."""
    return base64.urlsafe_b64encode(f"{instant.isoformat()}|{job_id}".encode()).decode().rstrip("=")


def before(cursor: str, instant: ColumnElement[Any], job_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Condition for the rows after the cursor.

    Raises:
        Refused: `invalid_cursor` (422).
    """
    try:
        moment, _, last = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition("|")
        at = datetime.fromisoformat(moment)
        aware = at.tzinfo is not None
        at = at.astimezone(UTC)  # an instant near the ends of the calendar has no form in UTC
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Refused("invalid_cursor") from error
    if not aware or not is_id(last):
        raise Refused("invalid_cursor")
    # The first condition says nothing new but lets both databases begin at the right place of the index.
    return and_(instant <= at, or_(instant < at, job_id < last))
