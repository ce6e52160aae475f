"""The job as its kind sees it: progress, chunks, effects and files, each fenced by the lease."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from worker.actor import SYSTEM
from worker.db.database import Database
from worker.db.schema import effects, files, jobs
from worker.engine import claim as claims
from worker.engine import outcome
from worker.engine.pipe import Pipe
from worker.engine.runner_context import Orders, Rate, RunnerContext
from worker.engine.submit import submit
from worker.engine.views import Submission
from worker.errors import Cancelled, DeadlineReached, Interrupted, LeaseLost, Transient
from worker.settings import Settings


class Job:
    """A claimed job and its context in this process."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.settings = Settings(data=folder, database_url=database.url)
        submission = Submission(kind="examples.echo")
        self.id = submit(database, self.settings, SYSTEM, submission, None)[0].id
        with database.write() as connection:
            connection.execute(text("CREATE TABLE made (number INTEGER)"))
        self.folder = folder
        self.said = io.BytesIO()
        self.context = self.claim()

    def claim(self) -> RunnerContext:
        claim = claims.claim(self.database, self.settings, "test", ["default"])
        assert claim is not None
        self.token = claim.lease_token
        self.orders = Orders(claim.lease_token)
        message = {
            "job_id": claim.job_id, "kind": claim.kind, "attempt": claim.attempt, "checkpoint": claim.checkpoint,
            "token": claim.lease_token, "parent_id": None, "uploads": [],
            "actor": {"user_id": SYSTEM.user_id, "username": "system", "role": "system", "language": "en"},
        }  # fmt: skip
        pipe = Pipe(io.BytesIO(), self.said)
        return RunnerContext(self.database, self.settings, message, self.orders, pipe, self.folder)

    def lose(self) -> None:
        """Another worker gets the job."""
        outcome.release(self.database, self.settings, self.id, self.token)

    def row(self) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == self.id)).one()

    def made(self) -> list[int]:
        with self.database.read() as connection:
            return list(connection.execute(text("SELECT number FROM made ORDER BY number")).scalars())

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said.getvalue().splitlines()]


@pytest.fixture
def job(database: Database, tmp_path: Path) -> Job:
    return Job(database, tmp_path)


def test_a_chunk_commits_its_effects_and_its_checkpoint_together(job: Job) -> None:
    with job.context.chunk() as chunk:
        chunk.connection.execute(text("INSERT INTO made VALUES (1)"))
        chunk.checkpoint({"done": 1})
    assert (job.made(), job.row().checkpoint, job.context.checkpoint) == ([1], {"done": 1}, {"done": 1})


def test_a_chunk_that_fails_leaves_nothing(job: Job) -> None:
    def half() -> None:
        with job.context.chunk() as chunk:
            chunk.connection.execute(text("INSERT INTO made VALUES (1)"))
            chunk.checkpoint({"done": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert (job.made(), job.row().checkpoint) == ([], None)


@pytest.mark.parametrize("with_checkpoint", [True, False])
def test_a_chunk_of_a_lost_lease_writes_nothing(job: Job, with_checkpoint: bool) -> None:
    job.lose()

    def late() -> None:
        with job.context.chunk() as chunk:
            chunk.connection.execute(text("INSERT INTO made VALUES (1)"))
            if with_checkpoint:
                chunk.checkpoint({"done": 1})

    with pytest.raises(LeaseLost):
        late()
    assert (job.made(), job.row().checkpoint) == ([], None)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("cancel", Cancelled), ("deadline", DeadlineReached), ("lost", LeaseLost), ("shutdown", Interrupted)],
)
def test_an_order_is_honoured_by_progress_check_and_chunk(job: Job, reason: Any, expected: type[Exception]) -> None:
    job.orders.stop(reason)
    with pytest.raises(expected):
        job.context.progress("stage_waiting", 1, 2)
    with pytest.raises(expected):
        job.context.check()
    with pytest.raises(expected), job.context.chunk():
        pytest.fail("the chunk began")


def test_a_lost_lease_overrides_a_cancel_but_not_the_other_way_round(job: Job) -> None:
    job.orders.stop("cancel")
    job.orders.stop("lost")
    job.orders.stop("cancel")
    with pytest.raises(LeaseLost):
        job.context.check()


def test_of_many_progress_calls_few_are_told_and_the_last_row_always_is(job: Job) -> None:
    for done in range(10_001):
        job.context.progress("stage_waiting", done, 10_000)
    messages = job.messages()
    assert len(messages) < 200
    assert (messages[0]["rows_done"], messages[-1]["rows_done"]) == (0, 10_000)
    job.context.progress("stage_next")
    assert job.messages()[-1]["stage"] == "stage_next"


def test_the_rate_is_that_of_the_last_while() -> None:
    rate = Rate()
    assert rate.add(0.0, 0) is None
    for second in range(1, 31):
        slow = rate.add(float(second), second * 10)
    assert slow == pytest.approx(10)
    for second in range(31, 61):
        fast = rate.add(float(second), 300 + (second - 30) * 100)
    assert fast == pytest.approx(100)
    assert rate.add(61.0, 0) is None, "another stage begins"


def test_an_effect_happens_once(job: Job) -> None:
    done = []
    for _ in range(2):
        with job.context.effect("mail", "a@b") as now:
            if now:
                done.append(1)
    assert done == [1]
    assert list(job.context.iter_effects("mail")) == [("a@b", "done")]


def test_an_effect_with_an_unknown_outcome_is_not_repeated(job: Job) -> None:
    with pytest.raises(OSError, match="cut"), job.context.effect("mail", "a@b"):
        raise OSError("cut off after DATA")
    assert list(job.context.iter_effects("mail")) == [("a@b", "unknown")]
    with job.context.effect("mail", "a@b") as now:
        assert not now


def test_an_effect_whose_worker_died_in_the_middle_is_unknown_afterwards(job: Job) -> None:
    guard = job.context.effect("mail", "a@b")
    assert guard.__enter__() is True
    job.lose()
    again = job.claim()
    with again.effect("mail", "a@b") as now:
        assert not now
    assert list(again.iter_effects("mail")) == [("a@b", "unknown")]
    with pytest.raises(LeaseLost):
        guard.__exit__(None, None, None)


def test_an_effect_that_was_refused_for_now_is_tried_again(job: Job) -> None:
    with pytest.raises(Transient), job.context.effect("mail", "a@b"):
        raise Transient("connection_failed")
    with job.context.effect("mail", "a@b") as now:
        assert now
    with job.database.read() as connection:
        assert connection.execute(select(effects.c.state)).scalars().all() == ["done"]


def test_a_result_file_is_kept_and_replaced_by_a_later_attempt(job: Job) -> None:
    path = job.folder / "out.csv"
    path.write_text("one")
    first = job.context.add_file(path, "out.csv", "export")
    path.write_text("two!")
    with job.context.chunk() as chunk:
        second = job.context.add_file(path, "out.csv", "export", chunk.connection)
    with job.database.read() as connection:
        rows = connection.execute(select(files.c.id, files.c.size, files.c.job_id)).all()
    assert first != second
    assert [tuple(row) for row in rows] == [(second, 4, job.id)]


def test_a_result_file_of_a_lost_lease_is_not_kept(job: Job) -> None:
    path = job.folder / "out.csv"
    path.write_text("one")
    job.lose()
    with pytest.raises(LeaseLost):
        job.context.add_file(path, "out.csv", "export")
    with job.database.read() as connection:
        assert connection.execute(select(files.c.id)).all() == []


def test_texts_are_in_the_owners_language(job: Job) -> None:
    assert job.context.text("stage_waiting") == "Waiting"
