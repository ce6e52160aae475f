"""A slot: one place of a worker where one job runs at a time, in the slot's own warm runner."""

from __future__ import annotations

import logging
import queue
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.db.database import Database
from worker.engine import hints, lease, outcome, temporary
from worker.engine.claim import Claim, NextJob
from worker.engine.pipe import Message
from worker.engine.progress import ProgressReport
from worker.engine.runner import Runner
from worker.engine.runner_context import Reason
from worker.engine.task_events import TaskEvents
from worker.errors import LeaseLost
from worker.settings import Settings

log = logging.getLogger(__name__)

_GROWTH_SHARE = 0.5  # an idle runner that keeps more than this share of the memory limit is renewed
_PROGRESS = ("stage", "stage_values", "rows_done", "rows_total", "rate", "eta_seconds")
_MEMORY_SECONDS = 0.25  # how often memory is looked at
DatabaseAway = (DBAPIError, PoolTimeout)


class SlotFault(Exception):
    """A slot could not run a job, for a reason that lies in the slot itself."""


@dataclass
class _Run:
    """The course of one job in its slot. Times are seconds of the monotonic clock."""

    claim: Claim
    runner: Runner
    renewed_at: float  # when the lease was last renewed, taken before the statement: never later than the database's
    hard_at: float
    soft_at: float
    beat_at: float
    look_at: float
    written_at: float = 0.0
    kill_at: float | None = None
    reason: Reason | None = None
    news: Message | None = None
    stage: str | None = None
    outcome: Message | None = None
    told: set[str] = field(default_factory=set)

    @property
    def report(self) -> ProgressReport | None:
        """What the runner has said and nobody has written yet."""
        if self.news is None:
            return None
        said = {name: self.news[name] for name in _PROGRESS}
        return ProgressReport(**said, new_stage=said["stage"] != self.stage)


