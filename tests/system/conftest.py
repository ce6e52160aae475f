"""One office server for the tests of this room that leave it as they found it: PostgreSQL, Redis, a process a part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from tests.support import share
from tests.support_services import RedisServer, new_database
from tests.support_system import Office, office
from worker.datasets import tables
from worker.db.database import Database


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share(items, Path(__file__).parent, "running")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The Redis of the office. Who stops it starts it again."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _office(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: str, redis_server: RedisServer
) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), new_database(postgresql_server), redis_server.url) as running:
        yield running


@pytest.fixture
def running(_office: Office) -> Office:
    """The office without customers. Whoever uses it takes users and keys of their own, and starts what they stop."""
    database = Database(_office.env["TASKTRAY_DATABASE_URL"], pool_size=1)
    with database.write() as connection:
        connection.execute(delete(tables().tables["customers"]))
    database.dispose()
    return _office
