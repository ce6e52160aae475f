"""`tasktray export` and `download`: a dataset, or a job's result, comes as a file."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from tasktray import exits
from tasktray.commands.options import Json, Link, Priority, Title, Wait, parse_json, parse_params, print_json, remote
from tasktray.commands.steps import fetch_files, finish, followed, is_file, see_dataset, see_folder
from tasktray.texts import t


@remote
def export(
    link: Link,
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help=t("opt_dataset"))] = "customers",
    form: Annotated[str, typer.Option("--format", metavar="FORM", help=t("opt_format"))] = "xlsx",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help=t("opt_output"))] = None,
    columns: Annotated[str | None, typer.Option("--columns", metavar="A,B", help=t("opt_columns"))] = None,
    filters: Annotated[str | None, typer.Option("--filters", metavar="JSON", help=t("opt_filters"))] = None,
    param: Annotated[list[str], typer.Option("--param", metavar="NAME=VALUE", help=t("opt_param"))] = [],  # noqa: B006
    priority: Priority = "normal",
    title: Title = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Export a dataset and fetch the file."""
    params: dict[str, Any] = {
        "format": form,
        "columns": [name.strip() for name in columns.split(",") if name.strip()] if columns else None,
        "filters": parse_json(filters, "--filters", (dict, list)),
        **parse_params(param),
    }
    if wait:
        see_folder(output)
    with link.connect() as client:
        see_dataset(client, dataset)
        job = client.submit(
            f"{dataset}.export",
            {name: value for name, value in params.items() if value is not None},
            key=str(uuid.uuid4()),
            priority=priority,
            title=title,
        )
        paths = []
        if wait:
            job = followed(client, job, quiet=as_json)
            wanted = [f for f in job.files if f.role == "export"]
            paths = fetch_files(client, wanted, output or Path(), replace=is_file(output), quiet=as_json)
        finish(client, job, paths, wait=wait, as_json=as_json)


@remote
def download(
    link: Link,
    file_or_job: Annotated[str, typer.Argument(metavar="ID", help=t("arg_file_or_job"))],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help=t("opt_output"))] = None,
    as_json: Json = False,
) -> None:
    """Fetch a file, or a job's result files."""
    from desktop.client.errors import Missing
    from desktop.client.models import JobFile

    with link.connect() as client:
        try:
            files = [file for file in client.files(file_or_job) if file.role != "upload"]
        except Missing:
            files = [JobFile(id=file_or_job)]
        else:
            if not files:
                raise exits.Stop(exits.REFUSED, t("no_files"))
        target = output or Path()
        if len(files) > 1 and is_file(target):
            raise exits.Stop(exits.USAGE, t("folder_needed", count=len(files)))
        paths = fetch_files(client, files, target, replace=is_file(output), quiet=as_json)
    if as_json:
        print_json({"files": [str(path) for path in paths]})


@remote
def template(
    link: Link,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help=t("opt_dataset"))],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help=t("opt_output"))] = None,
    as_json: Json = False,
) -> None:
    """Fetch a workbook to fill in."""
    from desktop.client.names import reserve

    see_folder(output)
    with link.connect() as client:
        see_dataset(client, dataset)
        content = client.template(dataset)
    path = output if output is not None and is_file(output) else reserve(output or Path(), f"{dataset}-template.xlsx")
    path.write_bytes(content)
    if as_json:
        print_json({"files": [str(path)]})
    else:
        typer.echo(t("saved", path=path), err=True)


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("export", help=t("help_export"))(export)
    app.command("template", help=t("help_template"))(template)
    app.command("download", help=t("help_download"))(download)
