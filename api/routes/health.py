"""Is the API alive, and can it work? Open to everybody, so these tell nothing else."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import DatabaseDep, SettingsDep
from worker.db.database import Database
from worker.db.revisions import current_revision, head_revision
from worker.settings import Settings

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the parts that the API needs are there.

    Attributes:
        status: `ok`, or `unavailable` (then the HTTP status is 503).
        database: `ok`, `unreachable`, or `not_migrated` (run `tasktray migrate`).
        storage: `ok` or `not_writable`.
        broker: `ok`, `none` (not set) or `unreachable`; without it jobs start some seconds later, so it is not fatal.
    """

    status: Literal["ok", "unavailable"]
    database: Literal["ok", "unreachable", "not_migrated"]
    storage: Literal["ok", "not_writable"]
    broker: Literal["ok", "none", "unreachable"]


@router.get("/healthz")
async def healthz() -> Alive:
    """Alive: this process answers."""
    return Alive()


@lru_cache(maxsize=1)
def _newest() -> str:
    return head_revision()  # read from the migrations' files


def _database(database: Database) -> Literal["ok", "unreachable", "not_migrated"]:
    try:
        if current_revision(database) != _newest():
            return "not_migrated"
        with database.read() as connection:
            connection.execute(select(1))
    except SQLAlchemyError:
        return "unreachable"
    return "ok"


def _storage(settings: Settings) -> Literal["ok", "not_writable"]:
    place = settings.effective_storage
    if "://" in place:
        return "ok"  # an object store is asked at its first use, not twice a minute
    try:
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - storage may be no path of this system
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"ready")
    except OSError:
        return "not_writable"
    return "ok"


def _broker(settings: Settings) -> Literal["ok", "none", "unreachable"]:
    if not settings.broker_url:
        return "none"
    import redis  # takes a sixth of a second, and not every system has a broker

    client = redis.Redis.from_url(settings.broker_url, socket_timeout=0.5, socket_connect_timeout=0.5)
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return "unreachable"
    finally:
        client.close()
    return "ok"


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not ready"}})
def readyz(database: DatabaseDep, settings: SettingsDep, response: Response) -> Ready:
    """Ready: database migrated, storage writable."""
    found, storage = _database(database), _storage(settings)
    ok = found == "ok" and storage == "ok"
    if not ok:
        response.status_code = 503
    return Ready(status="ok" if ok else "unavailable", database=found, storage=storage, broker=_broker(settings))
