"""Steps that the commands share: upload, follow, fetch, tell how it ended; page through a list."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tasktray import exits
from tasktray.commands.options import print_json
from tasktray.texts import t

if TYPE_CHECKING:
    from desktop.client.client import Client
    from desktop.client.models import Job, JobFile


_HINTS = ("mapping_required",)  # errors to which an option of the command is the answer


def is_file(path: Path | None) -> bool:
    """Whether an output path names a file and not a folder."""
    return path is not None and not path.is_dir()


def see_folder(output: Path | None) -> None:
    """Refuse an output path whose folder is not there, before the server works for nothing."""
    if output is not None and not output.is_dir() and not output.parent.is_dir():
        raise exits.Stop(exits.USAGE, t("no_folder", folder=output.parent))


def pages(client: Client, path: str, name: str, limit: int, page: int, **wanted: Any) -> list[dict[str, Any]]:
    """What a list of the server holds, page after page.

    Args:
        path, name: of the call, and of the list in its answer.
        limit, page: how many in all, and at most in one page.
        wanted: the filters.
    """
    found: list[dict[str, Any]] = []
    cursor = None
    while len(found) < limit:
        params = {**wanted, "cursor": cursor, "limit": min(page, limit - len(found))}
        answer = client.json("GET", path, params=params)
        found += answer[name]
        cursor = answer.get("next")
        if not cursor:
            break
    return found


def see_dataset(client: Client, name: str) -> None:
    """Refuse a dataset that the server does not have, before anything is sent, and say which there are."""
    names = [str(one["name"]) for one in client.datasets()]
    if name not in names:
        raise exits.Stop(exits.REFUSED, t("no_dataset", name=name, names=", ".join(names)))


def upload_file(client: Client, file: Path, *, quiet: bool) -> str:
    """Upload a file with a progress bar; gives the upload's id. Ctrl-C discards what was sent."""
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


def fetch_files(client: Client, files: list[JobFile], target: Path, *, replace: bool, quiet: bool) -> list[Path]:
    """Download files into `target`, a folder or the name of the one file; gives their paths."""
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


def finish(
    client: Client,
    job: Job,
    paths: list[Path],
    *,
    wait: bool,
    as_json: bool,
    more: dict[str, Any] | None = None,
    fetch_later: bool = False,
) -> None:
    """Say how it ended, and end with the status that tells it.

    Args:
        more: what the JSON form tells beside the job.
        fetch_later: say how its files are fetched.
    """
    from tasktray.follow import raw, status_of, titles_of
    from tasktray.words import job_line, result_lines

    if as_json:
        saved = {"saved": [str(path) for path in paths]} if paths else {}
        print_json(raw(client, job.id) | saved | (more or {}))
    elif wait:
        typer.echo("\n".join([job_line(job), *result_lines(job.result, titles_of(client, job))]))
        if job.error and job.error.code in _HINTS:
            typer.echo(t(f"hint_{job.error.code}", dataset=job.kind.partition(".")[0]), err=True)
        if fetch_later and any(file.role != "upload" for file in job.files):
            typer.echo(t("hint_download", id=job.id), err=True)
    else:
        typer.echo(job.id)
    raise typer.Exit(status_of(job) if wait else exits.OK)
