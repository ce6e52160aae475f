"""`tasktray import`: one file or many, each as one job."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasktray import exits
from tasktray.commands.options import Json, Link, Priority, Title, Wait, parse_json, parse_params, print_json, remote
from tasktray.commands.steps import fetch_files, finish, followed, is_file, see_dataset, upload_file
from tasktray.texts import t

if TYPE_CHECKING:
    from desktop.client.client import Client
    from desktop.client.models import Job


_READING: tuple[str, ...] = ("sheet", "header_row", "encoding", "delimiter")


@dataclass(slots=True)
class Sent:
    """One file of an import.

    Attributes:
        path: the file.
        before: earlier imports of the same file, the newest first.
        job: what it became; None: it was passed over or refused.
        refused: why it was refused, in words.
        saved: its error workbook, where one was fetched.
    """

    path: Path
    before: list[dict[str, Any]] = field(default_factory=list)
    job: Job | None = None
    refused: str | None = None
    saved: list[Path] = field(default_factory=list)


@remote
def import_(
    link: Link,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=t("arg_import_files"))],
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help=t("opt_dataset"))] = "customers",
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help=t("opt_mode"))] = "upsert",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=t("opt_dry_run"))] = False,
    mapping: Annotated[list[str], typer.Option("--mapping", metavar="COLUMN=FIELD", help=t("opt_mapping"))] = [],  # noqa: B006 - Typer copies it
    constant: Annotated[list[str], typer.Option("--constant", metavar="FIELD=VALUE", help=t("opt_constant"))] = [],  # noqa: B006 - Typer copies it
    value: Annotated[list[str], typer.Option("--value", metavar="FIELD:OLD=NEW", help=t("opt_value"))] = [],  # noqa: B006 - Typer copies it
    encoding: Annotated[str | None, typer.Option("--encoding", metavar="NAME", help=t("opt_encoding"))] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", metavar="CHAR", help=t("opt_delimiter"))] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help=t("opt_sheet"))] = None,
    header_row: Annotated[int | None, typer.Option("--header-row", min=1, help=t("opt_header_row"))] = None,
    max_errors: Annotated[int | None, typer.Option("--max-errors", min=1, help=t("opt_max_errors"))] = None,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help=t("opt_all_or_nothing"))] = False,
    skip_imported: Annotated[bool, typer.Option("--skip-imported", help=t("opt_skip_imported"))] = False,
    param: Annotated[list[str], typer.Option("--param", metavar="NAME=VALUE", help=t("opt_param"))] = [],  # noqa: B006 - Typer copies it
    errors: Annotated[Path | None, typer.Option("--errors", metavar="PATH", help=t("opt_errors"))] = None,
    priority: Priority = "normal",
    title: Title = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Import files, follow them, fetch the error workbooks."""
    whole, pairs = _mapping_option(mapping)
    params: dict[str, Any] = {
        "mode": mode,
        "mapping": whole,
        "constants": parse_params(constant) or None,
        "value_map": _value_option(value) or None,
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": sheet,
        "header_row": header_row,
        "max_errors": max_errors,
        "dry_run": dry_run or None,
        "all_or_nothing": all_or_nothing or None,
        **parse_params(param),
    }
    params = {name: given for name, given in params.items() if given is not None}
    hashes = [_sha256(path) for path in files]
    if errors is not None and len(files) > 1 and is_file(errors):
        raise exits.Stop(exits.USAGE, t("folder_needed", count=len(files)))
    with link.connect() as client:
        see_dataset(client, dataset)
        sent = []
        for path, sha256 in zip(files, hashes, strict=True):
            one = Sent(path, client.imports_of(dataset, sha256))
            sent.append(one)
            _announce(one, skipped=skip_imported, quiet=as_json)
            if skip_imported and _done(one):
                continue
            _send(client, one, dataset, params, pairs, priority, title, alone=len(files) == 1, quiet=as_json)
        if len(files) == 1 and sent[0].job is not None:
            _finish_one(client, sent[0], sent[0].job, errors, wait=wait, as_json=as_json)
        else:
            _finish_many(client, sent, errors, wait=wait, as_json=as_json)


# ---------------------------------------------------------------- options


