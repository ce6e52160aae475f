"""What a slot and its runner say to each other: one JSON object a line, over the runner's standard input and output.

Plain pipes and JSON work alike on every platform, and a runner whose memory was damaged by a native library cannot
make the slot execute anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from typing import IO, Any

Message = dict[str, Any]


class Pipe:
    """One end of the conversation; any thread may send, one thread receives.

    Args:
        reader, writer: binary files; the writer is flushed after each message.
    """

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def send(self, message: Message) -> bool:
        """Send `message`; False when the other end is gone.

        Raises:
            TypeError: it holds something that JSON cannot say; nothing was sent.
        """
        line = json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
        try:
            with self._lock:
                self._writer.write(line)
                self._writer.flush()
        except (OSError, ValueError):  # ValueError: the file was closed by us meanwhile
            return False
        return True

    def receive(self) -> Message | None:
        """The next message; None when the other end is gone."""
        try:
            line = self._reader.readline()
        except (OSError, ValueError):
            return None
        if not line.endswith(b"\n"):  # nothing, or what was cut off by a death in mid-sentence
            return None
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        """Hang up: the other end reads the end of the file."""
        for file in (self._writer, self._reader):
            with contextlib.suppress(OSError):
                file.close()


def take_over_files() -> tuple[IO[bytes], IO[bytes]]:
    """In a process that serves: keep its standard input and output for the conversation, so that a library that
    prints, or reads input, does not disturb it. What is printed goes to the standard error instead.
    """
    reader = os.fdopen(os.dup(0), "rb")
    writer = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reader, writer


def take_over_pipes() -> Pipe:
    """The same, for a conversation in messages."""
    return Pipe(*take_over_files())


def leave_signals_to_the_worker() -> None:
    """A signal to the whole process group is for the worker; this process ends when it is told to, or with the pipe."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
