"""Users: who they are and what may be changed about them. Only admins list and change others.

A user who owns jobs or files is disabled, never deleted: the table of jobs must go on saying whose they were.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from worker import audit
from worker.accounts import passwords
from worker.actor import SYSTEM, Actor, Role
from worker.db.database import Database
from worker.db.schema import files, jobs, login_failures, notifications, refresh_tokens, uploads, users
from worker.db.types import db_now
from worker.errors import Conflict, Forbidden, NotFound, Refused
from worker.ids import is_id, new_id
from worker.texts import LANGUAGES

LOCAL_USERNAME = "local"  # the user of an embedded system, see local.py
_RESERVED = ("system", LOCAL_USERNAME)
_PUNCTUATION = "._-@+"
CHANGEABLE = ("role", "display_name", "email", "language", "password", "disabled")


@dataclass(frozen=True, slots=True)
class User:
    """A user as others may see them.

    Attributes:
        has_password: False for the embedded system's local user, who signs in by a token of the running system.
        token_version: raised whenever the access tokens issued so far must end.
    """

    id: str
    username: str
    role: Role
    display_name: str | None
    email: str | None
    language: str
    disabled: bool
    has_password: bool
    token_version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UserPage:
    """Users in the order of their names; `next` is the cursor of the next page, None on the last."""

    users: list[User]
    next: str | None


def normal_username(username: str) -> str:
    """The one form of a name at sign-in: compatibility characters folded, no outer spaces, lower case."""
    return unicodedata.normalize("NFKC", username).replace("\x00", "").strip().casefold()


def from_row(row: Row[Any]) -> User:
    """The user in a row of `users`."""
    return User(
        id=row.id,
        username=row.username,
        role=row.role,
        display_name=row.display_name,
        email=row.email,
        language=row.language,
        disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
        token_version=row.token_version,
        created_at=row.created_at,
    )


def require_admin(actor: Actor) -> None:
    """Raise Forbidden unless `actor` is an admin."""
    if not actor.is_admin:
        raise Forbidden()


def _bad_field(field: str, code: str, **values: Any) -> Refused:
    return Refused(code, 422, errors=[{"field": field, "code": code, "values": values}], **values)


def _check_username(username: str) -> None:
    if not 1 <= len(username) <= 64 or not all(c.isalnum() or c in _PUNCTUATION for c in username):
        raise _bad_field("username", "username_form", maximum=64, punctuation=" ".join(_PUNCTUATION))
    if username in _RESERVED:
        raise _bad_field("username", "username_reserved", username=username)


def _check_common(values: Mapping[str, Any]) -> None:
    if "role" in values and values["role"] not in ("operator", "admin"):
        raise _bad_field("role", "unknown_role", role=str(values["role"]))
    if values.get("language") is not None and values["language"] not in LANGUAGES:
        raise _bad_field("language", "unknown_language", language=str(values["language"]))
    email = values.get("email")
    if email and (len(email) > 254 or email.count("@") != 1 or not all(email.split("@")) or " " in email):
        raise _bad_field("email", "bad_email", email=email)


def create(
    database: Database,
    actor: Actor,
    *,
    username: str,
    password: str,
    role: Literal["operator", "admin"] = "operator",
    display_name: str | None = None,
    email: str | None = None,
    language: str = "zh_CN",
) -> User:
    """Add a user.

    Raises:
        Forbidden: the actor is no admin.
        Refused: the name, password, role, address or language cannot be used.
        Conflict: `username_taken`.
    """
    require_admin(actor)
    username = normal_username(username)
    _check_username(username)
    passwords.check_policy(username, password)
    _check_common({"role": role, "language": language, "email": email})
    values = {
        "id": new_id(),
        "username": username,
        "password_hash": passwords.hash_password(password),
        "role": role,
        "display_name": display_name or None,
        "email": email or None,
        "language": language,
        "created_at": db_now(),
        "updated_at": db_now(),
    }
    try:
        with database.write() as connection:
            row = connection.execute(insert(users).values(**values).returning(*users.c)).one()
            audit.record(connection, actor, "user.create", "user", row.id, username=username, role=role)
            return from_row(row)
    except IntegrityError as error:
        raise Conflict("username_taken", username=username) from error


def create_admin(database: Database, username: str, password: str) -> User:
    """The first admin, made by `tasktray create-admin`; raises as `create` does."""
    return create(database, SYSTEM, username=username, password=password, role="admin")


def get(database: Database, actor: Actor, user_id: str) -> User:
    """One user: oneself, or any for an admin.

    Raises:
        NotFound: there is none that the actor may see.
    """
    if not is_id(user_id):
        raise NotFound("user_not_found")
    with database.read() as connection:
        row = connection.execute(select(users).where(users.c.id == user_id, users.c.role != "system")).first()
    if row is None or not (actor.is_admin or actor.user_id == user_id):
        raise NotFound("user_not_found")
    return from_row(row)


def page(
    database: Database, actor: Actor, *, text: str | None = None, cursor: str | None = None, limit: int = 100
) -> UserPage:
    """Users by name; `text` is looked for in name, display name and address; `cursor` is a page's `next`."""
    require_admin(actor)
    query = select(users).where(users.c.role != "system").order_by(users.c.username).limit(limit + 1)
    if cursor:
        query = query.where(users.c.username > cursor)
    if text:
        columns = (users.c.username, users.c.display_name, users.c.email)
        query = query.where(or_(*(c.icontains(text, autoescape=True) for c in columns)))
    with database.read() as connection:
        found = [from_row(row) for row in connection.execute(query)]
    more = len(found) > limit
    found = found[:limit]
    return UserPage(found, found[-1].username if more else None)


