"""The rows that an import has rejected, kept in the database until the error workbook is made of them.

They are written in the same chunk that counts them, keyed by job and position in the file; so after a kill at any
moment each of them is there exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from worker.datasets.loader import driver_cursor
from worker.db.schema import import_rejects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.checker import Rejected
    from worker.db.database import Database
    from worker.engine.context import JobContext
    from worker.reading.rejected import Dumped

_PAGE = 2000
_INSERT = "INSERT INTO import_rejects (job_id, position, number, sheet, cells, problems) VALUES (?, ?, ?, ?, ?, ?)"
_COPY = "COPY import_rejects (job_id, position, number, sheet, cells, problems) FROM STDIN"


def keep(connection: Connection, job_id: str, rows: Sequence[Dumped]) -> None:
    """Add rows."""
    if not rows:
        return
    positions, numbers, sheets, cells, problems, _ = zip(*rows, strict=True)
    if connection.dialect.name == "sqlite":
        with driver_cursor(connection, _INSERT) as cursor:
            values = zip(repeat(job_id), positions, numbers, sheets, cells, problems)
            cursor.executemany(_INSERT, values)
        return
    from worker.reading.copy_text import encode

    text = encode([[job_id] * len(rows), list(map(str, positions)), list(map(str, numbers)), sheets, cells, problems])
    with driver_cursor(connection, _COPY) as cursor, cursor.copy(_COPY) as copy:
        copy.write(text)


def known(database: Database, job_id: str, end: int) -> bytes:
    """One bit for each row before position `end`, the lowest of a byte first: set where the job has rejected it."""
    t = import_rejects.c
    bits = bytearray((end + 7) // 8)
    query = select(t.position).where(t.job_id == job_id, t.position < end)
    with database.read() as connection:
        for page in connection.execution_options(yield_per=_PAGE).execute(query).scalars().partitions():
            for position in page:
                bits[position >> 3] |= 1 << (position & 7)
    return bytes(bits)


def stream(database: Database, job_id: str) -> Iterator[Rejected]:
    """All rejected rows of the job, in the order of the file; read page by page, no transaction stays open."""
    from worker.reading.rejected import parse

    t = import_rejects.c
    query = select(t.position, t.number, t.sheet, t.cells, t.problems).where(t.job_id == job_id).order_by(t.position)
    last = -1
    while True:
        with database.read() as connection:
            page = connection.execute(query.where(t.position > last).limit(_PAGE)).all()
        for row in page:
            yield parse(row.number, row.sheet, row.cells, row.problems)
        if len(page) < _PAGE:
            return
        last = page[-1].position


def drop(job: JobContext) -> None:
    """Remove the job's rows, in chunks."""
    t = import_rejects.c
    while True:
        with job.chunk() as chunk:
            upper = chunk.connection.scalar(
                select(t.position).where(t.job_id == job.job_id).order_by(t.position).limit(1).offset(_PAGE)
            )
            where = t.job_id == job.job_id
            chunk.connection.execute(
                delete(import_rejects).where(where if upper is None else where & (t.position < upper))
            )
        if upper is None:
            return
