"""Loading into PostgreSQL: COPY into a temporary table, then set-based statements."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from worker.datasets.loader import Loader, Prepared, driver_cursor, hold

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.datasets.dataset import Dataset


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class PostgresqlLoader(Loader):
    """Rows travel once, by COPY; what happens to them is decided by positions (`n`) in the temporary table."""

    def __init__(self, dataset: Dataset, fields: Iterable[str], job_id: str) -> None:
        super().__init__(dataset, fields, job_id)
        table, stage = _quote(dataset.table.name), _quote(f"stage_{dataset.table.name}")
        names = [_quote(name) for name in (*self.key_names, *self.value_names)]
        values = [_quote(name) for name in self.value_names]
        every = ", ".join(_quote(f.name) for f in dataset.schema.fields)
        # Names come from the dataset's declaration and are quoted; values are always bound.
        self._create = (
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS"
            f" AS SELECT 0 AS n, {every} FROM {table} WITH NO DATA"
        )
        self._copy = f"COPY {stage} (n, {', '.join(names)}) FROM STDIN (FORMAT csv)"
        same_key = " AND ".join(f"c.{_quote(name)} = s.{_quote(name)}" for name in self.key_names)
        old, new = ", ".join(f"c.{name}" for name in values), ", ".join(f"s.{name}" for name in values)
        differs = f"ROW({old}) IS DISTINCT FROM ROW({new})" if values else "false"
        self._find = f"SELECT s.n, false FROM {stage} AS s JOIN {table} AS c ON {same_key}"
        self._compare = f"SELECT s.n, {differs} FROM {stage} AS s JOIN {table} AS c ON {same_key}"
        self._insert = (
            f"INSERT INTO {table} ({', '.join(names)}, row_version, created_job, updated_at)"
            f" SELECT {', '.join(f's.{name}' for name in names)}, 1, %(job)s, %(now)s FROM {stage} AS s"
        )
        sets = ", ".join(f"{name} = s.{name}" for name in values)
        self._update = (
            f"UPDATE {table} AS c SET {sets}, row_version = c.row_version + 1, updated_job = %(job)s,"
            f" updated_at = %(now)s FROM {stage} AS s WHERE {same_key} AND s.n = ANY(%(positions)s)"
        )
        # In groups, since a call takes 100 arguments at most.
        before = [f"c.{name}" for name in (*names[: len(self.key_names)], "row_version", "updated_job", *values)]
        groups = (", ".join(before[i : i + 90]) for i in range(0, len(before), 90))
        self._journal = (
            "INSERT INTO import_journal (job_id, position, before)"
            " SELECT %(job)s, (%(file)s::bigint[])[s.n + 1],"
            f" ({' || '.join(f'jsonb_build_array({group})' for group in groups)})::text"
            f" FROM {stage} AS s JOIN {table} AS c ON {same_key} WHERE s.n = ANY(%(positions)s)"
        )
        self._stored = (
            f"SELECT s.n{', ' if old else ''}{old} FROM {stage} AS s JOIN {table} AS c ON {same_key}"
            " WHERE s.n = ANY(%(positions)s)"
        )

    def stage(self, connection: Connection, prepared: Prepared) -> None:
        """COPY of the whole chunk. Imports into one dataset take turns, chunk by chunk: what was looked up stays true,
        and two imports of the same customers cannot lock each other's rows crosswise.
        """
        hold(connection, self.dataset)
        connection.exec_driver_sql(self._create)
        with driver_cursor(connection, self._copy) as cursor, cursor.copy(self._copy) as copy:
            copy.write(self._csv(prepared))

    @staticmethod
    def _csv(prepared: Prepared) -> bytes:
        """The rows as COPY reads them: None is an unquoted nothing; a checked value is never an empty text."""
        buffer = io.StringIO()
        # With this line end both CR and LF inside a value are quoted.
        csv.writer(buffer, lineterminator="\r\n").writerows(zip(range(prepared.count), *prepared.columns, strict=True))
        return buffer.getvalue().encode()

    def existing(self, connection: Connection, prepared: Prepared, *, compare: bool) -> dict[int, bool]:
        """One join of the chunk with the table."""
        found = connection.exec_driver_sql(self._compare if compare else self._find)
        return {row[0]: row[1] for row in found}

    def insert(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """One statement for all."""
        values: dict[str, Any] = {"job": self.job_id, "now": self.now(connection)}
        statement = self._insert
        if len(positions) < prepared.count:
            statement += " WHERE s.n = ANY(%(positions)s)"
            values["positions"] = list(positions)
        connection.exec_driver_sql(statement, values)

    def journal(
        self, connection: Connection, prepared: Prepared, file_positions: Sequence[int], positions: Sequence[int]
    ) -> None:
        """One statement for all."""
        values = {"job": self.job_id, "file": list(file_positions), "positions": list(positions)}
        connection.exec_driver_sql(self._journal, values)

    def update(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> None:
        """One statement for all."""
        connection.exec_driver_sql(
            self._update, {"job": self.job_id, "now": self.now(connection), "positions": list(positions)}
        )

    def stored(self, connection: Connection, prepared: Prepared, positions: Sequence[int]) -> dict[int, list[Any]]:
        """A join for some rows."""
        found = connection.exec_driver_sql(self._stored, {"positions": list(positions)})
        return {row[0]: list(row[1:]) for row in found}
