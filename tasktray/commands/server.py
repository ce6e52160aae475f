"""The commands that start parts of Tasktray or prepare its database. Heavy modules are imported when needed."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasktray import exits
from tasktray.texts import t

if TYPE_CHECKING:
    from worker.db.database import Database
    from worker.settings import Settings

Data = typer.Option(None, "--data", metavar="DIR", help=t("opt_data"))


def settings_for(data: Path | None, **overrides: object) -> Settings:
    """The settings of this process and of those that it starts; command-line values go before the environment.

    Raises:
        exits.Stop: this is a desktop-only installation.
    """
    if data is not None:
        overrides["data"] = data.resolve()
    for name, value in overrides.items():
        if value is not None:
            os.environ[f"TASKTRAY_{name.upper()}"] = str(value)
    try:
        from worker.settings import get_settings
    except ModuleNotFoundError as error:
        raise exits.Stop(exits.LOCAL, t("server_not_installed", module=error.name)) from error
    get_settings.cache_clear()
    return get_settings()


def private(settings: Settings) -> Settings:
    """See that what a server process makes is readable by its own user only, and that its folder is there."""
    from worker.settings import private_files

    private_files()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings


def open_database(settings: Settings, *, migrate: bool = True) -> Database:
    """The database, brought to the present shape."""
    from worker.datasets import tables
    from worker.db.database import Database
    from worker.db.migrate import migrate as run

    database = Database(settings.effective_database_url)
    if migrate:
        run(database, tables())
    return database


def up(
    data: Path | None = Data,
    port: int | None = typer.Option(None, "--port", min=0, max=65535, help=t("opt_up_port")),
    desktop: bool = typer.Option(True, "--desktop/--no-desktop", help=t("opt_desktop")),
) -> None:
    """Start everything on this computer."""
    settings = settings_for(data)
    from tasktray.up import up as run

    raise SystemExit(run(settings, port=port, desktop=desktop))


def api(
    data: Path | None = Data,
    host: str | None = typer.Option(None, "--host", help=t("opt_host")),
    port: int | None = typer.Option(None, "--port", min=0, max=65535, help=t("opt_port")),
) -> None:
    """Start the REST API."""
    private(settings_for(data, host=host, port=port))
    from api.serve import main

    main()


def worker(
    data: Path | None = Data,
    lanes: str = typer.Option("", "--lanes", "-Q", metavar="A,B", help=t("opt_lanes")),
    slots: int | None = typer.Option(None, "--slots", min=1, help=t("opt_slots")),
) -> None:
    """Start a worker."""
    settings = private(settings_for(data, slots=slots))
    _log_to_stderr()
    from worker.celery_app import run_worker

    raise SystemExit(run_worker(settings, [lane for lane in lanes.split(",") if lane] or None, slots))


def scheduler(data: Path | None = Data) -> None:
    """Start the scheduler."""
    settings = private(settings_for(data))
    _log_to_stderr()
    from worker.scheduler import run

    raise SystemExit(run(settings))


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def desktop(
    files: Annotated[list[Path] | None, typer.Argument(help=t("arg_files"))] = None,
    data: Path | None = Data,
    profile: Annotated[Path | None, typer.Option("--profile", metavar="DIR", help=t("opt_profile"))] = None,
    language: Annotated[str | None, typer.Option("--language", metavar="NAME", help=t("opt_language"))] = None,
    theme: Annotated[str | None, typer.Option("--theme", metavar="NAME", help=t("opt_theme"))] = None,
) -> None:
    """Open the window."""
    try:
        from desktop.__main__ import main
    except ModuleNotFoundError as error:
        raise exits.Stop(exits.LOCAL, t("desktop_not_installed", module=error.name)) from error
    options = {"data": data, "profile": profile, "language": language, "theme": theme}
    arguments = [f"--{name}={value}" for name, value in options.items() if value is not None]
    raise SystemExit(main([*arguments, *map(str, files or ())]))


def migrate(data: Path | None = Data) -> None:
    """Bring the database to the present shape."""
    settings = private(settings_for(data))
    from worker.db.revisions import current_revision, head_revision

    database = open_database(settings, migrate=False)
    try:
        before = current_revision(database)
    finally:
        database.dispose()
    database = open_database(settings)
    database.dispose()
    typer.echo(t("migrated" if before != head_revision() else "migrated_already", revision=head_revision()))


def create_admin(
    username: str = typer.Argument(..., help=t("arg_username")),
    data: Path | None = Data,
) -> None:
    """Make the first administrator."""
    settings = private(settings_for(data))
    password = _new_password()
    from worker.accounts import users

    database = open_database(settings)
    try:
        users.create_admin(database, username, password)
    finally:
        database.dispose()
    typer.echo(t("admin_created", username=username))


def _new_password() -> str:
    """From `TASKTRAY_ADMIN_PASSWORD`, a pipe, or typed twice."""
    password = os.environ.get("TASKTRAY_ADMIN_PASSWORD")
    if password is None and not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    if password is None:
        password = getpass.getpass(t("ask_password"))
        if getpass.getpass(t("ask_password_again")) != password:
            raise exits.Stop(exits.USAGE, t("passwords_differ"))
    if not password:
        raise exits.Stop(exits.USAGE, t("password_empty"))
    return password


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    commands: dict[str, Callable[..., None]] = {
        "up": up,
        "api": api,
        "worker": worker,
        "scheduler": scheduler,
        "desktop": desktop,
        "migrate": migrate,
        "create-admin": create_admin,
    }
    for name, function in commands.items():
        app.command(name, help=t(f"help_{name.replace('-', '_')}"))(function)
