"""What the exit status of `tasktray` tells, and the ends that are not errors of ours."""

from __future__ import annotations

OK = 0
FAILED = 1  # the job failed or was cancelled; a check of `diagnose` found a problem
USAGE = 2
UNREACHABLE = 3  # no running system, or it does not answer
REFUSED = 4  # the server said no: not allowed, not found, bad parameters, sign-in needed
LOCAL = 5  # something on this computer: a file, a disk, a setting, a port
INTERNAL = 70
INTERRUPTED = 130


class Stop(Exception):
    """End the command with this status and these words.

    Attributes:
        status: one of this module's numbers.
        message: for a person, on standard error; empty: nothing more to say.
    """

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
