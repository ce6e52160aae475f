"""Wrong passwords: counted for each name, known or not; after some, sign-in with that name is blocked for a while.

Who is signed in already stays so: nobody is thrown out by another's wrong guesses.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.db.database import Database
from worker.db.schema import login_failures
from worker.db.types import db_now
from worker.errors import Refused
from worker.settings import Settings

_turns = [threading.Lock() for _ in range(64)]


@contextmanager
def turn(username: str) -> Iterator[None]:
    """One sign-in a name at a time, so that guesses sent all at once are counted one after the other."""
    with _turns[hash(username) % len(_turns)]:
        yield


def check(database: Database, settings: Settings, username: str) -> None:
    """See that sign-in with this name is open.

    Raises:
        Refused: `login_blocked` (429) with `seconds` until it opens.
    """
    block = settings.login_block_seconds
    query = select(
        login_failures.c.count.label("failures"),
        login_failures.c.last_at,
        select(db_now()).scalar_subquery().label("now"),
    )
    with database.read() as connection:
        row = connection.execute(query.where(login_failures.c.username == username[:64])).first()
    if row is None or row.failures < settings.login_attempts:
        return
    left = (row.last_at + timedelta(seconds=block) - row.now).total_seconds()
    if left > 0:
        raise Refused("login_blocked", 429, seconds=math.ceil(left), attempts=settings.login_attempts)


def failed(database: Database, settings: Settings, username: str) -> None:
    """Count a wrong password. A count that is older than the block starts again at one."""
    block = settings.login_block_seconds
    dialect = sqlite if database.dialect == "sqlite" else postgresql
    new = dialect.insert(login_failures).values(username=username[:64], count=1, last_at=db_now())
    old = login_failures.c.last_at < db_now(-block)
    again = new.on_conflict_do_update(
        index_elements=[login_failures.c.username],
        set_={"count": case((old, 1), else_=login_failures.c.count + 1), "last_at": db_now()},
    )
    with database.write() as connection:
        # Names that nobody has are counted too; they must not stay for ever.
        connection.execute(delete(login_failures).where(login_failures.c.last_at < db_now(-max(block, 3600.0))))
        connection.execute(again)


def succeeded(database: Database, username: str) -> None:
    """Forget the wrong passwords of this name."""
    mine = login_failures.c.username == username[:64]
    with database.read() as connection:
        if connection.execute(select(login_failures.c.username).where(mine)).first() is None:
            return  # the usual case needs no write
    with database.write() as connection:
        connection.execute(delete(login_failures).where(mine))
