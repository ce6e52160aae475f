"""One cache of compiled statements for all databases that a process of tests opens.

SQLAlchemy keeps compiled statements for each engine; hundreds of tests with an engine each would compile the same ones
again and again. Only what is compiled is shared, by the same key that an engine of its own would use.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.util import LRUCache


class CompiledStatements(LRUCache[Any, Any]):
    """SQLAlchemy's own cache, in which the dialects of all engines of one sort are the same."""

    @staticmethod
    def _by_sort(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect, *statement = key
        return (type(dialect), *statement)

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self._by_sort(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(self._by_sort(key), value)


def share_compiled_statements(patch: pytest.MonkeyPatch) -> None:
    """Let each `Database` that is opened from now on use one cache."""
    from worker.db import database

    statements = CompiledStatements(2000)

    def create(url: str, **options: Any) -> Any:
        return create_engine(url, execution_options={"compiled_cache": statements}, **options)

    patch.setattr(database, "create_engine", create)
