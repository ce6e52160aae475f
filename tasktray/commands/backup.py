"""`tasktray backup` and `tasktray restore`: the database of this installation, and its files, to a file and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasktray import exits
from tasktray.commands.options import Data, Json, print_json
from tasktray.commands.server import open_database, private, settings_for
from tasktray.texts import language, t

if TYPE_CHECKING:
    from tasktray.follow import Advance
    from worker.backup.manifest import Tell


_OF_FILES = ("stage_backup_files", "stage_backup_checking")


def _heard(advance: Advance) -> Tell:
    """Shows stages and rows in a bar."""
    from tasktray.words import count
    from worker.texts import text

    def tell(stage: str, done: int | None, total: int | None) -> None:
        of = "files_of" if stage in _OF_FILES else "rows_of"
        details = t(of, done=count(done), total=count(total)) if done is not None and total else ""
        advance(text(stage, language()), done or 0, total, details)

    return tell


def backup(
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help=t("opt_backup_folder"))] = None,
    keep: Annotated[int | None, typer.Option("--keep", metavar="N", min=0, help=t("opt_keep"))] = None,
    files: Annotated[bool | None, typer.Option("--files/--no-files", help=t("opt_backup_files"))] = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help=t("opt_verify"))] = True,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Make a backup."""
    settings = private(settings_for(data))
    from tasktray.follow import progress_bar
    from tasktray.words import count, size
    from worker.backup.backup import create, folder_of, note
    from worker.files.storage import Storage

    with_files = settings.backup_files if files is None else files
    database = open_database(settings, migrate=False)
    try:
        with progress_bar(quiet=as_json) as advance:
            made = create(
                database,
                (folder or folder_of(settings)).absolute(),
                _heard(advance),
                keep=settings.backup_keep if keep is None else keep,
                verify=verify,
                storage=Storage(settings) if with_files else None,
            )
        note(database, made)
    finally:
        database.dispose()
    if as_json:
        print_json({"path": str(made.path), **made.facts()})
        return
    typer.echo(t("backup_made", path=made.path, size=size(made.size), rows=count(made.manifest.rows)))
    if inside := made.manifest.files:
        typer.echo(t("backup_files", count=count(inside.count), size=size(inside.size)))
        if inside.missing:
            typer.echo(t("backup_files_missing", count=count(inside.missing)))
        if inside.damaged:
            typer.echo(t("backup_files_damaged", count=count(inside.damaged)))
    elif made.left_out[0]:
        typer.echo(t("backup_left_out", count=count(made.left_out[0]), size=size(made.left_out[1])))
    typer.echo(t("backup_proved" if made.verified else "backup_unproved"))
    for name in made.removed:
        typer.echo(t("backup_removed", file=name))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t("arg_backup"))],
    force: Annotated[bool, typer.Option("--force", help=t("opt_restore_force"))] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put a backup back."""
    settings = private(settings_for(data))
    if not file.is_file():
        raise exits.Stop(exits.LOCAL, t("backup_no_file", file=file))
    from tasktray.follow import progress_bar
    from tasktray.words import count, moment
    from worker.backup.restore import restore as run

    with progress_bar(quiet=as_json) as advance:
        done = run(settings, file.absolute(), _heard(advance), force=force)
    settled = done.settled
    if as_json:
        print_json(
            {
                "made_at": done.manifest.created_at.isoformat(),
                "rows": done.manifest.rows,
                "safety_copy": str(done.safety_copy) if done.safety_copy else None,
                "waiting_again": settled.waiting_again,
                "cancelled": settled.cancelled,
                "files_restored": done.files.restored if done.files else 0,
                "files_present": done.files.present if done.files else 0,
                "files_missing": settled.files_missing,
                "missing_names": list(settled.missing_names),
                "uploads_missing": settled.uploads_missing,
            }
        )
        return
    typer.echo(t("restored", time=moment(done.manifest.created_at), rows=count(done.manifest.rows)))
    if done.safety_copy:
        typer.echo(t("restored_copy", path=done.safety_copy))
    if done.files:
        told = {"restored": count(done.files.restored), "present": count(done.files.present)}
        typer.echo(t("restored_files", **told))
    if settled.waiting_again:
        typer.echo(t("restored_jobs", count=count(settled.waiting_again)))
    if settled.files_missing:
        typer.echo(t("restored_missing", count=count(settled.files_missing), storage=settings.effective_storage))
        for name in settled.missing_names:
            typer.echo(f"  {name}")
    if settled.uploads_missing:
        typer.echo(t("restored_uploads", count=count(settled.uploads_missing)))
    typer.echo(t("restored_next"))


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("backup", help=t("help_backup"))(backup)
    app.command("restore", help=t("help_restore"))(restore)
