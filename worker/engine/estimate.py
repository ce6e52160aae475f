"""What to expect of a job before it runs: learnt from finished jobs of its kind and from the work ahead in its lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_uploads, jobs
from worker.db.types import db_now
from worker.engine import kinds
from worker.engine.limits import IS_PENDING, IS_RUNNING, Situation, look
from worker.engine.views import PRIORITIES, Estimate, Submission
from worker.errors import Refused
from worker.files import inputs
from worker.settings import Settings, get_settings

_HISTORY_JOBS = 20
# Made once: they are part of every submission.
_HISTORY = (
    select(jobs.c.id, jobs.c.started_at, jobs.c.finished_at, jobs.c.rows_total)
    .where(jobs.c.kind == bindparam("of"), jobs.c.state == "succeeded", jobs.c.attempt == 1)
    .order_by(jobs.c.finished_at.desc())
    .limit(_HISTORY_JOBS)
)
_AHEAD = (
    select(jobs.c.kind, func.count())
    .where(IS_PENDING, jobs.c.lane == bindparam("of"), jobs.c.priority <= bindparam("up_to"), jobs.c.run_at <= db_now())
    .group_by(jobs.c.kind)
)
_RUNNING = select(jobs.c.kind, jobs.c.eta_seconds, jobs.c.claimed_at, db_now().label("now")).where(
    IS_RUNNING, jobs.c.worker.in_(bindparam("names", expanding=True))
)
_REACH = 10  # a duration is told for up to this many times the rows of the largest job that it was learnt from


@dataclass(frozen=True, slots=True)
class History:
    """What the last finished jobs of a kind took.

    Attributes:
        jobs: how many it is learnt from.
        seconds: median of a whole job; None without history.
        base_seconds: what a job takes before its first row, however few there are.
        seconds_per_row: None where rows are not what the work consists of.
        rows_per_byte: of the uploads; None without.
        largest: rows of the largest of these jobs.
    """

    jobs: int
    seconds: float | None
    base_seconds: float = 0.0
    seconds_per_row: float | None = None
    rows_per_byte: float | None = None
    largest: int = 0

    def duration(self, size: int) -> float | None:
        """Expected seconds for uploads of `size` bytes together (0: none).

        None is honest for a file much larger than any before: a small job is nearly all start-up, and its time a row
        says nothing about a hundred thousand rows.
        """
        if not size or self.seconds_per_row is None or self.rows_per_byte is None:
            return self.seconds
        rows = size * self.rows_per_byte
        if rows > self.largest * _REACH:
            return None
        return self.base_seconds + rows * self.seconds_per_row


def fit(samples: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Seconds before the first row and seconds a row, both >= 0: least squares over `(rows, seconds)` of jobs."""
    all_rows, all_seconds = sum(rows for rows, _ in samples), sum(seconds for _, seconds in samples)
    mean_rows, mean_seconds = all_rows / len(samples), all_seconds / len(samples)
    spread = sum((rows - mean_rows) ** 2 for rows, _ in samples)
    if spread:
        slope = sum((rows - mean_rows) * (seconds - mean_seconds) for rows, seconds in samples) / spread
        base = mean_seconds - slope * mean_rows
        if slope >= 0 and base >= 0:
            return base, slope
    return 0.0, all_seconds / all_rows


def history(connection: Connection, kind: str) -> History:
    """Learn from the last jobs of a kind that succeeded at the first attempt."""
    rows = connection.execute(_HISTORY, {"of": kind}).all()
    if not rows:
        return History(0, None)
    took = {row.id: max((row.finished_at - row.started_at).total_seconds(), 0.0) for row in rows}
    with_rows = {row.id: row.rows_total for row in rows if row.rows_total}
    sizes: dict[str, int] = {}
    if with_rows:
        sizes = dict(
            connection.execute(
                select(job_uploads.c.job_id, func.sum(files.c.size))
                .join_from(job_uploads, files, job_uploads.c.file_id == files.c.id)
                .where(job_uploads.c.job_id.in_(list(with_rows)))
                .group_by(job_uploads.c.job_id)
            ).all()
        )
    size = float(sum(sizes.values()))
    base, slope = fit([(with_rows[job], took[job]) for job in with_rows]) if with_rows else (0.0, None)
    return History(
        jobs=len(rows),
        seconds=median(took.values()),
        base_seconds=base,
        seconds_per_row=slope,
        rows_per_byte=sum(with_rows[job] for job in sizes) / size if size else None,
        largest=max(with_rows.values(), default=0),
    )


def estimate(database: Database, actor: Actor, submission: Submission, *, settings: Settings | None = None) -> Estimate:
    """What a submission would have to expect; nothing is submitted.

    Raises:
        Refused: `unknown_kind`, or an upload that is unknown or not complete.
    """
    kind = kinds.get(submission.kind)
    if kind is None:
        raise Refused("unknown_kind", kind=submission.kind)
    with database.read() as connection:
        size = sum(file.size for file in inputs.resolve(connection, actor, submission.uploads))
        return expect(
            connection,
            settings or get_settings(),
            kind,
            size,
            PRIORITIES.index(submission.priority),
            submission.run_at,
        )


def expect(
    connection: Connection,
    settings: Settings,
    kind: kinds.Kind,
    size: int,
    priority: int,
    run_at: datetime | None,
    situation: Situation | None = None,
) -> Estimate:
    """The estimate for a job of `kind` with uploads of `size` bytes, submitted now.

    Args:
        situation: with the workers online, where the caller has looked already.
    """
    learnt = history(connection, kind.name)
    start = _start(connection, situation or look(connection, settings, online=True), kind.lane, priority)
    if run_at is not None and start is not None:
        start = max(start, (run_at - datetime.now(UTC)).total_seconds())
    duration = learnt.duration(size)
    return Estimate(
        start_seconds=None if start is None else round(start, 1),
        duration_seconds=None if duration is None else round(duration, 2),
        based_on=learnt.jobs,
    )


def _start(connection: Connection, situation: Situation, lane: str, priority: int) -> float | None:
    """Seconds until a slot of the lane is free for a new job; None where that cannot be told."""
    serving = [w for w in situation.online if lane in w.lanes and not w.stopping]
    slots = sum(worker.slots for worker in serving)
    if lane in situation.paused or not slots:
        return None
    ahead = connection.execute(_AHEAD, {"of": lane, "up_to": priority}).all()
    if not ahead and any(worker.free for worker in serving):
        return 0.0
    known: dict[str, float | None] = {}

    def usual(name: str) -> float | None:
        if name not in known:
            known[name] = history(connection, name).seconds
        return known[name]

    work = 0.0
    for name, count in ahead:
        seconds = usual(name)
        if seconds is None:
            return None
        work += seconds * count
    for row in _running(connection, [worker.name for worker in serving]):
        if row.eta_seconds is not None:
            work += row.eta_seconds
            continue
        seconds = usual(row.kind)
        if seconds is None:
            return None
        work += max(seconds - (row.now - row.claimed_at).total_seconds(), 0.0)
    return work / slots


def _running(connection: Connection, names: list[str]) -> list[Any]:
    # Also jobs of other lanes hold the slots that this lane waits for.
    return list(
        connection.execute(
            _RUNNING,
            {"names": names},
        )
    )
