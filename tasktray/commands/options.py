"""Options that the commands share which talk to a running system, and how they find it."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

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


@dataclass(frozen=True, slots=True)
class Link:
    """How a command reaches the system that it talks to: what the options say that all such commands have."""

    server: str | None = None
    token: str | None = None
    user: str | None = None
    ca: Path | None = None
    data: Path | None = None

    def connect(self) -> Client:
        """A client of the named server, or of the system that runs on this computer.

        Raises:
            exits.Stop: none runs here, or there is no way to sign in.
            ClientError.
        """
        from desktop.client.client import Client

        if self.server:
            client = Client(self.server, self.token, language=language(), ca_file=self.ca)
            if not self.token:
                if not self.user:
                    raise exits.Stop(exits.USAGE, t("token_needed"))
                _sign_in(client, self.user)
            return client
        from desktop.client import connection

        folder = self.data or _named_folder()
        found = connection.find(folder)
        if found is None:
            raise exits.Stop(exits.UNREACHABLE, t("no_system", folder=folder or connection.data_folder()))
        if self.token:
            return Client(found.url, self.token, language=language())
        from tasktray.embedded import EmbeddedClient

        return EmbeddedClient(found, folder, language())


_LINK: dict[str, Any] = {"server": Server, "token": Token, "user": User, "ca": Ca, "data": Data}


def remote(command: Callable[..., None]) -> Callable[..., None]:
    """A command over the REST API: its parameter `link` stands for the options that all of them have, its last ones."""
    hints = get_type_hints(command, include_extras=True)
    own = [p.replace(annotation=hints[p.name]) for p in signature(command).parameters.values() if p.name != "link"]
    link = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=_LINK[name]) for name in _LINK]

    def run(**given: Any) -> None:
        command(link=Link(**{name: given.pop(name) for name in _LINK}), **given)

    # Typer reads a function's signature and annotations; this one's are made.
    run.__signature__ = Signature([*own, *link])  # type: ignore[attr-defined]  # a function has none of its own
    run.__annotations__ = {p.name: p.annotation for p in (*own, *link)}
    return run


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
