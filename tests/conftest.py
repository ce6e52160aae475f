"""Real parts for all tests: a migrated SQLite and PostgreSQL database, a Redis server, both private to the run.

`database` runs a test on both databases. A machine without PostgreSQL or Redis skips with that reason;
`.ci/run` fails when that happens there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port, wait_until

ROOT = Path(__file__).parent.parent


def _missing(what: str) -> None:
    """Skip with a reason; where services are promised (`.ci/run`), fail instead: a skip must not pass for a proof."""
    if os.environ.get("TASKTRAY_TEST_REQUIRE_SERVICES"):
        pytest.fail(what)
    pytest.skip(what)


def _binary(*names: str) -> str | None:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        for name in names:
            if (folder / name).exists():
                return str(folder / name)
    return None


def _as_postgres() -> dict[str, str]:
    # initdb and postgres refuse to run as root.
    return {"user": "postgres"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL (without a database name) of a private PostgreSQL cluster."""
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if not initdb or not postgres:
        _missing("PostgreSQL is not installed (Debian: postgresql)")
    folder = Path("/tmp") / f"tasktray-pg-{uuid.uuid4().hex[:8]}"  # short: a socket's path has 107 bytes
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    data, port = folder / "data", free_port()
    subprocess.run(
        [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **_as_postgres(),
    )  # fmt: skip
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [postgres, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F", "-c", "max_connections=200"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=log, **_as_postgres(),
    )  # fmt: skip
    log.close()
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    import psycopg

    def up() -> bool:
        if server.poll() is not None:
            pytest.fail((folder / "log").read_text())
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_until(up, 30, "PostgreSQL")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


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
        connection.execute(f"CREATE DATABASE {name} TEMPLATE tasktray_template")
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


class RedisServer:
    """A private Redis that a test may stop and start again (its data stay)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        import redis

        binary = shutil.which("redis-server") or shutil.which("valkey-server")
        if not binary:
            _missing("Redis is not installed (Debian: redis-server)")
        self.process = subprocess.Popen(
            [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--appendonly", "yes",
             "--save", ""],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        client = redis.Redis(port=self.port)

        def up() -> bool:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False

        wait_until(up, 10, "Redis")
        client.close()

    def stop(self, *, kill: bool = False) -> None:
        if self.process:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of this test's own."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def python() -> str:
    """The interpreter for real processes."""
    return sys.executable
