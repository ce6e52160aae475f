"""What an all-or-nothing import has overwritten, and how it is taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, tuple_

from worker.datasets.rejects import decode, encode
from worker.db.schema import import_journal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.datasets.loader import Loader, Prepared
    from worker.engine.context import JobContext

_PAGE = 500


def keep(
    connection: Connection,
    loader: Loader,
    prepared: Prepared,
    rows: Sequence[tuple[Any, ...]],
    positions: Sequence[int],
    indexes: Sequence[int],
) -> None:
    """Note the old values of the rows that are about to be updated.

    Args:
        connection: the chunk's; the rows are staged.
        loader: the import's.
        prepared: the chunk's rows.
        rows: the same, all fields in the schema's order.
        positions: of each row in the file.
        indexes: which of them are updated.
    """
    fields = loader.dataset.schema.by_name
    names = [f.name for f in loader.dataset.schema.fields]
    revivers = [loader.reviver(fields[name]) for name in loader.value_names]
    values = []
    for i, stored in loader.stored(connection, prepared, indexes).items():
        key = [rows[i][names.index(name)] for name in loader.key_names]
        old = [v if v is None or revive is None else revive(v) for v, revive in zip(stored, revivers, strict=True)]
        values.append(
            {"job_id": loader.job_id, "position": positions[i], "before": json.dumps([*key, *old], default=encode)}
        )
    if values:
        connection.execute(insert(import_journal), values)


def take_back(job: JobContext, loader: Loader) -> int:
    """Undo the import, chunk by chunk: give updated rows their old values, remove created ones. Rows that somebody has
    changed since stay as they are; their number is given.
    """
    return _restore(job, loader) + _remove(job, loader)


def drop(job: JobContext) -> None:
    """Forget what was noted, chunk by chunk."""
    t = import_journal.c
    where = t.job_id == job.job_id
    while True:
        with job.chunk() as chunk:
            page = select(t.position).where(where).order_by(t.position).limit(1).offset(4 * _PAGE)
            upper = chunk.connection.scalar(page)
            chunk.connection.execute(
                delete(import_journal).where(where if upper is None else where & (t.position < upper))
            )
        if upper is None:
            return


def _restore(job: JobContext, loader: Loader) -> int:
    t, table = import_journal.c, loader.dataset.table
    names = [*loader.key_names, *loader.value_names]
    width = len(loader.key_names)
    keys = [table.c[name] for name in loader.key_names]
    changed = 0
    while True:
        with job.chunk() as chunk:
            connection = chunk.connection
            page = connection.execute(
                select(t.position, t.before).where(t.job_id == job.job_id).order_by(t.position).limit(_PAGE)
            ).all()
            if not page:
                return changed
            before = {
                tuple(values[:width]): values for values in (json.loads(row.before, object_hook=decode) for row in page)
            }
            # The last change of the row was ours: nobody has touched it since.
            ours = connection.execute(
                select(*keys).where(tuple_(*keys).in_(list(before)), table.c.updated_job == job.job_id)
            )
            wanted = [before[tuple(key)] for key in ours]
            changed += len(page) - len(wanted)
            rows = [
                tuple(dict(zip(names, values, strict=True)).get(f.name) for f in loader.dataset.schema.fields)
                for values in wanted
            ]
            if rows:
                prepared = loader.prepare(rows)
                loader.stage(connection, prepared)
                loader.update(connection, prepared, range(len(rows)))
            positions = [row.position for row in page]
            connection.execute(
                delete(import_journal).where(t.job_id == job.job_id, t.position.between(positions[0], positions[-1]))
            )


def _remove(job: JobContext, loader: Loader) -> int:
    table = loader.dataset.table
    keys = [table.c[name] for name in loader.key_names]
    mine = table.c.created_job == job.job_id
    while True:
        with job.chunk() as chunk:
            connection = chunk.connection
            loader.stage(connection, loader.prepare([]))
            page = connection.execute(select(*keys).where(mine, table.c.row_version == 1).limit(_PAGE)).all()
            if not page:
                return len(connection.execute(select(*keys).where(mine)).all())
            connection.execute(delete(table).where(tuple_(*keys).in_([tuple(key) for key in page])))
