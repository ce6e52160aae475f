"""The real application on a real port, on both databases."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from sqlalchemy import insert

from tests.support import wait_until

PASSWORD = "correct horse"

one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database could answer differently: headers, forms, refusals before one is asked, words."""


@lru_cache(maxsize=1)
def _password_hash() -> str:
    from worker.accounts.passwords import hash_password

    return hash_password(PASSWORD)


@dataclass
class Api:
    """A running API. Calls take a path below `/api/v1`, or one that starts with `/`, and a token or user name."""

    url: str
    settings: Any
    database: Any
    app: Any
    session: requests.Session = field(default_factory=requests.Session)
    tokens: dict[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        return self.url + (path if path.startswith("/") else f"/api/v1/{path}")

    def call(self, method: str, path: str, who: str | None = None, **options: Any) -> requests.Response:
        headers = options.pop("headers", {})
        if who is not None:
            headers = {"Authorization": f"Bearer {self.tokens.get(who, who)}", **headers}
        return self.session.request(method, self.address(path), headers=headers, timeout=30, **options)

    def get(self, path: str, who: str | None = None, **options: Any) -> requests.Response:
        return self.call("GET", path, who, **options)

    def post(self, path: str, who: str | None = None, **options: Any) -> requests.Response:
        return self.call("POST", path, who, **options)

    def login(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        answer = self.post("auth/login", data={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.tokens[username] = answer.json()["access_token"]
        return answer.json()

    def add_user(self, username: str, role: str = "operator") -> str:
        """A user with the password `PASSWORD` who is signed in; gives the id.

        Hashing is slow on purpose, so the hash is made once a run and no test but those of sign-in waits for it.
        """
        from worker.accounts import tokens, users
        from worker.accounts.users import from_row
        from worker.db.schema import users as table
        from worker.db.types import db_now
        from worker.ids import new_id

        assert users.normal_username(username) == username
        row = {"id": new_id(), "username": username, "password_hash": _password_hash(), "role": role}
        with self.database.write() as connection:
            query = insert(table).values(**row, created_at=db_now(), updated_at=db_now()).returning(*table.c)
            user = from_row(connection.execute(query).one())
            self.tokens[username] = tokens.issue(connection, self.settings, user).access_token
        return user.id


@pytest.fixture
def api_settings(database_url: str, tmp_path: Path):
    """Settings of one API of this test's own; a test may ask for others by `indirect` or make its own."""
    from worker.settings import Settings

    return Settings(_env_file=None, data=tmp_path / "data", database_url=database_url, run_id="this run")


class _Server(uvicorn.Server):
    """Told to stop, it stops at once: uvicorn's own loop looks ten times a second whether it was told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # the headers of every answer
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        self.up.set()
        await self._told.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)


@contextmanager
def serving(settings, database) -> Iterator[Api]:
    """The API for these settings, served by uvicorn in a thread."""
    from api.app import create_app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        app = create_app(settings)
        config = uvicorn.Config(app, log_config=None, lifespan="on", ws_max_size=16_384, timeout_graceful_shutdown=2)
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api")
        thread.start()
        wait_until(lambda: server.up.wait(0.1) or not thread.is_alive(), 60, "the API")
        assert server.started
        running = Api(f"http://127.0.0.1:{port}", settings, database, app)
        try:
            yield running
        finally:
            running.session.close()
            server.stop()
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def api(api_settings, database) -> Iterator[Api]:
    """The API on a database of this test's own."""
    with serving(api_settings, database) as running:
        yield running


@pytest.fixture
def admin(api: Api) -> str:
    """Name of an admin who is signed in."""
    api.add_user("anna", "admin")
    return "anna"


@pytest.fixture
def operator(api: Api) -> str:
    """Name of an operator who is signed in."""
    api.add_user("otto")
    return "otto"
