"""A storage in a folder of the test's own, and two operators and an admin."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import users
from worker.db.types import db_now
from worker.files.storage import Storage
from worker.ids import new_id
from worker.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings)


def _user(database: Database, name: str, role: str) -> Actor:
    actor = Actor(new_id(), name, role)  # type: ignore[arg-type]
    with database.write() as connection:
        connection.execute(
            insert(users).values(
                id=actor.user_id, username=name, role=role, language="zh_CN", token_version=1,
                created_at=db_now(), updated_at=db_now(),
            )
        )  # fmt: skip
    return actor


@pytest.fixture
def clerk(database: Database) -> Actor:
    return _user(database, "clerk", "operator")


@pytest.fixture
def other(database: Database) -> Actor:
    return _user(database, "other", "operator")


@pytest.fixture
def admin(database: Database) -> Actor:
    return _user(database, "boss", "admin")
