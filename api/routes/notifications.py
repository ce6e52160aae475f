"""Notifications: everybody's own, those for everybody, for admins those for admins, and what one chose to hear of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, DatabaseDep, SettingsDep
from api.routing import v1_router
from worker import notification_choices, notifications
from worker.accounts import messages

router = v1_router("/notifications", "notifications")


class NotificationView(BaseModel):
    """A notification.

    Attributes:
        category: message, job_failed, bill_overdue, reminders_unknown, …
        level: info, warning or error.
        message: in the asker's language.
        count: how often it was raised; raised again it is unread again.
        sender: the person who wrote it; null: the system.
        job_id: the (last) job that it is about.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    category: str
    level: notifications.Level
    message: str
    count: int
    sender: str | None
    job_id: str | None
    read: bool
    created_at: datetime
    updated_at: datetime


class NotificationList(BaseModel):
    """A page of notifications, the latest first; `unread` counts all of mine, `next` is null on the last page."""

    notifications: list[NotificationView]
    unread: int
    next: str | None


class NewNotification(BaseModel):
    """A message to somebody: `user_id` is a user's name or id; an e-mail goes to the address of that account."""

    model_config = ConfigDict(extra="forbid")

    user_id: str = Field(min_length=1, max_length=64)
    message: str = Field(min_length=1, max_length=messages.MESSAGE_CHARACTERS)
    notification_type: messages.Way = "in_app"


class NotificationSent(BaseModel):
    """`job_id` of the job that sends the e-mail; null: it is in the recipient's list."""

    job_id: str | None


class NotificationsRead(BaseModel):
    """How many were unread until now."""

    read: int


class NotificationChoices(BaseModel):
    """Which notifications I want.

    Attributes:
        bill_overdue: all overdue bills, those that my own imports brought in, or none. Unless one chose: `all` for
            admins, `own` for operators.
    """

    bill_overdue: notification_choices.Choice


class NewNotificationChoices(BaseModel):
    """What is to be otherwise; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    bill_overdue: notification_choices.Choice | None = None


@router.get("")
def list_notifications(
    actor: ActorDep,
    database: DatabaseDep,
    unread: Annotated[bool, Query(description="Leave out those that I have read.")] = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=notifications.LIMIT)] = 50,
) -> NotificationList:
    """My notifications, the latest first."""
    return NotificationList.model_validate(
        notifications.page(database, actor, unread=unread, cursor=cursor, limit=limit), from_attributes=True
    )


@router.post("", status_code=202)
def send_notification(
    body: NewNotification, actor: ActorDep, database: DatabaseDep, settings: SettingsDep
) -> NotificationSent:
    """Send somebody a message."""
    job = messages.send(database, settings, actor, body.user_id, body.message, body.notification_type)
    return NotificationSent(job_id=job.id if job else None)


@router.post("/read-all")
def read_all_notifications(actor: ActorDep, database: DatabaseDep) -> NotificationsRead:
    """Mark all of mine as read."""
    return NotificationsRead(read=notifications.mark_all_read(database, actor))


@router.get("/choices")
def notification_choices_of_mine(actor: ActorDep, database: DatabaseDep) -> NotificationChoices:
    """Which notifications I want."""
    return NotificationChoices.model_validate(notification_choices.choices(database, actor))


@router.patch("/choices")
def choose_notifications(body: NewNotificationChoices, actor: ActorDep, database: DatabaseDep) -> NotificationChoices:
    """Choose which notifications I want."""
    chosen = body.model_dump(exclude_none=True)
    return NotificationChoices.model_validate(notification_choices.choose(database, actor, chosen))


@router.post("/{notification_id}/read")
def read_notification(notification_id: str, actor: ActorDep, database: DatabaseDep) -> NotificationView:
    """Mark one as read."""
    return NotificationView.model_validate(notifications.mark_read(database, actor, notification_id))
