"""Messages from one person to another: in the window, or by e-mail to the address that the other's account has."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, Row, or_, select

from worker import audit, notifications
from worker.accounts.users import normal_username
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import users
from worker.engine.submit import submit
from worker.engine.views import JobView, Submission
from worker.errors import Refused
from worker.settings import Settings
from worker.texts import text

Way = Literal["in_app", "email"]
MESSAGE_CHARACTERS = 5000


def send(
    database: Database, settings: Settings, actor: Actor, user: str, message: str, way: Way = "in_app"
) -> JobView | None:
    """Send a message.

    Args:
        user: name or id of the one who gets it.
        way: `in_app`: it is there at once; `email`: a job of the kind `notifications.send_email`.

    Returns:
        The job; None for `in_app`.

    Raises:
        Refused: `unknown_recipient`, `recipient_has_no_email`.
    """
    if way == "in_app":
        with database.write() as connection:
            notify(connection, actor, user, message)
        return None
    return mail(database, settings, actor, user, message)


def mail(database: Database, settings: Settings, actor: Actor, user: str, message: str) -> JobView:
    """Send a message to the address of a user's account: a job of the kind `notifications.send_email`.

    Raises:
        Refused: `unknown_recipient`, `recipient_has_no_email`.
    """
    with database.read() as connection:
        row = recipient(connection, user)
    if not row.email:
        raise _bad_user("recipient_has_no_email", user)
    params = {
        "email": row.email,
        "subject": text("mail_message_subject", row.language, sender=actor.username),
        "message": message,
        "language": row.language,
    }
    return submit(database, settings, actor, Submission(kind="notifications.send_email", params=params), None)[0]


def recipient(connection: Connection, user: str) -> Row[Any]:
    """The row of a user, by name or id, who can get messages.

    Raises:
        Refused: `unknown_recipient`.
    """
    wanted = (users.c.disabled_at.is_(None), users.c.role != "system")
    named = or_(users.c.id == user, users.c.username == normal_username(user))
    row = connection.execute(select(users).where(named, *wanted)).first()
    if row is None:
        raise _bad_user("unknown_recipient", user)
    return row


def notify(connection: Connection, actor: Actor, user: str, message: str) -> None:
    """Put a message into a user's list.

    Args:
        connection: a writing transaction.

    Raises:
        Refused: `unknown_recipient`.
    """
    row = recipient(connection, user)
    notifications.add(connection, row.id, "message", message=message, sender_id=actor.user_id)
    audit.record(connection, actor, "notification.send", "user", row.id)


def _bad_user(code: str, user: str) -> Refused:
    return Refused(code, errors=[{"field": "user_id", "code": code, "values": {"user": user}}], user=user)
