"""A thread that carries messages to the broker, so that nobody who has work to do waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from worker.settings import Settings

if TYPE_CHECKING:
    from celery import Celery
    from kombu.connection import Connection

log = logging.getLogger(__name__)

_WAITING = 1000  # messages; older ones are dropped first, each may be lost
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0  # seconds without a try after a failure, doubled each time

Send = Callable[["Celery", "Connection"], None]


class Courier:
    """Sends what it is given, in order, best effort; `give` never blocks and never raises.

    A broker that does not answer is left alone for a while and what was to be sent to it meanwhile is dropped:
    hints and events are worth nothing when they are old.

    Args:
        settings: with a `broker_url`.
        name: for the thread and the log.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._messages: deque[Send] = deque(maxlen=_WAITING)
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._pause = 0.0
        self._shut_until = 0.0

    def give(self, send: Send) -> bool:
        """Have `send` called with the Celery app and a connection soon; False when it was dropped at once."""
        if time.monotonic() < self._shut_until:
            return False
        with self._wake:
            if self._closing:
                return False
            self._messages.append(send)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()
        return True

    def close(self, seconds: float = 0.5) -> None:
        """Send what is waiting, for at most `seconds`, and end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread:
            self._thread.join(seconds)

    def _next(self) -> Send | None:
        with self._wake:
            while not self._messages and not self._closing:
                self._wake.wait()
            return self._messages.popleft() if self._messages else None

    def _serve(self) -> None:
        # Loaded by whoever has something to send, not by every process that might have.
        from celery import Celery

        from worker.engine.broker import celery_settings, quick_transport

        app = Celery(f"tasktray-{self._name}", set_as_current=False, fixups=[])
        app.conf.update(celery_settings(self._settings))
        connection: Connection | None = None
        while (send := self._next()) is not None:
            if time.monotonic() < self._shut_until:
                continue
            try:
                if connection is None:
                    connection = app.connection_for_write(transport_options=quick_transport(self._settings))
                send(app, connection)
                if self._pause:
                    log.info("%s: the broker is back", self._name)
                self._pause = 0.0
            except Exception as error:  # whatever it is, the job does not depend on it
                self._pause = min(_LONGEST_PAUSE, self._pause * 2 or _FIRST_PAUSE)
                self._shut_until = time.monotonic() + self._pause
                if self._pause == _FIRST_PAUSE:
                    log.warning("%s: the broker does not answer: %s", self._name, _words(error))
                _hang_up(connection)
                connection = None
        _hang_up(connection)


def _hang_up(connection: Connection | None) -> None:
    if connection is not None:
        try:
            connection.release()  # type: ignore[no-untyped-call]  # kombu is not typed
        except Exception as error:
            log.debug("closing a broken connection: %s", error)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


_couriers: dict[tuple[str, str], Courier] = {}
_lock = threading.Lock()


def courier(settings: Settings, name: str) -> Courier:
    """This process's courier of that name to the settings' broker."""
    with _lock:
        found: Any = _couriers.get((settings.broker_url, name))
        if found is None:
            found = _couriers[settings.broker_url, name] = Courier(settings, name)
        return found  # type: ignore[no-any-return]  # a Courier; declared Any for the line before
