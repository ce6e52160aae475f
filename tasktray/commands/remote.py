"""The commands that talk to a running system over the REST API."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasktray import exits
from tasktray.commands.options import (
    Ca,
    Data,
    Json,
    Priority,
    Server,
    Title,
    Token,
    User,
    Wait,
    connect,
    parse_json,
    parse_params,
    print_json,
)
from tasktray.texts import t

if TYPE_CHECKING:
    from desktop.client.client import Client
    from desktop.client.models import Job, JobFile


def import_(
    file: Annotated[Path, typer.Argument(help=t("arg_file"))],
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help=t("opt_dataset"))] = "customers",
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help=t("opt_mode"))] = "upsert",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=t("opt_dry_run"))] = False,
    mapping: Annotated[str | None, typer.Option("--mapping", metavar="JSON", help=t("opt_mapping"))] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", metavar="NAME", help=t("opt_encoding"))] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", metavar="CHAR", help=t("opt_delimiter"))] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help=t("opt_sheet"))] = None,
    header_row: Annotated[int | None, typer.Option("--header-row", min=1, help=t("opt_header_row"))] = None,
    max_errors: Annotated[int | None, typer.Option("--max-errors", min=1, help=t("opt_max_errors"))] = None,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help=t("opt_all_or_nothing"))] = False,
    param: Annotated[list[str], typer.Option("--param", metavar="NAME=VALUE", help=t("opt_param"))] = [],  # noqa: B006
    errors: Annotated[Path | None, typer.Option("--errors", metavar="FILE", help=t("opt_errors"))] = None,
    priority: Priority = "normal",
    title: Title = None,
    wait: Wait = True,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Import a file, follow it, fetch the error workbook."""
    params: dict[str, Any] = {
        "mode": mode,
        "mapping": parse_json(mapping, "--mapping", dict),
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": sheet,
        "header_row": header_row,
        "max_errors": max_errors,
        "dry_run": dry_run or None,
        "all_or_nothing": all_or_nothing or None,
        **parse_params(param),
    }
    with connect(server, token, user, ca, data) as client:
        _see_dataset(client, dataset)
        upload_id = _upload(client, file, quiet=as_json)
        job = client.submit(
            f"{dataset}.import",
            {name: value for name, value in params.items() if value is not None},
            [upload_id],
            key=str(uuid.uuid4()),
            priority=priority,
            title=title,
        )
        if wait:
            job = followed(client, job, quiet=as_json)
            wanted = [f for f in job.files if f.role == "errors"]
            paths = _fetch(client, wanted, errors or Path(), replace=errors is not None, quiet=as_json)
        else:
            paths = []
        finish(client, job, paths, wait=wait, as_json=as_json)


def export(
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
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Export a dataset and fetch the file."""
    params: dict[str, Any] = {
        "format": form,
        "columns": [name.strip() for name in columns.split(",") if name.strip()] if columns else None,
        "filters": parse_json(filters, "--filters", (dict, list)),
        **parse_params(param),
    }
    if wait and output is not None and not output.is_dir() and not output.parent.is_dir():
        raise exits.Stop(exits.USAGE, t("no_folder", folder=output.parent))  # before the server works for nothing
    with connect(server, token, user, ca, data) as client:
        _see_dataset(client, dataset)
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
            paths = _fetch(client, wanted, output or Path(), replace=_is_file(output), quiet=as_json)
        finish(client, job, paths, wait=wait, as_json=as_json)


def echo(
    message: Annotated[str, typer.Argument(help=t("arg_message"))] = "hello",
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Send a small job through the queue."""
    with connect(server, token, user, ca, data) as client:
        job = client.submit("examples.echo", {"message": message}, key=str(uuid.uuid4()))
        job = followed(client, job, quiet=as_json)
        finish(client, job, [], wait=True, as_json=as_json)


def list_tasks(
    state: Annotated[list[str], typer.Option("--state", metavar="STATE", help=t("opt_state"))] = [],  # noqa: B006
    kind: Annotated[list[str], typer.Option("--kind", metavar="KIND", help=t("opt_kind"))] = [],  # noqa: B006
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help=t("opt_text"))] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=t("opt_limit"))] = 50,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """List jobs."""
    from desktop.client.models import Job, parse

    with connect(server, token, user, ca, data) as client:
        found: list[Any] = []
        cursor = None
        while len(found) < limit:
            page = client.json(
                "GET",
                "jobs",
                params={
                    "state": state or None, "kind": kind or None, "text": text, "cursor": cursor,
                    "limit": min(100, limit - len(found)),
                },
            )  # fmt: skip
            found += page["jobs"]
            cursor = page.get("next")
            if not cursor:
                break
    if as_json:
        print_json(found)
    elif found:
        from tasktray.tables import print_jobs

        print_jobs([parse(Job, job) for job in found])
    else:
        typer.echo(t("no_jobs"), err=True)


