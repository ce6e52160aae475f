"""The job as its kind's function sees it, inside the runner: the one implementation of `context.JobContext`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import effects, files, jobs
from worker.db.types import db_now
from worker.engine import lease
from worker.engine.changes import stamp
from worker.engine.context import InputFile
from worker.engine.pipe import Message, Pipe
from worker.engine.plain import plain
from worker.errors import Cancelled, DeadlineReached, Interrupted, LeaseLost, Refused, Transient
from worker.files import results
from worker.files.storage import Storage
from worker.settings import Settings
from worker.texts import text

Reason = Literal["cancel", "deadline", "lost", "shutdown"]

_GAP_SECONDS = 0.02  # between two chunks at most
_TELL_SECONDS = 0.1  # how often at most the slot is told; it writes even less often
_RATE_SECONDS = 10.0  # the rate is that of this last while
_EXCEPTIONS: dict[str, type[Exception]] = {
    "cancel": Cancelled,
    "deadline": DeadlineReached,
    "lost": LeaseLost,
    "shutdown": Interrupted,
}


class Orders:
    """What the slot wants of the job that runs now; set by the listening thread, read at each progress call."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.stopped: type[Exception] | None = None

    def stop(self, reason: Reason) -> None:
        """Have the next progress call raise; a lost lease overrides other reasons."""
        if self.stopped is None or reason == "lost":
            self.stopped = _EXCEPTIONS[reason]


class Rate:
    """Rows per second over the last while, and what remains."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, done: int) -> float | None:
        """Note `done` rows at `now` (seconds, monotonic); the rate, or None while there is too little to tell."""
        samples = self._samples
        if samples and done < samples[-1][1]:
            samples.clear()  # another stage counts from its own beginning
        samples.append((now, done))
        while now - samples[0][0] > _RATE_SECONDS and len(samples) > 2:
            samples.popleft()
        seconds, rows = now - samples[0][0], done - samples[0][1]
        return rows / seconds if seconds > 0 and rows > 0 else None


class RunnerChunk:
    """One step of long work; see `context.Chunk`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.value: dict[str, Any] | None = None
        self.others: tuple[str, ...] = ()

    def checkpoint(self, value: dict[str, Any]) -> None:
        """Set the checkpoint that is committed with this chunk's effects."""
        self.value = plain(value)

    def changed(self, *job_ids: str) -> None:
        """Name other jobs whose rows this chunk has changed."""
        self.others += job_ids


