"""Numbers, times and jobs in words for the terminal."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tasktray.texts import known, language, t

if TYPE_CHECKING:
    from desktop.client.models import Job

_COUNTS = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected", "removed", "restored", "kept")


def count(number: float) -> str:
    """A number with separators between thousands."""
    return f"{number:,.0f}"


def seconds(value: float) -> str:
    """A duration, e.g. `1:05` or `2:00:10`."""
    whole = max(0, round(value))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(number: int) -> str:
    """A size in bytes for people."""
    value = float(number)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"


def moment(at: datetime | None) -> str:
    """An instant in this computer's time zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def state(job: Job) -> str:
    """A job's state in words."""
    code = "state_cancelling" if job.cancel_requested and not job.ended else f"state_{job.state}"
    return t(code) if known(code) else job.state


def job_line(job: Job) -> str:
    """How a job ended, in a line."""
    if job.state == "failed" and job.error:
        return t("job_failed", title=job.title, reason=job.error.message or job.error.code)
    if job.state == "cancelled":
        return t("job_cancelled", title=job.title)
    return f"{job.title}: {state(job)}"


def _padded(text: str, width: int) -> str:
    """`text` with spaces up to `width` cells of a terminal, where Chinese characters take two."""
    cells = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * (width - cells)


def import_line(before: dict[str, Any]) -> str:
    """An earlier import of a file, in a line: when, by whom, with what result."""
    at = datetime.fromisoformat(before["at"])
    numbers = [
        f"{t(f'count_{name}')} {count(before['counts'][name])}"
        for name in ("inserted", "updated", "unchanged", "skipped", "rejected")
        if before.get("counts", {}).get(name)
    ]
    parts = [moment(at), before.get("by_name") or before["by"], t(f"state_{before.get('state', 'succeeded')}")]
    parts += [", ".join(numbers)] if numbers else []
    parts += [t("import_undone")] if before.get("undone") else []
    return " · ".join(parts)


def _about_columns(result: dict[str, Any]) -> list[str]:
    """Which columns did not go in, whose mapping was applied, and whether the file was imported before."""
    lines = []
    if result.get("not_imported"):
        lines.append(f"  {t('not_imported', columns=', '.join(result['not_imported']))}")
    mapped_by = result.get("mapped_by")
    if mapped_by:
        mine = mapped_by.get("mine")
        lines.append(f"  {t('mapped_by_me') if mine else t('mapped_by', name=mapped_by.get('username'))}")
    if result.get("imported_before"):
        lines.append(f"  {t('imported_earlier', what=import_line(result['imported_before']))}")
    return lines


def done_of(job: Job) -> str:
    """The code of the words for how much of a job is done: only datasets have rows, others have files, mails, …"""
    return "rows_of" if job.kind.rpartition(".")[2] in ("import", "export", "undo") else "done_of"


def reason(code: str) -> str:
    """Why rows were rejected, short."""
    from tabular import reasons

    return reasons.reason(code, language())


def _several(value: list[Any] | dict[str, Any]) -> list[str]:
    """The parts of a list or group, a line each."""
    if isinstance(value, dict):
        return [f"{name}: {one}" for name, one in value.items()]
    return [" – ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value]


def result_lines(result: dict[str, Any] | None, titles: dict[str, str] | None = None) -> list[str]:
    """A job's result, the counts of an import first.

    Args:
        titles: what its kind calls its values; lists and groups are told when they are named here.
    """
    result = result or {}
    if titles:
        named: list[str] = []
        for name, value in result.items():
            if isinstance(value, dict | list):
                number = f" {len(value)}" if isinstance(value, list) else ""
                named += [f"  {titles.get(name, name)}:{number}"] if value else []
                named += [f"    {part}" for part in _several(value)]
            elif value is not None:
                named.append(f"  {titles.get(name, name)}: {count(value) if isinstance(value, int) else value}")
        return named
    lines = [
        f"  {_padded(t(f'count_{name}'), 14)} {count(result[name]):>12}"
        for name in _COUNTS
        if isinstance(result.get(name), int) and not isinstance(result.get(name), bool)
    ]
    reasons = result.get("reasons")
    if isinstance(reasons, dict):
        most_first = sorted(reasons.items(), key=lambda item: -item[1])
        lines += [f"    {_padded(reason(code), 26)} {count(rows):>10}" for code, rows in most_first]
    if result.get("dry_run"):
        lines.append(f"  {t('dry_run_note')}")
    lines += _about_columns(result)
    for name, value in result.items():
        said = name in (*_COUNTS, "dry_run") or value in (None, [], {}) or isinstance(value, dict | list)
        if not said and (name, value) != ("truncated", 0):
            lines.append(f"  {t(f'result_{name}') if known(f'result_{name}') else name}: {value}")
    return lines
