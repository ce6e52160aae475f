"""Tokens: short-lived access tokens (JWT, HS256) and rotating refresh tokens, of which only hashes are kept.

An access token names its user, the sign-in it came from (`sid`, the refresh tokens' family) and the user's
`token_version`. Each use is checked against the database: a changed role, a disabled user and a sign-out end it at
once. The token of the embedded system's local user has no end in time; it names the run (`run`) instead.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

import jwt
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from worker import audit
from worker.accounts.users import User, from_row
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import refresh_tokens, users
from worker.db.types import db_now
from worker.errors import Refused
from worker.ids import new_id
from worker.settings import Settings

_ALGORITHM = "HS256"
_ISSUER = "tasktray"
_ROTATION_LOCK = 7310004  # advisory lock, with the sign-in's hash


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in gives. `expires_in`: seconds that the access token is good for."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme


@dataclass(frozen=True, slots=True)
class Session:
    """A valid access token's meaning.

    Attributes:
        actor: the user, by the database's present word.
        family: the sign-in; None for the local user.
        expires_at: Unix seconds; None for the local user.
    """

    actor: Actor
    family: str | None
    expires_at: float | None


def _unauthenticated(code: str) -> Refused:
    return Refused(code, 401)


def _key(settings: Settings) -> bytes:
    # A key of its own for this purpose and of full length, whatever the length of the secret that was set.
    return hashlib.sha256(b"tasktray access token\0" + settings.effective_secret_key.encode()).digest()


def sign(settings: Settings, claims: dict[str, Any]) -> str:
    """A signed token with these claims."""
    return jwt.encode({"iss": _ISSUER, **claims}, _key(settings), _ALGORITHM)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue(connection: Connection, settings: Settings, user: User, family: str | None = None) -> TokenPair:
    """A pair for `user`, in the writing transaction of the sign-in; a new family unless one is given."""
    family = family or new_id()
    refresh = secrets.token_urlsafe(32)
    mine = refresh_tokens.c.user_id == user.id
    connection.execute(delete(refresh_tokens).where(mine, refresh_tokens.c.expires_at < db_now()))
    connection.execute(
        insert(refresh_tokens).values(
            id=new_id(),
            family=family,
            user_id=user.id,
            token_hash=_hash(refresh),
            issued_at=db_now(),
            expires_at=db_now(settings.refresh_token_seconds),
        )
    )
    now = int(time.time())
    life = int(settings.access_token_seconds)
    claims = {"sub": user.id, "role": user.role, "ver": user.token_version, "sid": family, "iat": now}
    return TokenPair(sign(settings, claims | {"exp": now + life}), refresh, life)


def rotate(database: Database, settings: Settings, refresh_token: str, ip: str | None = None) -> TokenPair:
    """A new pair for a refresh token, which is used up by this.

    A client whose answer was lost on the network asks again with the same token: for `refresh_grace_seconds` it gets
    another pair, as long as nobody has used the first one, which ends by this.

    Raises:
        Refused: 401 `refresh_invalid` for an unknown, ended or revoked one; `refresh_reused` for one that was used
            before, which also ends the sign-in it belongs to: one of the two who used it has stolen it.
    """
    reused = False
    with database.write() as connection:
        mine = refresh_tokens.c.token_hash == _hash(refresh_token)
        _one_at_a_time(connection, mine)
        query = select(
            refresh_tokens,
            (refresh_tokens.c.expires_at < db_now()).label("ended"),
            (refresh_tokens.c.used_at > db_now(-settings.refresh_grace_seconds)).label("just_used"),
        ).where(mine)
        row = connection.execute(query.with_for_update()).first()
        if row is None or row.revoked_at is not None or row.ended:
            raise _unauthenticated("refresh_invalid")
        person = connection.execute(select(users).where(users.c.id == row.user_id)).one()
        if row.used_at is not None and not (row.just_used and _take_back_successor(connection, row)):
            reused = True  # committed below: raising here would roll the revocation back
            revoke(connection, row.family)
            actor = Actor(person.id, person.username, person.role, person.language, ip)
            audit.record(connection, actor, "auth.refresh_reused", "user", person.id)
        elif person.disabled_at is not None:
            raise _unauthenticated("refresh_invalid")
        else:
            # The first use counts: asking again and again does not prolong the time in which one may.
            used_at = func.coalesce(refresh_tokens.c.used_at, db_now())
            connection.execute(update(refresh_tokens).where(mine).values(used_at=used_at))
            pair = issue(connection, settings, from_row(person), row.family)
    if reused:
        raise _unauthenticated("refresh_reused")
    return pair


def _one_at_a_time(connection: Connection, mine: ColumnElement[bool]) -> None:
    """Two refreshes of one sign-in follow each other (on SQLite all writers do): the second sees what the first did."""
    if connection.dialect.name == "postgresql":
        family = select(func.hashtext(refresh_tokens.c.family)).where(mine).scalar_subquery()
        connection.execute(select(func.pg_advisory_xact_lock(_ROTATION_LOCK, family)))


def _take_back_successor(connection: Connection, row: Row[Any]) -> bool:
    """Revoke the token that a used one was exchanged for; False when that one has been used or revoked itself."""
    # A sign-in has one unused token at most, and of those used only the last has an unused successor.
    since = (refresh_tokens.c.family == row.family, refresh_tokens.c.issued_at >= row.used_at)
    others = (*since, refresh_tokens.c.id != row.id)
    if connection.execute(select(exists().where(*others, refresh_tokens.c.used_at.is_not(None)))).scalar_one():
        return False
    unused = (*others, refresh_tokens.c.used_at.is_(None), refresh_tokens.c.revoked_at.is_(None))
    revoked = connection.execute(update(refresh_tokens).where(*unused).values(revoked_at=db_now()))
    return revoked.rowcount > 0


def revoke(connection: Connection, family: str) -> None:
    """End a sign-in: its refresh tokens and, by the check at each use, its access tokens."""
    mine = (refresh_tokens.c.family == family, refresh_tokens.c.revoked_at.is_(None))
    connection.execute(update(refresh_tokens).where(*mine).values(revoked_at=db_now()))


def family_of(connection: Connection, user_id: str, refresh_token: str) -> str | None:
    """The sign-in that a user's refresh token belongs to."""
    query = select(refresh_tokens.c.family).where(
        refresh_tokens.c.token_hash == _hash(refresh_token), refresh_tokens.c.user_id == user_id
    )
    return connection.execute(query).scalar_one_or_none()


