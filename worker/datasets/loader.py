"""Put checked rows into a dataset's table: looked up, inserted and updated as sets, never row by row.

`Loader` is the same for both databases; `loader_sqlite` and `loader_postgresql` say how. A chunk of rows goes through
`prepare` (outside any transaction), then inside one writing transaction `stage`, `existing`, `insert` and `update`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tabular.schema import Field
from worker.db.types import db_now

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.datasets.dataset import Dataset
    from worker.db.database import Database

Mode = Literal["insert", "skip", "update", "upsert"]
MODES: tuple[Mode, ...] = ("insert", "skip", "update", "upsert")


@dataclass(slots=True)
class Prepared:
    """Rows in the form that the database takes, one list a column.

    Attributes:
        count: number of rows; positions in the other attributes run from 0 to it.
        keys: the key columns, in the schema's order.
        values: the mapped columns that are not part of the key.
    """

    count: int
    keys: list[Sequence[Any]]
    values: list[Sequence[Any]]

    @property
    def columns(self) -> list[Sequence[Any]]:
        """Key columns, then value columns."""
        return [*self.keys, *self.values]


@dataclass(slots=True)
class Plan:
    """What a mode makes of a chunk's rows; positions as in `Prepared`.

    Attributes:
        insert, update: positions to write.
        unchanged, skipped: how many rows need no writing.
        refused: position -> `key_exists` or `key_missing`.
    """

    insert: list[int] = field(default_factory=list)
    update: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def plan(mode: Mode, count: int, existing: dict[int, bool]) -> Plan:
    """Decide for each of `count` rows what `mode` does with it.

    Args:
        mode: insert refuses keys that exist, skip passes over them, update takes only those, upsert both.
        count: number of rows.
        existing: position -> whether the row differs from the one in the table; absent: the key is not there.
    """
    result = Plan()
    if mode in ("insert", "skip", "upsert"):
        result.insert = [i for i in range(count) if i not in existing] if existing else list(range(count))
    else:
        result.refused = {i: "key_missing" for i in range(count) if i not in existing}
    present = sorted(existing)
    if mode == "insert":
        result.refused = dict.fromkeys(present, "key_exists")
    elif mode == "skip":
        result.skipped = present
    else:
        result.update = [i for i in present if existing[i]]
        result.unchanged = [i for i in present if not existing[i]]
    return result


class Loader(ABC):
    """Loads rows of one import into one dataset.

    Args:
        dataset: where to.
        fields: names of the fields that the import fills (mapped columns and constants). On an update the others keep
            their values; on an insert they are empty.
        job_id: written to `created_job` and `updated_job`.
    """

    def __init__(self, dataset: Dataset, fields: Iterable[str], job_id: str) -> None:
        schema = dataset.schema
        wanted = set(fields) | set(schema.key)
        self.dataset = dataset
        self.job_id = job_id
        self.key_names = list(schema.key)
        self.value_names = [f.name for f in schema.fields if f.name in wanted and f.name not in schema.key]
        positions = {f.name: i for i, f in enumerate(schema.fields)}
        self._take: list[tuple[int, Callable[[Any], Any] | None]] = [
            (positions[name], self.converter(schema.by_name[name])) for name in (*self.key_names, *self.value_names)
        ]

    @staticmethod
    def converter(f: Field) -> Callable[[Any], Any] | None:
        """How a value of the field is turned into what the driver takes; None: as it is. Never sees None."""
        return None

    @staticmethod
    def reviver(f: Field) -> Callable[[Any], Any] | None:
        """The inverse of `converter`: what makes the field's own value of what `stored` gave; None: it is that."""
        return None

    def prepare(self, rows: Sequence[Sequence[Any]]) -> Prepared:
        """Turn checked rows (all fields, in the schema's order) into columns; nothing touches the database."""
        table = list(zip(*rows, strict=True)) if rows else [() for _ in self.dataset.schema.fields]
        columns: list[Sequence[Any]] = []
        for position, convert in self._take:
            column: Sequence[Any] = table[position]
            if convert is not None:
                column = [None if value is None else convert(value) for value in column]
            columns.append(column)
        width = len(self.key_names)
        return Prepared(len(rows), columns[:width], columns[width:])

    def now(self, connection: Connection) -> datetime:
        """The database's clock, read once a chunk."""
        moment: datetime = connection.execute(select(db_now())).scalar_one()
        return moment

    @abstractmethod
    def stage(self, connection: Connection, prepared: Prepared) -> None:
        """First step in the transaction: keep other imports out of this dataset until it ends; bring the rows over."""

    @abstractmethod
    def existing(self, connection: Connection, prepared: Prepared, *, compare: bool) -> dict[int, bool]:
        """Which keys are in the table: position -> whether a mapped field differs (False where not `compare`)."""

    @abstractmethod
    def insert(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """Insert the rows at these positions, whose keys are not in the table."""

    @abstractmethod
    def journal(
        self, connection: Connection, prepared: Prepared, file_positions: Sequence[int], positions: Sequence[int]
    ) -> None:
        """Note what these existing rows hold, before `update` changes them; `worker/datasets/journal.py` says how.

        Args:
            connection: the chunk's; the rows are staged.
            prepared: the chunk's rows.
            file_positions: of each of them in the file.
            positions: which of them are about to be updated.
        """

    @abstractmethod
    def update(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """Give the mapped fields of these existing rows their new values and raise `row_version`."""

    @abstractmethod
    def stored(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> dict[int, list[Any]]:
        """The mapped values (`value_names`) as the table has them now; for a preview of few rows."""


_LOCK = 7310003  # first half of the advisory lock of a dataset; the second is the hash of its name


def hold(connection: Connection, dataset: Dataset) -> None:
    """Keep all others that write to the dataset waiting until the transaction ends. SQLite's write lock does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": _LOCK, "name": dataset.name}
        )
        # A chunk against a big table: look each key up in the index, whatever the planner's statistics say.
        connection.exec_driver_sql("SET LOCAL enable_hashjoin = off")
        connection.exec_driver_sql("SET LOCAL enable_mergejoin = off")


def create_loader(database: Database, dataset: Dataset, fields: Iterable[str], job_id: str) -> Loader:
    """The loader for this database."""
    if database.dialect == "sqlite":
        from worker.datasets.loader_sqlite import SqliteLoader

        return SqliteLoader(dataset, fields, job_id)
    from worker.datasets.loader_postgresql import PostgresqlLoader

    return PostgresqlLoader(dataset, fields, job_id)


@contextmanager
def driver_cursor(connection: Connection, statement: str) -> Iterator[Any]:
    """A cursor of the driver itself, for bulk work (SQLAlchemy's own would touch every row in Python). Its errors come
    out as SQLAlchemy's, so that a lost connection is told from a fault in the work as everywhere else.
    """
    cursor = connection.connection.cursor()
    driver = connection.dialect.loaded_dbapi
    try:
        yield cursor
    except driver.Error as error:
        gone = connection.dialect.is_disconnect(error, connection.connection, None)
        raise DBAPIError.instance(
            statement, None, error, driver.Error, connection_invalidated=gone, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def pick(columns: Sequence[Sequence[Any]], positions: Sequence[int], count: int) -> list[Sequence[Any]]:
    """The columns at these positions only; the columns themselves when that is all of them."""
    if len(positions) == count:
        return list(columns)
    return [[column[i] for i in positions] for column in columns]


def plain(value: Any) -> Any:
    """A value of a table as JSON can hold it, for previews in a job's result."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
