"""Loading into SQLite: prepared statements that see one row after the other, all in C."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.exc import DBAPIError

from worker.datasets.loader import Existing, KeyExists, Loader, Rows, driver_cursor, pick

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.forms import Form
    from worker.datasets.dataset import Dataset
    from worker.reading.part import Part

_DOUBLE = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class SqliteLoader(Loader):
    """SQLite runs in this process, so a statement for each row costs no round trip, and the write lock (taken at the
    start of the transaction) keeps what was looked up true until the commit. What a look-up finds is collected in a
    temporary table: of rows that need no writing nothing comes back to Python.
    """

    form: ClassVar[Form] = "plain"
    copies: ClassVar[bool] = False

    def __init__(self, dataset: Dataset, fields: Iterable[str], job_id: str) -> None:
        super().__init__(dataset, fields, job_id)
        table = _quote(dataset.table.name)
        names = [*self.key_names, *self.value_names]
        columns = ", ".join(map(_quote, (*names, "row_version", "created_job", "updated_at")))
        marks = ", ".join("?" for _ in names)
        # Names come from the dataset's declaration and are quoted; values are always bound.
        self._insert = f"INSERT INTO {table} ({columns}) VALUES ({marks}, 1, ?, ?)"
        sets = ", ".join(f"{_quote(name)} = ?" for name in self.value_names)
        where = " AND ".join(f"{_quote(name)} = ?" for name in self.key_names)
        self._update = (
            f"UPDATE {table} SET {sets}, row_version = row_version + 1, updated_job = ?, updated_at = ? WHERE {where}"
        )
        before = ["row_version", "updated_job", *map(_quote, self.value_names)]
        before = [*map(_quote, self.key_names), *before]
        # A function takes 127 arguments at most: the list is put together of its values where that could be too few.
        listed = f"json_array({', '.join(before)})"
        if len(before) > 100:
            listed = "'[' || " + " || ',' || ".join(f"json_quote({name})" for name in before) + " || ']'"
        self._journal = (
            f"INSERT INTO import_journal (job_id, position, before) SELECT ?, ?, {listed} FROM {table} WHERE {where}"
        )
        asked = ", ".join(f"? AS k{i}" for i in range(len(self.key_names)))
        on = " AND ".join(f"c.{_quote(name)} = s.k{i}" for i, name in enumerate(self.key_names))
        absent = f"c.{_quote(self.key_names[0])} IS NULL"
        find = (
            f"INSERT INTO temp.import_found SELECT ?, {absent} FROM (SELECT {asked}) AS s"
            f" LEFT JOIN {table} AS c ON {on} WHERE {absent}"
        )
        differs = "".join(f" OR c.{_quote(name)} IS NOT ?" for name in self.value_names)
        self._find, self._compare = find, find + differs
        values = ", ".join(map(_quote, names))
        self._stored = f"SELECT {values} FROM {table} WHERE {where}"

    def rows(self, parts: Sequence[Part]) -> Rows:
        """The parts' columns, one behind the other."""
        good = [part for part in parts if part.good]
        if len(good) == 1:
            return Rows(good[0].good, good[0].columns)
        columns: list[Sequence[Any]] = [
            list(chain.from_iterable(columns)) for columns in zip(*(part.columns for part in good), strict=True)
        ]
        return Rows(sum(part.good for part in good), columns)

    def insert_new(self, connection: Connection, rows: Rows) -> None:
        """Each row is its own look-up."""
        try:
            self.insert(connection, rows, range(rows.count))
        except DBAPIError as error:
            if getattr(error.orig, "sqlite_errorcode", None) in _DOUBLE:
                raise KeyExists from error
            raise

    def existing(self, connection: Connection, rows: Rows, *, compare: bool) -> Existing:
        """Each row that is absent or differs leaves its number behind."""
        width = len(self.key_names)
        statement = self._compare if compare else self._find
        with driver_cursor(connection, statement) as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS import_found (n INTEGER PRIMARY KEY, absent INTEGER)")
            cursor.execute("DELETE FROM temp.import_found")
            cursor.executemany(statement, zip(count(), *rows.columns if compare else rows.columns[:width]))
            found = cursor.execute("SELECT n, absent FROM temp.import_found ORDER BY n").fetchall()
        return Existing([n for n, absent in found if absent], [n for n, absent in found if not absent])

    def insert(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """One prepared statement for all."""
        columns = pick(rows.columns, wanted, rows.count)
        self._many(connection, self._insert, [*columns, repeat(self.job_id), repeat(self._moment(connection))])

    def journal(self, connection: Connection, rows: Rows, positions: Sequence[int], wanted: Sequence[int]) -> None:
        """One prepared statement for all; no value passes through Python."""
        keys = pick(rows.columns[: len(self.key_names)], wanted, rows.count)
        self._many(connection, self._journal, [repeat(self.job_id), [positions[i] for i in wanted], *keys])

    def update(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """One prepared statement for all."""
        width = len(self.key_names)
        columns = pick(rows.columns, wanted, rows.count)
        values = [*columns[width:], repeat(self.job_id), repeat(self._moment(connection)), *columns[:width]]
        self._many(connection, self._update, values)

    def both(
        self, connection: Connection, rows: Rows, wanted: Sequence[int]
    ) -> dict[int, tuple[list[Any], list[Any] | None]]:
        """A look-up for each."""
        found: dict[int, tuple[list[Any], list[Any] | None]] = {}
        with driver_cursor(connection, self._stored) as cursor:
            for i in wanted:
                new = [column[i] for column in rows.columns]
                stored = cursor.execute(self._stored, new[: len(self.key_names)]).fetchone()
                found[i] = new, None if stored is None else list(stored)
        return found

    def _moment(self, connection: Connection) -> str:
        return self.now(connection).replace(tzinfo=None).isoformat(" ", "microseconds")

    @staticmethod
    def _many(connection: Connection, statement: str, columns: Sequence[Any]) -> None:
        # Straight to the driver: SQLAlchemy's own executemany would touch every row in Python.
        with driver_cursor(connection, statement) as cursor:
            cursor.executemany(statement, zip(*columns))  # noqa: B905 - ends with the shortest: two repeat for ever
