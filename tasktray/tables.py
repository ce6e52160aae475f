"""Jobs as tables for people; columns that line up also where characters are two cells wide."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasktray.texts import t
from tasktray.words import count, done_of, moment, reason, result_lines, seconds, size, state

if TYPE_CHECKING:
    from desktop.client.models import Event, Job
    from desktop.client.monitor_models import HistoryEntry, KindFigures, Queue, Stats, Worker


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


def _table(*names: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(t(f"column_{name}"), overflow="fold", justify="right" if name in right else "left")
    return table


def _row(table: Table, *cells: object) -> None:
    table.add_row(*("" if cell is None else Text(str(cell)) for cell in cells))  # Text: a name may look like markup


def print_imports(files: list[tuple[str, Job | None, str | None]]) -> None:
    """What became of several files: name, job (None: not submitted), why it was refused; and all together."""
    names = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(t("column_file"), overflow="fold")
    table.add_column(t("column_state"))
    for name in names:
        table.add_column(t(f"count_{name}"), justify="right")
    total, reasons = dict.fromkeys(names, 0), dict[str, int]()
    notes: list[str] = []
    for file, job, refused in files:
        result = (job.result if job else None) or {}
        values = [result.get(name) for name in names]
        _row(table, file, state(job) if job else t("state_refused" if refused else "state_passed_over"),
             *(None if v is None else count(v) for v in values))  # fmt: skip
        for name in names:
            total[name] += result.get(name) or 0
        for code, rows in (result.get("reasons") or {}).items():
            reasons[code] = reasons.get(code, 0) + rows
        if refused:
            notes.append(f"{file}: {refused}")
        elif job and job.error:
            notes.append(f"{file}: {job.error.message or job.error.code}")
        if result.get("not_imported"):
            notes.append(f"{file}: {t('not_imported', columns=', '.join(result['not_imported']))}")
    if len(files) > 1:
        table.add_section()
        _row(table, t("all_files", count=len(files)), "", *(count(total[name]) for name in names))
    console = _console()
    console.print(table)
    for code, rows in sorted(reasons.items(), key=lambda item: -item[1]):
        console.print(Text(f"  {reason(code)}: {count(rows)}"))
    for note in notes:
        console.print(Text(note))


def print_workers(workers: list[Worker]) -> None:
    """One line a worker, and what it runs under it."""
    table = _table("worker", "state", "lanes", "running", "memory", "started", "seen", right=("running", "memory"))
    for worker in workers:
        _row(table, worker.name, t(f"worker_{worker.state}"), ", ".join(worker.lanes),
             f"{len(worker.jobs)}/{worker.slots}", size(worker.memory_bytes) if worker.memory_bytes else None,
             moment(worker.started_at), moment(worker.seen_at))  # fmt: skip
        for job in worker.jobs:
            _row(table, f"  {job.title}", f"{job.progress:.0f} %", job.lane, "", "", moment(job.since), job.id)
    _console().print(table)


def print_queues(queues: list[Queue]) -> None:
    """One line a lane."""
    numbers = ("waiting", "running", "oldest", "rate", "workers", "slots")
    table = _table("lane", *numbers, "paused", right=numbers)
    for queue in queues:
        oldest = queue.oldest_waiting_seconds
        paused = t("paused_by", name=queue.paused_by or "", at=moment(queue.paused_at)) if queue.paused_at else None
        _row(table, queue.lane, count(queue.waiting), count(queue.running), None if oldest is None else seconds(oldest),
             f"{queue.finished_per_minute:.1f}", queue.workers, queue.slots, paused)  # fmt: skip
    _console().print(table)


def print_stats(stats: Stats) -> None:
    """Figures of each kind and of all, then the reasons of failures."""
    states = ("pending", "running", "succeeded", "failed", "cancelled")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(t("column_kind"), overflow="fold")
    for name in states:
        table.add_column(t(f"state_{name}").capitalize(), justify="right")
    for name in ("success", "average", "p50", "p95"):
        table.add_column(t(f"column_{name}"), justify="right")

    def line(title: str, figures: Stats | KindFigures) -> None:
        rate = figures.success_rate
        times = (figures.average_seconds, figures.p50_seconds, figures.p95_seconds)
        numbers = [getattr(figures.states, name) for name in states]
        _row(table, title, *numbers, None if rate is None else f"{100 * rate:.1f} %",
             *(None if s is None else f"{s:.1f} s" for s in times))  # fmt: skip

    for kind in stats.kinds:
        line(f"{kind.title} ({kind.kind})", kind)
    table.add_section()
    line(t("all_kinds"), stats)
    console = _console()
    console.print(table)
    for failure in stats.failures:
        console.print(Text(f"  {count(failure.count)} × {failure.kind}: {failure.message or failure.code}"))


def print_history(entries: list[HistoryEntry]) -> None:
    """One line a job that has ended."""
    table = _table("id", "state", "kind", "title", "owner", "started", "finished", "seconds", right=("seconds",))
    for entry in entries:
        _row(table, entry.id, t(f"state_{entry.state}"), entry.kind_title or entry.kind, entry.title,
             entry.owner.display_name or entry.owner.username, moment(entry.started_at), moment(entry.finished_at),
             None if entry.seconds is None else f"{entry.seconds:.1f}")  # fmt: skip
    _console().print(table)


def print_job(job: Job, events: list[Event], titles: dict[str, str] | None = None) -> None:
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
        rows = [t(done_of(job), done=count(job.rows_done), total=count(job.rows_total or 0))]
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
    if job.parent_id:
        table.add_row(Text(t("column_parent")), Text(job.parent_id))
    for child in job.children:
        table.add_row(Text(t("column_child")), Text(f"{child.title} ({t(f'state_{child.state}')}) {child.id}"))
    for file in job.files:
        table.add_row(Text(t("column_file")), Text(f"{file.name} ({file.role}, {size(file.size)}) {file.id}"))
    console = _console()
    console.print(table)
    for line in result_lines(job.result, titles):
        console.print(Text(line))
    for event in events:
        console.print(Text(f"  {moment(event.at)}  {event.message or event.type}"))


def print_kinds(kinds: list[dict[str, Any]]) -> None:
    """The kinds of jobs, in the order of menus."""
    table = _table("kind", "title", "lane", "files")
    for kind in kinds:
        _row(table, kind["kind"], kind["title"], kind["lane"], _files(kind["uploads"]))
    _console().print(table)


def _files(needs: dict[str, Any]) -> str:
    """How many files a kind takes; nothing where it takes none."""
    least, most = needs["minimum"], needs["maximum"]
    return "" if not most else str(most) if least == most else f"{least}-{most}"


def print_kind(kind: dict[str, Any]) -> None:
    """What a kind takes: files, and parameters as `send-task --param` wants them."""
    console = _console()
    console.print(Text(f"{kind['kind']}: {kind['title']}"))
    endings = " ".join(kind["uploads"]["suffixes"])
    files = _files(kind["uploads"])
    console.print(Text(t("kind_files", range=f"{files} {endings}".strip()) if files else t("kind_no_files")))
    schema = kind["params_schema"]
    if not schema.get("properties"):
        console.print(Text(t("kind_no_params")))
        return
    table = _table("parameter", "values", "meaning")
    for name, prop in schema["properties"].items():
        meaning = " – ".join(part for part in (prop.get("title"), prop.get("description")) if part)
        if name in schema.get("required", []):
            said = t("kind_required")
        elif prop.get("default") is None:
            said = t("kind_optional")
        else:
            said = t("kind_default", value=json.dumps(prop["default"], ensure_ascii=False))
        values = f"{_values(prop)}; {said}"
        _row(table, name, values, meaning)
    console.print(table)


def _values(prop: dict[str, Any]) -> str:
    """What a parameter may be, from its JSON Schema."""
    if "enum" in prop:
        return ", ".join(map(str, prop["enum"]))
    if "anyOf" in prop:
        return " | ".join(dict.fromkeys(_values(one) for one in prop["anyOf"] if one.get("type") != "null"))
    if prop.get("type") == "array":
        return f"[{_values(prop.get('items', {}))}, …]"
    bounds = [str(prop[name]) if name in prop else "" for name in ("minimum", "maximum")]
    kind = str(prop.get("format") or prop.get("type") or "JSON")
    return f"{kind} {'-'.join(bounds)}" if any(bounds) else kind
