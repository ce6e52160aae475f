"""The services that real systems need, private to who starts them: PostgreSQL and Redis; also without pytest."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port, wait_until


def missing(what: str) -> None:
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


def _folder_for_all() -> Path:
    """Where the cluster's files go: `TMPDIR` (in memory, in ./test), if PostgreSQL's own user may enter it."""
    folder = Path(tempfile.gettempdir())
    short = len(str(folder)) < 60  # the path of a socket has 107 bytes
    open_to_all = all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
    return folder if short and open_to_all else Path("/tmp")


@contextlib.contextmanager
def postgresql_cluster() -> Iterator[str]:
    """URL (without a database name) of a private PostgreSQL cluster, stopped and removed afterwards.

    It need not survive a power cut, so it never waits for a disk.
    """
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if not initdb or not postgres:
        missing("PostgreSQL is not installed (Debian: postgresql)")
    folder = _folder_for_all() / f"tasktray-pg-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    data, port = folder / "data", free_port()
    subprocess.run(
        [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **_as_postgres(),
    )  # fmt: skip
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [postgres, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F", "-c", "full_page_writes=off",
         "-c", "max_connections=200", "-c", "max_wal_size=256MB"],
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
        wait_until(up, 60, "PostgreSQL")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


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
            missing("Redis is not installed (Debian: redis-server)")
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

        wait_until(up, 60, "Redis")
        client.close()

    def stop(self, *, kill: bool = False) -> None:
        if self.process:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(10)
            self.process = None


def new_database(cluster_url: str, template: str = "template1") -> str:
    """URL of a database in the cluster, a copy of the template; it goes with the cluster."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster_url.replace("+psycopg", "") + "/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{cluster_url}/{name}"
