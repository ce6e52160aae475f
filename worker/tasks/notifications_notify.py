"""`notifications.notify`: a message into a user's list of notifications, as a job that can be followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from worker.accounts import messages
from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.actor import Actor
    from worker.settings import Settings


class NotifyParams(Params):
    """A message; `user_id` is a user's name or id."""

    user_id: str = Field(min_length=1, max_length=64, json_schema_extra=words("收件人", "To"))
    message: str = Field(
        min_length=1,
        max_length=messages.MESSAGE_CHARACTERS,
        json_schema_extra=words("消息", "Message", widget="textarea"),
    )


def _known(
    connection: Connection, settings: Settings, actor: Actor, job_id: str, params: NotifyParams
) -> Sequence[str]:
    """Refuse at submission what could not be delivered."""
    messages.recipient(connection, params.user_id)
    return ()


@kind(
    "notifications.notify",
    {"zh_CN": "发送站内消息", "en": "Send a message"},
    NotifyParams,
    order=61,
    hidden=True,  # in the window a message is sent from the notifications
    accept=_known,
)
def notify(job: JobContext, params: NotifyParams) -> dict[str, Any]:
    """Deliver the message, once however often the job is taken up."""
    if not job.checkpoint:
        with job.chunk() as chunk:
            messages.notify(chunk.connection, job.actor, params.user_id, params.message)
            chunk.checkpoint({"delivered": True})
    return {"delivered": 1}
