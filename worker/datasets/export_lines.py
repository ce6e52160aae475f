"""The rows of an export as lines of csv that the database itself has put together: a third of the time of rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, LargeBinary, String, case, cast, func, select, type_coerce

from tabular.csv_lines import SEPARATOR, UNFORMATTED, Copied, Joined, guarded
from tabular.schema import Field
from tabular.texts import text

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn
    from sqlalchemy import ColumnElement, Connection

    from worker.datasets.dataset import Dataset

_ROWS = 2000  # taken together
_EXACT_DIGITS = 13
"""Digits up to which SQLite's printf writes a stored number as Python does, on every machine."""


def blocks(
    connection: Connection,
    dataset: Dataset,
    columns: Sequence[str],
    where: Sequence[ColumnElement[bool]],
    language: str,
) -> Iterator[tuple[int, bytes]]:
    """Some thousand rows at a time: their number and their lines, in the order of the key.

    Raises:
        Ambiguous: (SQLite) a text holds the mark that stands between values here; write row by row instead.
    """
    table = dataset.table
    fields = [dataset.schema.by_name[name] for name in columns]
    order = [table.c[key] for key in dataset.schema.key]
    texts = [f.type == "text" or any(guarded(c) != c for c in f.choices) for f in fields]
    if connection.dialect.name == "postgresql":
        shown = [_booleans(f, table.c[f.name], language) for f in fields]
        return _copied(connection, select(*shown).where(*where).order_by(*order), Copied(texts))
    scales = [f.scale if f.type == "decimal" else None for f in fields]
    shown = [_in_sqlite(f, table.c[f.name], language) for f in fields]
    line = cast(func.printf(SEPARATOR.join(["%s"] * len(fields)), *shown), LargeBinary())
    return _joined(connection, select(line).where(*where).order_by(*order), Joined(texts, scales))


def can(fields: Sequence[Field]) -> bool:
    """Whether all fields have a form that a database can write: a decimal needs its number of digits."""
    return all(f.type != "decimal" or f.scale is not None for f in fields)


def _booleans(f: Field, column: Any, language: str) -> Any:
    if f.type != "boolean":
        return column
    return case((column.is_(True), text("yes", language)), (column.is_(False), text("no", language)))


def _in_sqlite(f: Field, column: Any, language: str) -> Any:
    match f.type:
        case "decimal":
            number = type_coerce(column, Float(asdecimal=False))
            limit = 10.0 ** (_EXACT_DIGITS - (f.scale or 0))
            return case(
                (column.is_(None), ""),
                (func.abs(number) < limit, func.printf(f"%.{f.scale}f", number)),
                else_=UNFORMATTED + func.quote(number, type_=String()),
            )
        case "boolean":
            return _booleans(f, column, language)
        case _:
            return column


def _joined(connection: Connection, query: Any, lines: Joined) -> Iterator[tuple[int, bytes]]:
    result = connection.execution_options(stream_results=True, max_row_buffer=_ROWS).execute(query)
    try:
        for rows in result.scalars().partitions(_ROWS):
            yield len(rows), lines.encode(rows)
    finally:
        result.close()


def _copied(connection: Connection, query: Any, lines: Copied) -> Iterator[tuple[int, bytes]]:
    compiled = query.compile(connection, compile_kwargs={"render_postcompile": True})
    driver: Any = connection.connection.driver_connection
    statement = f"COPY ({compiled.string}) TO STDOUT (FORMAT csv)"
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL datestyle TO ISO")
        with cursor.copy(statement, compiled.construct_params()):
            records = _records(driver.pgconn)
            while some := list(itertools.islice(records, _ROWS)):
                yield len(some), lines.encode(some)


def _records(channel: PGconn) -> Iterator[bytes | memoryview]:
    """What the server sends for a COPY: psycopg's own loop takes as long for a record as all the rest of an export.

    Raises:
        psycopg.Error: as the server says.
    """
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    for size, record in map(channel.get_copy_data, itertools.repeat(0)):
        if size < 0:
            break
        yield record
    while result := channel.get_result():
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
