"""Hints: messages to the workers that there is something to do. Never needed, only faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.engine.courier import courier
from worker.engine.routing import HIGH_QUEUE, LOW_QUEUE
from worker.settings import Settings

if TYPE_CHECKING:
    from celery import Celery
    from kombu.connection import Connection


def publish(settings: Settings, queue: str) -> None:
    """Send a hint to `queue`, best effort: returns at once, raises nothing; a failure is only logged.

    Args:
        settings: without a broker this does nothing; workers look for jobs by themselves.
        queue: a lane or one of the two priority queues (`routing.hint_queue`).
    """
    if not settings.broker_url:
        return

    def send(app: Celery, connection: Connection) -> None:
        from worker.engine.broker import TASK  # with it comes kombu, which the courier has loaded

        lane = None if queue in (HIGH_QUEUE, LOW_QUEUE) else queue
        app.send_task(TASK, args=[lane], queue=queue, connection=connection, retry=False, ignore_result=True)

    courier(settings, "hints").give(send)
