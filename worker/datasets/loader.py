"""Put checked rows into a dataset's table: looked up, inserted and updated as sets, never row by row.

`Loader` is the same for both databases; `loader_sqlite` and `loader_postgresql` say how. The parts of a chunk are put
together by `rows` (outside any transaction); then, inside one writing transaction, either `insert_new` finds that all
of them are new, or `existing` says which are and `insert`, `journal` and `update` do what a mode makes of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from worker.db.types import db_now

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.forms import Form
    from worker.datasets.dataset import Dataset
    from worker.db.database import Database
    from worker.reading.part import Part

Mode = Literal["insert", "skip", "update", "upsert"]
MODES: tuple[Mode, ...] = ("insert", "skip", "update", "upsert")


@dataclass(slots=True)
class Rows:
    """The good rows of a chunk; they are called by their number in it, from 0.

    Attributes:
        count: how many.
        columns: the loader's `names`, one list each; empty where `copy` holds them.
        copy: all rows as COPY takes them.
    """

    count: int
    columns: list[Sequence[Any]] = field(default_factory=list)
    copy: bytes = b""


@dataclass(slots=True)
class Existing:
    """What the table holds of a chunk's rows.

    Attributes:
        absent: rows whose keys are not there, ascending.
        changed: rows whose keys are there with other values, ascending; empty where values were not compared.
    """

    absent: Sequence[int]
    changed: Sequence[int]


@dataclass(slots=True)
class Plan:
    """What a mode makes of a chunk's rows.

    Attributes:
        count: how many rows.
        insert, update: rows to write.
        refused: row -> `key_exists` or `key_missing`.
        rest: what the others are: `unchanged` or `skipped`.
    """

    count: int
    insert: Sequence[int] = ()
    update: Sequence[int] = ()
    refused: dict[int, str] = field(default_factory=dict)
    rest: Literal["unchanged", "skipped"] = "unchanged"

    def counts(self) -> dict[str, int]:
        """Rows by what happens to them; with the refused ones they are `count`."""
        rest = self.count - len(self.insert) - len(self.update) - len(self.refused)
        return {"inserted": len(self.insert), "updated": len(self.update), self.rest: rest}

    def cut(self, count: int) -> Plan:
        """The plan for the first `count` rows alone."""
        return Plan(
            count,
            [i for i in self.insert if i < count],
            [i for i in self.update if i < count],
            {i: code for i, code in self.refused.items() if i < count},
            self.rest,
        )


def plan(mode: Mode, count: int, existing: Existing) -> Plan:
    """Decide for each of `count` rows what `mode` does with it.

    Args:
        mode: insert refuses keys that exist, skip passes over them, update takes only those, upsert both.
        count: number of rows.
        existing: what was looked up.
    """
    absent, changed = existing.absent, existing.changed
    match mode:
        case "insert":
            new = set(absent)
            return Plan(count, absent, refused={i: "key_exists" for i in range(count) if i not in new})
        case "skip":
            return Plan(count, absent, rest="skipped")
        case "update":
            return Plan(count, update=changed, refused=dict.fromkeys(absent, "key_missing"))
        case _:
            return Plan(count, absent, changed)


class KeyExists(Exception):
    """Rows that were taken for new ones are not all new."""


class Loader(ABC):
    """Loads rows of one import into one dataset.

    Args:
        dataset: where to.
        fields: names of the fields that the import fills (mapped columns and constants). On an update the others keep
            their values; on an insert they are empty.
        job_id: written to `created_job` and `updated_job`.

    Attributes:
        form: in which values are to come.
        copies: rows are to come as the text of a COPY.
    """

    form: ClassVar[Form]
    copies: ClassVar[bool]

    def __init__(self, dataset: Dataset, fields: Iterable[str], job_id: str) -> None:
        schema = dataset.schema
        wanted = set(fields) | set(schema.key)
        self.dataset = dataset
        self.job_id = job_id
        self.key_names = list(schema.key)
        self.value_names = [f.name for f in schema.fields if f.name in wanted and f.name not in schema.key]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields, in the order of columns: the key's, then the others that the import fills."""
        return (*self.key_names, *self.value_names)

    @abstractmethod
    def rows(self, parts: Sequence[Part]) -> Rows:
        """The good rows of all parts; nothing touches the database."""

    def now(self, connection: Connection) -> datetime:
        """The database's clock, read once a chunk."""
        moment: datetime = connection.execute(select(db_now())).scalar_one()
        return moment

    @abstractmethod
    def insert_new(self, connection: Connection, rows: Rows) -> None:
        """Insert all rows, none of whose keys is in the table: one search for each key instead of two.

        Raises:
            KeyExists: some key is there; leave the transaction by it, so that it is rolled back.
        """

    @abstractmethod
    def existing(self, connection: Connection, rows: Rows, *, compare: bool) -> Existing:
        """Which keys are in the table, and (where `compare`) for which rows a mapped field differs. First keeps other
        imports out of this dataset until the transaction ends; brings the rows over for the steps that follow.
        """

    @abstractmethod
    def insert(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """Insert these rows, whose keys are not in the table; after `existing`."""

    @abstractmethod
    def journal(self, connection: Connection, rows: Rows, positions: Sequence[int], wanted: Sequence[int]) -> None:
        """Note what the table holds for these rows, before `update` changes it; `worker/datasets/journal.py` says how.

        Args:
            connection: the chunk's, after `existing`.
            rows: the chunk's.
            positions: of all rows in the file.
            wanted: rows that are about to be updated.
        """

    @abstractmethod
    def update(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """Give the mapped fields of these existing rows their new values and raise `row_version`; after `existing`."""

    @abstractmethod
    def both(
        self, connection: Connection, rows: Rows, wanted: Sequence[int]
    ) -> dict[int, tuple[list[Any], list[Any] | None]]:
        """For a preview of few rows: the values of `names` in the file, and in the table (None: the key is not there),
        both as the database gives them; after `existing`.
        """


_LOCK = 7310003  # first half of the advisory lock of a dataset; the second is the hash of its name


def lock(connection: Connection, dataset: Dataset) -> None:
    """Keep all others that write to the dataset waiting until the transaction ends. SQLite's write lock does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": _LOCK, "name": dataset.name}
        )


def hold(connection: Connection, dataset: Dataset) -> None:
    """The same, for a transaction that joins a chunk with a big table: each key is looked up in the index, whatever
    the planner's statistics say.
    """
    lock(connection, dataset)
    if connection.dialect.name == "postgresql":
        for way in ("hashjoin", "mergejoin", "seqscan"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        # What is forbidden and yet needed (there is no index on a chunk) looks dear enough to compile it.
        connection.exec_driver_sql("SET LOCAL jit = off")
        # A list of row numbers is searched by hash only where the plan is made for this very list.
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")


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
