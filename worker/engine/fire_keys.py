"""What names one firing of a schedule: the schedule and its due time. Two schedulers that fire it make one job."""

from __future__ import annotations

from datetime import UTC, datetime


def fire_key(schedule_id: str, due: datetime) -> str:
    """The key of one due time of one schedule."""
    return f"{schedule_id}@{due.astimezone(UTC).isoformat(timespec='seconds')}"


def due_of(key: str | None) -> datetime | None:
    """The due time in a key, in UTC; None for a job that no due time has made."""
    _, _, due = (key or "").partition("@")
    return datetime.fromisoformat(due) if due else None
