"""How a job is expected to go, in words."""

from __future__ import annotations

from desktop import formats
from desktop.client import models
from desktop.language import translate


def expected(estimate: models.Estimate) -> str:
    """When it starts and how long it takes, as far as that is known."""
    if estimate.start_seconds is None:
        return translate("Submit", "It is not known when this starts.")
    start = (
        translate("Submit", "Starts at once")
        if estimate.start_seconds < 2
        else translate("Submit", "Starts in about {time}").format(time=formats.duration(estimate.start_seconds))
    )
    if estimate.duration_seconds is None:
        return start
    return start + translate("Submit", ", takes about {time}").format(time=formats.duration(estimate.duration_seconds))
