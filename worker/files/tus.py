"""The headers of tus 1.0: what a client may say, turned into values."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Any

from worker.errors import Refused

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS = ("sha256", "sha1", "md5")
_LARGEST = 2**63 - 1  # what a BIGINT holds


@dataclass(slots=True)
class Checksum:
    """What a PATCH's body must hash to.

    Attributes:
        algorithm: one of `ALGORITHMS`.
        expected: the digest.
    """

    algorithm: str
    expected: bytes
    _hash: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._hash = hashlib.new(self.algorithm, usedforsecurity=False)

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Add bytes of the body."""
        self._hash.update(piece)

    @property
    def matches(self) -> bool:
        """Whether all that was added hashes to what was expected."""
        return bool(self._hash.digest() == self.expected)


def number(header: str, value: str | None) -> int:
    """A header that is a count of bytes.

    Raises:
        Refused: `bad_header` (400).
    """
    # isdecimal alone takes digits of other scripts; int() alone takes signs, blanks and underscores.
    if value is None or not value.isascii() or not value.isdecimal() or len(value) > 19 or int(value) > _LARGEST:
        raise Refused("bad_header", 400, header=header)
    return int(value)


def metadata(value: str | None) -> dict[str, str]:
    """`Upload-Metadata`: keys with base64 values; bytes that are no UTF-8 become replacement characters.

    Raises:
        Refused: `bad_header` (400).
    """
    pairs: dict[str, str] = {}
    for part in (value or "").split(","):
        words = part.split()
        if not words:
            continue
        if len(words) > 2 or words[0] in pairs:
            raise Refused("bad_header", 400, header="Upload-Metadata")
        try:
            decoded = base64.b64decode(words[1], validate=True) if len(words) == 2 else b""
        except (binascii.Error, ValueError) as error:
            raise Refused("bad_header", 400, header="Upload-Metadata") from error
        # PostgreSQL stores no NUL in JSON.
        pairs[words[0]] = decoded.decode("utf-8", "replace").replace("\x00", "")
    return pairs


def checksum(value: str | None) -> Checksum | None:
    """`Upload-Checksum`: algorithm and base64 digest; None when the header is absent.

    Raises:
        Refused: `bad_header`, `unknown_checksum` (400).
    """
    if value is None:
        return None
    words = value.split()
    if len(words) != 2:
        raise Refused("bad_header", 400, header="Upload-Checksum")
    if words[0] not in ALGORITHMS:
        raise Refused("unknown_checksum", 400, algorithm=words[0][:40], known=", ".join(ALGORITHMS))
    try:
        expected = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("bad_header", 400, header="Upload-Checksum") from error
    return Checksum(words[0], expected)
