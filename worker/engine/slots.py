"""All slots of one worker, and the look loop that keeps them busy with or without a broker."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import random
import threading
import time
from collections.abc import Sequence

import psutil

from worker.db.database import Database
from worker.engine import temporary, workers
from worker.engine.claim import Claim, NextJob, claim
from worker.engine.slot import DatabaseAway, Slot, SlotFault
from worker.engine.task_events import TaskEvents
from worker.settings import Settings

log = logging.getLogger(__name__)

_TIDY_SECONDS = 86400.0


class Slots:
    """A worker: claims jobs of its lanes into its slots until it is stopped.

    Args:
        settings: times and limits.
        lanes: which jobs it claims.
        count: how many at the same time.
        name: the worker's name; this process's id is added, so that it is unique.
    """

    def __init__(self, settings: Settings, lanes: Sequence[str], count: int, name: str) -> None:
        self._settings = settings
        self._lanes = tuple(lanes)
        self._count = count
        self.name = f"{name}:{os.getpid()}"
        # Its own transactions are short: one that is frozen in the midst of them, with the lock of all claims perhaps,
        # must not hold up the others longer than its lease.
        self._database = Database(
            settings.effective_database_url, pool_size=count + 1, idle_timeout_seconds=settings.lease_seconds
        )
        events = TaskEvents(settings, name)
        self._slots = [Slot(settings, self._database, events, lambda: self._stopping) for _ in range(count)]
        self._free = list(self._slots)
        self._changed = threading.Condition()  # guards _free and _hinted
        self._hinted = False
        self._stopping = False
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._looker = threading.Thread(target=self._look_loop, name="look", daemon=True)
        self._row: str | None = None
        self._seen_at = 0.0
        self._seen_running = 0
        self._database_away = False
        self._tidy_at = 0.0
        self._tidier: threading.Thread | None = None

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Begin to look for jobs; the runners warm up meanwhile. Returns at once, also when the database is away."""
        for slot in self._slots:
            slot.warm_up()
        self._looker.start()

    def stop(self) -> None:
        """Take no more jobs and have the running ones released. Returns at once; safe in a signal handler."""
        self._stopping = True
        self._wakes.put(None)
        for slot in self._slots:
            slot.nudge()

    def join(self, seconds: float = 9.0) -> None:
        """Wait until all slots are free, at most `seconds`, and end the runners. Call `stop` before."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._free) == self._count, timeout=seconds)
        if self._looker.is_alive():
            self._looker.join(seconds)
        if self._tidier is not None:
            self._tidier.join(seconds)
        for slot in self._slots:
            slot.close()
        self._database.dispose()

    # ------------------------------------------------------------ finding work

    def hint(self) -> None:
        """There may be work: carry jobs in a free slot, in this thread, until nothing is claimable.

        With no slot free this ends at once; the slots claim again by themselves when they have finished.
        """
        slot = self._take()
        if slot is not None:
            self._work(slot, None)

    def _take(self) -> Slot | None:
        with self._changed:
            if self._stopping:
                return None
            if not self._free:
                self._hinted = True
                return None
            return self._free.pop()

    def _give_back(self, slot: Slot, *, even_if_hinted: bool = False) -> bool:
        """Free `slot`; False when a hint came since its last claim, so that it has to claim once more."""
        with self._changed:
            if self._hinted and not self._stopping and not even_if_hinted:
                self._hinted = False
                return False
            self._free.append(slot)
            self._changed.notify_all()
            return True

    def _work(self, slot: Slot, claimed: Claim | None) -> None:
        while True:
            if claimed is None and not self._stopping:
                claimed = self._claim()
            if claimed is None:
                if self._give_back(slot):
                    return
                continue
            try:
                claimed = slot.carry(claimed, self._next)
            except SlotFault:
                self._give_back(slot, even_if_hinted=True)
                return

    def _next(self) -> NextJob | None:
        """How the slot whose job has ended may claim another."""
        return None if self._stopping else NextJob(self._settings, self.name, self._lanes)

    def _claim(self) -> Claim | None:
        try:
            found = claim(self._database, self._settings, self.name, self._lanes)
        except DatabaseAway as error:
            if not self._database_away:
                log.warning("the database does not answer: %s", error)
            self._database_away = True
            return None
        if self._database_away:
            log.info("the database is back")
            self._database_away = False
        return found

    def _look_loop(self) -> None:
        while not self._stopping:
            try:
                self._be_seen()
                self._tidy_if_due()
                self._look()
            except DatabaseAway as error:
                log.debug("the database does not answer: %s", error)
            except Exception:
                log.exception("looking for jobs failed")
            jitter = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, no secret
            with contextlib.suppress(queue.Empty):
                self._wakes.get(timeout=self._settings.look_seconds * jitter)
        self._say_goodbye()

    def _tidy_if_due(self) -> None:
        """Let temporary folders that killed workers left on this computer be removed beside the work."""
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDY_SECONDS
            self._tidier = threading.Thread(target=self._tidy, name="tidy", daemon=True)
            self._tidier.start()

    def _tidy(self) -> None:
        class Stopped(Exception):
            pass

        def going_on(count: int) -> None:
            if self._stopping:
                raise Stopped

        try:
            count, size = temporary.clean(self._database, temporary.folder_of(self._settings), going_on)
        except Stopped:
            return
        except (*DatabaseAway, OSError) as error:
            log.warning("temporary folders could not be removed, the next try is in a day: %s", error)
            return
        if count:
            log.info("removed %s temporary folders of attempts that no longer run (%s bytes)", count, size)

    def _look(self) -> None:
        while (slot := self._take_quietly()) is not None:
            claimed = self._claim()
            if claimed is None:
                if self._give_back(slot):
                    return
                continue
            threading.Thread(target=self._work, args=(slot, claimed), name="slot", daemon=True).start()

    def _take_quietly(self) -> Slot | None:
        """A free slot; unlike `_take`, none being free is no reason for a busy one to claim again."""
        with self._changed:
            return self._free.pop() if self._free and not self._stopping else None

    # ------------------------------------------------------------ the worker's row

    def _be_seen(self) -> None:
        now = time.monotonic()
        running = self._count - len(self._free)
        due = now >= self._seen_at + min(self._settings.heartbeat_seconds, self._settings.lease_seconds / 3)
        if not due and running == self._seen_running:
            return
        memory = psutil.Process().memory_info().rss + sum(slot.memory_bytes() for slot in self._slots)
        if self._row is None or not workers.seen(self._database, self._row, running, memory):
            self._row = workers.register(self._database, self.name, os.getpid(), self._lanes, self._count)
        self._seen_at, self._seen_running = now, running

    def _say_goodbye(self) -> None:
        if self._row is None:
            return
        try:
            workers.stopping(self._database, self._row)
            with self._changed:
                done = self._changed.wait_for(lambda: len(self._free) == self._count, timeout=9.0)
            if done:
                workers.gone(self._database, self._row)
        except DatabaseAway as error:
            log.debug("the worker's row stays: %s", error)
