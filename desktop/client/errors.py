"""What can go wrong between the desktop and the server, each with a stable code that its user's words are found by.

The codes of `Problem` come from the server, with a `detail` in the user's language. All other codes are made here and
listed in `CODES`; the desktop and the command line have words for each of them.
"""

from __future__ import annotations

from typing import Any

# code -> what its values hold
CODES: dict[str, tuple[str, ...]] = {
    "server_unreachable": ("server",),  # nobody answers there, or the connection broke
    "server_unknown": ("server",),  # the name cannot be found
    "server_timeout": ("server",),  # it does not answer in time
    "server_unavailable": ("server", "status"),  # a gateway or the server itself says: later
    "proxy_failed": ("server",),  # the system's proxy does not let us through
    "tls_untrusted": ("server", "reason"),  # its certificate is not trusted here
    "redirected": ("server", "location"),  # it sends us to another address
    "not_tasktray": ("server",),  # something answers, but it is not Tasktray
    "bad_address": ("server",),
    "sign_in_needed": (),
    "transfer_cancelled": (),
    "upload_in_use": ("name",),  # another connection still writes this upload
    "upload_damaged": ("name",),  # what arrived was not what was sent, several times
    "download_damaged": ("name",),  # what came is not what the server has
    "file_vanished": ("name", "path"),
    "file_not_opened": ("name", "path", "reason"),
    "file_changed": ("name", "path"),  # it changed between being picked and being sent
    "file_not_written": ("name", "path", "reason"),
    "disk_full": ("path",),
    "ca_unreadable": ("path", "reason"),
    "submission_uncertain": (),  # too long ago to be sure that sending again would not run it twice
}


class ClientError(Exception):
    """Base of all errors of the client.

    Attributes:
        code: stable snake_case name of the reason.
        values: what the words need; plain values only.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values


class Offline(ClientError):
    """The server cannot be reached, or cannot answer now. Trying again later may help; nothing was refused.

    Attributes:
        retry_after: seconds that the server asks us to wait; None: it said nothing.
    """

    def __init__(self, code: str, *, retry_after: float | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.retry_after = retry_after


class SignInNeeded(ClientError):
    """There is no valid token any more: the user has to sign in."""

    def __init__(self) -> None:
        super().__init__("sign_in_needed")


class Problem(ClientError):
    """The server said no (RFC 9457).

    Attributes:
        status: HTTP status.
        detail: words in the user's language, ready to be shown.
        errors: for bad fields, one dict each with at least `field`, `code` and mostly `message`.
        retry_after: seconds to wait, where the server says so (too many attempts).
    """

    def __init__(
        self,
        code: str,
        status: int,
        detail: str = "",
        values: dict[str, Any] | None = None,
        errors: list[dict[str, Any]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, **(values or {}))
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.detail or self.code


class Missing(Problem):
    """There is no such thing, or none for this user (404)."""


class Conflict(Problem):
    """The state of the thing forbids it (409)."""


class Gone(Problem):
    """It is no longer there; a cursor that is too old, an upload that has expired (410). Read anew."""


class TransferCancelled(ClientError):
    """The user stopped an upload or a download; what is done so far can be resumed."""

    def __init__(self) -> None:
        super().__init__("transfer_cancelled")


class FileProblem(ClientError):
    """Something is wrong with a file on this computer."""


def problem(
    status: int,
    code: str,
    detail: str = "",
    values: dict[str, Any] | None = None,
    errors: list[dict[str, Any]] | None = None,
    retry_after: float | None = None,
) -> Problem:
    """The exception of the class that fits `status`."""
    kind = {404: Missing, 409: Conflict, 410: Gone}.get(status, Problem)
    return kind(code, status, detail, values, errors, retry_after)
