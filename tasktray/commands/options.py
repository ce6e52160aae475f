"""Options that the commands share which talk to a running system, and how they find it."""

from __future__ import annotations

import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasktray import exits
from tasktray.texts import language, t

if TYPE_CHECKING:
    from desktop.client.client import Client

Server = Annotated[str | None, typer.Option("--server", envvar="TASKTRAY_SERVER", metavar="URL", help=t("opt_server"))]
Token = Annotated[str | None, typer.Option("--token", envvar="TASKTRAY_TOKEN", metavar="TOKEN", help=t("opt_token"))]
User = Annotated[str | None, typer.Option("--user", envvar="TASKTRAY_USER", metavar="NAME", help=t("opt_user"))]
Ca = Annotated[Path | None, typer.Option("--ca", envvar="TASKTRAY_CA", metavar="FILE", help=t("opt_ca"))]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help=t("opt_data"))]
Json = Annotated[bool, typer.Option("--json", help=t("opt_json"))]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help=t("opt_wait"))]
Priority = Annotated[str, typer.Option("--priority", metavar="LEVEL", help=t("opt_priority"))]
Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help=t("opt_title"))]


def connect(
    server: str | None, token: str | None, user: str | None = None, ca: Path | None = None, data: Path | None = None
) -> Client:
    """A client of the named server, or of the system that runs on this computer.

    Raises:
        exits.Stop: none runs here, or there is no way to sign in.
        ClientError.
    """
    from desktop.client.client import Client

    if server:
        client = Client(server, token, language=language(), ca_file=ca)
        if not token:
            if not user:
                raise exits.Stop(exits.USAGE, t("token_needed"))
            _sign_in(client, user)
        return client
    from desktop.client import connection

    folder = data or _named_folder()
    found = connection.find(folder)
    if found is None:
        raise exits.Stop(exits.UNREACHABLE, t("no_system", folder=folder or connection.data_folder()))
    if token:
        return Client(found.url, token, language=language())
    from tasktray.embedded import EmbeddedClient

    return EmbeddedClient(found, folder, language())


def _named_folder() -> Path | None:
    """The data folder that `.env` names, where the environment does not: `up` reads it there, too."""
    if os.environ.get("TASKTRAY_DATA") or not Path(".env").is_file():
        return None
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:  # a desktop without server parts
        return None
    named = dotenv_values(".env").get("TASKTRAY_DATA")
    return Path(named) if named else None


def _sign_in(client: Client, user: str) -> None:
    password = os.environ.get("TASKTRAY_PASSWORD")
    if password is None:
        if not sys.stdin.isatty():
            raise exits.Stop(exits.USAGE, t("token_needed"))
        password = getpass.getpass(t("ask_password"))
    client.sign_in(user, password)


def parse_json(text: str | None, option: str, kind: type | tuple[type, ...]) -> Any:
    """The value of an option that takes JSON.

    Raises:
        exits.Stop: it is not JSON, or not of that form.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise exits.Stop(exits.USAGE, t("not_json", option=option, reason=str(error))) from error
    if not isinstance(value, kind):
        raise exits.Stop(exits.USAGE, t("not_json", option=option, reason=type(value).__name__))
    return value


def parse_params(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs; a value that is not JSON is taken as text."""
    params: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise exits.Stop(exits.USAGE, t("not_a_pair", pair=pair))
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[name] = value
    return params


def print_json(value: Any) -> None:
    """A value on standard output, for machines."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
