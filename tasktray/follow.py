"""Follow a job to its end: a moving bar in a terminal, a line now and then elsewhere, and what Ctrl-C means."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from tasktray import exits
from tasktray.texts import language, t
from tasktray.words import count, done_of, job_line, seconds

if TYPE_CHECKING:
    from desktop.client.client import Client
    from desktop.client.models import Job

_POLL_FIRST, _POLL_LONGEST = 0.15, 1.0
_PATIENCE_SECONDS = 60.0  # a server that is restarted is waited for
_CANCEL_SECONDS = 30.0

Advance = Callable[[str, float, float | None, str], None]


@contextlib.contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Advance]:
    """Gives a function `(what, done, total, details)` that shows progress on standard error."""
    if quiet:
        yield lambda what, done, total, details: None
    elif sys.stderr.isatty():
        with _rich_bar() as advance:
            yield advance
    else:
        yield _plain_lines()


@contextlib.contextmanager
def _rich_bar() -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[details]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None, details="")

        def advance(what: str, done: float, total: float | None, details: str) -> None:
            progress.update(bar, description=what, completed=done, total=total, details=details)

        yield advance


def _plain_lines() -> Advance:
    """A line at each new stage and each further tenth: a log file should not get one a second."""
    said: list[tuple[str, int]] = []

    def advance(what: str, done: float, total: float | None, details: str) -> None:
        tenth = int(10 * done / total) if total else 0
        if said[-1:] != [(what, tenth)]:
            said[:] = [(what, tenth)]
            share = f" {100 * done / total:3.0f} %" if total else ""
            typer.echo(f"{what}{share} {details}".rstrip(), err=True)

    return advance


def show(advance: Advance, job: Job) -> None:
    """Hand a job's present progress to a bar."""
    details = []
    if job.rows_done is not None and job.rows_total:
        details.append(t(done_of(job), done=count(job.rows_done), total=count(job.rows_total)))
    if job.state == "running" and job.rate:
        details.append(t("rate", rate=count(round(job.rate))))
    if job.state == "running" and job.eta_seconds is not None:
        details.append(t("remaining", time=seconds(job.eta_seconds)))
    what = job.stage if job.state == "running" and job.stage else t(f"state_{job.state}")
    if job.state == "pending" and job.why:
        details.append(job.why.message)
    advance(what, job.progress, 100.0, " · ".join(details))


def follow(client: Client, job_id: str, *, quiet: bool = False) -> Job:
    """Wait for a job's end, showing its progress, and give it as it is then.

    Ctrl-C asks in a terminal whether the job is to be cancelled; elsewhere it is.

    Raises:
        exits.Stop: interrupted; the message tells what becomes of the job.
        ClientError.
    """
    try:
        with progress_bar(quiet) as advance:
            return _until_ended(client, job_id, lambda job: show(advance, job))
    except KeyboardInterrupt:
        return _interrupted(client, job_id)


def follow_all(client: Client, jobs: list[tuple[str, str]], *, quiet: bool = False) -> list[Job]:
    """Wait for the end of several jobs, showing their progress together, and give them as they are then.

    Args:
        jobs: name for people and id of each, in the order of submission, which is that of their turns.

    Raises:
        exits.Stop, ClientError: as `follow`; Ctrl-C holds for all of them.
    """
    ended: list[Job] = []
    try:
        with progress_bar(quiet) as advance:
            for place, (name, job_id) in enumerate(jobs):

                def shown(job: Job, place: int = place, name: str = name) -> None:
                    what = t("file_of", place=place + 1, count=len(jobs), name=name)
                    advance(what, 100 * place + job.progress, 100.0 * len(jobs), job.stage or "")

                ended.append(_until_ended(client, job_id, shown))
        return ended
    except KeyboardInterrupt:
        _interrupted_all(client, [job_id for _, job_id in jobs[len(ended) :]])


def _interrupted_all(client: Client, ids: list[str]) -> NoReturn:
    if sys.stdin.isatty() and sys.stderr.isatty():
        with contextlib.suppress(KeyboardInterrupt, EOFError):
            typer.echo(t("ask_cancel_all", count=len(ids)), err=True, nl=False)
            if input().strip().lower() not in ("y", "yes", "是", "s"):
                raise exits.Stop(exits.INTERRUPTED, t("all_go_on", count=len(ids)))
    from desktop.client.errors import Conflict

    for job_id in ids:
        with contextlib.suppress(Conflict):  # it has ended meanwhile
            client.cancel(job_id)
    raise exits.Stop(exits.INTERRUPTED, t("cancel_asked_all", count=len(ids)))


def _until_ended(client: Client, job_id: str, shown: Callable[[Job], None], limit: float | None = None) -> Job:
    from desktop.client.errors import Offline

    began = time.monotonic()
    pause, answered, version = _POLL_FIRST, began, -1
    while True:
        try:
            job = client.job(job_id)
        except Offline:
            if time.monotonic() - answered > _PATIENCE_SECONDS:
                raise
        else:
            answered = time.monotonic()
            # A short job is noticed at once, a long one asked about once a second.
            pause = _POLL_FIRST if job.version != version and pause < 0.5 else min(_POLL_LONGEST, pause * 1.3)
            version = job.version
            shown(job)
            if job.ended or (limit is not None and answered - began > limit):
                return job
        time.sleep(pause)


def _interrupted(client: Client, job_id: str) -> Job:
    if sys.stdin.isatty() and sys.stderr.isatty():
        with contextlib.suppress(KeyboardInterrupt, EOFError):
            typer.echo(t("ask_cancel"), err=True, nl=False)
            if input().strip().lower() not in ("y", "yes", "是", "s"):
                raise exits.Stop(exits.INTERRUPTED, t("goes_on", id=job_id))
    from desktop.client.errors import Conflict

    with contextlib.suppress(Conflict):  # it has ended meanwhile
        client.cancel(job_id)
    try:
        job = _until_ended(client, job_id, lambda job: None, _CANCEL_SECONDS)
    except KeyboardInterrupt:
        raise exits.Stop(exits.INTERRUPTED, t("cancel_asked", id=job_id)) from None
    if not job.ended:
        raise exits.Stop(exits.INTERRUPTED, t("cancel_asked", id=job_id))
    raise exits.Stop(exits.INTERRUPTED, job_line(job))


def titles_of(client: Client, job: Job) -> dict[str, str]:
    """What the job's kind calls the values of its result, in the terminal's language; empty: it does not say."""
    if not job.result:
        return {}
    titles = next((kind.result_titles for kind in client.kinds() if kind.kind == job.kind), {})
    return {name: words.get(language()) or words.get("en") or name for name, words in titles.items()}


def status_of(job: Job) -> int:
    """The exit status that tells how a job ended."""
    return exits.FAILED if job.state in ("failed", "cancelled") else exits.OK


def raw(client: Client, job_id: str) -> Any:
    """The job in the server's own JSON."""
    return client.json("GET", f"jobs/{job_id}")
