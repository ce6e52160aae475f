"""Reading in a process of its own, beside the one that loads: what takes longer of both is all that an import takes.

The child is started by a runner, and ends with it: by its closed pipes, on Linux also by the kernel. It sends what it
has read in frames (their length, then the bytes) into a bounded queue, so it is ahead by some thousand rows at most.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, NoReturn, Self

import psutil

from tabular.errors import TableError
from worker import branches
from worker.engine.orphans import die_with_parent
from worker.engine.pipe import leave_signals_to_the_worker, take_over_files
from worker.errors import ProcessDied
from worker.reading.part import Opened, Order, Part

if TYPE_CHECKING:
    from tabular.source import ReadOptions

_LENGTH = struct.Struct("<Qc")
_AHEAD_BYTES = 4 << 20  # how much may wait to be loaded, beside what the pipe holds
_LOOK_SECONDS = 0.25
_PIPE_BYTES = 1 << 20
_LEAVE_SECONDS = 2.0  # for an idle child to go by itself
_PART, _OPENED, _END, _REFUSED, _FAULT = b"p", b"o", b"e", b"r", b"f"


@dataclass(frozen=True, slots=True)
class _Open:
    """The first that the child is told."""

    parent: int
    path: Path
    options: ReadOptions
    folder: Path


class ReaderProcess:
    """As `reader.Reader`, but the work is done by a child. Use as a context manager, in the main thread.

    Args:
        path, options, folder: as there.
        memory_bytes: what the child may hold.
        check: called several times a second while the child is waited for; whatever it raises ends the passage.

    Attributes:
        opened: as there.

    Raises:
        TableError: as there.
        MemoryError: the child holds too much.
        ProcessDied: it was killed, or a native library has crashed.
    """

    def __init__(
        self, path: Path, options: ReadOptions, folder: Path, memory_bytes: int, check: Callable[[], None]
    ) -> None:
        self._memory_bytes = memory_bytes
        self._check = check
        self._looked = time.monotonic()
        self._idle = False
        self._frames = _Frames(_AHEAD_BYTES)
        self._process = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - we asked for pipes
        self._usage = psutil.Process(self._process.pid)
        _widen(self._process.stdout)
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), name="reader", daemon=True)
        self._listener.start()
        try:
            self._tell(_Open(os.getpid(), path.absolute(), options, folder.absolute()))
            kind, content = self._next()
            assert kind == _OPENED, kind  # noqa: S101 - the one answer there is
            self.opened: Opened = pickle.loads(content)  # noqa: S301 - of our own child
            self._idle = True
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def parts(self, order: Order) -> Iterator[Part]:
        """As `reader.Reader.parts`; to be read to its end before the next order."""
        self._idle = False
        self._tell(order)
        while True:
            kind, content = self._next()
            if kind == _END:
                self._idle = True
                return
            yield Part.unpack(content)

    def close(self) -> None:
        """End the child, whatever it is doing: an idle one goes when nobody speaks to it any more."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._process.stdin.close()  # type: ignore[union-attr]  # as above
        if self._idle:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVE_SECONDS)
        self._process.kill()
        self._frames.close()
        self._listener.join()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdout.close()  # type: ignore[union-attr]  # as above

    def _tell(self, what: _Open | Order) -> None:
        packed = pickle.dumps(what, 5)
        with contextlib.suppress(OSError):  # it is gone; its last frame says so
            _send(self._process.stdin, b"", packed)  # type: ignore[arg-type]  # as above

    def _listen(self, file: IO[bytes]) -> None:
        while (frame := _receive(file)) is not None and self._frames.put(frame):
            pass
        self._frames.put(None)

    def _next(self) -> tuple[bytes, bytes]:
        while True:
            self._look()
            try:
                frame = self._frames.get(_LOOK_SECONDS)
            except TimeoutError:
                continue
            if frame is None:
                raise ProcessDied("reader", self._process.wait())
            kind, content = frame
            if kind == _REFUSED:
                raise pickle.loads(content)  # noqa: S301 - of our own child
            if kind == _FAULT:
                raise RuntimeError(f"the reading process failed\n{content.decode()}")
            return frame

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._looked + _LOOK_SECONDS:
            return
        self._looked = now
        self._check()
        with contextlib.suppress(psutil.Error):  # it is gone; its last frame says so
            if self._usage.memory_info().rss > self._memory_bytes:
                raise MemoryError


class _Frames:
    """Frames on their way from the listening thread to the one that loads, bounded by their bytes.

    Args:
        limit: bytes; one frame may always wait, however big it is.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: deque[tuple[bytes, bytes] | None] = deque()
        self._bytes = 0
        self._closed = False

    def put(self, frame: tuple[bytes, bytes] | None) -> bool:
        """Add a frame (None: the last) once there is room; False: nobody takes it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._waiting or self._bytes < self._limit)
            self._waiting.append(frame)
            self._bytes += len(frame[1]) if frame else 0
            self._changed.notify_all()
            return not self._closed

    def get(self, seconds: float) -> tuple[bytes, bytes] | None:
        """The next frame.

        Raises:
            TimeoutError: there is none in that time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, seconds):
                raise TimeoutError
            frame = self._waiting.popleft()
            self._bytes -= len(frame[1]) if frame else 0
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Let the listening thread wait no longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def command() -> list[str]:
    """The command line that starts the child."""
    if getattr(sys, "frozen", False):
        return [sys.executable, branches.READER]
    return [sys.executable, "-m", "worker.reading.process"]


def _widen(file: IO[bytes]) -> None:
    """A pipe that takes a few parts instead of a quarter of one, where the system can (Linux)."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _send(file: IO[bytes], kind: bytes, content: bytes) -> None:
    file.write(_LENGTH.pack(len(content), kind or b"-"))
    file.write(content)
    file.flush()


def _receive(file: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Kind and content of the next frame; None when the other end is gone."""
    try:
        head = file.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        length, kind = _LENGTH.unpack(head)
        content = file.read(length)
    except (OSError, ValueError):  # ValueError: the file was closed by us meanwhile
        return None
    return (kind, content) if len(content) == length else None


# ---------------------------------------------------------------- the child


def main() -> NoReturn:
    """Read one file as it is asked to, until the caller hangs up."""
    reader, writer = take_over_files()
    leave_signals_to_the_worker()
    with contextlib.suppress(BrokenPipeError):  # nobody wants it any more
        _serve(reader, writer)
    os._exit(0)  # at once, without taking the texts of a whole workbook out of memory one by one


def _serve(reader: IO[bytes], writer: IO[bytes]) -> None:
    frame = _receive(reader)
    if frame is None:
        return
    asked: _Open = pickle.loads(frame[1])  # noqa: S301 - of our own parent
    die_with_parent(asked.parent)
    try:
        from worker.reading.reader import Reader

        # Rows are lists and tuples by the million, none of them in a cycle: looking for cycles would be for nothing.
        gc.freeze()
        gc.set_threshold(200_000, 20, 20)
        with Reader(asked.path, asked.options, asked.folder) as source:
            _send(writer, _OPENED, pickle.dumps(source.opened, 5))
            while (frame := _receive(reader)) is not None:
                for part in source.parts(pickle.loads(frame[1])):  # noqa: S301 - of our own parent
                    _send(writer, _PART, part.pack())
                _send(writer, _END, b"")
    except BrokenPipeError:
        raise
    except (TableError, MemoryError) as error:
        _send(writer, _REFUSED, pickle.dumps(error))
    except Exception:
        _send(writer, _FAULT, traceback.format_exc()[-8000:].encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
