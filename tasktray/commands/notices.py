"""`tasktray overdue-notices`: of which overdue bills one wants to be told."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tasktray.commands.options import Json, Link, print_json, remote
from tasktray.texts import t

Choice = Annotated[Literal["all", "own", "none"] | None, typer.Argument(metavar="all|own|none", help=t("arg_notices"))]


@remote
def overdue_notices(
    link: Link,
    choice: Choice = None,
    as_json: Json = False,
) -> None:
    """Say what holds for me, or choose."""
    with link.connect() as client:
        if choice is None:
            told = client.json("GET", "notifications/choices")
        else:
            told = client.json("PATCH", "notifications/choices", json={"bill_overdue": choice})
    if as_json:
        print_json(told)
    else:
        typer.echo(t(f"notices_{told['bill_overdue']}"))


def add_to(app: typer.Typer) -> None:
    """Make this command known."""
    app.command("overdue-notices", help=t("help_notices"))(overdue_notices)
