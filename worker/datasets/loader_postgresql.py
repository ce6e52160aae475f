"""Loading into PostgreSQL: COPY straight into the table where all is new, else into a temporary one and from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.exc import DBAPIError

from worker.datasets.loader import Existing, KeyExists, Loader, Rows, driver_cursor, hold, lock

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.forms import Form
    from worker.datasets.dataset import Dataset
    from worker.reading.part import Part

_UNIQUE_VIOLATION = "23505"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class PostgresqlLoader(Loader):
    """Rows travel once, by COPY, as the text that the reading side has made; what happens to them is decided by their
    numbers (`n`) in the temporary table.
    """

    form: ClassVar[Form] = "text"
    copies: ClassVar[bool] = True

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
        self._copy = f"COPY {stage} (n, {', '.join(names)}) FROM STDIN"
        self._copy_new = f"COPY {table} ({', '.join(names)}, row_version, created_job, updated_at) FROM STDIN"
        same_key = " AND ".join(f"c.{_quote(name)} = s.{_quote(name)}" for name in self.key_names)
        old, new = ", ".join(f"c.{name}" for name in values), ", ".join(f"s.{name}" for name in values)
        differs = f"ROW({old}) IS DISTINCT FROM ROW({new})" if values else "false"
        absent = f"c.{names[0]} IS NULL"
        find = f"SELECT s.n, {absent} FROM {stage} AS s LEFT JOIN {table} AS c ON {same_key} WHERE {absent}"
        self._find, self._compare = f"{find} ORDER BY 1", f"{find} OR {differs} ORDER BY 1"
        self._insert = (
            f"INSERT INTO {table} ({', '.join(names)}, row_version, created_job, updated_at)"
            f" SELECT {', '.join(f's.{name}' for name in names)}, 1, %(job)s, %(now)s FROM {stage} AS s"
        )
        sets = ", ".join(f"{name} = s.{name}" for name in values)
        # The list of row numbers is searched by hash only if its type is that of `n`; psycopg would take a smaller one.
        self._update = (
            f"UPDATE {table} AS c SET {sets}, row_version = c.row_version + 1, updated_job = %(job)s,"
            f" updated_at = %(now)s FROM {stage} AS s WHERE {same_key} AND s.n = ANY(%(wanted)s::int[])"
        )
        # In groups, since a call takes 100 arguments at most.
        before = [f"c.{name}" for name in (*names[: len(self.key_names)], "row_version", "updated_job", *values)]
        groups = (", ".join(before[i : i + 90]) for i in range(0, len(before), 90))
        self._journal = (
            "INSERT INTO import_journal (job_id, position, before)"
            " SELECT %(job)s, (%(positions)s::bigint[])[s.n + 1],"
            f" ({' || '.join(f'jsonb_build_array({group})' for group in groups)})::text"
            f" FROM {stage} AS s JOIN {table} AS c ON {same_key} WHERE s.n = ANY(%(wanted)s::int[])"
        )
        both = ", ".join([*(f"s.{name}" for name in names), *(f"c.{name}" for name in names)])
        self._both = f"SELECT s.n, {both} FROM {stage} AS s LEFT JOIN {table} AS c ON {same_key} WHERE s.n = ANY(%(wanted)s::int[])"

    def rows(self, parts: Sequence[Part]) -> Rows:
        """The parts' texts, one behind the other."""
        return Rows(sum(part.good for part in parts), copy=b"".join([part.copy for part in parts]))

    def insert_new(self, connection: Connection, rows: Rows) -> None:
        """COPY into the table itself. Imports into one dataset take turns, chunk by chunk."""
        lock(connection, self.dataset)
        # Every row ends with the only line feed there is in it.
        rest = f"\t1\t{self.job_id}\t{self.now(connection).isoformat()}\n".encode()
        try:
            self._send(connection, self._copy_new, rows.copy.replace(b"\n", rest))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
                raise KeyExists from error
            raise

    def existing(self, connection: Connection, rows: Rows, *, compare: bool) -> Existing:
        """COPY of the whole chunk, and one join. Imports into one dataset take turns, chunk by chunk: what was looked
        up stays true, and two imports of the same customers cannot lock each other's rows crosswise.
        """
        hold(connection, self.dataset)
        connection.exec_driver_sql(self._create)
        lines = rows.copy.split(b"\n")
        lines.pop()
        self._send(connection, self._copy, b"".join([b"%d\t%b\n" % pair for pair in enumerate(lines)]))
        found = connection.exec_driver_sql(self._compare if compare else self._find).all()
        return Existing([n for n, absent in found if absent], [n for n, absent in found if not absent])

    def insert(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """One statement for all."""
        values: dict[str, Any] = {"job": self.job_id, "now": self.now(connection)}
        statement = self._insert
        if len(wanted) < rows.count:
            statement += " WHERE s.n = ANY(%(wanted)s::int[])"
            values["wanted"] = list(wanted)
        connection.exec_driver_sql(statement, values)

    def journal(self, connection: Connection, rows: Rows, positions: Sequence[int], wanted: Sequence[int]) -> None:
        """One statement for all."""
        values = {"job": self.job_id, "positions": list(positions), "wanted": list(wanted)}
        connection.exec_driver_sql(self._journal, values)

    def update(self, connection: Connection, rows: Rows, wanted: Sequence[int]) -> None:
        """One statement for all."""
        values = {"job": self.job_id, "now": self.now(connection), "wanted": list(wanted)}
        connection.exec_driver_sql(self._update, values)

    def both(
        self, connection: Connection, rows: Rows, wanted: Sequence[int]
    ) -> dict[int, tuple[list[Any], list[Any] | None]]:
        """A join for some rows."""
        width = len(self.names)
        found: dict[int, tuple[list[Any], list[Any] | None]] = {}
        for row in connection.exec_driver_sql(self._both, {"wanted": list(wanted)}):
            new, stored = list(row[1 : 1 + width]), list(row[1 + width :])
            found[row[0]] = new, None if stored[0] is None else stored
        return found

    @staticmethod
    def _send(connection: Connection, statement: str, text: bytes) -> None:
        with driver_cursor(connection, statement) as cursor, cursor.copy(statement) as copy:
            copy.write(text)