class RunnerContext:
    """See `context.JobContext`.

    Args:
        database: the runner's own connections.
        settings: the installation's settings.
        message: the slot's `job` message: the claim in JSON.
        orders: where cancel, deadline and the like arrive.
        pipe: to tell progress.
        folder: an empty folder of this attempt; the slot removes it.
    """

    def __init__(
        self, database: Database, settings: Settings, message: Message, orders: Orders, pipe: Pipe, folder: Path
    ) -> None:
        self.database = database
        self.settings = settings
        self.folder = folder
        self.job_id: str = message["job_id"]
        self.kind: str = message["kind"]
        self.attempt: int = message["attempt"]
        self.actor = Actor(**message["actor"])
        self.checkpoint: dict[str, Any] | None = message["checkpoint"]
        self.parent_id: str | None = message["parent_id"]
        due_at = message.get("due_at")
        self.due_at = datetime.fromisoformat(due_at) if due_at else None
        self._token: str = message["token"]
        self._orders = orders
        self._pipe = pipe
        self._storage = Storage(settings)
        self._stage: str | None = None
        self._told = 0.0
        self._gap_until = 0.0
        self._rate = Rate()
        self.uploads = self._inputs(message["uploads"])

    def _inputs(self, ids: list[str]) -> list[InputFile]:
        if not ids:
            return []
        with self.database.read() as connection:
            rows = {row.id: row for row in connection.execute(select(files).where(files.c.id.in_(ids)))}
        missing = [id_ for id_ in ids if id_ not in rows]
        if missing:
            raise Refused("upload_gone", count=len(missing))
        return [
            InputFile(id_, row.name, self._storage.local_path(row.storage_key, self.folder), row.size, row.sha256)
            for id_, row in ((id_, rows[id_]) for id_ in ids)
        ]

    # ------------------------------------------------------------ telling and listening

    def progress(self, stage: str, done: int | None = None, total: int | None = None, **values: Any) -> None:
        """Tell how far the job is; see `context.JobContext.progress`."""
        if self._orders.stopped is not None:
            self.check()
        now = time.monotonic()
        if stage == self._stage and now - self._told < _TELL_SECONDS and done != total:
            return
        if stage != self._stage:
            self._rate = Rate()
        rate = self._rate.add(now, done) if done is not None else None
        self._stage, self._told = stage, now
        self._pipe.send(
            {
                "type": "progress",
                "token": self._token,
                "stage": stage,
                "stage_values": plain(values),
                "rows_done": done,
                "rows_total": total,
                "rate": rate,
                "eta_seconds": max(0, total - done) / rate if rate and total is not None and done is not None else None,
            }
        )

    def check(self) -> None:
        """Raise what `progress` raises, without telling anything."""
        if self._orders.stopped is not None:
            raise self._orders.stopped

    def text(self, code: str, **values: Any) -> str:
        """Words from the catalogue in the owner's language."""
        return text(code, self.actor.language, **values)

    # ------------------------------------------------------------ writing, always fenced

    @contextmanager
    def chunk(self) -> Iterator[RunnerChunk]:
        """A writing transaction; see `context.JobContext.chunk`."""
        self.check()
        self._leave_gap()
        with self.database.write() as connection:
            began = time.monotonic()
            chunk = RunnerChunk(connection)
            yield chunk
            if chunk.value is None:
                lease.fence(connection, self.job_id, self._token)
            else:
                lease.checkpoint(connection, self.job_id, self._token, chunk.value)
            stamp(connection, *chunk.others)
        now = time.monotonic()
        self._gap_until = now + min(_GAP_SECONDS, (now - began) / 5)
        if chunk.value is not None:
            self.checkpoint = chunk.value

    def _leave_gap(self) -> None:
        """SQLite gives the write lock to whoever asks at the right moment; without a gap that is always us. What was
        done since the last chunk without the lock is such a gap, too.
        """
        if self.database.dialect == "sqlite":
            time.sleep(max(0.0, self._gap_until - time.monotonic()))

    def add_file(
        self, path: Path, name: str, role: str, connection: Connection | None = None, sha256: str | None = None
    ) -> str:
        """Keep a result file; see `context.JobContext.add_file`."""
        if connection is not None:
            return self._keep(connection, path, name, role)
        # Copied and hashed before the transaction begins: a big file takes seconds.
        stored = results.store(self._storage, path, sha256)
        with self.chunk() as chunk:
            return self._keep(chunk.connection, stored, name, role)

    def _keep(self, connection: Connection, path: Path | results.Stored, name: str, role: str) -> str:
        return results.add(
            connection,
            self._storage,
            owner_id=self.actor.user_id,
            job_id=self.job_id,
            path=path,
            name=name,
            role=role,
        )

    def adopt(self, parent_id: str) -> None:
        """Link this job to the one that it goes on with; see `context.JobContext.adopt`."""
        if self.parent_id is not None or parent_id == self.job_id:
            return
        with self.chunk() as chunk:
            wanted = (jobs.c.id == parent_id, jobs.c.kind == self.kind)
            owner = chunk.connection.scalar(select(jobs.c.owner_id).where(*wanted))
            if owner is None or (owner != self.actor.user_id and not self.actor.is_admin):
                return
            chunk.connection.execute(update(jobs).where(jobs.c.id == self.job_id).values(parent_id=parent_id))
        self.parent_id = parent_id

    @contextmanager
    def effect(self, step: str, key: str) -> Iterator[bool]:
        """Guard an effect outside the database; see `context.JobContext.effect`.

        `Refused` and `Transient` out of the block say that nothing happened: the row is taken back, and a later
        attempt may try again. After any other exception, or a death, the outcome is unknown.
        """
        row = (effects.c.job_id == self.job_id, effects.c.step == step, effects.c.key == key)
        with self.chunk() as chunk:
            state = chunk.connection.scalar(select(effects.c.state).where(*row))
            if state is None:
                chunk.connection.execute(
                    insert(effects).values(job_id=self.job_id, step=step, key=key, state="started", started_at=db_now())
                )
            elif state == "started":  # by an attempt that did not live to say how it went
                chunk.connection.execute(update(effects).where(*row).values(state="unknown", finished_at=db_now()))
        if state is not None:
            yield False
            return
        try:
            yield True
        except (Refused, Transient):
            with self.last_word() as connection:
                connection.execute(delete(effects).where(*row, effects.c.state == "started"))
            raise
        except Exception:
            with self.last_word() as connection:
                connection.execute(update(effects).where(*row).values(state="unknown", finished_at=db_now()))
            raise
        with self.last_word() as connection:
            connection.execute(update(effects).where(*row).values(state="done", finished_at=db_now()))

    @contextmanager
    def last_word(self) -> Iterator[Connection]:
        """A transaction for what has happened already; see `context.JobContext.last_word`."""
        with self.database.write() as connection:
            yield connection
            lease.fence(connection, self.job_id, self._token)

    def iter_effects(self, step: str) -> Iterator[tuple[str, str]]:
        """`(key, state)` of this job's effects of a step; state is started, done or unknown."""
        query = select(effects.c.key, effects.c.state).where(effects.c.job_id == self.job_id, effects.c.step == step)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(effects.c.id)).all()
        yield from ((row.key, row.state) for row in rows)
