"""What the server says of notifications; read leniently, as all of `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Notification:
    """A notification; `message` is in the user's language, `count` how often it was raised, `sender` the person who
    wrote it (None: the system), `job_id` the last job that it is about.
    """

    id: str = ""
    category: str = ""
    level: str = "info"
    message: str = ""
    count: int = 1
    sender: str | None = None
    job_id: str | None = None
    read: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(slots=True)
class NotificationPage:
    """A page, the latest first; `unread` counts all, `next` is the cursor of the next page, None on the last."""

    notifications: list[Notification] = field(default_factory=list)
    unread: int = 0
    next: str | None = None
