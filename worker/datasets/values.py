"""The different values of the first field of a dataset's key, e.g. all employee numbers, for a person to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from worker.datasets.loader import plain
from worker.errors import Refused

if TYPE_CHECKING:
    from worker.datasets.dataset import Dataset
    from worker.db.database import Database

LIMIT = 2000
"""Values in an answer at most."""


def first_keys(database: Database, dataset: Dataset, label: str | None = None, limit: int = LIMIT) -> dict[str, Any]:
    """The different values, in order, by as many steps through the key's index as there are values: it costs the same
    whether an employee has ten work logs or ten thousand.

    Args:
        label: name of a field that says who or what it is; of the first row of each value.
        limit: values, at most `LIMIT`.

    Returns:
        `{"values": [{"value": JSON value, "label": JSON value or None}, …], "more": there are others}`.

    Raises:
        Refused: `invalid_request`: there is no field `label`.
    """
    limit = max(1, min(limit, LIMIT))
    if label is not None and label not in {f.name for f in dataset.schema.fields}:
        raise Refused("invalid_request", errors=[{"field": "label", "code": "field_unknown", "values": {}}])
    table = dataset.table
    column = table.c[dataset.schema.key[0]]
    step = select(func.min(column).label("value")).cte("step", recursive=True)
    after = select(func.min(column)).where(column > step.c.value).scalar_subquery()
    step = step.union_all(select(after).where(step.c.value.is_not(None)))
    steps = select(step.c.value).where(step.c.value.is_not(None)).limit(limit + 1).subquery()
    wanted = [steps.c.value]
    if label is not None:
        others = [table.c[name] for name in dataset.schema.key[1:]]
        first = select(table.c[label]).where(column == steps.c.value).order_by(*others).limit(1)
        wanted.append(first.scalar_subquery().label("label"))
    with database.read() as connection:
        found = connection.execute(select(*wanted).order_by(steps.c.value)).all()
    return {
        "values": [
            {"value": plain(row[0]), "label": plain(row[1]) if label is not None else None} for row in found[:limit]
        ],
        "more": len(found) > limit,
    }
