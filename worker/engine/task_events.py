"""Celery's task events for jobs, so that Flower and its like show each job under its own id and kind."""

from __future__ import annotations

import time
from typing import Any

from celery import Celery
from celery.events import EventDispatcher
from kombu.connection import Connection

from worker.engine.courier import courier
from worker.settings import Settings


class TaskEvents:
    """Sends the events of one worker, best effort, without making a slot wait.

    Args:
        settings: without a broker nothing is sent.
        hostname: the worker's Celery node name.
    """

    def __init__(self, settings: Settings, hostname: str) -> None:
        self._settings = settings
        self._hostname = hostname
        self._began: dict[str, float] = {}
        self._dispatcher: EventDispatcher | None = None
        self._connection: Connection | None = None

    def started(self, job_id: str, kind: str, params: dict[str, Any], attempt: int) -> None:
        """A slot took the job."""
        self._began[job_id] = time.monotonic()
        self._send(
            "task-received", uuid=job_id, name=kind, args="()", kwargs=repr(sorted(params)), retries=attempt - 1,
            eta=None, expires=None, root_id=job_id, parent_id=None,
        )  # fmt: skip
        self._send("task-started", uuid=job_id)

    def ended(self, job_id: str, state: str, words: str = "") -> None:
        """The job left its slot.

        Args:
            state: succeeded, failed, retried or revoked.
            words: an error code, where there is one.
        """
        runtime = time.monotonic() - self._began.pop(job_id, time.monotonic())
        match state:
            case "succeeded":
                self._send("task-succeeded", uuid=job_id, result=words, runtime=runtime)
            case "revoked":
                self._send("task-revoked", uuid=job_id, terminated=True, signum=None, expired=False)
            case _:
                self._send(f"task-{state}", uuid=job_id, exception=words, traceback="")

    def _send(self, type_: str, **fields: Any) -> None:
        if not self._settings.broker_url:
            return
        at = time.time()  # when it happened, not when it was sent

        def send(app: Celery, connection: Connection) -> None:
            if self._connection is not connection:
                self._connection = connection
                self._dispatcher = app.events.Dispatcher(
                    connection, hostname=self._hostname, enabled=True, buffer_while_offline=False
                )
            assert self._dispatcher is not None  # noqa: S101 - for mypy: opened just before
            self._dispatcher.send(type_, retry=False, timestamp=at, **fields)

        courier(self._settings, "events").give(send)
