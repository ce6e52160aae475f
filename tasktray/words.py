"""Numbers, times and jobs in words for the terminal."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tasktray.texts import known, t

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


def result_lines(result: dict[str, Any] | None) -> list[str]:
    """A job's result, the counts of an import first."""
    result = result or {}
    lines = [
        f"  {_padded(t(f'count_{name}'), 14)} {count(result[name]):>12}"
        for name in _COUNTS
        if isinstance(result.get(name), int) and not isinstance(result.get(name), bool)
    ]
    if result.get("dry_run"):
        lines.append(f"  {t('dry_run_note')}")
    lines += [
        f"  {name}: {value}"
        for name, value in result.items()
        if name not in (*_COUNTS, "dry_run") and value not in (None, [], {}) and not isinstance(value, dict | list)
    ]
    return lines
