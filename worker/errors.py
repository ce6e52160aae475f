"""The one way in which a rule of the system says no: a stable code with its values, put into words later."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request or a job cannot go on, for a reason that a person can understand.

    Attributes:
        code: stable snake_case name of the reason; its words are in `worker/texts/`.
        status: HTTP status that the API answers with.
        values: what the words need (file names, limits, row numbers); JSON values only.
        errors: for bad fields, one `{"field", "code", "values"}` each.
    """

    def __init__(
        self, code: str, status: int = 422, *, errors: list[dict[str, Any]] | None = None, **values: Any
    ) -> None:
        super().__init__(code, values)
        self.code = code
        self.status = status
        self.values = values
        self.errors = errors or []


class NotFound(Refused):
    """The thing does not exist, or its existence is none of the asker's business (404)."""

    def __init__(self, code: str = "not_found", **values: Any) -> None:
        super().__init__(code, 404, **values)


class Conflict(Refused):
    """The state of the thing forbids it (409)."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code, 409, **values)


class Forbidden(Refused):
    """This user's role does not allow it (403)."""

    def __init__(self, code: str = "forbidden", **values: Any) -> None:
        super().__init__(code, 403, **values)


class Transient(Exception):
    """Raised by a kind for a fault that may pass by itself; the job is retried with backoff.

    Attributes:
        code, values: as in `Refused`; shown when the retries are used up.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values


class LeaseLost(Exception):
    """This worker no longer owns the job: stop, write nothing."""


class Cancelled(Exception):
    """The job was asked to stop; raised by the progress call inside the runner. A kind that wants to say what was done
    until then catches it and raises it again with a `result` of its own: a JSON object, kept with the job.

    Attributes:
        result: what was done.
        rows_done: how many rows took effect; the progress told may be ahead by the chunk that did not.
    """

    def __init__(self, result: dict[str, Any] | None = None, rows_done: int | None = None) -> None:
        super().__init__(result)
        self.result = result
        self.rows_done = rows_done


class DeadlineReached(Exception):
    """The job's soft time limit has passed; raised by the progress call inside the runner."""


class Interrupted(Exception):
    """The worker is shutting down; raised by the progress call. The job goes back, costs no attempt, and is resumed."""


class ProcessDied(Exception):
    """A process without which a job cannot go on was killed, or a native library has crashed it. The runner ends, too,
    so that its slot deals with the crash as with one of the runner itself: it costs one attempt, and is counted.

    Attributes:
        name: what the process is for.
        exit_code: negative is a signal.
    """

    def __init__(self, name: str, exit_code: int | None) -> None:
        super().__init__(name, exit_code)
        self.name = name
        self.exit_code = exit_code
