"""Jobs as tables for people; columns that line up also where characters are two cells wide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasktray.texts import t
from tasktray.words import count, moment, result_lines, seconds, size, state

if TYPE_CHECKING:
    from desktop.client.models import Event, Job


def _console() -> Console:
    # Into a pipe or a file, lines are not cut at the width of a terminal that is not there.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def print_jobs(jobs: list[Job]) -> None:
    """One line a job."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(t("column_id"), no_wrap=True)
    for name in ("state", "progress", "kind", "title", "owner", "created"):
        table.add_column(t(f"column_{name}"), overflow="fold", justify="right" if name == "progress" else "left")
    for job in jobs:
        cells = [job.id, state(job), f"{job.progress:.0f} %", job.kind_title or job.kind, job.title,
                 job.owner.display_name or job.owner.username, moment(job.created_at)]  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))  # Text: a title may look like markup
    _console().print(table)


def print_job(job: Job, events: list[Event]) -> None:
    """All that a person wants to know about one job."""
    lines: list[tuple[str, str]] = [
        (t("column_id"), job.id),
        (t("column_kind"), f"{job.kind_title} ({job.kind})"),
        (t("column_title"), job.title),
        (t("column_state"), state(job)),
        (
            t("column_progress"),
            " · ".join([f"{job.progress:.0f} %", *([job.stage] if job.stage and not job.ended else [])]),
        ),
    ]
    if job.rows_done is not None:
        rows = [t("rows_of", done=count(job.rows_done), total=count(job.rows_total or 0))]
        if job.state == "running" and job.rate:
            rows.append(t("rate", rate=count(job.rate)))
        if job.state == "running" and job.eta_seconds is not None:
            rows.append(t("remaining", time=seconds(job.eta_seconds)))
        lines.append((t("column_rows"), " · ".join(rows)))
    lines += [
        (t("column_owner"), job.owner.display_name or job.owner.username),
        (t("column_created"), moment(job.created_at)),
        (t("column_started"), moment(job.started_at)),
        (t("column_finished"), moment(job.finished_at)),
    ]
    if job.error:
        lines.append((t("column_error"), job.error.message or job.error.code))
    if job.why:
        lines.append((t("column_why"), job.why.message))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines:
        if value:
            table.add_row(Text(name), Text(value))
    for file in job.files:
        table.add_row(Text(t("column_file")), Text(f"{file.name} ({file.role}, {size(file.size)}) {file.id}"))
    console = _console()
    console.print(table)
    for line in result_lines(job.result):
        console.print(Text(line))
    for event in events:
        console.print(Text(f"  {moment(event.at)}  {event.message or event.type}"))
