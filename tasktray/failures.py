"""Every way in which a command can end badly, as an exit status and words for a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tasktray import exits
from tasktray.texts import known, language, t

if TYPE_CHECKING:
    from desktop.client.errors import ClientError


def explain(error: BaseException) -> tuple[int, str]:
    """The exit status and the words for an exception that reached the edge."""
    if isinstance(error, exits.Stop):
        return error.status, error.message
    if isinstance(error, KeyboardInterrupt):
        return exits.INTERRUPTED, t("interrupted")
    if isinstance(error, BrokenPipeError):
        return exits.OK, ""  # the reader (`| head`) has seen enough
    # Looked up among the modules that are loaded: importing them only to compare would cost more than the command.
    client = sys.modules.get("desktop.client.errors")
    if client is not None and isinstance(error, client.ClientError):
        return explain_client(error)
    refused = sys.modules.get("worker.errors")
    if refused is not None and isinstance(error, (refused.Refused, refused.Transient)):
        from worker.texts import text

        return exits.REFUSED, text(error.code, language(), **error.values)
    settings = sys.modules.get("pydantic")
    if settings is not None and isinstance(error, settings.ValidationError):
        names = ", ".join(".".join(str(part) for part in e["loc"]) + f" ({e['msg']})" for e in error.errors())
        return exits.LOCAL, t("bad_settings", names=names)
    database = sys.modules.get("sqlalchemy.exc")
    if database is not None and isinstance(error, database.OperationalError):
        return exits.LOCAL, t("database_unreachable", reason=first_line(error.orig))
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return exits.LOCAL, t("system_refused", reason=f"{place}{error.strerror or error}")
    return exits.INTERNAL, t("failed_inside", error=f"{type(error).__name__}: {first_line(error)}")


def first_line(error: object) -> str:
    """The first line of an error's text, at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def explain_client(error: ClientError) -> tuple[int, str]:
    """The exit status and the words for an error of the REST client."""
    from desktop.client import errors

    if isinstance(error, errors.Offline):
        return exits.UNREACHABLE, t(error.code, **error.values)
    if isinstance(error, errors.SignInNeeded):
        return exits.REFUSED, t(error.code)
    if isinstance(error, errors.Problem):
        said = problem_text(error)
        # Where one field is all that is wrong, its words are those of the whole.
        return exits.REFUSED, "\n".join([said, *(line for line in field_lines(error.errors) if said not in line)])
    if isinstance(error, errors.TransferCancelled):
        return exits.INTERRUPTED, t(error.code)
    return exits.LOCAL, t(error.code, **error.values)


def problem_text(error: Any) -> str:
    """What the server said, in its own words where it has any."""
    if error.detail:
        return str(error.detail)
    return t(error.code, **error.values) if known(error.code) else t("refused", code=error.code)


def field_lines(errors: list[dict[str, Any]]) -> list[str]:
    """One line for each bad field."""
    return [f"  {e.get('field', '?')}: {e.get('message') or e.get('code') or ''}" for e in errors]