def authenticate(database: Database, settings: Settings, token: str) -> Session:
    """What an access token means now.

    Raises:
        Refused: 401 `token_invalid`, `token_expired` or `token_ended` (signed out, disabled, role changed).
    """
    try:
        claims = jwt.decode(
            token, _key(settings), [_ALGORITHM], issuer=_ISSUER, options={"require": ["iss", "sub", "ver"]}
        )
    except jwt.ExpiredSignatureError as error:
        raise _unauthenticated("token_expired") from error
    except jwt.InvalidTokenError as error:
        raise _unauthenticated("token_invalid") from error
    run, expires_at, family = claims.get("run"), claims.get("exp"), claims.get("sid")
    if run is not None:
        if not settings.run_id or not hmac.compare_digest(str(run).encode(), settings.run_id.encode()):
            raise _unauthenticated("token_ended")
    elif expires_at is None or family is None:
        raise _unauthenticated("token_invalid")
    # A sign-in whose rows are gone (all past their end) is over as well, hence "a row that is not revoked".
    going_on = exists().where(refresh_tokens.c.family == family, refresh_tokens.c.revoked_at.is_(None))
    query = select(users.c.id, users.c.username, users.c.role, users.c.language).where(
        users.c.id == claims["sub"], users.c.token_version == claims["ver"], users.c.disabled_at.is_(None)
    )
    if run is None:
        query = query.where(going_on)
    with database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise _unauthenticated("token_ended")
    actor = Actor(row.id, row.username, row.role, row.language)
    return Session(actor, family, float(expires_at) if expires_at is not None else None)
