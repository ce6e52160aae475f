"""Reading a dataset's rows page by page."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_

from worker.datasets.filters import Unfit, conditions, typed
from worker.datasets.loader import plain
from worker.engine.plain import is_plain
from worker.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from worker.datasets.dataset import Dataset
    from worker.db.database import Database

LIMIT = 500
"""Rows in a page at most."""


def page(
    database: Database,
    dataset: Dataset,
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """A page of rows in the order of the key.

    Args:
        database: where.
        dataset: what.
        filters: as in `filters.conditions`.
        cursor: `next` of the page before; None: the first page.
        limit: rows, at most `LIMIT`.

    Returns:
        `{"rows": [{field: JSON value, …, "row_version": n}], "next": cursor or None, "total": rows that fit}`; decimals
        and dates are texts. `total` is counted on the first page only, else None.

    Raises:
        Refused: `invalid_filter`, `invalid_cursor`.
    """
    limit = max(1, min(limit, LIMIT))
    table = dataset.table
    keys = [table.c[name] for name in dataset.schema.key]
    names = [f.name for f in dataset.schema.fields]
    where = conditions(dataset, filters or {})
    query = select(*(table.c[name] for name in names), table.c.row_version).where(*where)
    if cursor is not None:
        query = query.where(_after(dataset, keys, cursor))
    total = None
    with database.read() as connection:
        found = connection.execute(query.order_by(*keys).limit(limit + 1)).mappings().all()
        if cursor is None:
            total = connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    rows = [{name: plain(value) for name, value in row.items()} for row in found[:limit]]
    last = [rows[-1][name] for name in dataset.schema.key] if len(found) > limit else None
    return {"rows": rows, "next": _cursor(last) if last else None, "total": total}


def _cursor(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


def _after(dataset: Dataset, keys: list[Any], cursor: str) -> ColumnElement[bool]:
    try:
        last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(last, list) or not is_plain(last):
            raise Unfit("invalid_cursor")  # noqa: TRY301 - one way out for all that may be wrong with it
        values = [typed(dataset.schema.by_name[name], v) for name, v in zip(dataset.schema.key, last, strict=True)]
    except (ValueError, TypeError, RecursionError, Unfit):
        raise Refused("invalid_cursor", 400) from None
    return keys[0] > values[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*values)
