"""The columns of the monitor's tables, as data."""

from __future__ import annotations

from dataclasses import dataclass

from desktop import formats
from desktop.client.monitor_models import Failure, KindFigures, Queue, Worker
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.parts.records import Column

LANES = {
    "default": QT_TRANSLATE_NOOP("Lanes", "General"),
    "export": QT_TRANSLATE_NOOP("Lanes", "Exports"),
    "document": QT_TRANSLATE_NOOP("Lanes", "Documents"),
    "evidence": QT_TRANSLATE_NOOP("Lanes", "Evidence"),
    "finance": QT_TRANSLATE_NOOP("Lanes", "Finance"),
    "reports": QT_TRANSLATE_NOOP("Lanes", "Reports"),
    "email": QT_TRANSLATE_NOOP("Lanes", "E-mail"),
}
_WORKER_STATES = {
    "online": (QT_TRANSLATE_NOOP("Monitor", "Online"), "succeeded", "succeeded"),
    "stopping": (QT_TRANSLATE_NOOP("Monitor", "Stopping"), "stop", "pending"),
    "silent": (QT_TRANSLATE_NOOP("Monitor", "Silent"), "failed", "failed"),
}
"""Words, icon and colour of each."""


@dataclass(frozen=True, slots=True)
class KindRow:
    """The figures of a kind, with the most frequent reason of its failures."""

    figures: KindFigures
    failure: Failure | None


def lane_title(name: str) -> str:
    """A lane in words."""
    return translate("Lanes", LANES[name]) if name in LANES else name


def _state(worker: Worker) -> tuple[str, str, str]:
    return _WORKER_STATES.get(worker.state, (worker.state, "info", "muted"))


def _lanes(worker: Worker) -> str:
    if set(LANES) <= set(worker.lanes):
        return translate("Monitor", "all")
    return translate("Monitor", ", ").join(lane_title(lane) for lane in worker.lanes)


def _running(worker: Worker) -> str:
    if not worker.jobs:
        return f"0 / {worker.slots}"
    first = worker.jobs[0]
    return f"{len(worker.jobs)} / {worker.slots}   {first.title} {first.progress:.0f} %"


def _running_all(worker: Worker) -> str:
    return "\n".join(f"{job.title} {job.progress:.0f} %" for job in worker.jobs)


WORKERS = (
    Column("name", QT_TRANSLATE_NOOP("Monitor", "Worker"), 124, lambda w: w.name, tip=lambda w: f"{w.name}, {w.pid}"),
    Column(
        "state", QT_TRANSLATE_NOOP("Monitor", "State"), 92, lambda w: translate("Monitor", _state(w)[0]),
        icon=lambda w: _state(w)[1], color=lambda w: _state(w)[2],
    ),
    Column("lanes", QT_TRANSLATE_NOOP("Monitor", "Lanes"), 74, _lanes),
    Column("running", QT_TRANSLATE_NOOP("Monitor", "Runs now"), 120, _running, tip=_running_all),
    Column(
        "memory", QT_TRANSLATE_NOOP("Monitor", "Memory"), 80, lambda w: formats.size(w.memory_bytes), right=True,
    ),
    Column(
        "since", QT_TRANSLATE_NOOP("Monitor", "Since"), 84,
        lambda w: formats.moment(w.started_at.timestamp() if w.started_at else None), right=True,
    ),
)  # fmt: skip


def _lane_state(lane: Queue) -> str:
    if lane.paused_at:
        return translate("Monitor", "Paused by {name}").format(name=lane.paused_by or "?")
    return translate("Monitor", "Open") if lane.workers else translate("Monitor", "No worker")


def _lane_tip(lane: Queue) -> str:
    if lane.paused_at:
        since = formats.moment(lane.paused_at.timestamp())
        return translate("Monitor", "Paused by {name}, {time}").format(name=lane.paused_by or "?", time=since)
    if lane.workers:
        return translate("Monitor", "What waits here is started as slots become free.")
    return translate("Monitor", "No worker serves this lane: what waits here stays waiting until one is started.")


