"""A runner's helper: a warm process of its own for code that may hang, crash or eat memory (parsers of files).

One call at a time, each with a deadline and a limit of memory; a call that goes beyond costs the process, not the job.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import psutil

from worker import branches
from worker.engine.pipe import Message, Pipe

_LOOK_SECONDS = 0.05  # how often memory and orders are looked at
_START_SECONDS = 60.0  # for a process to start and import, on a busy machine
_CALLS = 200  # after so many, or when it has grown, a helper is renewed
_GROWTH_SHARE = 0.5
_LEAVE_SECONDS = 2.0  # for an idle process to go by itself


class HelperStopped(Exception):
    """A call did not come to its end.

    Attributes:
        code: `time`, `memory`, `crash` (the process died) or `failed` (the function raised).
        detail: the exit code, or the traceback.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def command() -> list[str]:
    """The command line that starts a helper."""
    if getattr(sys, "frozen", False):
        return [sys.executable, branches.HELPER]
    return [sys.executable, "-m", "worker.engine.helper_process"]


class Helper:
    """The helper of one job. Use as a context manager, in the thread that lives as long as the process (the main one).

    Args:
        memory_bytes: what the process may hold.
        check: called several times a second during a call; whatever it raises ends the call and the process.
    """

    def __init__(self, memory_bytes: int, check: Callable[[], None]) -> None:
        self._memory_bytes = memory_bytes
        self._check = check
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Pipe | None = None
        self._usage: psutil.Process | None = None
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._listener: threading.Thread | None = None
        self._calls = 0
        self._idle = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id while there is a process."""
        return self._process.pid if self._process else None

    def call(self, function: str, seconds: float, /, **arguments: Any) -> dict[str, Any]:
        """Call `module:function` with JSON arguments; gives its answer, a JSON object.

        Raises:
            HelperStopped: see there; the next call gets a new process.
        """
        self._renew_if_due()
        if self._process is None:
            self._start()
        assert self._pipe is not None  # noqa: S101 - started
        self._calls += 1
        self._idle = False
        self._pipe.send({"function": function, "arguments": arguments})
        # The first call waits for the start of the process and the imports, too.
        deadline = time.monotonic() + seconds + (_START_SECONDS if self._calls == 1 else 0.0)
        try:
            message = self._wait(deadline)
        except BaseException:
            self._end()
            raise
        self._idle = True
        match message["type"]:
            case "done":
                answer: dict[str, Any] = message["answer"]
                return answer
            case "memory":
                self._end()
                raise HelperStopped("memory")
            case _:
                raise HelperStopped("failed", message["traceback"])

    def close(self) -> None:
        """End the process."""
        self._end()

    def _wait(self, deadline: float) -> Message:
        most = 0
        while True:
            try:
                message = self._messages.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                self._check()
                most = max(most, self._memory())
                if most > self._memory_bytes:
                    raise HelperStopped("memory") from None
                if time.monotonic() > deadline:
                    raise HelperStopped("time") from None
                continue
            if message is None:
                code = self._process.wait() if self._process else None
                # A native library that is refused memory aborts the process.
                raise HelperStopped("memory" if most > self._memory_bytes * _GROWTH_SHARE else "crash", str(code))
            return message

    def _memory(self) -> int:
        try:
            return int(self._usage.memory_info().rss) if self._usage else 0
        except psutil.Error:
            return 0

    def _renew_if_due(self) -> None:
        if self._process is None:
            return
        worn = self._calls >= _CALLS or self._memory() > self._memory_bytes * _GROWTH_SHARE
        if worn or self._process.poll() is not None:
            self._end()

    def _start(self) -> None:
        self._process = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - we asked for pipes
        self._pipe = Pipe(self._process.stdout, self._process.stdin)
        self._messages = queue.SimpleQueue()
        self._calls = 0
        with contextlib.suppress(psutil.Error):
            self._usage = psutil.Process(self._process.pid)
        self._listener = threading.Thread(target=_listen, args=(self._pipe, self._messages), name="helper", daemon=True)
        self._listener.start()
        self._pipe.send({"pid": os.getpid(), "memory_bytes": self._memory_bytes})

    def _end(self) -> None:
        if self._process is None:
            return
        if self._idle:  # it goes when nobody speaks to it any more
            assert self._process.stdin is not None  # noqa: S101 - we asked for a pipe
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.stdin.close()
                self._process.wait(_LEAVE_SECONDS)
        self._process.kill()
        self._process.wait()
        self._idle = False
        if self._listener is not None:
            self._listener.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = self._usage = self._listener = None


def _listen(pipe: Pipe, messages: queue.SimpleQueue[Message | None]) -> None:
    while True:
        try:
            message = pipe.receive()
        except ValueError:  # no message: what a damaged process says
            message = None
        messages.put(message)
        if message is None:
            return
