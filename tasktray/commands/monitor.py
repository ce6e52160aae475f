"""The commands that show how the system is doing, for administrators: workers, queues, statistics, history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from tasktray.commands.options import Ca, Data, Json, Server, Token, User, connect, print_json
from tasktray.texts import t

Since = Annotated[datetime | None, typer.Option("--from", metavar="TIME", help=t("opt_since"))]
Until = Annotated[datetime | None, typer.Option("--to", metavar="TIME", help=t("opt_until"))]


def worker_stats(
    silent: Annotated[bool, typer.Option("--silent", help=t("opt_silent"))] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Show who works, and on what."""
    with connect(server, token, user, ca, data) as client:
        if as_json:
            print_json(client.json("GET", "monitor/workers", params={"silent": str(silent).lower()})["workers"])
            return
        workers = client.workers(silent=silent)
    if not workers:
        typer.echo(t("no_workers"), err=True)
        return
    from tasktray.tables import print_workers

    print_workers(workers)


def queue_stats(
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Show what waits and runs in each lane."""
    with connect(server, token, user, ca, data) as client:
        if as_json:
            print_json(client.json("GET", "monitor/queues")["queues"])
            return
        queues = client.queues()
    from tasktray.tables import print_queues

    print_queues(queues)


def task_stats(
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Show how jobs went, by kind and state."""
    with connect(server, token, user, ca, data) as client:
        if as_json:
            print_json(client.json("GET", "monitor/stats", params=_period(since, until)))
            return
        stats = client.stats(since=_local(since), until=_local(until))
    from tasktray.tables import print_stats

    print_stats(stats)


def history(
    kind: Annotated[list[str], typer.Option("--kind", metavar="KIND", help=t("opt_kind"))] = [],  # noqa: B006 - Typer copies it
    state: Annotated[list[str], typer.Option("--state", metavar="STATE", help=t("opt_state"))] = [],  # noqa: B006 - Typer copies it
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help=t("opt_owner"))] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=t("opt_limit"))] = 50,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
    user: User = None,
    ca: Ca = None,
    data: Data = None,
) -> None:
    """Show the jobs that have ended, the last one first."""
    found: list[dict[str, Any]] = []
    with connect(server, token, user, ca, data) as client:
        cursor = None
        while len(found) < limit:
            params = {
                "kind": kind or None, "state": state or None, "owner": owner, "cursor": cursor,
                "limit": min(500, limit - len(found)), **_period(since, until),
            }  # fmt: skip
            page = client.json("GET", "monitor/history", params=params)
            found += page["entries"]
            cursor = page.get("next")
            if not cursor:
                break
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
