"""What a job makes of its single inputs, kept in the database until the result is put together from all of them.

A part is written in the same chunk that moves the checkpoint past its input; so after a kill at any moment each input
has been worked on, and counted, exactly once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from worker.db.schema import job_parts
from worker.engine.packing import unpack

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.db.database import Database
    from worker.engine.context import JobContext

_PAGE = 200  # rows removed in one chunk


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        position: of the input among the job's inputs, from 0.
        summary: a small JSON object.
        content: anything that JSON can say, of any size.
    """

    position: int
    summary: dict[str, Any]
    content: Any


def keep(connection: Connection, job_id: str, position: int, summary: dict[str, Any], packed: bytes) -> None:
    """Keep a part (of an earlier attempt: replace it).

    Args:
        connection: a chunk's.
        packed: what `packing.pack` gave, or what `packing.write_packed` wrote.
    """
    where = (job_parts.c.job_id == job_id, job_parts.c.position == position)
    connection.execute(delete(job_parts).where(*where))
    connection.execute(
        insert(job_parts).values(job_id=job_id, position=position, summary=json.dumps(summary), content=packed)
    )


def stream(database: Database, job_id: str) -> Iterator[Part]:
    """All parts in order, one at a time: no more than one part's content is in memory, no transaction stays open."""
    t = job_parts.c
    query = select(t.position, t.summary, t.content).where(t.job_id == job_id).order_by(t.position).limit(1)
    last = -1
    while True:
        with database.read() as connection:
            row = connection.execute(query.where(t.position > last)).one_or_none()
        if row is None:
            return
        last = row.position
        yield Part(row.position, json.loads(row.summary), unpack(row.content))


def summaries(database: Database, job_id: str) -> list[tuple[int, dict[str, Any]]]:
    """`(position, summary)` of all parts, in order."""
    t = job_parts.c
    with database.read() as connection:
        rows = connection.execute(select(t.position, t.summary).where(t.job_id == job_id).order_by(t.position)).all()
    return [(row.position, json.loads(row.summary)) for row in rows]


def drop(job: JobContext) -> None:
    """Remove the job's parts, in chunks."""
    t = job_parts.c
    while True:
        with job.chunk() as chunk:
            some = select(t.position).where(t.job_id == job.job_id).order_by(t.position).limit(_PAGE)
            gone = chunk.connection.execute(delete(job_parts).where(t.job_id == job.job_id, t.position.in_(some)))
        if gone.rowcount < _PAGE:
            return
