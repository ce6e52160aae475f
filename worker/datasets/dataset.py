"""A dataset: a table that can be imported and exported, declared once; and the registry of them."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, MetaData, Numeric, String, Table, Text
from sqlalchemy.types import TypeEngine

from tabular.schema import Field, TableSchema
from worker.db.types import UtcDateTime

if TYPE_CHECKING:
    from worker.datasets.parameters import ExportChoices

_metadata = MetaData()
_registry: dict[str, Dataset] = {}


def _type(f: Field) -> TypeEngine[object]:
    match f.type:
        case "integer":
            return BigInteger()  # type: ignore[return-value]  # of its own Python type
        case "decimal":
            return Numeric(18, f.scale if f.scale is not None else 6)  # type: ignore[return-value]  # of its own Python type
        case "date":
            return Date()  # type: ignore[return-value]  # of its own Python type
        case "boolean":
            return Boolean()  # type: ignore[return-value]  # of its own Python type
        case _:
            return String(f.max_length) if f.max_length else Text()  # type: ignore[return-value]  # of its own Python type


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset; creating it registers it and derives its table.

    Attributes:
        schema: fields, rules and key.
        indexes: names of fields (not of the key) by which rows are looked up.
        export_choices: parameters that its export has beside the standard ones; None: none.
        table: the key and fields, then `row_version` (raised by each change of the row), `created_job`,
            `updated_job` (ids of the jobs that last did so) and `updated_at`.
    """

    schema: TableSchema
    indexes: tuple[str, ...] = ()
    export_choices: type[ExportChoices] | None = None
    table: Table = field(init=False, compare=False)

    def __post_init__(self) -> None:
        s = self.schema
        table = Table(
            s.name,
            _metadata,
            *(Column(f.name, _type(f), primary_key=f.name in s.key, nullable=not f.required) for f in s.fields),
            Column("row_version", Integer, nullable=False, server_default="1"),
            Column("created_job", String(36), index=True),
            Column("updated_job", String(36)),
            Column("updated_at", UtcDateTime, nullable=False),
        )
        # Most rows were never updated by a job: an index of the others costs an import of new rows nothing.
        touched = table.c.updated_job.is_not(None)
        Index(f"ix_{s.name}_updated_job", table.c.updated_job, sqlite_where=touched, postgresql_where=touched)
        for name in self.indexes:
            Index(f"ix_{s.name}_{name}", table.c[name])
        object.__setattr__(self, "table", table)
        _registry[s.name] = self

    @property
    def name(self) -> str:
        """The dataset's name, which is also its table's."""
        return self.schema.name


def load() -> dict[str, Dataset]:
    """All datasets by name: each module of `worker/datasets/` is imported once."""
    import worker.datasets as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_registry.items()))


def tables() -> MetaData:
    """The tables of all datasets."""
    load()
    return _metadata
