"""Sign in, sign out, change one's own password: what the `auth` routes call."""

from __future__ import annotations

from sqlalchemy import select, update

from worker import audit
from worker.accounts import passwords, throttle, tokens
from worker.accounts.tokens import Session, TokenPair
from worker.accounts.users import end_sessions, from_row, normal_username
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import users
from worker.db.types import db_now
from worker.errors import Forbidden, Refused
from worker.settings import Settings


def sign_in(database: Database, settings: Settings, username: str, password: str, ip: str | None = None) -> TokenPair:
    """Tokens for a name and its password. Takes about the same time whether the name exists or not.

    Raises:
        Refused: 401 `wrong_password` (also for an unknown name), 429 `login_blocked` after too many of them.
        Forbidden: `user_disabled`, told only to who knows the password.
    """
    name = normal_username(username)
    with throttle.turn(name):
        throttle.check(database, settings, name)
        with database.read() as connection:
            row = connection.execute(select(users).where(users.c.username == name)).first()
        if not passwords.verify(row.password_hash if row else None, password):
            throttle.failed(database, settings, name)
            someone = Actor(row.id if row else "", name[:64], "operator", ip=ip)
            with database.write() as connection:
                audit.record(connection, someone, "auth.login_failed", "user", someone.user_id or None)
            raise Refused("wrong_password", 401)
        assert row is not None  # noqa: S101 - nobody's password is never right
        throttle.succeeded(database, name)
    if row.disabled_at is not None:
        raise Forbidden("user_disabled", username=row.username)
    better = passwords.hash_password(password) if passwords.outdated(row.password_hash) else None
    with database.write() as connection:
        if better:
            connection.execute(update(users).where(users.c.id == row.id).values(password_hash=better))
        pair = tokens.issue(connection, settings, from_row(row))
        audit.record(connection, Actor(row.id, row.username, row.role, ip=ip), "auth.login", "user", row.id)
    return pair


def sign_out(database: Database, session: Session, refresh_token: str | None = None) -> None:
    """End the sign-in that the access token came from, and the one of `refresh_token` if it is the same user's."""
    with database.write() as connection:
        families = {session.family}
        if refresh_token:
            families.add(tokens.family_of(connection, session.actor.user_id, refresh_token))
        for family in families - {None}:
            tokens.revoke(connection, str(family))
        audit.record(connection, session.actor, "auth.logout", "user", session.actor.user_id)


def change_password(
    database: Database, settings: Settings, actor: Actor, current_password: str, new_password: str
) -> TokenPair:
    """Give oneself a new password: ends all of one's sign-ins and gives a new one.

    Raises:
        Refused: `wrong_current_password` (422; counted like wrong passwords at sign-in), 429 `login_blocked`, or as
            `passwords.check_policy`.
    """
    with throttle.turn(actor.username):
        throttle.check(database, settings, actor.username)
        with database.read() as connection:
            row = connection.execute(select(users).where(users.c.id == actor.user_id)).one()
        if not passwords.verify(row.password_hash, current_password):
            throttle.failed(database, settings, actor.username)
            code = "wrong_current_password"
            raise Refused(code, 422, errors=[{"field": "current_password", "code": code, "values": {}}])
        throttle.succeeded(database, actor.username)
    passwords.check_policy(row.username, new_password)
    password_hash = passwords.hash_password(new_password)
    with database.write() as connection:
        end_sessions(connection, actor.user_id)
        changed = connection.execute(
            update(users)
            .where(users.c.id == actor.user_id)
            .values(password_hash=password_hash, token_version=users.c.token_version + 1, updated_at=db_now())
            .returning(*users.c)
        ).one()
        pair = tokens.issue(connection, settings, from_row(changed))
        audit.record(connection, actor, "auth.password", "user", actor.user_id)
    return pair
