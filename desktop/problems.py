"""Errors in the user's words: what happened, where, and what to do. The server's own come with their words."""

from __future__ import annotations

import logging

from desktop import formats
from desktop.client.errors import ClientError, Problem
from desktop.language import QT_TRANSLATE_NOOP, translate

log = logging.getLogger(__name__)

TEXTS = {
    "server_unreachable": QT_TRANSLATE_NOOP(
        "Problems", "Nobody answers at {server}. Check the network, or ask whether the server is running."
    ),
    "server_unknown": QT_TRANSLATE_NOOP("Problems", "There is no computer named in {server}. Check the address."),
    "server_timeout": QT_TRANSLATE_NOOP("Problems", "{server} does not answer in time."),
    "server_unavailable": QT_TRANSLATE_NOOP("Problems", "{server} cannot work at the moment (status {status})."),
    "proxy_failed": QT_TRANSLATE_NOOP(
        "Problems", "The system's proxy does not let us through to {server}. Check the proxy settings."
    ),
    "tls_untrusted": QT_TRANSLATE_NOOP(
        "Problems",
        "The certificate of {server} is not trusted on this computer: {reason}. "
        "If your office has its own certificate authority, choose its file.",
    ),
    "redirected": QT_TRANSLATE_NOOP("Problems", "{server} sends us to {location}. Enter that address instead."),
    "not_tasktray": QT_TRANSLATE_NOOP(
        "Problems", "Something answers at {server}, but it is not Tasktray. Check the address."
    ),
    "bad_address": QT_TRANSLATE_NOOP(
        "Problems", "“{server}” is no address of a server. It looks like https://tasks.example.com."
    ),
    "sign_in_needed": QT_TRANSLATE_NOOP("Problems", "Please sign in again."),
    "transfer_cancelled": QT_TRANSLATE_NOOP("Problems", "Stopped."),
    "upload_in_use": QT_TRANSLATE_NOOP("Problems", "Another connection is still sending {name}."),
    "upload_damaged": QT_TRANSLATE_NOOP("Problems", "{name} did not arrive as it was sent, several times."),
    "download_damaged": QT_TRANSLATE_NOOP("Problems", "{name} did not come as the server has it. Try again."),
    "file_vanished": QT_TRANSLATE_NOOP("Problems", "{name} is no longer there ({path})."),
    "file_not_opened": QT_TRANSLATE_NOOP("Problems", "{name} cannot be read: {reason}."),
    "file_changed": QT_TRANSLATE_NOOP(
        "Problems", "{name} was changed after it was chosen. Delete this entry and choose the file again."
    ),
    "file_not_written": QT_TRANSLATE_NOOP("Problems", "{name} cannot be written: {reason}."),
    "disk_full": QT_TRANSLATE_NOOP("Problems", "The disk with {path} is full."),
    "ca_unreadable": QT_TRANSLATE_NOOP("Problems", "The certificate file {path} cannot be used: {reason}."),
    "submission_uncertain": QT_TRANSLATE_NOOP(
        "Problems",
        "This was prepared too long ago to be sure that it has not run already. "
        "Check the queue, then delete it or submit it anew.",
    ),
}


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def by_code(code: str, values: dict[str, object]) -> str:
    """The words of a code that the client gives."""
    text = TEXTS.get(code)
    if text is None:
        return translate("Problems", "Something went wrong ({code}).").format(code=code)
    return translate("Problems", text).format_map(_Lenient(values))


def words(error: BaseException) -> str:
    """What to tell the user about an error."""
    if isinstance(error, Problem):
        text = error.detail or by_code(error.code, error.values)
        if error.retry_after and error.status == 429 and str(round(error.retry_after)) not in text:
            wait = formats.duration(error.retry_after)
            text += " " + translate("Problems", "Try again in {wait}.").format(wait=wait)
        return text
    if isinstance(error, ClientError):
        return by_code(error.code, error.values)
    log.error("unexpected error", exc_info=error)
    return translate("Problems", "Something unexpected went wrong ({name}). The log has the details.").format(
        name=type(error).__name__
    )
