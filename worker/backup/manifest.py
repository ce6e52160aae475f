"""What a backup says of itself: where it comes from, and what every table held at that moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

FORMAT = 1

Tell = Callable[[str, int | None, int | None], None]
"""Tells how far the work is: a stage of the texts, rows done and all rows. May raise, to stop it."""


class TableState(BaseModel):
    """A table's rows, and a checksum over them that does not depend on their order."""

    rows: int
    checksum: str


class Dump(BaseModel):
    """The database's own form: an SQLite file, or SQL for psql."""

    size: int
    sha256: str


class Manifest(BaseModel):
    """The first entry of a backup file.

    Attributes:
        format: of the file; a newer one is refused.
        version: of Tasktray, which made it.
        database, server: SQLite or PostgreSQL, and its version.
        revision: of the schema.
        created_at: the moment that it shows.
        tables: by name.
    """

    model_config = ConfigDict(extra="ignore")

    product: Literal["tasktray"] = "tasktray"
    format: int = FORMAT
    version: str
    database: Literal["sqlite", "postgresql"]
    server: str
    revision: str
    created_at: datetime
    tables: dict[str, TableState]
    dump: Dump

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


def differing(expected: dict[str, TableState], found: dict[str, TableState]) -> list[str]:
    """Names of the tables that are not alike in both."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
