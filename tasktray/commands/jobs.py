"""The commands for single jobs: send, list, show, revoke."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from tasktray import exits
from tasktray.commands.options import Json, Link, Priority, Title, Wait, parse_json, parse_params, print_json, remote
from tasktray.commands.steps import fetch_files, finish, followed, is_file, pages, see_folder, upload_file
from tasktray.texts import t


@remote
def send_task(
    link: Link,
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("arg_task_name"))],
    args: Annotated[str | None, typer.Option("--args", metavar="JSON", help=t("opt_args"))] = None,
    kwargs: Annotated[str | None, typer.Option("--kwargs", metavar="JSON", help=t("opt_kwargs"))] = None,
    param: Annotated[list[str], typer.Option("--param", metavar="NAME=VALUE", help=t("opt_param"))] = [],  # noqa: B006 - Typer copies it
    files: Annotated[list[Path], typer.Option("--file", metavar="FILE", help=t("opt_task_file"))] = [],  # noqa: B006 - Typer copies it
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help=t("opt_output"))] = None,
    priority: Priority = "normal",
    title: Title = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Submit a job by its kind, or by the name that a task has in the documents, and follow it."""
    from desktop.client.errors import FileProblem

    body: dict[str, Any] = {
        "task_name": name,
        "args": parse_json(args, "--args", list) or [],
        "kwargs": {**(parse_json(kwargs, "--kwargs", dict) or {}), **parse_params(param)},
        "priority": priority,
    }
    if title:
        body["title"] = title
    for file in files:
        if not file.is_file():
            raise FileProblem("file_vanished", name=file.name, path=str(file))
    see_folder(output)
    with link.connect() as client:
        body["uploads"] = [upload_file(client, file, quiet=as_json) for file in files]
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        task = client.json("POST", "/api/core/tasks/", json=body, headers=headers)
        job, paths = client.job(str(task["task_id"])), []
        if wait:
            job = followed(client, job, quiet=as_json)
            made = [f for f in job.files if f.role != "upload"] if output is not None else []
            replace = is_file(output) and len(made) == 1
            paths = fetch_files(client, made, output or Path(), replace=replace, quiet=as_json)
        finish(client, job, paths, wait=wait, as_json=as_json, fetch_later=output is None)


@remote
def kinds(
    link: Link,
    name: Annotated[str | None, typer.Argument(metavar="KIND", help=t("arg_kind"))] = None,
    as_json: Json = False,
) -> None:
    """List the kinds of jobs, or tell what one takes."""
    with link.connect() as client:
        found = client.json("GET", "kinds")["kinds"]
    if name is not None:
        found = [one for one in found if one["kind"] == name]
        if not found:
            raise exits.Stop(exits.REFUSED, t("no_kind", name=name))
    if as_json:
        print_json(found)
        return
    from tasktray.tables import print_kind, print_kinds

    if name is not None:
        print_kind(found[0])
    else:
        print_kinds(found)


@remote
def echo(
    link: Link,
    message: Annotated[str, typer.Argument(help=t("arg_message"))] = "hello",
    as_json: Json = False,
) -> None:
    """Send a small job through the queue."""
    with link.connect() as client:
        job = client.submit("examples.echo", {"message": message}, key=str(uuid.uuid4()))
        job = followed(client, job, quiet=as_json)
        finish(client, job, [], wait=True, as_json=as_json)


@remote
def list_tasks(
    link: Link,
    state: Annotated[list[str], typer.Option("--state", metavar="STATE", help=t("opt_state"))] = [],  # noqa: B006
    kind: Annotated[list[str], typer.Option("--kind", metavar="KIND", help=t("opt_kind"))] = [],  # noqa: B006
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help=t("opt_text"))] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=t("opt_limit"))] = 50,
    as_json: Json = False,
) -> None:
    """List jobs."""
    from desktop.client.models import Job
    from desktop.client.parsing import parse

    with link.connect() as client:
        found = pages(client, "jobs", "jobs", limit, 100, state=state or None, kind=kind or None, text=text)
    if as_json:
        print_json(found)
    elif found:
        from tasktray.tables import print_jobs

        print_jobs([parse(Job, job) for job in found])
    else:
        typer.echo(t("no_jobs"), err=True)


@remote
def task_status(
    link: Link,
    job_id: Annotated[str, typer.Argument(metavar="ID", help=t("arg_job"))],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help=t("opt_wait"))] = False,
    as_json: Json = False,
) -> None:
    """Show one job."""
    from tasktray.follow import follow, raw, status_of, titles_of

    with link.connect() as client:
        job = follow(client, job_id, quiet=as_json) if wait else client.job(job_id)
        if as_json:
            print_json(raw(client, job_id))
        else:
            from tasktray.tables import print_job

            print_job(job, client.events(job_id), titles_of(client, job))
    raise typer.Exit(status_of(job))


@remote
def revoke_task(
    link: Link,
    job_id: Annotated[str, typer.Argument(metavar="ID", help=t("arg_job"))],
    as_json: Json = False,
) -> None:
    """Ask a job to stop."""
    from tasktray.words import job_line

    with link.connect() as client:
        job = client.cancel(job_id)
        if as_json:
            from tasktray.follow import raw

            print_json(raw(client, job_id))
        else:
            typer.echo(job_line(job) if job.ended else t("cancel_asked", id=job.id))


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("send-task", help=t("help_send_task"))(send_task)
    app.command("kinds", help=t("help_kinds"))(kinds)
    app.command("test-task", help=t("help_test_task"))(echo)
    app.command("list-tasks", help=t("help_list_tasks"))(list_tasks)
    app.command("task-status", help=t("help_task_status"))(task_status)
    app.command("revoke-task", help=t("help_revoke_task"))(revoke_task)
