"""What a backup says of itself: where it comes from, and what every table held at that moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

FORMAT = 2
"""The newest that is understood. A backup without files is still of format 1, which older versions read, too."""

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


class Stored(BaseModel):
    """The uploads and results in a backup: `files.tar`, and `files.jsonl` that lists them (`worker/backup/stored.py`).

    Attributes:
        count, size: files whose bytes are in it as they should be, and those bytes.
        sha256: of the list, which has the hash of each.
        missing: files that the database knows and whose bytes were not there.
        damaged: files whose bytes were not those that had once been stored.
    """

    count: int
    size: int
    sha256: str
    missing: int
    damaged: int


class Manifest(BaseModel):
    """What a backup file says of itself.

    Attributes:
        format: of the file; a newer one is refused.
        version: of Tasktray, which made it.
        database, server: SQLite or PostgreSQL, and its version.
        revision: of the schema.
        created_at: the moment that it shows.
        tables: by name.
        files: None: uploads and results are not in it.
    """

    model_config = ConfigDict(extra="ignore")

    product: Literal["tasktray"] = "tasktray"
    format: int = 1
    version: str
    database: Literal["sqlite", "postgresql"]
    server: str
    revision: str
    created_at: datetime
    tables: dict[str, TableState]
    dump: Dump
    files: Stored | None = None

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


def differing(expected: dict[str, TableState], found: dict[str, TableState]) -> list[str]:
    """Names of the tables that are not alike in both."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
