"""Mappings of a dataset's imports: proposals for a file, and those that are remembered."""

from __future__ import annotations

import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as InPath
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, DatabaseDep, StorageDep
from api.routes.datasets import ImportedView, Name, get_dataset_named
from api.routing import v1_router
from worker.datasets import history, mapping, remembered
from worker.datasets.look import LookOptions, look
from worker.engine.views import Owner
from worker.errors import Refused
from worker.files.inputs import resolve

router = v1_router("/datasets", "datasets")
Fingerprint = Annotated[str, InPath(pattern="^[0-9a-f]{32}$")]
OwnerQuery = Annotated[
    str | None, Query(max_length=64, description="User name or id: that user's, in place of my own or a shared one.")
]
Scalar = str | int | float | bool | None


class FileOptions(BaseModel):
    """What is known better than the guesses about a file; null: find out."""

    model_config = ConfigDict(extra="forbid")

    sheet: str | None = Field(None, min_length=1, max_length=255)
    header_row: int | None = Field(None, ge=1, le=1_048_576)
    encoding: str | None = Field(None, min_length=1, max_length=40)
    delimiter: str | None = Field(None, min_length=1, max_length=1)

    def options(self) -> LookOptions:
        """As the rooms below take it."""
        return LookOptions(self.sheet, self.header_row, self.encoding, self.delimiter)


class ProposalBody(FileOptions):
    """Either a file's column names with some of its rows as JSON values (may be none) and, where known, its SHA-256 and
    the import whose error workbook it is; or the id of an upload.
    """

    headers: list[str] = Field([], max_length=1000)
    samples: list[list[Scalar]] = Field([], max_length=200)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    parent_id: str | None = Field(None, max_length=36)
    upload: str | None = Field(None, max_length=36)


class ProposalView(BaseModel):
    """What a column seems to be: `confidence` 0 to 1, and the reason for it; `field` is null for none. Reasons:
    `remembered` (by me) and `shared` (by another) for the same header before, `title`, `name`, `synonym`, `pinyin`,
    `part` of a name, `similar` to one, `values`, `added` by an error workbook, `none`.
    """

    column: int
    header: str
    field: str | None
    confidence: float
    reason: str


class ValueView(BaseModel):
    """A value of the samples that its field does not take: what it probably means. `target` null: a person must say.
    None of them is applied by itself. Reasons: `remembered` (a person said so for another file), `word` (one of similar
    meaning), `similar` (a typing error), `order` (甲 for the first), `none`. `count`: rows of the samples.
    """

    field: str
    value: str
    target: str | bool | None
    confidence: float
    reason: str
    count: int


class MappingBody(FileOptions):
    """A mapping to remember.

    Attributes:
        mapping: column of the file to field; null for a column that is left out.
        constants: field to the value of all rows.
        value_map: field to {value in the file: value instead}.
        headers: the file's column names in their order; checked against the fingerprint where given.
        shared: others may use it, too; null leaves it as it is.
        seen_as: fingerprint of the header that was found before a person named sheet, row, encoding or delimiter; so a
            file of which that one is found again is read in the same way by itself.
    """

    mapping: dict[str, str | None] = Field(max_length=1000)
    constants: dict[str, Scalar] = Field({}, max_length=200)
    value_map: dict[str, dict[str, Scalar]] = Field({}, max_length=200)
    headers: list[str] = Field([], max_length=1000)
    shared: bool | None = None
    seen_as: str | None = Field(None, pattern="^[0-9a-f]{32}$")


class MappingView(BaseModel):
    """A remembered mapping; `mine`: it is the asker's. As in the body, with whose it is and since when."""

    dataset: str
    fingerprint: str
    headers: list[str]
    mapping: dict[str, str | None]
    constants: dict[str, Scalar]
    value_map: dict[str, dict[str, Scalar]]
    sheet: str | None
    header_row: int | None
    encoding: str | None
    delimiter: str | None
    shared: bool
    mine: bool
    seen_as: str
    owner: Owner
    created_at: datetime
    updated_at: datetime


class MappingList(BaseModel):
    """Remembered mappings: own ones first, then those that others share, the newest first."""

    mappings: list[MappingView]


