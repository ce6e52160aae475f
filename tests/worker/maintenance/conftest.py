"""An office on one database, and the admin who keeps house."""

import pytest

from tests.worker.datasets.office import Office
from tests.worker.engine.engine import person
from worker.actor import Actor


@pytest.fixture
def office(database, tmp_path) -> Office:
    """An office on one database."""
    return Office(database, tmp_path)


@pytest.fixture
def root(office: Office) -> Actor:
    """An admin."""
    return person(office.database, "root", "admin")
