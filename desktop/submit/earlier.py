"""Earlier jobs of a kind, suggested where a parameter names one."""

from __future__ import annotations

from desktop import formats
from desktop.client import models
from desktop.controller import Controller
from desktop.submit.form import ParamsForm

_MOST = 50


def suggest_earlier(controller: Controller, kind: models.Kind, form: ParamsForm) -> None:
    """Suggest this kind's jobs that succeeded, the newest first, if a field of the form names a job.

    Where they cannot be read there are no suggestions; the id can still be typed in.
    """
    client = controller.client
    if client is None or not form.wants("job"):
        return
    key = f"earlier:{id(form)}"

    def done(page: models.JobPage) -> None:
        form.offer("job", [(job.id, _words(job)) for job in page.jobs])

    form.destroyed.connect(lambda: controller.operations.cancel(key))  # the answer would come to a form that is gone
    controller.operations.start(
        key, lambda _: client.jobs(states=("succeeded",), kinds=(kind.kind,), limit=_MOST), done
    )


def _words(job: models.Job) -> str:
    """Its title and when it ended; with the end of its id, since words have to tell jobs apart."""
    at = formats.moment(job.finished_at.timestamp() if job.finished_at else None)
    return f"{job.title} · {at} · {job.id[-6:]}"
