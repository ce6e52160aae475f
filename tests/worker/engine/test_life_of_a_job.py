"""Whatever happens in whatever order, the jobs in the database are where a plain model says that they are.

`TASKTRAY_FUZZ=500` tries that many random lives instead of the same few of every run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from tests.worker.engine.engine import Engine
from worker.db.database import Database
from worker.db.schema import jobs, tombstones
from worker.engine import control, lease, outcome
from worker.engine.claim import Claim
from worker.engine.progress import ProgressReport
from worker.errors import Conflict, LeaseLost, NotFound

FUZZ = int(os.environ.get("TASKTRAY_FUZZ", "0"))
LIMITS = {"test.plain": 0, "test.single": 1, "test.fragile": 0}
RETRIES = {"test.plain": 5, "test.single": 5, "test.fragile": 2}
USER_LIMIT = 2
CRASH_LIMIT = 3
WORK = ("heartbeat", "checkpoint", "finish", "fail", "fail_for_now", "fail_for_now", "stop_as_asked", "release",
        "kill", "kill", "stall", "ask_to_stop")  # fmt: skip
FEW: dict[str, Any] = {"min_size": 1, "max_size": 3}
PICK = st.integers(0, 10_000)
ENDED = ("succeeded", "failed", "cancelled")


@dataclass
class Model:
    """A job as it ought to be."""

    owner: str
    kind: str
    priority: int
    state: str = "pending"
    attempt: int = 0
    crashes: int = 0
    retries: int = 0
    due: bool = True
    cancel: bool = False
    checkpoint: Any = None
    token: str | None = None
    expired: bool = False
    result: Any = None
    error: str | None = None

    def leave(self, state: str, due: bool = True) -> None:
        self.state, self.token, self.expired, self.due = state, None, False, due

    def cancelled(self) -> None:
        self.leave("cancelled")
        self.error = None

    def crash(self) -> None:
        if self.cancel:
            self.cancelled()
            return
        self.crashes += 1
        if self.crashes >= CRASH_LIMIT:
            self.leave("failed")
            self.error = "quarantined"
        else:
            self.leave("pending", due=False)


@dataclass
class Follower:
    """Somebody who only ever reads the change feed."""

    cursor: str
    known: dict[str, tuple[str, int]] = field(default_factory=dict)


class Life(RuleBasedStateMachine):
    """The engine on one side, `Model` on the other."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        with self.engine.database.write() as connection:
            connection.execute(delete(jobs))
            connection.execute(delete(tombstones))
        self.jobs: dict[str, Model] = {}
        self.removed: list[str] = []
        self.claims: list[Claim] = []
        self.people = {p.username: p for p in (self.engine.ann, self.engine.bob, self.engine.root)}
        self.follower = Follower(self.engine.head())

    # Most steps go to jobs that are there and to leases that hold, or lives would end before they are interesting.

    def job(self, pick: int) -> str:
        there = [*self.jobs] * 4 + self.removed
        return there[pick % len(there)] if there else "no-such-job"

    def held(self, pick: int) -> Claim:
        held = [taken for taken in self.claims if self.holds(taken)]
        if held and pick % 6 != 5:
            return held[pick // 6 % len(held)]
        return self.claims[pick // 6 % len(self.claims)]

    def holds(self, taken: Claim) -> bool:
        model = self.jobs.get(taken.job_id)
        return model is not None and model.token == taken.lease_token

    @rule(deeds=st.lists(st.tuples(st.sampled_from(["cancel", "retry", "retry", "prioritise", "delete"]), PICK), **FEW))
    def people(self, deeds):
        for deed, pick in deeds:
            getattr(self, deed)(pick)

    @rule(deeds=st.lists(st.tuples(st.sampled_from(WORK), PICK), min_size=3, max_size=8))
    def workers(self, deeds):
        for deed, pick in deeds:
            if not any(self.holds(taken) for taken in self.claims):
                if all(model.state in ENDED for model in self.jobs.values()):
                    self.submit_one("ann", "test.fragile", "normal")
                self.claim_when_all_is_due()
            getattr(self, deed)(pick)

    @rule(deeds=st.lists(st.sampled_from(["clock_moves", "sweep", "claim_when_all_is_due"]), **FEW))
    def time(self, deeds):
        for deed in deeds:
            getattr(self, deed)()

    # ------------------------------------------------------------ people

    @precondition(lambda self: sum(model.state not in ENDED for model in self.jobs.values()) < 6)
    @rule(
        owner=st.sampled_from(["ann", "bob", "root"]),
        kind=st.sampled_from(sorted(LIMITS)),
        priority=st.sampled_from(["high", "normal", "low"]),
    )
    def submit(self, owner, kind, priority):
        self.submit_one(owner, kind, priority)

    def submit_one(self, owner, kind, priority):
        job = self.engine.job(kind, self.people[owner], priority=priority)
        self.jobs[job] = Model(owner, kind, ("high", "normal", "low").index(priority))

    def cancel(self, pick):
        job = self.job(pick)
        model = self.jobs.get(job)
        if model is None:
            self.refused(NotFound, self.engine.cancel, job)
        elif model.state in ENDED:
            self.refused(Conflict, self.engine.cancel, job)
        else:
            self.engine.cancel(job)
            model.cancel = True
            if model.state == "pending":
                model.leave("cancelled")  # what went wrong before stays written down

    def ask_to_stop(self, pick):
        taken = self.held(pick)
        if self.holds(taken):
            self.engine.cancel(taken.job_id)
            self.jobs[taken.job_id].cancel = True

    def retry(self, pick):
        job = self.job(pick)
        model = self.jobs.get(job)
        args = (self.engine.database, self.engine.root, job)
        if model is None:
            self.refused(NotFound, control.retry, *args)
        elif model.state not in ("failed", "cancelled"):
            self.refused(Conflict, control.retry, *args)
        else:
            control.retry(*args, settings=self.engine.settings, publish=self.engine.publish)
            model.leave("pending")
            model.crashes = model.retries = 0
            model.cancel, model.error, model.result = False, None, None

    def prioritise(self, pick):
        job, priority = self.job(pick), ("high", "normal", "low")[pick % 3]
        model = self.jobs.get(job)
        args = (self.engine.database, self.engine.root, job, priority)
        number = ("high", "normal", "low").index(priority)
        if model is None:
            self.refused(NotFound, control.patch, *args)
        elif model.state != "pending" and model.priority != number:
            self.refused(Conflict, control.patch, *args)
        else:
            control.patch(*args, publish=self.engine.publish)
            model.priority = number

    def delete(self, pick):
        job = self.job(pick)
        model = self.jobs.get(job)
        args = (self.engine.database, self.engine.root, job)
        if model is None:
            self.refused(NotFound, control.delete, *args)
        elif model.state not in ENDED:
            self.refused(Conflict, control.delete, *args)
        else:
            control.delete(*args)
            del self.jobs[job]
            self.removed.append(job)

    # ------------------------------------------------------------ workers

    @rule()
    def claim(self):
        self.claim_one()

    def claim_when_all_is_due(self):
        self.clock_moves()
        self.claim_one()

    def claim_one(self):
        expected = self.best()
        taken = self.engine.claim()
        assert (taken and taken.job_id) == expected
        if taken is None:
            return
        model = self.jobs[taken.job_id]
        model.state, model.token, model.expired, model.due = "running", taken.lease_token, False, True
        model.attempt += 1
        assert (taken.attempt, taken.checkpoint) == (model.attempt, model.checkpoint)
        self.claims.append(taken)

    def best(self) -> str | None:
        running = [model for model in self.jobs.values() if model.state == "running"]
        with self.engine.database.read() as connection:
            rows = {row.id: row for row in connection.execute(select(jobs.c.id, jobs.c.run_at, jobs.c.claimed_at))}
        turns: dict[str, float] = {}
        for job, model in self.jobs.items():
            if rows[job].claimed_at:
                turns[model.owner] = max(turns.get(model.owner, 0), rows[job].claimed_at.timestamp())
        may = [
            (
                model.priority,
                sum(other.owner == model.owner for other in running),
                turns.get(model.owner, 0),
                rows[job].run_at,
                job,
            )
            for job, model in self.jobs.items()
            if model.state == "pending"
            and model.due
            and (not LIMITS[model.kind] or sum(other.kind == model.kind for other in running) < LIMITS[model.kind])
            and sum(other.owner == model.owner for other in running) < USER_LIMIT
        ]
        return min(may)[-1] if may else None

    def write(self, taken: Claim, function, *args, **values) -> Model | None:
        """Call with the claim's token; None when the lease is lost, which must then be told."""
        if not self.holds(taken):
            with pytest.raises(LeaseLost):
                function(*args, **values)
            return None
        function(*args, **values)
        return self.jobs[taken.job_id]

    def end(self, taken: Claim, function, *args, **values) -> Model | None:
        engine = self.engine
        return self.write(
            taken, function, engine.database, engine.settings, taken.job_id, taken.lease_token, *args, **values
        )

    def heartbeat(self, pick):
        taken = self.held(pick)
        report = ProgressReport("stage_x", {}, pick % 11, 10) if pick % 2 else None
        model = self.write(
            taken, lease.heartbeat, self.engine.database, taken.job_id, taken.lease_token, report, lease_seconds=45
        )
        if model:
            model.expired = False

    def checkpoint(self, pick):
        taken = self.held(pick)

        def chunk():
            with self.engine.database.write() as connection:
                lease.checkpoint(connection, taken.job_id, taken.lease_token, {"row": pick % 7})

        if model := self.write(taken, chunk):
            model.checkpoint, model.crashes = {"row": pick % 7}, 0

    def finish(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.finish, {"done": 1}):
            model.leave("succeeded")
            model.crashes, model.error, model.result = 0, None, {"done": 1}

    def fail(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.fail, "boom"):
            model.leave("failed")
            model.error = "boom"

    def fail_for_now(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.fail, "busy", transient=True):
            if model.cancel:
                model.cancelled()
                return
            model.error = "busy"
            if model.retries >= RETRIES[model.kind]:
                model.leave("failed")
            else:
                model.retries += 1
                model.leave("pending", due=False)

    def stop_as_asked(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.cancelled, {"stopped": 1}):
            model.cancelled()
            model.result = {"stopped": 1}

    def release(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.release):
            if model.cancel:
                model.cancelled()
            else:
                model.attempt -= 1
                model.leave("pending")

    def kill(self, pick):
        taken = self.held(pick)
        if model := self.end(taken, outcome.crashed):
            model.crash()

    # ------------------------------------------------------------ time

    def stall(self, pick):
        taken = self.held(pick)
        if self.holds(taken):
            self.engine.pass_time(46, taken.job_id)
            self.jobs[taken.job_id].expired = True

    def clock_moves(self):
        self.engine.pass_time(1000)
        for model in self.jobs.values():
            model.expired = model.state == "running"
            model.due = True

    def sweep(self):
        rescued = self.engine.sweeper().sweep().rescued
        assert set(rescued) == {job for job, model in self.jobs.items() if model.expired}
        for job in rescued:
            self.jobs[job].crash()

    @precondition(lambda self: self.jobs)
    @rule(limit=st.integers(1, 5))
    def follow(self, limit):
        while True:
            answer = self.engine.changes(self.follower.cursor, limit=limit)
            for view in answer.jobs:
                self.follower.known[view.id] = (view.state, view.attempt)
            for job in answer.removed:
                self.follower.known.pop(job, None)
            self.follower.cursor = answer.cursor
            if not answer.more:
                break
        assert self.follower.known == {job: (model.state, model.attempt) for job, model in self.jobs.items()}

    # ------------------------------------------------------------ the comparison

    @invariant()
    def the_table_is_as_the_model_says(self):
        with self.engine.database.read() as connection:
            rows = connection.execute(select(jobs)).all()
        assert {
            row.id: (
                row.state, row.priority, row.attempt, row.crashes, row.retries, row.cancel_requested_at is not None,
                row.checkpoint, row.lease_token, row.result, row.error_code,
            )
            for row in rows
        } == {
            job: (
                m.state, m.priority, m.attempt, m.crashes, m.retries, m.cancel, m.checkpoint, m.token, m.result, m.error
            )
            for job, m in self.jobs.items()
        }  # fmt: skip
        for row in rows:
            assert (row.finished_at is not None) == (row.state in ENDED)
            assert (row.lease_until is not None) == (row.state == "running")

    @invariant()
    def no_limit_is_passed(self):
        running = [model for model in self.jobs.values() if model.state == "running"]
        assert sum(model.kind == "test.single" for model in running) <= 1
        assert all(sum(model.owner == owner for model in running) <= USER_LIMIT for owner in self.people)

    def refused(self, error, function, *args):
        with pytest.raises(error):
            function(*args)


@pytest.mark.timeout(600 if FUZZ else 300)
def test_the_life_of_a_job_follows_the_model(database: Database):
    Life.engine = Engine(database, user_running_limit=USER_LIMIT)
    Life.engine.worker(slots=4)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=FUZZ or 15,
            stateful_step_count=25,
            derandomize=not FUZZ,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
