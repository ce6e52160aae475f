"""Datasets: their fields and rules, their rows, an empty workbook, earlier imports of a file."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as InPath
from fastapi import Query, Response
from pydantic import BaseModel

from api.dependencies import ActorDep, DatabaseDep
from api.routes.files import disposition
from api.routing import v1_router
from tabular.schema import Field as TableField
from tabular.template import write_template
from worker.datasets import Dataset, history, load, values
from worker.datasets import rows as dataset_rows
from worker.engine.views import State
from worker.errors import NotFound, Refused

router = v1_router("/datasets", "datasets")
Name = Annotated[str, InPath(max_length=64)]
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DatasetView(BaseModel):
    """A dataset: its fields with their rules, and the fields that are its key. `title` is in the asker's language;
    `record_words`: what a record is called in headers."""

    name: str
    title: str
    titles: dict[str, str]
    key: list[str]
    fields: list[TableField]
    record_words: list[str]


class DatasetList(BaseModel):
    """All datasets."""

    datasets: list[DatasetView]


class RowPage(BaseModel):
    """A page of rows in the order of the key: fields as JSON values (decimals and dates as texts), and `row_version`.

    `next` is the cursor of the next page; `total` is counted for the first page only.
    """

    rows: list[dict[str, Any]]
    next: str | None
    total: int | None


class Value(BaseModel):
    """A value of the first field of the key; `label` as in the first row that has it."""

    value: Any
    label: Any


class ValueList(BaseModel):
    """Different values in order; `more`: there are others, which are left out."""

    values: list[Value]
    more: bool


class ImportedView(BaseModel):
    """An import of a file with the same content into the same dataset.

    Attributes:
        job: its id; null where it is not mine to see.
        by, by_name: user name and display name of who did it.
        at: when it ended; when it was submitted, while it has not.
        state: of the job; a failed or cancelled one may have loaded rows before it stopped, see `counts`.
        counts: rows, inserted, updated, unchanged, skipped, rejected; empty while nothing is known.
        undone, undone_at: whether and when it was taken back.
    """

    job: str | None
    by: str
    by_name: str | None
    at: datetime
    state: State
    mode: str | None
    counts: dict[str, int]
    undone: bool
    undone_at: datetime | None


class ImportedList(BaseModel):
    """Earlier imports of a file, the newest first; dry runs are none."""

    imports: list[ImportedView]


def _view(dataset: Dataset, language: str) -> DatasetView:
    schema = dataset.schema
    return DatasetView(
        name=schema.name,
        title=schema.titles.get(language) or schema.titles["en"],
        titles=schema.titles,
        key=list(schema.key),
        fields=list(schema.fields),
        record_words=list(schema.record_words),
    )


def get_dataset_named(name: str) -> Dataset:
    """The dataset of that name; raises NotFound `unknown_dataset`."""
    dataset = load().get(name)
    if dataset is None:
        raise NotFound("unknown_dataset", name=name)
    return dataset


@router.get("")
def list_datasets(actor: ActorDep) -> DatasetList:
    """The datasets that can be imported and exported."""
    return DatasetList(datasets=[_view(dataset, actor.language) for dataset in load().values()])


@router.get("/{name}")
def get_dataset(name: Name, actor: ActorDep) -> DatasetView:
    """One dataset."""
    return _view(get_dataset_named(name), actor.language)


def _filters(given: str | None) -> dict[str, Any]:
    if not given:
        return {}
    try:
        filters = json.loads(given)
    except (ValueError, RecursionError):
        filters = None
    if not isinstance(filters, dict) or not all(isinstance(f, dict) for f in filters.values()):
        raise Refused("invalid_request", errors=[{"field": "filters", "code": "field_not_an_object", "values": {}}])
    return filters


@router.get("/{name}/template", response_class=Response, responses={200: {"content": {_WORKBOOK: {}}}})
def get_template(name: Name, actor: ActorDep) -> Response:
    """An empty workbook to fill in: headers, rules and an example in the asker's language."""
    dataset = get_dataset_named(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        write_template(path, dataset.schema, actor.language)
        content = path.read_bytes()
    title = dataset.schema.titles.get(actor.language) or dataset.schema.titles["en"]
    return Response(content, media_type=_WORKBOOK, headers={"Content-Disposition": disposition(f"{title}.xlsx")})


@router.get("/{name}/rows")
def list_rows(
    name: Name,
    actor: ActorDep,
    database: DatabaseDep,
    filters: Annotated[
        str | None,
        Query(
            max_length=10_000,
            description="JSON: `{field: {operator: value}}` with the operators eq, in, contains, from, to.",
        ),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> RowPage:
    """A page of the dataset's rows."""
    found = dataset_rows.page(database, get_dataset_named(name), _filters(filters), cursor, limit)
    return RowPage.model_validate(found)


@router.get("/{name}/values")
def list_values(
    name: Name,
    actor: ActorDep,
    database: DatabaseDep,
    label: Annotated[
        str | None, Query(max_length=64, description="A field that says who or what each of them is.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=values.LIMIT)] = values.LIMIT,
) -> ValueList:
    """The different values of the first field of the key, e.g. all employee numbers."""
    return ValueList.model_validate(values.first_keys(database, get_dataset_named(name), label, limit))


@router.get("/{name}/imports")
def list_imports(
    name: Name,
    actor: ActorDep,
    database: DatabaseDep,
    sha256: Annotated[str, Query(pattern="^[0-9a-fA-F]{64}$", description="Of the file, in hex.")],
) -> ImportedList:
    """Who has imported this very file before, when, and with what result; whoever it was."""
    get_dataset_named(name)
    found = history.imports_of(database, actor, f"{name}.import", sha256.lower())
    return ImportedList.model_validate({"imports": found})
