"""Mappings that people have made, remembered by the shape of a file's header; own ones, and those that others share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from worker import audit
from worker.datasets.look import LookOptions
from worker.db.schema import jobs, mappings, users
from worker.db.types import db_now
from worker.engine.plain import plain
from worker.engine.visibility import visible
from worker.errors import Forbidden, NotFound, Refused
from worker.ids import is_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tabular.mapper import Remembered
    from worker.actor import Actor
    from worker.datasets.dataset import Dataset

LISTED = 500
"""Mappings that a list shows at most, the newest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about files with one header.

    Attributes:
        mapping: column -> field, None for a column that is left out.
        constants: field -> value for all rows.
        value_map: field -> {value in the file: value instead}.
        options: the sheet, header row, encoding and delimiter that were chosen; None: found out.
        headers: the columns' names as they stood in the file; empty when they are not known.
        shared: whether others use it too; None: as it was, at first not.
    """

    mapping: Mapping[str, str | None]
    constants: Mapping[str, Any]
    value_map: Mapping[str, Mapping[str, Any]]
    options: LookOptions = field(default_factory=LookOptions)
    headers: Sequence[str] = ()
    shared: bool | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A remembered mapping.

    Attributes:
        dataset, fingerprint: what it is for.
        decision: what was decided.
        owner_id, username, display_name: whose it is.
        mine: it is the asker's.
        seen_as: fingerprint of the header that is found without the chosen options.
        created_at, updated_at: when.
        alike: it was made for files whose header is not quite that of the file in question.
    """

    dataset: str
    fingerprint: str
    decision: Decision
    owner_id: str
    username: str
    display_name: str | None
    mine: bool
    seen_as: str
    created_at: datetime
    updated_at: datetime
    alike: bool = False

    def to_tabular(self) -> Remembered:
        """In the form that proposals are made from."""
        from tabular.mapper import Remembered

        d = self.decision
        return Remembered(d.mapping, d.constants, d.value_map, tuple(d.headers), not self.mine, self.alike)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, the form that the API serves."""
        d = self.decision
        return {
            "dataset": self.dataset, "fingerprint": self.fingerprint, "headers": list(d.headers),
            "mapping": dict(d.mapping), "constants": dict(d.constants),
            "value_map": {name: dict(pairs) for name, pairs in d.value_map.items()},
            "sheet": d.options.sheet, "header_row": d.options.header_row,
            "encoding": d.options.encoding, "delimiter": d.options.delimiter,
            "shared": bool(d.shared), "mine": self.mine, "seen_as": self.seen_as,
            "owner": {"id": self.owner_id, "username": self.username, "display_name": self.display_name},
            "created_at": self.created_at, "updated_at": self.updated_at,
        }  # fmt: skip


_QUERY = select(mappings, users.c.username, users.c.display_name).join(users, users.c.id == mappings.c.owner_id)


def _kept(row: Row[Any], actor: Actor) -> Kept:
    options = LookOptions(row.sheet, row.header_row, row.encoding, row.delimiter)
    return Kept(
        dataset=row.dataset,
        fingerprint=row.fingerprint,
        decision=Decision(row.mapping, row.constants, row.value_map, options, row.headers, row.shared),
        owner_id=row.owner_id,
        username=row.username,
        display_name=row.display_name,
        mine=row.owner_id == actor.user_id,
        seen_as=row.seen_as,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.is_admin else or_(mappings.c.owner_id == actor.user_id, mappings.c.shared)


def _best_first(actor: Actor) -> tuple[ColumnElement[Any], ...]:
    """The asker's own before those that are shared, the newest before the older ones."""
    mine = mappings.c.owner_id == actor.user_id
    return mine.desc(), mappings.c.shared.desc(), mappings.c.updated_at.desc(), mappings.c.id.desc()


