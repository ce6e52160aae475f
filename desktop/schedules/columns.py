"""The columns of the table of schedules, as data."""

from __future__ import annotations

from datetime import datetime

from desktop import formats, icons
from desktop.client.schedule_models import Schedule
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.parts.records import Column
from desktop.queue.columns import STATE_TEXTS
from desktop.schedules import words


def _moment(at: datetime | None) -> str:
    return formats.moment(at.timestamp() if at else None)


def state(schedule: Schedule) -> tuple[str, str, str]:
    """Whether it makes jobs: words, icon and colour."""
    if schedule.broken:
        text = translate("Schedules", "Broken: {reason}").format(reason=reason(schedule))
        return text, "failed", "failed"
    if schedule.enabled:
        return translate("Schedules", "On"), "succeeded", "succeeded"
    return translate("Schedules", "Off"), "pause", "muted"


def reason(schedule: Schedule) -> str:
    """Why it is broken, with what is wrong with its parameters."""
    broken = schedule.broken
    if broken is None:
        return ""
    details = [str(error.get("message") or "") for error in broken.errors]
    return " ".join([broken.message or broken.code, *filter(None, details)])


def _next(schedule: Schedule) -> str:
    return _moment(schedule.next_at[0]) if schedule.next_at else formats.DASH


def _all_next(schedule: Schedule) -> str:
    return "\n".join(_moment(at) for at in schedule.next_at)


def _last(schedule: Schedule) -> str:
    if schedule.last_due_at:
        return _moment(schedule.last_due_at)
    return translate("Schedules", "by hand") if schedule.last_job_id else translate("Schedules", "never")


def _outcome(schedule: Schedule) -> str:
    if schedule.last_state:
        return translate("State", STATE_TEXTS.get(schedule.last_state, schedule.last_state))
    return translate("Schedules", "job deleted") if schedule.last_job_id else ""


COLUMNS = (
    Column("title", QT_TRANSLATE_NOOP("Schedules", "Title"), 178, lambda s: s.title),
    Column(
        "kind", QT_TRANSLATE_NOOP("Schedules", "Kind"), 140, lambda s: s.kind_title or s.kind, tip=lambda s: s.kind
    ),
    Column(
        "when", QT_TRANSLATE_NOOP("Schedules", "When"), 330, words.of, tip=lambda s: f"{words.of(s)}\n{s.cron or ''}"
    ),
    Column("next", QT_TRANSLATE_NOOP("Schedules", "Next due"), 96, _next, tip=_all_next),
    Column("last", QT_TRANSLATE_NOOP("Schedules", "Last firing"), 88, _last),
    Column(
        "outcome", QT_TRANSLATE_NOOP("Schedules", "Last job"), 104, _outcome,
        icon=lambda s: icons.STATE_ICONS.get(s.last_state or "", ""),
        color=lambda s: s.last_state if s.last_state in STATE_TEXTS else "muted",
    ),
    Column(
        "state", QT_TRANSLATE_NOOP("Schedules", "State"), 150, lambda s: state(s)[0], icon=lambda s: state(s)[1],
        color=lambda s: state(s)[2],
    ),
)  # fmt: skip
