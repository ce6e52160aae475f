"""The commands that show how the system is doing, for administrators: workers, queues, statistics, history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from tasktray.commands.options import Json, Link, print_json, remote
from tasktray.commands.steps import pages
from tasktray.texts import t

Since = Annotated[datetime | None, typer.Option("--from", metavar="TIME", help=t("opt_since"))]
Until = Annotated[datetime | None, typer.Option("--to", metavar="TIME", help=t("opt_until"))]


@remote
def worker_stats(
    link: Link,
    silent: Annotated[bool, typer.Option("--silent", help=t("opt_silent"))] = False,
    as_json: Json = False,
) -> None:
    """Show who works, and on what."""
    with link.connect() as client:
        if as_json:
            print_json(client.json("GET", "monitor/workers", params={"silent": str(silent).lower()})["workers"])
            return
        workers = client.workers(silent=silent)
    if not workers:
        typer.echo(t("no_workers"), err=True)
        return
    from tasktray.tables import print_workers

    print_workers(workers)


@remote
def queue_stats(
    link: Link,
    as_json: Json = False,
) -> None:
    """Show what waits and runs in each lane."""
    with link.connect() as client:
        if as_json:
            print_json(client.json("GET", "monitor/queues")["queues"])
            return
        queues = client.queues()
    from tasktray.tables import print_queues

    print_queues(queues)


@remote
def task_stats(
    link: Link,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show how jobs went, by kind and state."""
    with link.connect() as client:
        if as_json:
            print_json(client.json("GET", "monitor/stats", params=_period(since, until)))
            return
        stats = client.stats(since=_local(since), until=_local(until))
    from tasktray.tables import print_stats

    print_stats(stats)


@remote
def history(
    link: Link,
    kind: Annotated[list[str], typer.Option("--kind", metavar="KIND", help=t("opt_kind"))] = [],  # noqa: B006 - Typer copies it
    state: Annotated[list[str], typer.Option("--state", metavar="STATE", help=t("opt_state"))] = [],  # noqa: B006 - Typer copies it
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help=t("opt_owner"))] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=t("opt_limit"))] = 50,
    as_json: Json = False,
) -> None:
    """Show the jobs that have ended, the last one first."""
    wanted = {"kind": kind or None, "state": state or None, "owner": owner, **_period(since, until)}
    with link.connect() as client:
        found = pages(client, "monitor/history", "entries", limit, 500, **wanted)
    if as_json:
        print_json(found)
    elif found:
        from desktop.client.monitor_models import HistoryEntry
        from desktop.client.parsing import parse
        from tasktray.tables import print_history

        print_history([parse(HistoryEntry, entry) for entry in found])
    else:
        typer.echo(t("no_jobs"), err=True)


def _local(at: datetime | None) -> datetime | None:
    """A time that was given without a zone is meant on this computer's clock."""
    return at.astimezone() if at is not None else None


def _period(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    begin, end = _local(since), _local(until)
    return {"from": begin.isoformat() if begin else None, "to": end.isoformat() if end else None}


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
    app.command("worker-stats", help=t("help_worker_stats"))(worker_stats)
    app.command("queue-stats", help=t("help_queue_stats"))(queue_stats)
    app.command("task-stats", help=t("help_task_stats"))(task_stats)
    app.command("history", help=t("help_history"))(history)
