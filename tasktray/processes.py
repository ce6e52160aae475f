"""Starting, watching, restarting and ending the parts of the embedded system."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

log = logging.getLogger("tasktray.up")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart, doubled each time
_STEADY_SECONDS = 60.0  # a part that lived this long starts again with the first pause
_LOG_BYTES, _LOG_FILES = 5_000_000, 3
_LAST_LINES = 30  # servers say goodbye after the traceback
_FAULT = re.compile(r"[A-Za-z_][\w.]*(Error|Exception): ")


def rotating_log(path: Path) -> RotatingFileHandler:
    """A log file of at most 5 MB, with three predecessors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")


class Part:
    """One process that is to run as long as the system does. Use it from the main thread only: Linux ends a process
    with the thread that started it.

    Args:
        name: also of its log file.
        command: as for `subprocess.Popen`.
        environment: the whole of it.
        logs: folder of the log files.
        ended: gets the part's name when its process ends.
        sockets: handed down to its process (not on Windows).
        umask: of its process; -1: as ours.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        logs: Path,
        ended: queue.SimpleQueue[str],
        *,
        sockets: Sequence[socket.socket] = (),
        umask: int = -1,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._logs = logs
        self._ended = ended
        self._sockets = sockets
        self._umask = umask
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._pause = _FIRST_PAUSE
        self._started_at = 0.0
        self._due_at: float | None = None
        self.falls = 0
        """How often its process has ended in a row, each time soon after its start."""

    @property
    def log(self) -> Path:
        """The file that what it says is written to."""
        return self._logs / f"{self.name}.log"

    @property
    def last_words(self) -> str:
        """The last line that it said; where a traceback stands near, what went wrong."""
        if self._reader is not None and not self.running:
            self._reader.join(1.0)  # it may still be writing them down
        try:
            lines = self.log.read_text("utf-8", "replace").split("\n")
        except OSError:
            return ""
        said = [line.strip() for line in reversed(lines[-_LAST_LINES:]) if line.strip()]
        return next((line for line in said if _FAULT.match(line)), said[0] if said else "")

    @property
    def pid(self) -> int | None:
        """Of its process, while there is one."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """True while its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Of its last process; None while it runs or before it was started."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start its process."""
        self._forget()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,  # closed when we end; see `part._stop_with_pipe`
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            pass_fds=[one.fileno() for one in self._sockets],
            umask=self._umask,
        )
        self._started_at = time.monotonic()
        self._due_at = None
        self._reader = threading.Thread(target=self._copy_log, name=f"log-{self.name}", daemon=True)
        self._reader.start()
        log.info("%s started (process %s)", self.name, self.pid)

    def look(self) -> float | None:
        """Restart it when it has ended and its pause is over; gives the seconds until then, None if nothing is due."""
        if self.running:
            return None
        now = time.monotonic()
        if self._due_at is None:
            if now - self._started_at > _STEADY_SECONDS:
                self._pause = _FIRST_PAUSE
                self.falls = 0
            self.falls += 1
            log.warning("%s has ended (exit %s); it starts again in %.1f s", self.name, self.exit_code, self._pause)
            self._due_at = now + self._pause
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)
        if now < self._due_at:
            return self._due_at - now
        self.start()
        return None

    def ask_to_stop(self) -> None:
        """Ask its process to end in good order."""
        if self._process is None:
            return
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def wait(self, deadline: float) -> None:
        """Wait for its end until `deadline` (monotonic), then end it by force."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s does not end; it is killed", self.name)
            self._process.kill()
            self._process.wait()
        self._forget()

    def kill(self) -> None:
        """End its process by force; `look` starts it again."""
        if self._process is not None:
            self._process.kill()

    def _forget(self) -> None:
        if self._process is None:
            return
        if self._reader is not None:
            self._reader.join(1.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _copy_log(self) -> None:
        process = self._process
        assert process is not None and process.stdout is not None  # noqa: S101, PT018 - started just before
        handler = rotating_log(self.log)
        handler.setFormatter(logging.Formatter("%(message)s"))
        try:
            for line in process.stdout:
                words = line.decode("utf-8", "replace").rstrip("\r\n")
                handler.handle(logging.LogRecord(self.name, logging.INFO, "", 0, words, None, None))
        except (OSError, ValueError):  # ValueError: closed by us
            pass
        finally:
            handler.close()
            self._ended.put(self.name)


class Lock:
    """Held by the one system that runs on a data folder.

    Raises:
        BlockingIOError: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")
        try:
            if sys.platform == "win32":
                import msvcrt

                self._file.seek(0)
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise BlockingIOError(str(path)) from error

    def release(self) -> None:
        """Let another one begin. The kernel does this for a process that is killed."""
        self._file.close()


def private_file(path: Path, content: str) -> None:
    """Write `content` in one step, readable by its owner only."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    aside.replace(path)
