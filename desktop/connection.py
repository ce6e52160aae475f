"""How the connection to the server stands, in words that are true, and how often the server is asked."""

from __future__ import annotations

import random
from dataclasses import dataclass

from desktop import formats
from desktop.language import translate

RUNNING_SECONDS = 1.0
IDLE_SECONDS = 5.0
MINIMISED_SECONDS = 30.0
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How it stands. Moments are seconds since 1970.

    Attributes:
        kind: `signed_out`, `connecting`, `online`, `offline`.
        server: its address.
        user: the name of who is signed in.
        updated: when the server answered last; None: not yet.
        since: when it went away.
        retry_at: when it is asked again.
        reason: why it is away, in words.
    """

    kind: str = "signed_out"
    server: str = ""
    user: str = ""
    updated: float | None = None
    since: float | None = None
    retry_at: float | None = None
    reason: str = ""

    def text(self, now: float) -> str:
        """The state in one line."""
        if self.kind == "online" and self.updated is not None:
            age = max(0.0, now - self.updated)
            if age < 1.5:
                return translate("Connection", "Up to date")
            return translate("Connection", "Updated {age} ago").format(age=formats.duration(age))
        if self.kind == "offline":
            since = formats.clock(self.since or now)
            text = translate("Connection", "Offline since {time}").format(time=since)
            if self.retry_at is not None:
                left = round(self.retry_at - now)
                if left > 0:
                    text += translate("Connection", ", trying again in {seconds} s").format(seconds=left)
                else:
                    text += translate("Connection", ", trying now")
            return text
        if self.kind == "connecting":
            return translate("Connection", "Connecting to {server}…").format(server=self.server)
        return translate("Connection", "Not signed in")


class Pacer:
    """Decides when the server is asked again; seconds throughout."""

    def __init__(self, random_source: random.Random | None = None) -> None:
        self._random = random_source or random.Random()  # noqa: S311 - jitter is no secret
        self._failures = 0

    def after_answer(self, *, running: bool, minimised: bool, poll_after_ms: int) -> float:
        """How long to wait after an answer; never shorter than the server asks for."""
        self._failures = 0
        ours = MINIMISED_SECONDS if minimised else RUNNING_SECONDS if running else IDLE_SECONDS
        return max(ours, poll_after_ms / 1000)

    def after_failure(self, retry_after: float | None = None) -> float:
        """How long to wait after a failure: twice as long each time, and never in step with other windows."""
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        wait = longest * self._random.uniform(0.6, 1.0)
        return max(wait, retry_after or 0.0)
