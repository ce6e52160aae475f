"""What the user has the server do with jobs: cancel, try again, take back, delete."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.client import models
from desktop.client.client import Client
from desktop.client.errors import Missing, Offline, SignInNeeded
from desktop.queue.rows import JobRow, from_job

if TYPE_CHECKING:
    from desktop.controller import Controller


class Orders(QObject):
    """Gives the orders; what they change is shown without waiting for the next poll."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller

    def cancel(self, job_ids: Iterable[str]) -> None:
        """Ask jobs to stop."""
        self._give("cancel", job_ids, lambda client, job_id: client.cancel(job_id))

    def retry(self, job_ids: Iterable[str]) -> None:
        """Run failed or cancelled jobs again."""
        self._give("retry", job_ids, lambda client, job_id: client.retry(job_id))

    def delete(self, job_ids: Iterable[str]) -> None:
        """Remove ended jobs from the list."""
        self._give("delete", job_ids, lambda client, job_id: client.delete(job_id))

    def preview_undo(self, job_id: str, then: Callable[[models.UndoPreview], None]) -> None:
        """Ask what taking an import back would do; `then` gets it."""
        controller, client = self._controller, self._controller.client
        if client is None:
            controller.report("undo", SignInNeeded())
            return

        def failed(error: BaseException) -> None:
            controller.report("undo", error)
            controller.feed.ask_now()

        controller.operations.start("undo_preview", lambda _: client.undo_preview(job_id), then, failed)

    def undo(self, job_id: str) -> None:
        """Take an import back."""
        key = str(uuid.uuid4())
        self._give("undo", [job_id], lambda client, wanted: client.undo(wanted, key=key))

    def _give(self, what: str, job_ids: Iterable[str], call: Callable[[Client, str], models.Job | None]) -> None:
        controller, client = self._controller, self._controller.client
        ids = list(job_ids)
        if not ids:
            return
        if client is None:
            controller.report(what, SignInNeeded())
            return

        def work(_: object) -> tuple[list[JobRow], list[str], BaseException | None]:
            rows: list[JobRow] = []
            gone: list[str] = []
            failure: BaseException | None = None
            for job_id in ids:
                try:
                    job = call(client, job_id)
                except Missing:
                    gone.append(job_id)
                except Exception as error:
                    failure = failure or error
                    if isinstance(error, Offline):
                        break
                else:
                    if job is None:
                        gone.append(job_id)
                    else:
                        rows.append(from_job(job))
            return rows, gone, failure

        def done(result: tuple[list[JobRow], list[str], BaseException | None]) -> None:
            rows, gone, failure = result
            controller.feed.take(rows, gone)
            if failure:
                controller.report(what, failure)
            controller.feed.ask_now()

        # Each order is its own operation: a second "cancel" must not stop the first.
        controller.operations.start(f"{what}:{ids[0]}:{len(ids)}", work, done)
