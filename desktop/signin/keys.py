"""The refresh token in the operating system's keyring; where there is none, nothing is stored and that is said."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

_SERVICE = "tasktray"


def available() -> bool:
    """Whether this computer has a keyring that keeps secrets safely."""
    import keyring
    from keyring.backends import chainer, fail, null

    try:
        backend = keyring.get_keyring()
    except Exception:
        log.exception("the keyring cannot be asked")
        return False
    if isinstance(backend, chainer.ChainerBackend):
        return bool(backend.backends)
    # A file with the secret in plain text is no keyring.
    return not isinstance(backend, fail.Keyring | null.Keyring) and "Plaintext" not in type(backend).__name__


def read(server: str, username: str) -> str | None:
    """The refresh token that was kept for this user of this server."""
    import keyring

    try:
        return keyring.get_password(_SERVICE, f"{username}@{server}") if available() else None
    except Exception as error:  # keyring backends raise what their system raises
        log.warning("the keyring did not answer: %s", error)
        return None


def keep(server: str, username: str, refresh_token: str) -> bool:
    """Keep a refresh token; False when it could not be kept."""
    import keyring

    try:
        if not available():
            return False
        keyring.set_password(_SERVICE, f"{username}@{server}", refresh_token)
    except Exception as error:
        log.warning("the keyring did not take the token: %s", error)
        return False
    return True


def forget(server: str, username: str) -> None:
    """Remove a kept refresh token."""
    import keyring

    try:
        if available() and keyring.get_password(_SERVICE, f"{username}@{server}") is not None:
            keyring.delete_password(_SERVICE, f"{username}@{server}")
    except Exception as error:
        log.warning("the keyring did not forget the token: %s", error)
