"""Jobs that the server has not accepted yet: kept on disk (`Outbox`), sent exactly once (`Sender`). No Qt."""

from desktop.outbox.entry import STATES, Entry, EntryGone, HeldFile
from desktop.outbox.sender import Sender
from desktop.outbox.store import Outbox

__all__ = ["STATES", "Entry", "EntryGone", "HeldFile", "Outbox", "Sender"]
