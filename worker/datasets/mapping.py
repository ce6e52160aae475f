"""Which field each column of a file is: proposals for a person to look at before an import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.actor import Actor
    from worker.datasets.dataset import Dataset
    from worker.db.database import Database


def propose(
    database: Database, actor: Actor, dataset: Dataset, headers: Sequence[str], samples: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    """Propose a field for each column.

    Args:
        database: where.
        actor: who asks.
        dataset: what the file is to be imported into.
        headers: the file's column names.
        samples: some rows of data as JSON values; may be empty.

    Returns:
        `{"fingerprint", "proposals": [{column, header, field, confidence, reason}], "mapping": {column: field},
        "missing": [required fields for which no proposal is sure]}`; `mapping` is what an import without one applies.
    """
    from tabular.mapper import THRESHOLD, Mapping, fingerprint
    from tabular.mapper import propose as propose_columns

    proposals = propose_columns(headers, samples, dataset.schema)
    columns = {p.field: p.column for p in proposals if p.field is not None and p.confidence >= THRESHOLD}
    missing = [f.name for f in dataset.schema.fields if f.required and f.name not in columns]
    return {
        "fingerprint": fingerprint(headers),
        "proposals": [p.to_json() for p in proposals],
        "mapping": Mapping(dataset.schema, tuple(headers), columns).to_json(),
        "missing": missing,
    }
