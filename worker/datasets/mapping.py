"""Which field each column of a file is: proposals for a person to look at before an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.datasets import remembered
from worker.datasets.look import LookOptions

if TYPE_CHECKING:
    from worker.actor import Actor
    from worker.datasets.dataset import Dataset
    from worker.datasets.remembered import Kept
    from worker.db.database import Database


def propose(
    database: Database,
    actor: Actor,
    dataset: Dataset,
    headers: Sequence[str],
    samples: Sequence[Sequence[Any]],
    parent_id: str | None = None,
) -> dict[str, Any]:
    """Propose a field for each column.

    Args:
        database: where.
        actor: who asks.
        dataset: what the file is to be imported into.
        headers: the file's column names.
        samples: some rows of data as JSON values; may be empty.
        parent_id: the import whose error workbook the file is.

    Returns:
        What an import without a mapping applies, and why: `{"fingerprint", "proposals": [{column, header, field,
        confidence, reason}], "mapping": {column: field or None}, "constants", "value_map", "missing": [required fields
        for which nothing is sure], "values": [{field, value, target, confidence, reason, count}] (values of the samples
        that their field does not take), "remembered": the mapping that was remembered, or None}`.
        One with another fingerprint belongs to the header that is found with its sheet, row, encoding and delimiter.
    """
    from tabular.names import fingerprint

    kept = known(database, actor, dataset, headers, parent_id)
    if kept is None or kept.alike or kept.fingerprint == fingerprint(headers):
        return _proposed(database, actor, dataset, headers, samples, kept)
    # It speaks of another row or sheet of such a file: whoever reads the file looks there and asks again.
    return _proposed(database, actor, dataset, headers, samples, None) | {"remembered": kept.to_json()}


def propose_for_file(
    database: Database,
    actor: Actor,
    dataset: Dataset,
    options: LookOptions,
    look: Callable[[LookOptions], dict[str, Any]],
) -> dict[str, Any]:
    """Propose a field for each column of a file: as `propose`, with `source`, what was found out about the file.

    Args:
        options: what the asker knows better than the guesses; the rest is taken from the remembered mapping.
        look: looks at the file, see `worker.datasets.look.look`.
    """
    seen = look(options)
    kept = known(database, actor, dataset, seen["info"]["headers"], seen.get("parent"))
    if kept is not None and not kept.alike:
        chosen = with_options(options, kept.decision.options, seen["info"]["sheets"])
        if chosen != options:
            again = look(chosen)
            # Where the choices lead to another header they do not fit this file, however it looks at first.
            seen = again if again["info"]["fingerprint"] == kept.fingerprint else seen
        if seen["info"]["fingerprint"] != kept.fingerprint:
            kept = None
    found = _proposed(database, actor, dataset, seen["info"]["headers"], seen["samples"], kept)
    return found | {"source": seen["info"]}


def known(
    database: Database, actor: Actor, dataset: Dataset, headers: Sequence[str], parent_id: str | None
) -> Kept | None:
    """How the import was mapped whose error workbook this is, else what is remembered of such files, else of files with
    a header much like it.
    """
    from tabular.names import fingerprint

    shape = fingerprint(headers)
    with database.read() as connection:
        return (
            (remembered.of_job(connection, actor, dataset, parent_id, shape) if parent_id else None)
            or remembered.find(connection, actor, dataset, shape)
            or remembered.find_alike(connection, actor, dataset, headers)
        )


def with_options(given: LookOptions, chosen: LookOptions, sheets: Sequence[str]) -> LookOptions:
    """What is known about how to read a file: what was given, then what was chosen for such a file before; a sheet only
    if the file has one of that name.
    """
    return replace(
        given,
        sheet=given.sheet or (chosen.sheet if chosen.sheet in sheets else None),
        header_row=given.header_row or chosen.header_row,
        encoding=given.encoding or chosen.encoding,
        delimiter=given.delimiter or chosen.delimiter,
    )


def _proposed(
    database: Database,
    actor: Actor,
    dataset: Dataset,
    headers: Sequence[str],
    samples: Sequence[Sequence[Any]],
    kept: Kept | None,
) -> dict[str, Any]:
    from tabular.mapper import LIKELY, Mapping, applied, propose
    from tabular.names import fingerprint, reference
    from tabular.value_map import propose_values

    schema = dataset.schema
    before = kept.to_tabular() if kept is not None else None
    proposals = propose(headers, samples, schema, before)
    columns, constants, value_map = applied(proposals, schema, before)
    missing = [f.name for f in schema.fields if f.required and f.name not in columns and f.name not in constants]
    likely = {p.field: p.column for p in proposals if p.field is not None and p.confidence >= LIKELY}
    values = propose_values(likely, samples, schema, value_map)
    if values:
        with database.read() as connection:
            others = remembered.value_maps(connection, actor, dataset)
        values = propose_values(likely, samples, schema, value_map, others)
    left_out = [p.column for p in proposals if p.field is None and p.reason in ("remembered", "shared")]
    return {
        "fingerprint": fingerprint(headers),
        "proposals": [p.to_json() for p in proposals],
        "mapping": Mapping(schema, tuple(headers), columns).to_json() | {reference(headers, i): None for i in left_out},
        "constants": constants,
        "value_map": value_map,
        "missing": missing,
        "values": [v.to_json() for v in values],
        "remembered": kept.to_json() if kept is not None and not kept.alike else None,
    }  # fmt: skip