def task_status(
    job_id: Annotated[str, typer.Argument(metavar="ID", help=t("arg_job"))],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help=t("opt_wait"))] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Show one job."""
    from tasktray.follow import follow, raw, status_of

    with connect(server, token, user, ca, data) as client:
        job = follow(client, job_id, quiet=as_json) if wait else client.job(job_id)
        if as_json:
            print_json(raw(client, job_id))
        else:
            from tasktray.tables import print_job

            print_job(job, client.events(job_id))
    raise typer.Exit(status_of(job))


def revoke_task(
    job_id: Annotated[str, typer.Argument(metavar="ID", help=t("arg_job"))],
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Ask a job to stop."""
    from tasktray.words import job_line

    with connect(server, token, user, ca, data) as client:
        job = client.cancel(job_id)
        if as_json:
            from tasktray.follow import raw

            print_json(raw(client, job_id))
        else:
            typer.echo(job_line(job) if job.ended else t("cancel_asked", id=job.id))


def download(
    file_or_job: Annotated[str, typer.Argument(metavar="ID", help=t("arg_file_or_job"))],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help=t("opt_output"))] = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Fetch a file, or a job's result files."""
    from desktop.client.errors import Missing
    from desktop.client.models import JobFile

    with connect(server, token, user, ca, data) as client:
        try:
            files = [file for file in client.files(file_or_job) if file.role != "upload"]
        except Missing:
            files = [JobFile(id=file_or_job)]
        else:
            if not files:
                raise exits.Stop(exits.REFUSED, t("no_files"))
        target = output or Path()
        if len(files) > 1 and _is_file(target):
            raise exits.Stop(exits.USAGE, t("folder_needed", count=len(files)))
        paths = _fetch(client, files, target, replace=_is_file(output), quiet=as_json)
    if as_json:
        print_json({"files": [str(path) for path in paths]})


# ---------------------------------------------------------------- shared steps


def _is_file(path: Path | None) -> bool:
    return path is not None and not path.is_dir()


def _see_dataset(client: Client, name: str) -> None:
    """Refuse a dataset that the server does not have, before anything is sent, and say which there are."""
    names = [str(one["name"]) for one in client.datasets()]
    if name not in names:
        raise exits.Stop(exits.REFUSED, t("no_dataset", name=name, names=", ".join(names)))


def _upload(client: Client, file: Path, *, quiet: bool) -> str:
    from desktop.client import uploads
    from tasktray.follow import progress_bar
    from tasktray.words import size

    created: list[str] = []
    cancel = threading.Event()
    try:
        with progress_bar(quiet) as advance:
            return uploads.upload(
                client,
                file,
                progress=lambda sent, total: advance(
                    t("uploading", name=file.name), sent, total, f"{size(sent)} / {size(total)}"
                ),
                cancel=cancel,
                on_created=created.append,
            )
    except KeyboardInterrupt:
        if created:
            uploads.discard(client, created[0])
        raise


def followed(client: Client, job: Job, *, quiet: bool) -> Job:
    """Say that the job was submitted, follow it to its end, give it."""
    from tasktray.follow import follow
    from tasktray.words import seconds

    if not quiet:
        expected = job.estimate.duration_seconds if job.estimate else None
        code = "submitted" if expected is None else "submitted_estimate"
        typer.echo(t(code, title=job.title, id=job.id, time=seconds(expected or 0)), err=True)
    return follow(client, job.id, quiet=quiet)


def _fetch(client: Client, files: list[JobFile], target: Path, *, replace: bool, quiet: bool) -> list[Path]:
    from desktop.client.downloads import download as fetch
    from tasktray.follow import progress_bar
    from tasktray.words import size

    paths = []
    for file in files:
        with progress_bar(quiet or not sys.stderr.isatty()) as advance:
            path = fetch(
                client,
                file.id,
                target,
                sha256=file.sha256 or None,
                replace=replace,
                progress=lambda done, total, name=file.name: advance(  # type: ignore[misc]
                    t("downloading", name=name), done, total, size(done)
                ),
            )
        paths.append(path)
        if not quiet:
            typer.echo(t("saved", path=path), err=True)
    return paths


def finish(client: Client, job: Job, paths: list[Path], *, wait: bool, as_json: bool) -> None:
    """Say how it ended, and end with the status that tells it."""
    from tasktray.follow import raw, status_of
    from tasktray.words import job_line, result_lines

    if as_json:
        print_json(raw(client, job.id) | ({"saved": [str(path) for path in paths]} if paths else {}))
    elif wait:
        typer.echo("\n".join([job_line(job), *result_lines(job.result)]))
    else:
        typer.echo(job.id)
    raise typer.Exit(status_of(job) if wait else exits.OK)


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    commands: dict[str, Callable[..., None]] = {
        "import": import_,
        "export": export,
        "list-tasks": list_tasks,
        "task-status": task_status,
        "revoke-task": revoke_task,
        "test-task": echo,
        "download": download,
    }
    for name, function in commands.items():
        app.command(name, help=t(f"help_{name.replace('-', '_')}"))(function)
