"""An office with real data, and a second installation, on the same sort of database, to restore into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support_system import ROOT
from tests.worker.datasets.office import Office
from worker.backup.backup import Made, create
from worker.backup.restore import Restored, restore
from worker.db.database import Database
from worker.settings import Settings


def silent(stage: str, done: int | None, total: int | None) -> None:
    """Nobody listens."""


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    """Customers from a real file, imported."""
    office = Office(database, tmp_path)
    office.imports(ROOT / "tests" / "data" / "northwind-customers.csv")
    return office


@dataclass
class Place:
    """An installation that a backup is restored into."""

    settings: Settings
    database: Database

    def restore(self, path: Path, tell: Any = silent, **options: Any) -> Restored:
        return restore(self.settings, path, tell, **options)

    def office(self, folder: Path) -> Office:
        """The same shortcuts as for the first one, without new people."""
        office = Office.__new__(Office)
        office.database, office.folder, office.settings = self.database, folder, self.settings
        return office


@pytest.fixture
def make_place(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Makes installations on databases of their own: empty ones."""
    made: list[Database] = []
    names: list[str] = []

    def make(name: str = "other", **options: Any) -> Place:
        data = tmp_path / name
        url = f"sqlite:///{(data / 'tasktray.db').as_posix()}"
        if database.dialect == "postgresql":
            import psycopg

            server = request.getfixturevalue("postgresql_server")
            fresh = f"r{database.url.rsplit('/', 1)[1]}{len(names)}"
            with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {fresh}")
            names.append(fresh)
            url = f"{server}/{fresh}"
        made.append(Database(url))
        return Place(Settings(_env_file=None, data=data, database_url=url, **options), made[-1])

    yield make
    for one in made:
        one.dispose()
    if names:
        import psycopg

        server = request.getfixturevalue("postgresql_server")
        with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as admin:
            for fresh in names:
                admin.execute(f"DROP DATABASE {fresh} WITH (FORCE)")


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    """An empty installation."""
    return make_place()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For backups."""
    return tmp_path / "backups"


@pytest.fixture
def made(office: Office, folder: Path) -> Made:
    """A backup of the office."""
    return create(office.database, folder, silent)
