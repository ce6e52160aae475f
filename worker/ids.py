"""Ids that sort by time of creation."""

from __future__ import annotations

import os
import re
import time
import uuid


def new_id() -> str:
    """A UUID version 7 as text (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(value: str) -> bool:
    """Whether `value` has the form of an id. What has not is never asked the database for, nor made a path of."""
    return _ID.fullmatch(value) is not None