def _mapping_option(given: list[str]) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The mapping as a whole (JSON), and pairs `column=field` that mend the one that is found."""
    whole: dict[str, Any] | None = None
    pairs: dict[str, str] = {}
    for one in given:
        if one.lstrip().startswith(("{", "[")):
            whole = (whole or {}) | parse_json(one, "--mapping", dict)
            continue
        column, equals, target = one.rpartition("=")  # a column's name may hold one itself
        if not equals or not column:
            raise exits.Stop(exits.USAGE, t("not_a_pair", pair=one))
        pairs[column] = target.strip()
    if whole is not None:
        whole |= {column: target or None for column, target in pairs.items()}
        pairs = {}
    return whole, pairs


def _value_option(given: list[str]) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for one in given:
        name, colon, rest = one.partition(":")
        old, equals, new = rest.rpartition("=")
        if not colon or not equals or not name:
            raise exits.Stop(exits.USAGE, t("not_a_value_pair", pair=one))
        values.setdefault(name.strip(), {})[old] = new
    return values


# ---------------------------------------------------------------- before it is submitted


def _sha256(path: Path) -> str:
    from desktop.client.errors import FileProblem

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise FileProblem("file_vanished", name=path.name, path=str(path)) from error
    except OSError as error:
        raise FileProblem("file_not_opened", name=path.name, path=str(path), reason=str(error)) from error


def _done(one: Sent) -> bool:
    """Whether the file is in, or going in, by an earlier import that was not taken back."""
    return any(b["state"] in ("pending", "running", "succeeded") and not b["undone"] for b in one.before)


def _announce(one: Sent, *, skipped: bool, quiet: bool) -> None:
    from tasktray.words import import_line

    if not one.before or quiet:
        return
    typer.echo(t("imported_before", name=one.path.name), err=True)
    for before in one.before[:3]:
        typer.echo(f"  {import_line(before)}", err=True)
    if skipped and _done(one):
        typer.echo(t("import_skipped", name=one.path.name), err=True)


def _send(
    client: Client,
    one: Sent,
    dataset: str,
    params: dict[str, Any],
    pairs: dict[str, str],
    priority: str,
    title: str | None,
    *,
    alone: bool,
    quiet: bool,
) -> None:
    """Upload and submit a file. Of several files, one that is refused does not hold up the others."""
    from desktop.client.errors import Problem
    from tasktray.failures import explain

    try:
        upload = upload_file(client, one.path, quiet=quiet)
        given = params
        if pairs:
            given = params | _mended(client, dataset, upload, params, pairs)
        one.job = client.submit(
            f"{dataset}.import", given, [upload], key=str(uuid.uuid4()), priority=priority, title=title
        )
    except Problem as error:
        if alone or error.status == 401:
            raise
        one.refused = explain(error)[1]
        if not quiet:
            typer.echo(f"{one.path.name}: {one.refused}", err=True)


def _mended(client: Client, dataset: str, upload: str, params: dict[str, Any], pairs: dict[str, str]) -> dict[str, Any]:
    """The mapping that the server finds for this file, with the columns that were named changed."""
    from tabular.names import compact

    options: dict[str, Any] = {name: params[name] for name in _READING if name in params}
    found = client.propose_mapping(dataset, upload=upload, options=options)
    remembered = found["remembered"] or {}
    named, targets = {compact(column) for column in pairs}, set(pairs.values())
    mapping = {
        column: target
        for column, target in found["mapping"].items()
        if compact(column) not in named and target not in targets
    }
    constants = {name: given for name, given in found["constants"].items() if name not in targets}
    return {
        **{name: remembered[name] for name in _READING if remembered.get(name)},
        **options,
        "mapping": mapping | {column: target or None for column, target in pairs.items()},
        "constants": constants | params.get("constants", {}),
        "value_map": {
            name: {**found["value_map"].get(name, {}), **params.get("value_map", {}).get(name, {})}
            for name in {*found["value_map"], *params.get("value_map", {})}
        },
    }


# ---------------------------------------------------------------- how it ended


def _finish_one(client: Client, one: Sent, job: Job, errors: Path | None, *, wait: bool, as_json: bool) -> None:
    if wait:
        job = followed(client, job, quiet=as_json)
        one.saved = _fetch_errors(client, job, errors, replace=errors is not None, quiet=as_json)
    finish(client, job, one.saved, wait=wait, as_json=as_json, more={"imported_before": one.before})


def _finish_many(client: Client, sent: list[Sent], errors: Path | None, *, wait: bool, as_json: bool) -> None:
    """Follow all, tell of each and of all together; end with the worst status."""
    from tasktray.follow import follow_all, raw

    begun = [one for one in sent if one.job is not None]
    if wait and begun:
        ended = follow_all(client, [(one.path.name, one.job.id) for one in begun if one.job], quiet=as_json)
        for one, job in zip(begun, ended, strict=True):
            one.job = job
            one.saved = _fetch_errors(client, job, errors, replace=False, quiet=as_json)
    if as_json:
        print_json([
            {"file": str(one.path), "refused": one.refused, "imported_before": one.before,
             "saved": [str(path) for path in one.saved], "job": raw(client, one.job.id) if one.job else None}
            for one in sent
        ])  # fmt: skip
    elif wait:
        from tasktray.tables import print_imports

        print_imports([(one.path.name, one.job, one.refused) for one in sent])
    else:
        for one in begun:
            typer.echo(one.job.id if one.job else "")
    if any(one.job is not None and one.job.state in ("failed", "cancelled") for one in sent):
        raise typer.Exit(exits.FAILED)
    raise typer.Exit(exits.REFUSED if any(one.refused for one in sent) else exits.OK)


def _fetch_errors(client: Client, job: Job, target: Path | None, *, replace: bool, quiet: bool) -> list[Path]:
    wanted = [f for f in job.files if f.role == "errors"]
    return fetch_files(client, wanted, target or Path(), replace=replace, quiet=quiet)


def add_to(app: typer.Typer) -> None:
    """Make this command known."""
    app.command("import", help=t("help_import"))(import_)
