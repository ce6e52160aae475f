"""The calls about what runs beside single jobs: schedules, monitoring, notifications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from desktop.client import models
from desktop.client.answers import flag
from desktop.client.conversation import Conversation
from desktop.client.monitor_models import History, Queue, Series, Stats, Worker
from desktop.client.notification_models import Notification, NotificationPage
from desktop.client.parsing import parse, parse_all
from desktop.client.schedule_models import Schedule


class Administration(Conversation):
    """Schedules and monitoring are for admins."""

    # ------------------------------------------------------------ schedules, for admins

    def schedules(self) -> list[Schedule]:
        """All schedules with their next due times, oldest first."""
        return parse_all(Schedule, self.json("GET", "schedules"), "schedules")

    def schedule(self, schedule_id: str) -> Schedule:
        """One schedule."""
        return parse(Schedule, self.json("GET", _schedule(schedule_id)))

    def add_schedule(self, body: dict[str, Any]) -> Schedule:
        """Make a schedule.

        Args:
            body: `{kind, params?, priority?, title?, cron or interval_seconds, timezone?, catch_up?, enabled?}`.
        """
        return parse(Schedule, self.json("POST", "schedules", json=body))

    def change_schedule(self, schedule_id: str, changes: dict[str, Any], version: int) -> Schedule:
        """Change a schedule; a Problem `schedule_changed` when it no longer is at the `version` that was seen.

        Args:
            changes: the fields of `add_schedule` that change.
        """
        answer = self.json("PATCH", _schedule(schedule_id), json=changes, headers={"If-Match": f'"{version}"'})
        return parse(Schedule, answer)

    def delete_schedule(self, schedule_id: str, version: int) -> None:
        """Delete a schedule; a Problem `schedule_changed` when it no longer is at the `version` that was seen."""
        self.request("DELETE", _schedule(schedule_id), headers={"If-Match": f'"{version}"'})

    def run_schedule(self, schedule_id: str, *, key: str) -> models.Job:
        """Make a job of a schedule now; `key` as of `submit`."""
        path = f"{_schedule(schedule_id)}/run"
        return parse(models.Job, self.json("POST", path, headers={"Idempotency-Key": key}, again=True))

    # ------------------------------------------------------------ monitoring, for admins

    def workers(self, *, silent: bool | None = None) -> list[Worker]:
        """The workers, by name; `silent`: also those that have not been seen for a while."""
        answer = self.json("GET", "monitor/workers", params={"silent": flag(silent)})
        return parse_all(Worker, answer, "workers")

    def queues(self) -> list[Queue]:
        """The lanes, with what waits and runs in each."""
        return parse_all(Queue, self.json("GET", "monitor/queues"), "queues")

    def pause_queue(self, lane: str) -> Queue:
        """Let nothing of a lane start any more."""
        return parse(Queue, self.json("POST", f"monitor/queues/{quote(lane, safe='')}/pause", again=True))

    def resume_queue(self, lane: str) -> Queue:
        """Open a paused lane again."""
        return parse(Queue, self.json("POST", f"monitor/queues/{quote(lane, safe='')}/resume", again=True))

    def stats(self, *, since: datetime | None = None, until: datetime | None = None) -> Stats:
        """How jobs went, of the last 24 hours unless said otherwise."""
        return parse(Stats, self.json("GET", "monitor/stats", params=_period(since, until)))

    def history(
        self,
        *,
        kinds: Sequence[str] = (),
        states: Sequence[str] = (),
        owner: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> History:
        """A page of jobs that have ended, the last ended first; those of schedules, too."""
        params = {
            "kind": list(kinds) or None,
            "state": list(states) or None,
            "owner": owner,
            "cursor": cursor,
            "limit": limit,
            **_period(since, until),
        }
        return parse(History, self.json("GET", "monitor/history", params=params))

    def series(
        self,
        step: str = "minute",
        *,
        lane: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Series:
        """What ended and what waited in each minute or hour; of the last hour or day unless said otherwise.

        Args:
            step: minute or hour.
            lane: only this one.
        """
        params = {"step": step, "lane": lane, **_period(since, until)}
        return parse(Series, self.json("GET", "monitor/series", params=params))

    # ------------------------------------------------------------ notifications

    def notifications(
        self, *, unread: bool = False, cursor: str | None = None, limit: int | None = None
    ) -> NotificationPage:
        """A page of this user's notifications, the latest first."""
        params = {"unread": flag(unread), "cursor": cursor, "limit": limit}
        return parse(NotificationPage, self.json("GET", "notifications", params=params))

    def read_notification(self, notification_id: str) -> Notification:
        """Mark a notification as read."""
        path = f"notifications/{quote(notification_id, safe='')}/read"
        return parse(Notification, self.json("POST", path, again=True))

    def read_all_notifications(self) -> int:
        """Mark all notifications as read; gives how many were unread."""
        return int(self.json("POST", "notifications/read-all", again=True)["read"])

    def overdue_notices(self) -> str:
        """Of which overdue bills this user wants to be told: all, own or none."""
        return str(self.json("GET", "notifications/choices")["bill_overdue"])

    def choose_overdue_notices(self, choice: str) -> str:
        """Choose all, own or none; gives what holds now."""
        chosen = self.json("PATCH", "notifications/choices", json={"bill_overdue": choice}, again=True)
        return str(chosen["bill_overdue"])


def _period(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    return {"from": since.isoformat() if since else None, "to": until.isoformat() if until else None}


def _schedule(schedule_id: str) -> str:
    return f"schedules/{quote(schedule_id, safe='')}"
