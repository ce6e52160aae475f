"""Passwords: the policy, and hashes by Argon2id (RFC 9106's second recommended setting: 64 MiB, 3 passes)."""

from __future__ import annotations

import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from worker.errors import Refused

MIN_LENGTH = 8
MAX_LENGTH = 256  # characters; a longer text only makes the hash expensive

_hasher = PasswordHasher()
# Each hash takes 64 MiB: some sign-ins at once must not take the machine's memory.
_few = threading.BoundedSemaphore(4)


def check_policy(username: str, password: str) -> None:
    """See that `password` may be used by `username`.

    Raises:
        Refused: `password_too_short`, `password_too_long` or `password_is_username`, with the field `password`.
    """
    code, values = "", {}
    if len(password) < MIN_LENGTH:
        code, values = "password_too_short", {"minimum": MIN_LENGTH}
    elif len(password) > MAX_LENGTH:
        code, values = "password_too_long", {"maximum": MAX_LENGTH}
    elif password.strip().casefold() == username.strip().casefold():
        code = "password_is_username"
    if code:
        raise Refused(code, 422, errors=[{"field": "password", "code": code, "values": values}], **values)


def hash_password(password: str) -> str:
    """The hash to keep, with its salt and parameters in it."""
    with _few:
        return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hash_password("the password of nobody")


def verify(password_hash: str | None, password: str) -> bool:
    """Whether `password` belongs to the hash. Without a hash (an unknown user, one who has no password) it takes the
    same time and says no, so that the time tells nobody which names exist.
    """
    if len(password) > MAX_LENGTH:
        password = ""  # never valid, see the policy
    known = password_hash or _nobodys_hash()
    with _few:
        try:
            _hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)
