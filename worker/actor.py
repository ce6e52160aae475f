"""Who asks: passed to every function that reads or changes something on behalf of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["operator", "admin", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user, or the system itself.

    Attributes:
        user_id: `users.id`.
        username: name at sign-in; for audit rows.
        role: `operator` sees only own things, `admin` sees all, `system` is the schedule and the command line.
        language: `zh_CN` or `en`; language of the texts that the server writes for this person.
        ip: address that the request came from, where known.
    """

    user_id: str
    username: str
    role: Role
    language: str = "zh_CN"
    ip: str | None = None

    @property
    def is_admin(self) -> bool:
        """True for admins and for the system."""
        return self.role in ("admin", "system")


SYSTEM_USER_ID = "00000000-0000-7000-8000-000000000000"
SYSTEM = Actor(SYSTEM_USER_ID, "system", "system")
