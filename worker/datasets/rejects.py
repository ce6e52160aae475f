"""The rows that an import has rejected, kept in the database until the error workbook is made of them.

They are written in the same chunk that counts them, keyed by job and position in the file; so after a kill at any
moment each of them is there exactly once.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from worker.db.schema import import_rejects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.cells import Cell
    from tabular.checker import Rejected
    from worker.db.database import Database
    from worker.engine.context import JobContext

_PAGE = 2000


def encode(value: Any) -> Any:
    """What JSON has no form for, as `{type: text}`; a cell is never an object itself."""
    match value:
        case dt.datetime():
            return {"$datetime": value.isoformat()}
        case dt.date():
            return {"$date": value.isoformat()}
        case dt.time():
            return {"$time": value.isoformat()}
        case dt.timedelta():
            return {"$seconds": value.total_seconds()}
        case Decimal():
            return {"$decimal": str(value)}
        case _:
            return str(value)


def decode(value: dict[str, Any]) -> Any:
    """The inverse of `encode`, as `object_hook` of `json.loads`."""
    match next(iter(value.items()), None):
        case ("$datetime", str(text)) if len(value) == 1:
            return dt.datetime.fromisoformat(text)
        case ("$date", str(text)) if len(value) == 1:
            return dt.date.fromisoformat(text)
        case ("$time", str(text)) if len(value) == 1:
            return dt.time.fromisoformat(text)
        case ("$seconds", int() | float() as seconds) if len(value) == 1:
            return dt.timedelta(seconds=seconds)
        case ("$decimal", str(text)) if len(value) == 1:
            return Decimal(text)
        case _:
            return value


def dump(rejected: Rejected) -> tuple[str, str]:
    """The cells and the problems of a row as JSON texts (ASCII only, so that any character survives any database)."""
    problems = [[p.column_index, p.header, p.field, p.code, p.values, p.cell] for p in rejected.problems]
    return json.dumps(rejected.cells, default=encode), json.dumps(problems, default=encode)


def parse(number: int, sheet: str | None, cells: str, problems: str) -> Rejected:
    """The inverse of `dump`."""
    from tabular.checker import Problem, Rejected

    values: list[Cell] = json.loads(cells, object_hook=decode)
    reasons = [Problem(*parts) for parts in json.loads(problems, object_hook=decode)]
    return Rejected(number, sheet or "", values, reasons)


def keep(connection: Connection, job_id: str, rows: Sequence[tuple[int, Rejected]]) -> None:
    """Add rows, each with its position (data rows of the file in reading order, from 0)."""
    if not rows:
        return
    values = []
    for position, rejected in rows:
        cells, problems = dump(rejected)
        values.append({
            "job_id": job_id, "position": position, "number": rejected.number, "sheet": rejected.sheet,
            "cells": cells, "problems": problems,
        })  # fmt: skip
    connection.execute(insert(import_rejects), values)


def stream(database: Database, job_id: str) -> Iterator[Rejected]:
    """All rejected rows of the job, in the order of the file; read page by page, no transaction stays open."""
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
