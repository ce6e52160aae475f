"""Content of any size as compressed JSON: how it waits in the table of parts, and comes there from a helper process.

Apart from `parts`, so that a helper does not load what speaks with the database.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

_LEVEL = 1  # a third of the size for a tenth of the time


def pack(content: Any) -> bytes:
    """What `content` looks like in the table."""
    return zlib.compress(json.dumps(content, ensure_ascii=True).encode("ascii"), _LEVEL)


def unpack(packed: bytes) -> Any:
    """The inverse of `pack`."""
    return json.loads(zlib.decompress(packed))


def write_packed(path: Path, content: Any) -> None:
    """Write packed content into a file, for a process that has no database; the file is there whole or not at all."""
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(pack(content))
    aside.replace(path)
