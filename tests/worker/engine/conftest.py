"""Kinds, people and shortcuts for the tests of the engine."""

from __future__ import annotations

import pytest

from tests.worker.engine.engine import KINDS, Engine
from worker.engine import kinds


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.load()
    for kind in KINDS:
        monkeypatch.setitem(kinds._registry, kind.name, kind)


@pytest.fixture
def engine(database) -> Engine:
    """The engine's functions on one database, with two operators and an admin."""
    return Engine(database)