def _lane_tone(lane: Queue) -> str:
    return "pending" if lane.paused_at else "succeeded" if lane.workers else "failed"


def _waiting_tip(lane: Queue) -> str:
    later = lane.waiting - lane.due
    if not later:
        return ""
    return translate("Monitor", "{count} of them wait for their time.").format(count=formats.count(later))


QUEUES = (
    Column("lane", QT_TRANSLATE_NOOP("Monitor", "Lane"), 84, lambda q: lane_title(q.lane), tip=lambda q: q.lane),
    Column(
        "state", QT_TRANSLATE_NOOP("Monitor", "State"), 130, _lane_state, tip=_lane_tip,
        icon=lambda q: "pause" if q.paused_at else "play" if q.workers else "failed", color=_lane_tone,
    ),
    Column(
        "waiting", QT_TRANSLATE_NOOP("Monitor", "Waiting"), 66, lambda q: formats.count(q.waiting), right=True,
        tip=_waiting_tip,
    ),
    Column("running", QT_TRANSLATE_NOOP("Monitor", "Running"), 66, lambda q: formats.count(q.running), right=True),
    Column(
        "oldest", QT_TRANSLATE_NOOP("Monitor", "Longest wait"), 92,
        lambda q: formats.duration(q.oldest_waiting_seconds), right=True,
    ),
    Column(
        "rate", QT_TRANSLATE_NOOP("Monitor", "Ended/min"), 80, lambda q: f"{q.finished_per_minute:.1f}", right=True,
        tip=lambda q: translate("Monitor", "Jobs that ended a minute, over the last {count} min").format(
            count=q.rate_minutes
        ),
    ),
)  # fmt: skip


def _share(row: KindRow) -> str:
    rate = row.figures.success_rate
    return "" if rate is None else f"{rate * 100:.0f} %"


def _number(value: int) -> str:
    return formats.count(value) if value else ""


def _reason(row: KindRow) -> str:
    return row.failure.message or row.failure.code if row.failure else ""


def _counted_reason(row: KindRow) -> str:
    return f"{formats.count(row.failure.count)} × {_reason(row)}" if row.failure else ""


KINDS = (
    Column(
        "kind", QT_TRANSLATE_NOOP("Monitor", "Kind"), 170, lambda r: r.figures.title, tip=lambda r: r.figures.kind
    ),
    Column(
        "pending", QT_TRANSLATE_NOOP("Monitor", "Waiting"), 70, lambda r: _number(r.figures.states.pending), right=True
    ),
    Column(
        "running", QT_TRANSLATE_NOOP("Monitor", "Running"), 70, lambda r: _number(r.figures.states.running), right=True
    ),
    Column(
        "succeeded", QT_TRANSLATE_NOOP("Monitor", "Succeeded"), 86, lambda r: _number(r.figures.states.succeeded),
        right=True,
    ),
    Column(
        "failed", QT_TRANSLATE_NOOP("Monitor", "Failed"), 70, lambda r: _number(r.figures.states.failed), right=True,
        color=lambda r: "failed",
    ),
    Column(
        "cancelled", QT_TRANSLATE_NOOP("Monitor", "Cancelled"), 82, lambda r: _number(r.figures.states.cancelled),
        right=True,
    ),
    Column("share", QT_TRANSLATE_NOOP("Monitor", "Success"), 74, _share, right=True),
    Column(
        "p50", QT_TRANSLATE_NOOP("Monitor", "Half within"), 92, lambda r: formats.duration(r.figures.p50_seconds),
        right=True, tip=lambda r: translate("Monitor", "Half of those that succeeded took at most this long (p50)."),
    ),
    Column(
        "p95", QT_TRANSLATE_NOOP("Monitor", "95 % within"), 92, lambda r: formats.duration(r.figures.p95_seconds),
        right=True,
        tip=lambda r: translate("Monitor", "95 of 100 that succeeded took at most this long (p95)."),
    ),
    Column(
        "reason", QT_TRANSLATE_NOOP("Monitor", "Most frequent reason of failures"), 240, _counted_reason,
        color=lambda r: "muted",
    ),
)  # fmt: skip
