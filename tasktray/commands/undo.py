"""`tasktray undo`: take back what an import did."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from tasktray import exits
from tasktray.commands.options import Json, Link, Wait, remote
from tasktray.texts import t


@remote
def undo(
    link: Link,
    job_id: Annotated[str, typer.Argument(metavar="JOB", help=t("arg_import"))],
    yes: Annotated[bool, typer.Option("--yes", "-y", help=t("opt_yes"))] = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Say what taking the import back would do, ask, do it and follow it."""
    from tasktray.commands.steps import finish, followed
    from tasktray.words import count

    with link.connect() as client:
        told = client.undo_preview(job_id)
        if not yes:
            numbers = {name: count(getattr(told, name)) for name in ("removed", "restored", "kept")}
            typer.echo(t("undo_preview", **numbers), err=True)
            if not typer.confirm(t("undo_question"), err=True):
                raise exits.Stop(exits.USAGE, t("undo_not_asked"))
        job = client.undo(job_id, key=str(uuid.uuid4()))
        if wait:
            job = followed(client, job, quiet=as_json)
        finish(client, job, [], wait=wait, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make this command known."""
    app.command("undo", help=t("help_undo"))(undo)
