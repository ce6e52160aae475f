"""A slot's hold on its runner: the warm process in which the kinds' code runs."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import psutil

from worker import branches
from worker.engine.pipe import Message, Pipe
from worker.settings import Settings

log = logging.getLogger(__name__)


def command() -> list[str]:
    """The command line that starts a runner."""
    if getattr(sys, "frozen", False):
        return [sys.executable, branches.RUNNER]
    return [sys.executable, "-m", "worker.engine.runner_process"]


class _Spawner:
    """Starts processes from one thread that lives as long as this process.

    Linux ends a child with the *thread* that started it (see `orphans.die_with_parent`), and threads of a pool may
    end earlier than the process.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]]
        self._orders = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="spawner", daemon=True)
                self._thread.start()
        future: Future[subprocess.Popen[bytes]] = Future()
        self._orders.put(
            (lambda: subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=None), future)
        )
        return future.result()

    def _serve(self) -> None:
        while True:
            order, future = self._orders.get()
            try:
                future.set_result(order())
            except OSError as error:
                future.set_exception(error)


_spawner = _Spawner()


class Runner:
    """One runner process, from its start to its end.

    Args:
        settings: handed to the process in the first message.

    Attributes:
        messages: what the runner says; None at its end.
        jobs: how many it was given.
        ready: it has started and listens; set by the slot, which hears it say so.
    """

    def __init__(self, settings: Settings) -> None:
        self.messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.jobs = 0
        self.ready = False
        self._process = _spawner.start(command())
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - we asked for pipes
        self._pipe = Pipe(self._process.stdout, self._process.stdin)
        try:
            self._usage: psutil.Process | None = psutil.Process(self._process.pid)
        except psutil.Error:
            self._usage = None
        self._listener = threading.Thread(target=self._listen, name=f"runner-{self.pid}", daemon=True)
        self._listener.start()
        self._pipe.send({"type": "hello", "pid": os.getpid(), "settings": settings.model_dump(mode="json")})

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As `subprocess.Popen.returncode`: negative is a signal."""
        return self._process.poll()

    def memory_bytes(self) -> int:
        """Resident memory; 0 when the process is gone."""
        if self._usage is None:
            return 0
        try:
            return int(self._usage.memory_info().rss)
        except psutil.Error:
            return 0

    def send(self, message: Message) -> bool:
        """Say something to the runner; False when it is gone."""
        return self._pipe.send(message)

    def kill(self) -> None:
        """End it now, wherever it is."""
        if self.alive:
            self._process.kill()
        self._reap(None)

    def close(self, seconds: float = 2.0) -> None:
        """End an idle runner: it goes when its pipe is closed, and is killed after `seconds` otherwise."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy: we asked for a pipe
        with contextlib.suppress(OSError):  # it may be gone already
            self._process.stdin.close()
        self._reap(seconds)

    def _reap(self, seconds: float | None) -> None:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        self._pipe.close()

    def _listen(self) -> None:
        while True:
            try:
                message = self._pipe.receive()
            except ValueError:
                log.exception("runner %s said something that is no message; it is ended", self.pid)
                self._process.kill()
                message = None
            self.messages.put(message)
            if message is None:
                return
