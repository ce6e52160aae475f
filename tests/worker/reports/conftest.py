"""An office on one database."""

import pytest

from tests.worker.datasets.office import Office


@pytest.fixture
def office(database, tmp_path) -> Office:
    """An office on one database."""
    return Office(database, tmp_path)
