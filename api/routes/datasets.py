"""Datasets: their fields and rules, their rows, an empty workbook, proposals of a mapping."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, DatabaseDep, StorageDep
from api.routes.files import disposition
from tabular.schema import Field as TableField
from tabular.template import write_template
from worker.datasets import Dataset, load
from worker.datasets import mapping as mappings
from worker.datasets import rows as dataset_rows
from worker.datasets.look import LookOptions, look
from worker.errors import NotFound, Refused
from worker.files.inputs import resolve

router = APIRouter(prefix="/datasets", tags=["datasets"])
Name = Annotated[str, InPath(max_length=64)]
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DatasetView(BaseModel):
    """A dataset: its fields with their rules, and the fields that are its key. `title` is in the asker's language."""

    name: str
    title: str
    titles: dict[str, str]
    key: list[str]
    fields: list[TableField]


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


class MappingBody(BaseModel):
    """Either a file's column names with some of its rows as JSON values (may be none), or the id of an upload, with
    what is known better than the guesses about it.
    """

    model_config = ConfigDict(extra="forbid")

    headers: list[str] = Field([], max_length=1000)
    samples: list[list[str | int | float | bool | None]] = Field([], max_length=200)
    upload: str | None = Field(None, max_length=36)
    sheet: str | None = Field(None, max_length=255)
    header_row: int | None = Field(None, ge=1, le=1_048_576)
    encoding: str | None = Field(None, max_length=40)
    delimiter: str | None = Field(None, min_length=1, max_length=1)


class ProposalView(BaseModel):
    """What a column seems to be: `confidence` 0 to 1, and the reason for it; `field` is null for none."""

    column: int
    header: str
    field: str | None
    confidence: float
    reason: str


class MappingProposals(BaseModel):
    """Proposals for all columns.

    Attributes:
        fingerprint: of the header's shape; files of the same shape have the same.
        mapping: column to field, as an import without a mapping applies it.
        missing: required fields that no column is sure to be.
        source: of an upload, what was found: format, encoding, delimiter, sheets, header_row, headers.
    """

    fingerprint: str
    proposals: list[ProposalView]
    mapping: dict[str, str | None]
    missing: list[str]
    source: dict[str, Any] | None = None


def _view(dataset: Dataset, language: str) -> DatasetView:
    schema = dataset.schema
    return DatasetView(
        name=schema.name,
        title=schema.titles.get(language) or schema.titles["en"],
        titles=schema.titles,
        key=list(schema.key),
        fields=list(schema.fields),
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


@router.post("/{name}/mapping")
def propose_mapping(
    name: Name, body: MappingBody, actor: ActorDep, database: DatabaseDep, storage: StorageDep
) -> MappingProposals:
    """Which field each column of a file seems to be."""
    dataset = get_dataset_named(name)
    if body.upload is None:
        if not body.headers:
            raise Refused("invalid_request", errors=[{"field": "headers", "code": "field_missing", "values": {}}])
        found = mappings.propose(database, actor, dataset, body.headers, body.samples)
        return MappingProposals.model_validate(found)
    with database.read() as connection:
        file = resolve(connection, actor, [body.upload])[0]
    options = LookOptions(body.sheet, body.header_row, body.encoding, body.delimiter)
    seen = look(storage.local_path(file.storage_key), name, options)
    found = mappings.propose(database, actor, dataset, seen["info"]["headers"], seen["samples"])
    return MappingProposals.model_validate(found | {"source": seen["info"]})
