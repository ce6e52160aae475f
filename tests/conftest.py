"""Real parts for all tests: a migrated SQLite and PostgreSQL database, a Redis server, both private to the run.

`database` runs a test on both databases. A machine without PostgreSQL or Redis skips with that reason;
`.ci/run` fails when that happens there.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_compiled import share_compiled_statements
from tests.support_s3 import S3Server, s3_server
from tests.support_services import RedisServer, postgresql_cluster

ROOT = Path(__file__).parent.parent


_LONGEST = ("tests/system/test_package.py", "tests/chaos/")  # a minute each, the others seconds


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist, begin with the longest: none is to run alone at the end, while the other processes wait."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


def _group(item: pytest.Item | None) -> str | None:
    mark = item.get_closest_marker("xdist_group") if item else None
    return mark.args[0] if mark else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Under pytest-xdist, end with a group of tests what only they share.

    A running system that nobody needs any more still looks for work several times a second, to the end of all tests.
    """
    if not hasattr(item.config, "workerinput") or _group(item) in (None, _group(nextitem)):
        return
    assert isinstance(item, pytest.Function)
    for fixtures in item._fixtureinfo.name2fixturedefs.values():
        for fixture in fixtures:
            if fixture.scope == "session" and fixture.baseid.startswith("tests/"):
                fixture.finish(item._request)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL (without a database name) of a private PostgreSQL cluster."""
    with postgresql_cluster() as url:
        yield url


def _migrate(url: str) -> None:
    from worker.datasets import tables
    from worker.db.database import Database
    from worker.db.migrate import migrate

    database = Database(url)
    migrate(database, tables())
    database.dispose()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgresql_template(postgresql_server: str) -> str:
    import psycopg

    admin = postgresql_server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE tasktray_template")
    _migrate(f"{postgresql_server}/tasktray_template")
    with psycopg.connect(admin, autocommit=True) as connection:
        # A template is copied while nobody is connected to it; from now on nobody can be.
        connection.execute("ALTER DATABASE tasktray_template WITH ALLOW_CONNECTIONS false IS_TEMPLATE true")
    return postgresql_server


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a migrated SQLite database of this test's own."""
    path = tmp_path / "tasktray.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(_postgresql_template: str) -> Iterator[str]:
    """URL of a migrated PostgreSQL database of this test's own."""
    import psycopg

    admin = _postgresql_template.replace("+psycopg", "") + "/postgres"
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        # A copy of the files takes a third of the time of a copy through the log.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE tasktray_template STRATEGY FILE_COPY")
        yield f"{_postgresql_template}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated database of this test's own: the test runs once on each."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str):
    """A `Database` on `database_url`."""
    from worker.db.database import Database

    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of this test's own."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """What one test has compiled to SQL, the next need not."""
    with pytest.MonkeyPatch.context() as patch:
        share_compiled_statements(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Passwords hashed in this process cost next to nothing; `real_hashes` is for tests that ask what they cost."""
    import argon2

    from worker.accounts import passwords

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed as in earnest."""
    import argon2

    from worker.accounts import passwords

    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher())


@pytest.fixture
def python() -> str:
    """The interpreter for real processes."""
    return sys.executable


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A real S3 server."""
    with s3_server() as server:
        yield server
