"""The command `tasktray`: `app` is what it can do, `main` is how it ends."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from tasktray import exits
from tasktray.commands import backup, diagnose, exporting, importing, jobs, monitor, notices, server, undo
from tasktray.texts import t

app = typer.Typer(
    name="tasktray",
    help=t("cli_help"),
    epilog=t("cli_exits"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: importing rich for it would take longer than all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from desktop.client.version import version

        typer.echo(f"tasktray {version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help=t("opt_version")),
) -> None:
    pass


for part in (server, diagnose, backup, importing, exporting, undo, jobs, notices, monitor):
    part.add_to(app)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and end the process with a status of `tasktray.exits`; nobody gets to see a traceback.

    With `TASKTRAY_DEBUG=1` it is shown all the same.
    """
    try:
        typer.main.get_command(app).main(args=arguments, prog_name="tasktray")
        status = exits.OK
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else exits.OK if end.code is None else exits.FAILED
        if status == exits.INTERRUPTED:
            typer.echo(t("interrupted"), err=True)
    except BaseException as error:  # whatever it is, it is put into words
        if os.environ.get("TASKTRAY_DEBUG"):
            raise
        try:
            from tasktray.failures import explain

            status, message = explain(error)
        except Exception:
            status, message = exits.INTERNAL, t("failed_inside", error=type(error).__name__)
        if message:
            typer.echo(message, err=True)
    sys.exit(status)
