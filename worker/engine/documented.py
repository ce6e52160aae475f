"""Tasks as the source documents name them: a name and arguments become a kind and its parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from worker.engine import kinds
from worker.errors import Refused

NAMES: dict[str, str] = {
    # 003: finance and reports
    "test_task": "examples.echo",
    "check_pending_bills": "finance.check_pending_bills",
    "send_bill_reminders": "finance.send_bill_reminders",
    "calculate_monthly_revenue": "finance.calculate_monthly_revenue",
    "generate_hourly_report": "reports.hourly",
    "generate_daily_report": "reports.daily",
    "generate_weekly_report": "reports.weekly",
    "generate_monthly_report": "reports.monthly",
    "send_notification_email": "notifications.send_email",
    "cleanup_old_notifications": "notifications.cleanup",
    "export_data": "data.export",
    "backup_database": "maintenance.backup_database",
    "cleanup_cache": "maintenance.cleanup_cache",
    # 004: the task service
    "app.tasks.common_tasks.long_running_task": "examples.sleep",
    "app.tasks.example_task": "examples.echo",
}
"""Documented name -> kind."""
_SHOWN = {kind: name for name, kind in reversed(NAMES.items()) if "." not in name}
_NOTE_CHARACTERS = 200


def name_of(kind: str) -> str:
    """The name by which the third document knows a kind; the kind's own where it knows none."""
    return _SHOWN.get(kind, kind)


def request_of(
    name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """The kind and parameters that a task's name and arguments mean.

    Args:
        name: a documented name, or a kind.
        args: values of the kind's parameters in their order.
        kwargs: values by name.

    Raises:
        Refused: `unknown_task` with `name`; `too_many_arguments`, `argument_twice` (with `errors`).
    """
    kind = kinds.get(NAMES.get(name, name))
    if kind is None:
        raise Refused("unknown_task", errors=[_wrong("task_name", "unknown_task", name=name)], name=name)
    given = dict(kwargs or {})
    if name == "app.tasks.common_tasks.long_running_task":
        return kind.name, _long_running(args, given)
    if name == "app.tasks.example_task":
        return kind.name, {"message": _note([*args], given)} if args or given else {}
    names = list(kind.params.model_fields)
    if len(args) > len(names):
        wrong = _wrong("args", "too_many_arguments", maximum=len(names), count=len(args))
        raise Refused("too_many_arguments", errors=[wrong], maximum=len(names), count=len(args))
    for field, value in zip(names, args, strict=False):
        if field in given:
            raise Refused(
                "argument_twice", errors=[_wrong(f"kwargs.{field}", "argument_twice", name=field)], name=field
            )
        given[field] = value
    return kind.name, given


def _long_running(args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Its first argument are the seconds; all others are kept as a note."""
    rest = list(args)
    seconds = {"seconds": kwargs.pop("seconds")} if "seconds" in kwargs else {}
    if not seconds and rest:
        seconds = {"seconds": rest.pop(0)}
    return seconds | ({"name": _note(rest, kwargs)} if rest or kwargs else {})


def _note(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    said = [a if isinstance(a, str) else json.dumps(a, ensure_ascii=False) for a in args]
    said += [f"{k}={v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in kwargs.items()]
    return " ".join(said)[:_NOTE_CHARACTERS]


def _wrong(field: str, code: str, **values: Any) -> dict[str, Any]:
    return {"field": field, "code": code, "values": values}
