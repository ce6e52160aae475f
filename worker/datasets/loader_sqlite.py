"""Loading into SQLite: one look-up of a chunk's keys, then batched prepared statements."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import repeat
from typing import TYPE_CHECKING, Any

from tabular.schema import Field
from worker.datasets.loader import Loader, Prepared, driver_cursor, pick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from worker.datasets.dataset import Dataset


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class SqliteLoader(Loader):
    """Rows are compared and chosen in Python: SQLite runs in this process, so a look-up costs no round trip, and the
    write lock (taken at the start of the transaction) keeps what was looked up true until the commit.
    """

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
        # CROSS JOIN fixes the order of the loops: each key of the chunk is looked up in the table's index.
        if len(self.key_names) == 1:
            on = f"c.{_quote(self.key_names[0])} = j.value"
        else:
            on = " AND ".join(
                f"c.{_quote(name)} = json_extract(j.value, '$[{i}]')" for i, name in enumerate(self.key_names)
            )
        self._find = f"SELECT j.key FROM json_each(?) AS j CROSS JOIN {table} AS c ON {on}"
        values = "".join(f", c.{_quote(name)}" for name in self.value_names)
        self._compare = f"SELECT j.key{values} FROM json_each(?) AS j CROSS JOIN {table} AS c ON {on}"

    @staticmethod
    def converter(f: Field) -> Callable[[Any], Any] | None:
        """Decimals as numbers (SQLite keeps 15 digits), dates as ISO texts, booleans as 0 and 1: as SQLAlchemy reads."""
        match f.type:
            case "decimal":
                return float
            case "date":
                return dt.date.isoformat
            case "boolean":
                return int
            case _:
                return None

    @staticmethod
    def reviver(f: Field) -> Callable[[Any], Any] | None:
        """See `Loader.reviver`."""
        match f.type:
            case "decimal":
                shape = f"{{:.{f.scale}f}}" if f.scale is not None else "{}"
                return lambda value: Decimal(shape.format(value))
            case "date":
                return dt.date.fromisoformat
            case "boolean":
                return bool
            case _:
                return None

    def _keys(self, columns: Sequence[Sequence[Any]]) -> str:
        return json.dumps(columns[0] if len(columns) == 1 else list(zip(*columns, strict=True)))

    def stage(self, connection: Connection, prepared: Prepared) -> None:
        """Nothing to bring over, and the transaction holds the only write lock there is."""

    def existing(self, connection: Connection, prepared: Prepared, *, compare: bool) -> dict[int, bool]:
        """One statement that walks the chunk's keys through the table's index."""
        with driver_cursor(connection, self._find) as cursor:
            keys = self._keys(prepared.keys)
            if not compare or not self.value_names:
                return {row[0]: False for row in cursor.execute(self._find, (keys,))}
            found = cursor.execute(self._compare, (keys,)).fetchall()
            if not found:
                return {}
            new = list(zip(*prepared.values, strict=True))
            return {row[0]: row[1:] != new[row[0]] for row in found}

    def insert(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """One prepared statement for all."""
        columns = pick(prepared.columns, positions, prepared.count)
        self._many(connection, self._insert, [*columns, repeat(self.job_id), repeat(self._moment(connection))])

    def journal(
        self, connection: Connection, prepared: Prepared, file_positions: Sequence[int], positions: Sequence[int]
    ) -> None:
        """One prepared statement for all; no value passes through Python."""
        keys = pick(prepared.keys, positions, prepared.count)
        self._many(connection, self._journal, [repeat(self.job_id), [file_positions[i] for i in positions], *keys])

    def update(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """One prepared statement for all."""
        keys = pick(prepared.keys, positions, prepared.count)
        values = pick(prepared.values, positions, prepared.count)
        self._many(connection, self._update, [*values, repeat(self.job_id), repeat(self._moment(connection)), *keys])

    def stored(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> dict[int, list[Any]]:
        """The same look-up, for some rows."""
        with driver_cursor(connection, self._compare) as cursor:
            found = cursor.execute(self._compare, (self._keys(pick(prepared.keys, positions, prepared.count)),))
            return {positions[row[0]]: list(row[1:]) for row in found}

    def _moment(self, connection: Connection) -> str:
        return self.now(connection).replace(tzinfo=None).isoformat(" ", "microseconds")

    @staticmethod
    def _many(connection: Connection, statement: str, columns: Sequence[Any]) -> None:
        # Straight to the driver: SQLAlchemy's own executemany would touch every row in Python.
        with driver_cursor(connection, statement) as cursor:
            cursor.executemany(statement, zip(*columns))  # noqa: B905 - ends with the shortest: two repeat for ever