def _locked(connection: Connection, user_id: str) -> Row[Any]:
    """The row, with all admins locked: two admins who take each other's role at once must not both succeed."""
    if not is_id(user_id):
        raise NotFound("user_not_found")
    connection.execute(select(users.c.id).where(users.c.role == "admin").order_by(users.c.id).with_for_update())
    query = select(users).where(users.c.id == user_id, users.c.role != "system").with_for_update()
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("user_not_found")
    return row


def _is_last_admin(connection: Connection, row: Row[Any]) -> bool:
    """Whether nobody but this user could still sign in as an admin. The local user needs a running system: not one."""
    able = (users.c.role == "admin", users.c.disabled_at.is_(None), users.c.password_hash.is_not(None))
    if row.role != "admin" or row.disabled_at is not None or row.password_hash is None:
        return False
    return not connection.execute(select(exists().where(*able, users.c.id != row.id))).scalar_one()


def end_sessions(connection: Connection, user_id: str) -> None:
    """Revoke all of a user's refresh tokens."""
    open_ones = (refresh_tokens.c.user_id == user_id, refresh_tokens.c.revoked_at.is_(None))
    connection.execute(update(refresh_tokens).where(*open_ones).values(revoked_at=db_now()))


def change(database: Database, actor: Actor, user_id: str, changes: Mapping[str, Any]) -> User:
    """Change some of `CHANGEABLE`; what is not named stays.

    A new role, password or `disabled` ends the user's access tokens at once; a new password or disabling also ends
    all sign-ins.

    Raises:
        Forbidden, NotFound: the actor is no admin; there is no such user.
        Refused: a value cannot be used.
        Conflict: `last_admin`; `user_protected` for the local user's role, password and disabling.
    """
    require_admin(actor)
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"no such field: {sorted(unknown)}")
    # None empties what may be empty, and says nothing about the rest.
    changes = {k: v for k, v in changes.items() if v is not None or k in ("display_name", "email")}
    _check_common(changes)
    with database.write() as connection:
        row = _locked(connection, user_id)
        values: dict[str, Any] = {k: changes[k] or None for k in ("display_name", "email") if k in changes}
        if changes.get("language"):
            values["language"] = changes["language"]
        if row.username == LOCAL_USERNAME and {"role", "password", "disabled"} & set(changes):
            raise Conflict("user_protected", username=row.username)
        if changes.get("password") is not None:
            passwords.check_policy(row.username, changes["password"])
            values["password_hash"] = passwords.hash_password(changes["password"])
        if changes.get("role") not in (None, row.role):
            values["role"] = changes["role"]
        if changes.get("disabled") is not None and changes["disabled"] != (row.disabled_at is not None):
            values["disabled_at"] = db_now() if changes["disabled"] else None
        loses = values.get("role") == "operator" or changes.get("disabled") is True
        if loses and _is_last_admin(connection, row):
            raise Conflict("last_admin", username=row.username)
        if {"role", "password_hash", "disabled_at"} & set(values):
            values["token_version"] = users.c.token_version + 1
        if "password_hash" in values or changes.get("disabled") is True:
            end_sessions(connection, user_id)
            connection.execute(delete(login_failures).where(login_failures.c.username == row.username))
        values["updated_at"] = db_now()
        query = update(users).where(users.c.id == user_id).values(**values).returning(*users.c)
        changed = connection.execute(query).one()
        told = {k: v for k, v in changes.items() if k != "password"} | (
            {"password": "new"} if "password" in changes else {}
        )
        audit.record(connection, actor, "user.change", "user", user_id, username=row.username, **told)
        return from_row(changed)


def remove(database: Database, actor: Actor, user_id: str) -> None:
    """Delete a user who owns nothing.

    Raises:
        Forbidden, NotFound: the actor is no admin; there is no such user.
        Conflict: `user_has_jobs` (disable instead), `last_admin`, `user_protected`, `user_is_self`.
    """
    require_admin(actor)
    with database.write() as connection:
        row = _locked(connection, user_id)
        if row.username == LOCAL_USERNAME:
            raise Conflict("user_protected", username=row.username)
        if row.id == actor.user_id:
            raise Conflict("user_is_self", username=row.username)
        if _is_last_admin(connection, row):
            raise Conflict("last_admin", username=row.username)
        owned = or_(*(exists().where(table.c.owner_id == user_id) for table in (jobs, files, uploads)))
        if connection.execute(select(owned)).scalar_one():
            raise Conflict("user_has_jobs", username=row.username)
        connection.execute(delete(notifications).where(notifications.c.audience == user_id))
        connection.execute(delete(users).where(users.c.id == user_id))
        audit.record(connection, actor, "user.delete", "user", user_id, username=row.username)


def count(database: Database) -> int:
    """How many users can sign in by password; 0 on a fresh installation."""
    with database.read() as connection:
        query = select(func.count()).select_from(users).where(users.c.password_hash.is_not(None))
        return int(connection.execute(query).scalar_one())