class MappingProposals(BaseModel):
    """What an import without a mapping applies to such a file, and why.

    Attributes:
        fingerprint: of the header's shape; files of the same shape have the same.
        proposals: one a column.
        mapping: column to field; null for a column that a person left out before.
        constants, value_map: of the remembered mapping.
        missing: required fields that no column is sure to be.
        values: values of choice and boolean fields in the samples that need a meaning.
        remembered: the mapping that was remembered for this header, with its sheet, row, encoding and delimiter. If
            its fingerprint is another one, look at the file with these and ask again: the proposals are guesses.
        imports: earlier imports of the same file, the newest first.
        source: of an upload, what was found: format, encoding, delimiter, sheets, header_row, headers.
        sha256: of an upload.
    """

    fingerprint: str
    proposals: list[ProposalView]
    mapping: dict[str, str | None]
    constants: dict[str, Scalar]
    value_map: dict[str, dict[str, Scalar]]
    missing: list[str]
    values: list[ValueView]
    remembered: MappingView | None
    imports: list[ImportedView] = []
    source: dict[str, Any] | None = None
    sha256: str | None = None


@router.post("/{name}/mapping")
def propose_mapping(
    name: Name, body: ProposalBody, actor: ActorDep, database: DatabaseDep, storage: StorageDep
) -> MappingProposals:
    """Which field each column of a file seems to be; what is remembered of such files; who imported it before."""
    dataset = get_dataset_named(name)
    if body.upload is None:
        if not body.headers:
            raise Refused("invalid_request", errors=[{"field": "headers", "code": "field_missing", "values": {}}])
        found = mapping.propose(database, actor, dataset, body.headers, body.samples, body.parent_id)
        sha256 = body.sha256
    else:
        with database.read() as connection:
            file = resolve(connection, actor, [body.upload])[0]
        sha256 = file.sha256
        with tempfile.TemporaryDirectory() as folder:
            looking = partial(look, storage.local_path(file.storage_key, Path(folder)), dataset.schema)
            found = mapping.propose_for_file(database, actor, dataset, body.options(), looking)
    imports = history.imports_of(database, actor, f"{name}.import", sha256) if sha256 else []
    return MappingProposals.model_validate(found | {"imports": imports, "sha256": sha256})


@router.get("/{name}/mappings")
def list_mappings(name: Name, actor: ActorDep, database: DatabaseDep) -> MappingList:
    """The remembered mappings that I may use; an admin sees all."""
    dataset = get_dataset_named(name)
    with database.read() as connection:
        found = remembered.listed(connection, actor, dataset)
    return MappingList.model_validate({"mappings": [kept.to_json() for kept in found]})


@router.get("/{name}/mappings/{fingerprint}")
def get_mapping(
    name: Name, fingerprint: Fingerprint, actor: ActorDep, database: DatabaseDep, owner: OwnerQuery = None
) -> MappingView:
    """The mapping that holds for files of this shape: my own, else the newest shared one."""
    dataset = get_dataset_named(name)
    with database.read() as connection:
        kept = remembered.get(connection, actor, dataset, fingerprint, owner)
    return MappingView.model_validate(kept.to_json())


@router.put("/{name}/mappings/{fingerprint}")
def put_mapping(
    name: Name,
    fingerprint: Fingerprint,
    body: MappingBody,
    actor: ActorDep,
    database: DatabaseDep,
    owner: OwnerQuery = None,
) -> MappingView:
    """Remember a mapping as my own. With `owner` an admin changes another's."""
    dataset = get_dataset_named(name)
    decision = remembered.Decision(
        body.mapping, body.constants, body.value_map, body.options(), body.headers, body.shared
    )
    with database.write() as connection:
        kept = remembered.put(connection, actor, dataset, fingerprint, decision, owner=owner, seen_as=body.seen_as)
    return MappingView.model_validate(kept.to_json())


@router.delete("/{name}/mappings/{fingerprint}", status_code=204)
def delete_mapping(
    name: Name, fingerprint: Fingerprint, actor: ActorDep, database: DatabaseDep, owner: OwnerQuery = None
) -> Response:
    """Forget a mapping: my own; an admin also another's."""
    dataset = get_dataset_named(name)
    with database.write() as connection:
        remembered.remove(connection, actor, dataset, fingerprint, owner)
    return Response(status_code=204)
