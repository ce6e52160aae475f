"""The local user of an embedded system: an admin without a password, known by a token of the running system.

`tasktray up` makes a random run id, gives it to its processes as `TASKTRAY_RUN_ID` and asks for a token with it. The
token has no end in time, but names the run: a system that is started again does not take it any more.
"""

from __future__ import annotations

import time

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from worker import audit
from worker.accounts.tokens import sign
from worker.accounts.users import LOCAL_USERNAME
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import users
from worker.db.types import db_now
from worker.ids import new_id
from worker.settings import Settings


def local_token(database: Database, settings: Settings) -> str:
    """An access token of the local user, who is made if there is none yet.

    Args:
        settings: `run_id` must be that of the API process, and so must the secret key.

    Raises:
        ValueError: `settings.run_id` is empty: the token would have no end.
    """
    if not settings.run_id:
        raise ValueError("a local token needs the id of this run (TASKTRAY_RUN_ID)")
    with database.read() as connection:
        row = connection.execute(select(users).where(users.c.username == LOCAL_USERNAME)).first()
    if row is None:
        _create(database, settings)
        return local_token(database, settings)
    claims = {"sub": row.id, "role": row.role, "ver": row.token_version, "run": settings.run_id}
    return sign(settings, claims | {"iat": int(time.time())})


def _create(database: Database, settings: Settings) -> None:
    values = {"id": new_id(), "username": LOCAL_USERNAME, "role": "admin", "language": settings.language}
    try:
        with database.write() as connection:
            connection.execute(insert(users).values(**values, created_at=db_now(), updated_at=db_now()))
            audit.record(connection, SYSTEM, "user.create", "user", values["id"], username=LOCAL_USERNAME, role="admin")
    except IntegrityError:
        pass  # another process of this installation was first
