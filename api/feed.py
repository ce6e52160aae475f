"""The change feed for web sockets: one task looks at the counter for all of them and wakes those who wait.

It also sees to it that a socket does not outlive its token: every few seconds all tokens are checked again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from api.authentication import Authenticator
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.engine.changes import head
from worker.errors import Refused

log = logging.getLogger("tasktray.api")

LOOK_SECONDS = 0.25
CHECK_SECONDS = 2.0


class Listener:
    """One open socket.

    Attributes:
        token: its access token.
        ended: why it must close; None while the token is good.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.ended: Refused | None = None
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may have changed."""
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for a wake-up since the last one; False when none came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        woken = self._wake.is_set()
        self._wake.clear()
        return woken


class Feed:
    """Wakes listeners at each change of any job; a look costs one indexed read, whatever the number of sockets."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator
        self._listeners: set[Listener] = set()
        self._someone = asyncio.Event()

    @asynccontextmanager
    async def listen(self, token: str) -> AsyncIterator[Listener]:
        """Take part for the time of the block."""
        listener = Listener(token)
        self._listeners.add(listener)
        self._someone.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Look until cancelled; rests while nobody listens."""
        last, checked = "", time.monotonic()
        while True:
            if not self._listeners:
                self._someone.clear()
                await self._someone.wait()
            try:
                now = await to_thread.run_sync(head, self._database, SYSTEM)
                if now != last:
                    last = now
                    self._wake()
                if time.monotonic() - checked > CHECK_SECONDS:
                    checked = time.monotonic()
                    await to_thread.run_sync(self._check, list(self._listeners))
                    self._wake(ended_only=True)
            except Exception as error:  # whatever it was, the feed goes on
                log.warning("the change feed cannot look: %s", error, exc_info=not isinstance(error, SQLAlchemyError))
                await asyncio.sleep(CHECK_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    def _wake(self, *, ended_only: bool = False) -> None:
        for listener in self._listeners:
            if listener.ended or not ended_only:
                listener.wake()

    def _check(self, listeners: list[Listener]) -> None:
        for listener in listeners:
            try:
                self._authenticator.check(listener.token)
            except Refused as error:
                listener.ended = error
