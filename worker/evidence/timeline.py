"""The timeline: all dates that texts, metadata and senders name, in their order."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

MAX_EVENTS = 200_000
# Metadata that are times, by the names that `worker/documents` gives.
TIMES = ("created", "modified", "last_printed", "taken", "digitized", "date", "gps_date")
_SHAPE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?)?")


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that happened, or was said to.

    Attributes:
        at: `2024-03`, `2024-03-05` or `2024-03-05 09:15:00`, in the office's time zone where a zone was given.
        file: name of the file.
        source: code of where the date stands: `source_text`, `source_sender`, or the name of a metadatum.
        place: in the text.
        context: its surroundings, or empty.
    """

    at: str
    file: str
    source: str
    place: int = 0
    context: str = ""


def moment(value: str, zone: str) -> str | None:
    """A date or time in ISO 8601 as it sorts in the timeline; None when it is none, or an impossible one."""
    found = _SHAPE.match(value)
    if not found or not 1900 <= int(found[1]) < 2100:
        return None
    if found[3] is None:
        return found[0] if 1 <= int(found[2]) <= 12 else None
    try:
        if found[4] is None:
            return dt.date.fromisoformat(f"{found[1]}-{found[2]}-{found[3]}").isoformat()
        at = dt.datetime.fromisoformat(found[0].replace("Z", "+00:00"))
    except ValueError:
        return None
    if at.tzinfo is not None:
        at = at.astimezone(ZoneInfo(zone))
    return f"{at:%Y-%m-%d %H:%M:%S}"