class Slot:
    """Carries jobs from claim to end.

    Args:
        settings: times and limits.
        database: the worker's connections.
        events: tells Celery's monitors.
        stopping: True once the worker shuts down.
    """

    def __init__(
        self, settings: Settings, database: Database, events: TaskEvents, stopping: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._database = database
        self._events = events
        self._stopping = stopping
        self._runner: Runner | None = None

    # ------------------------------------------------------------ the runner

    def warm_up(self) -> Runner:
        """Have a runner there, or on its way."""
        if self._runner is not None and not self._runner.alive:
            log.warning("runner %s ended while idle (exit %s)", self._runner.pid, self._runner.exit_code)
            self._discard()
        if self._runner is None:
            self._runner = Runner(self._settings)
        return self._runner

    def close(self) -> None:
        """End the runner."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def memory_bytes(self) -> int:
        """Of its runner; 0 where there is none."""
        runner = self._runner
        return 0 if runner is None else runner.memory_bytes()

    def nudge(self) -> None:
        """Have a running job look at `stopping` now."""
        runner = self._runner
        if runner is not None:
            runner.messages.put({"type": "nudge"})

    def _discard(self) -> None:
        if self._runner is not None:
            self._runner.kill()
            self._runner = None

    def _renew_if_due(self) -> None:
        runner = self._runner
        if runner is None or self._stopping():
            return
        grown = runner.memory_bytes() > self._settings.runner_memory_bytes * _GROWTH_SHARE
        if runner.jobs >= self._settings.runner_jobs or grown:
            self.close()
            self.warm_up()

    # ------------------------------------------------------------ a job

    def carry(self, claim: Claim, following: Callable[[], NextJob | None] = lambda: None) -> Claim | None:
        """Run the claimed job to its end; whatever happens becomes the job's outcome.

        Args:
            following: asked when the job has ended: how to claim the next one together with writing that.

        Returns:
            The next job; None when none was claimed with the end of this one.

        Raises:
            SlotFault: of the slot itself (no process could be started); the job goes back.
        """
        folders = temporary.folder_of(self._settings)
        for left in folders.glob(f"{claim.job_id}-*"):  # by an attempt that was killed with its worker
            shutil.rmtree(left, ignore_errors=True)
        folder = folders / f"{claim.job_id}-{claim.lease_token}"  # no other attempt, nor another worker, has this one
        self._events.started(claim.job_id, claim.kind, claim.params, claim.attempt)
        state, words, then = "failed", "worker_error", None
        try:
            state, words, then = self._carry(claim, folder, following)
        except Exception as error:
            log.exception("job %s: the slot failed; the job goes back", claim.job_id)
            self._discard()
            self._give_back(claim)
            raise SlotFault from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._events.ended(claim.job_id, state, words)
        self._renew_if_due()
        return then

    def _give_back(self, claim: Claim) -> None:
        try:
            outcome.release(self._database, self._settings, claim.job_id, claim.lease_token)
        except (LeaseLost, *DatabaseAway):
            log.warning("job %s: could not be given back; it is rescued when its lease runs out", claim.job_id)

    def _carry(
        self, claim: Claim, folder: Path, following: Callable[[], NextJob | None]
    ) -> tuple[str, str, Claim | None]:
        began = claim.taken_at
        runner = self.warm_up()
        runner.jobs += 1
        run = _Run(
            claim=claim,
            runner=runner,
            renewed_at=began,
            soft_at=began + claim.soft_seconds,
            hard_at=began + claim.hard_seconds,
            beat_at=began + self._settings.heartbeat_seconds,
            look_at=began + self._settings.look_seconds,
        )
        runner.send(
            {
                "type": "job",
                "job_id": claim.job_id,
                "kind": claim.kind,
                "params": claim.params,
                "attempt": claim.attempt,
                "checkpoint": claim.checkpoint,
                "token": claim.lease_token,
                "actor": asdict(claim.owner),
                "uploads": list(claim.uploads),
                "parent_id": claim.parent_id,
                "due_at": claim.due_at.isoformat() if claim.due_at else None,
                "soft_seconds": claim.soft_seconds,
                "folder": str(folder),
            }
        )
        while run.outcome is None:
            self._listen(run)
            if run.outcome is None:
                self._watch(run)
        return self._conclude(run, following)

    def _listen(self, run: _Run) -> None:
        """Take what the runner says, until the next thing is due."""
        now = time.monotonic()
        due = [run.beat_at, run.look_at, run.hard_at, now + _MEMORY_SECONDS]
        if "deadline" not in run.told:
            due.append(run.soft_at)
        if run.kill_at is not None:
            due.append(run.kill_at)
        if run.news is not None:
            due.append(run.written_at + self._settings.progress_seconds)
        try:
            message = run.runner.messages.get(timeout=max(0.0, min(due) - now))
        except queue.Empty:
            return
        if message is None:
            run.outcome = {"type": "died"}
        elif message["type"] == "ready":
            run.runner.ready = True
        elif message.get("token") != run.claim.lease_token:
            pass  # a nudge, or the last words of the job before
        elif message["type"] == "progress":
            run.news = message
        else:
            run.outcome = message

    def _watch(self, run: _Run) -> None:
        """Do what is due: renew the lease, write progress, pass on orders, enforce limits."""
        now = time.monotonic()
        if self._stopping():
            self._tell_to_stop(run, "shutdown")
            self._kill_in(run, self._settings.shutdown_grace_seconds)
        if "cancel" in run.told and run.runner.ready:  # one that still starts cannot answer
            self._kill_in(run, self._settings.cancel_grace_seconds)
        if now >= run.hard_at:
            self._end(run, "time_limit")
        elif now >= run.soft_at:
            self._tell_to_stop(run, "deadline")
        if run.kill_at is not None and now >= run.kill_at:
            self._end(run, "unresponsive")
        elif run.runner.memory_bytes() > self._settings.runner_memory_bytes:
            self._end(run, "out_of_memory")
        if run.outcome is not None:
            return
        news_due = run.news is not None and now >= run.written_at + self._settings.progress_seconds
        try:
            if news_due or now >= run.beat_at:
                self._beat(run)
            elif now >= run.look_at:
                run.look_at = now + self._settings.look_seconds
                # Between two heartbeats, without taking SQLite's write lock.
                with self._database.read() as connection:
                    beat = lease.fence(connection, run.claim.job_id, run.claim.lease_token)
                self._obey(run, beat)
        except LeaseLost:
            self._lose(run)
        except DatabaseAway as error:
            run.beat_at = run.look_at = time.monotonic() + 1.0
            log.warning("job %s: the database does not answer: %s", run.claim.job_id, error)
        if run.outcome is None and time.monotonic() > run.renewed_at + run.claim.lease_seconds:
            # Nobody could tell us, but it is over: another worker may have the job by now.
            self._lose(run)

    def _beat(self, run: _Run) -> None:
        before = time.monotonic()
        report = run.report
        job, token = run.claim.job_id, run.claim.lease_token
        beat = lease.heartbeat(self._database, job, token, report, lease_seconds=run.claim.lease_seconds)
        if run.news is not None:
            run.stage, run.news = run.news["stage"], None
        run.renewed_at = run.written_at = before
        run.beat_at = before + self._settings.heartbeat_seconds
        run.look_at = before + self._settings.look_seconds
        self._obey(run, beat)

    def _obey(self, run: _Run, beat: lease.Beat) -> None:
        if beat.cancel:
            self._tell_to_stop(run, "cancel")

    def _tell_to_stop(self, run: _Run, reason: Reason) -> None:
        if reason in run.told:
            return
        run.told.add(reason)
        run.reason = run.reason or reason
        run.runner.send({"type": "stop", "token": run.claim.lease_token, "reason": reason})

    @staticmethod
    def _kill_in(run: _Run, seconds: float) -> None:
        """End the runner in that time from the first call on."""
        kill_at = time.monotonic() + seconds
        run.kill_at = kill_at if run.kill_at is None else min(run.kill_at, kill_at)

    def _end(self, run: _Run, why: str) -> None:
        log.warning("job %s: runner %s is ended: %s", run.claim.job_id, run.runner.pid, why)
        self._discard()
        # It may have ended its job, and said so, before we ended it.
        while not run.runner.messages.empty():
            message = run.runner.messages.get()
            if message and message.get("token") == run.claim.lease_token and message["type"] != "progress":
                run.outcome = message
                return
        run.outcome = {"type": why}

    def _lose(self, run: _Run) -> None:
        self._discard()
        run.outcome = {"type": "lost"}

    # ------------------------------------------------------------ the outcome

    def _conclude(self, run: _Run, following: Callable[[], NextJob | None]) -> tuple[str, str, Claim | None]:
        """Write the outcome, as long as the lease lasts; gives (state, words) for monitors, and the next job."""
        assert run.outcome is not None  # noqa: S101 - for mypy: the loop before ends with one
        if run.outcome["type"] == "died":
            code = run.runner.exit_code
            self._discard()
            log.error("job %s: runner %s died (exit %s)", run.claim.job_id, run.runner.pid, code)
        if not self._stopping():
            self.warm_up()
        then = following()
        while True:
            try:
                state, words = self._write_outcome(run, run.outcome, then)
                return state, words, then.claim if then else None
            except LeaseLost:
                log.warning("job %s: this worker no longer owns it; nothing was written", run.claim.job_id)
                return "failed", "lease_lost", None
            except DatabaseAway as error:
                # The lease ends only when another worker is given the job: as long as nobody could be, ask again.
                if self._stopping():
                    log.warning("job %s: its outcome could not be written: %s", run.claim.job_id, error)
                    return "failed", "database_away", None
                time.sleep(0.5)
                then = None  # a claim that cannot be made must not keep this job's end from being written
            except Exception:
                if then is None:
                    raise
                log.exception("job %s: no other job could be claimed together with its end", run.claim.job_id)
                then = None

    def _write_outcome(self, run: _Run, said: Message, then: NextJob | None) -> tuple[str, str]:
        job = (self._database, self._settings, run.claim.job_id, run.claim.lease_token)
        more: dict[str, Any] = {"report": run.report, "publish": self._publish}  # what was said last goes with it
        match said["type"]:
            case "finished":
                outcome.finish(*job, said["result"], then=then, **more)
                return "succeeded", ""
            case "cancelled":
                outcome.cancelled(*job, said.get("result"), rows_done=said.get("rows_done"), then=then, **more)
                return "revoked", ""
            case "interrupted":
                outcome.release(*job, **more)
                return "retried", "interrupted"
            case "unresponsive" if run.reason == "shutdown":
                outcome.release(*job, **more)
                return "retried", "interrupted"
            case "unresponsive":
                outcome.cancelled(*job, then=then, **more)
                return "revoked", ""
            case "time_limit":
                return self._fail(run, {"code": "time_limit", "values": {"seconds": run.claim.hard_seconds}}, then)
            case "out_of_memory":
                megabytes = self._settings.runner_memory_bytes // 1_000_000
                return self._fail(run, {"code": "out_of_memory", "values": {"megabytes": megabytes}}, then)
            case "died":
                outcome.crashed(*job, "runner_died", {"exit_code": run.runner.exit_code}, **more)
                return "retried", "runner_died"
            case "lost":
                raise LeaseLost
            case _:
                return self._fail(run, said, then)

    def _fail(self, run: _Run, said: Message, then: NextJob | None) -> tuple[str, str]:
        state = outcome.fail(
            self._database,
            self._settings,
            run.claim.job_id,
            run.claim.lease_token,
            said["code"],
            said["values"],
            traceback=said.get("traceback"),
            transient=said.get("transient", False),
            report=run.report,
            then=then,
            publish=self._publish,
        )
        return ("retried" if state == "pending" else "failed"), said["code"]

    def _publish(self, lane: str) -> None:
        hints.publish(self._settings, lane)