def find(connection: Connection, actor: Actor, dataset: Dataset, fingerprint: str) -> Kept | None:
    """The mapping that holds for a file of which this header is found without being told where: the asker's own, else
    the newest shared one; None when there is none. Another's that is not shared is never used, not by an admin either.
    """
    usable = or_(mappings.c.owner_id == actor.user_id, mappings.c.shared)
    same_shape = or_(mappings.c.fingerprint == fingerprint, mappings.c.seen_as == fingerprint)
    row = connection.execute(
        _QUERY.where(mappings.c.dataset == dataset.name, same_shape, usable).order_by(*_best_first(actor)).limit(1)
    ).one_or_none()
    return None if row is None else _kept(row, actor)


def find_alike(connection: Connection, actor: Actor, dataset: Dataset, headers: Sequence[str]) -> Kept | None:
    """The mapping of files with a header much like this one, where `find` gives none."""
    from tabular.mapper import alike

    usable = or_(mappings.c.owner_id == actor.user_id, mappings.c.shared)
    query = _QUERY.where(mappings.c.dataset == dataset.name, usable).order_by(*_best_first(actor)).limit(LISTED)
    found = [_kept(row, actor) for row in connection.execute(query)]
    best = alike(headers, [kept.to_tabular() for kept in found])
    return None if best is None else replace(found[best], alike=True)


def listed(connection: Connection, actor: Actor, dataset: Dataset) -> list[Kept]:
    """The mappings that the asker may see (own and shared; an admin all), own ones first, then the newest."""
    query = _QUERY.where(mappings.c.dataset == dataset.name, _visible(actor)).order_by(*_best_first(actor))
    return [_kept(row, actor) for row in connection.execute(query.limit(LISTED))]


def value_maps(connection: Connection, actor: Actor, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """What values of files were taken for, in all mappings that the asker uses or may use: field -> {value in the file:
    value instead}; where two differ, the asker's own wins, then the newer one.
    """
    usable = or_(mappings.c.owner_id == actor.user_id, mappings.c.shared)
    query = select(mappings.c.value_map).where(mappings.c.dataset == dataset.name, usable)
    found: dict[str, dict[str, Any]] = {}
    for pairs in connection.execute(query.order_by(*_best_first(actor)).limit(LISTED)).scalars():
        for name, values in pairs.items():
            found[name] = {**values, **found.get(name, {})}
    return found


def get(connection: Connection, actor: Actor, dataset: Dataset, fingerprint: str, owner: str | None = None) -> Kept:
    """One mapping: the asker's own, else a shared one; with `owner` (user name or id) that user's.

    Raises:
        NotFound: `unknown_mapping`: there is none, or it is another's who does not share it.
    """
    row = connection.execute(
        _QUERY.where(
            mappings.c.dataset == dataset.name, mappings.c.fingerprint == fingerprint, _visible(actor), _of(owner)
        )
        .order_by(*_best_first(actor))
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound("unknown_mapping", fingerprint=fingerprint)
    return _kept(row, actor)


def of_job(connection: Connection, actor: Actor, dataset: Dataset, job_id: str, fingerprint: str) -> Kept | None:
    """How an earlier import of the asker's (an admin's: anybody's) mapped its file: it holds for its corrected error
    workbook, too. None when there is no such job or nothing was decided there.
    """
    j = jobs.c
    query = (
        select(j.owner_id, j.params, j.checkpoint, j.result, j.created_at, users.c.username, users.c.display_name)
        .join(users, users.c.id == j.owner_id)
        .where(j.id == job_id, j.kind == f"{dataset.name}.import", visible(actor))
    )
    row = connection.execute(query).one_or_none() if is_id(job_id) else None
    if row is None:
        return None
    # A failed import has no result, but its checkpoint tells what it found out.
    params, result = row.params, (row.checkpoint or {}).get("found") or row.result or {}
    mapping = result.get("mapping") or params.get("mapping")
    if not mapping:
        return None
    decision = Decision(
        mapping=mapping | dict.fromkeys(result.get("not_imported", [])),
        constants=result.get("constants") or params.get("constants") or {},
        value_map=result.get("value_map") or params.get("value_map") or {},
        headers=result.get("headers") or [],
    )
    return Kept(
        dataset=dataset.name,
        fingerprint=fingerprint,
        decision=decision,
        owner_id=row.owner_id,
        username=row.username,
        display_name=row.display_name,
        mine=row.owner_id == actor.user_id,
        seen_as=fingerprint,
        created_at=row.created_at,
        updated_at=row.created_at,
    )


def _of(owner: str | None) -> ColumnElement[bool]:
    return true() if owner is None else or_(mappings.c.owner_id == owner, users.c.username == owner)


def put(
    connection: Connection,
    actor: Actor,
    dataset: Dataset,
    fingerprint: str,
    decision: Decision,
    *,
    owner: str | None = None,
    seen_as: str | None = None,
) -> Kept:
    """Remember a mapping as the asker's own, in place of the one before; with `owner` an admin changes another's.

    Args:
        connection: a writing transaction.
        seen_as: fingerprint of the header that is found without the chosen options.

    Raises:
        Refused: `mapping_wrong_fingerprint`: the headers have another shape; `mapping_unknown_field`,
            `mapping_field_twice`.
        NotFound: `unknown_mapping`: that user has none to change.
        Forbidden: `mapping_of_another`.
    """
    _check(dataset, fingerprint, decision)
    owner_id = actor.user_id
    if owner is not None:
        owner_id = _changeable(connection, actor, get(connection, actor, dataset, fingerprint, owner))
    values: dict[str, Any] = {
        "headers": plain(decision.headers), "mapping": plain(decision.mapping), "constants": plain(decision.constants),
        "value_map": plain(decision.value_map), "sheet": decision.options.sheet,
        "header_row": decision.options.header_row, "encoding": decision.options.encoding,
        "delimiter": decision.options.delimiter, "seen_as": seen_as or fingerprint, "updated_at": db_now(),
    }  # fmt: skip
    if decision.shared is not None:
        values["shared"] = decision.shared
    same = and_(
        mappings.c.dataset == dataset.name, mappings.c.fingerprint == fingerprint, mappings.c.owner_id == owner_id
    )
    key = {"dataset": dataset.name, "fingerprint": fingerprint, "owner_id": owner_id}
    # One statement: two jobs of the same person may end at the same time.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    inserting = dialect.insert(mappings).values(id=new_id(), **key, **values, created_at=db_now())
    connection.execute(inserting.on_conflict_do_update(index_elements=list(key), set_=values))
    audit.record(connection, actor, "mapping.put", "mapping", fingerprint, dataset=dataset.name)
    return _kept(connection.execute(_QUERY.where(same)).one(), actor)


def remove(connection: Connection, actor: Actor, dataset: Dataset, fingerprint: str, owner: str | None = None) -> None:
    """Forget a mapping: the asker's own, else (an admin only) another's.

    Raises:
        NotFound: `unknown_mapping`.
        Forbidden: `mapping_of_another`: it is shared by somebody else.
    """
    owner_id = _changeable(connection, actor, get(connection, actor, dataset, fingerprint, owner))
    connection.execute(
        delete(mappings).where(
            mappings.c.dataset == dataset.name, mappings.c.fingerprint == fingerprint, mappings.c.owner_id == owner_id
        )
    )
    audit.record(connection, actor, "mapping.delete", "mapping", fingerprint, dataset=dataset.name, owner=owner_id)


def _changeable(connection: Connection, actor: Actor, kept: Kept) -> str:
    """The owner's id, if the asker may change that mapping."""
    if not kept.mine and not actor.is_admin:
        raise Forbidden("mapping_of_another", owner=kept.display_name or kept.username)
    return kept.owner_id


def _check(dataset: Dataset, fingerprint: str, decision: Decision) -> None:
    from tabular.names import fingerprint as shape

    if decision.headers and shape(decision.headers) != fingerprint:
        raise Refused("mapping_wrong_fingerprint")
    schema = dataset.schema
    named = [target for target in decision.mapping.values() if target]
    for name in (*named, *decision.constants, *decision.value_map):
        if name not in schema.by_name:
            raise Refused("mapping_unknown_field", field=name, fields=[f.name for f in schema.fields])
    first: dict[str, str] = {}
    for column, target in decision.mapping.items():
        if not target:
            continue
        if target in first:
            titles = {"field": schema.by_name[target].titles}
            raise Refused("mapping_field_twice", first=first[target], second=column, field=target, titles=titles)
        first[target] = column
