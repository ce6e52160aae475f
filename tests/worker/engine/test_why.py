"""Why a job is in its state, and how many come first."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import worker.engine
from tests.worker.engine.engine import Engine
from worker.engine import jobs, lanes, lease, outcome
from worker.texts import catalogue


def why(engine, job):
    found = engine.get(job).why
    assert "?" not in found.message
    assert found.message != f"why_{found.code}"
    return found.code


def test_without_a_worker_it_says_so(engine):
    job = engine.job("test.export")
    assert why(engine, job) == "no_worker"
    engine.worker(lanes=("default",))
    assert why(engine, job) == "no_worker"
    engine.worker("w2", lanes=("export",))
    assert why(engine, job) == "next"


def test_a_paused_lane_says_so(engine):
    engine.worker()
    job = engine.job("test.export")
    lanes.pause(engine.database, engine.root, "export")
    assert why(engine, job) == "lane_paused"


def test_limits_say_so(database):
    engine = Engine(database, user_running_limit=1)
    engine.worker()
    engine.job("test.single")
    engine.taken()
    assert why(engine, engine.job("test.single", by=engine.bob)) == "kind_limit"
    assert why(engine, engine.job()) == "user_limit"


def test_a_job_for_later_says_when(engine):
    assert why(engine, engine.job(run_at=datetime.now(UTC) + timedelta(hours=1))) == "scheduled_for"


def test_a_retry_says_when_and_for_which_reason(engine):
    job = engine.job("test.fragile")
    taken = engine.taken()
    outcome.fail(
        engine.database, engine.settings, job, taken.lease_token, "lease_expired", {"worker": "w9"}, transient=True
    )
    assert why(engine, job) == "retry_at"
    found = engine.get(job).why
    assert "no longer answered" in found.message
    assert 3 <= found.values["seconds"] <= 6
    assert (found.values["count"], found.values["limit"]) == (1, 2)


def test_running_and_ended_jobs_say_how(engine):
    job = engine.job()
    taken = engine.taken()
    assert why(engine, job) == "running"
    engine.pass_time(46)
    assert why(engine, job) == "worker_silent"
    lease.heartbeat(engine.database, job, taken.lease_token)
    engine.cancel(job)
    assert why(engine, job) == "stopping"
    outcome.cancelled(engine.database, engine.settings, job, taken.lease_token)
    assert why(engine, job) == "cancelled"
    done = engine.job()
    engine.finish(engine.taken())
    assert why(engine, done) == "succeeded"
    wrong = engine.job()
    outcome.fail(engine.database, engine.settings, wrong, engine.taken().lease_token, "runner_died")
    assert engine.get(wrong).why.message == "The process that ran the job ended unexpectedly."


def test_the_number_of_jobs_ahead_is_what_the_claims_then_show(engine):
    engine.worker(slots=1)
    people = [engine.ann, engine.bob, engine.root]
    queue = "aabacbaabc"
    submitted = [engine.job(by=people["abc".index(who)]) for who in queue]
    urgent = engine.job(by=engine.bob, priority="high")
    ahead = {job: engine.get(job).why.values.get("count", 0) for job in [*submitted, urgent]}
    order = []
    while (taken := engine.claim()) is not None:
        order.append(taken.job_id)
        engine.finish(taken)
    assert ahead[urgent] == 0
    for place, job in enumerate(order):
        assert abs(ahead[job] - place) <= 2  # who of several owners has the turn is open until then


def test_lists_say_that_a_job_waits_without_counting(engine):
    engine.worker()
    engine.job()
    engine.job()
    codes = [view.why.code for view in jobs.page(engine.database, engine.ann, "en", settings=engine.settings).jobs]
    assert codes == ["waiting", "waiting"]


def codes_in_the_code():
    for path in Path(worker.engine.__file__).parent.glob("*.py"):
        source = path.read_text("utf-8")
        if path.name == "why.py":
            yield from (f"why_{code}" for code in re.findall(r'return "(\w+)", ', source))
        if path.name in ("control.py", "lanes.py", "submit.py", "jobs.py", "changes.py", "routing.py", "visibility.py"):
            yield from re.findall(r'(?:Refused|Conflict|NotFound|Forbidden)\("(\w+)"', source)
            yield from (f"event_{code}" for code in re.findall(r'events\.add\(\w+, \w+, "(\w+)"', source))


EVENTS = ("submitted", "scheduled", "claimed", "stage", "succeeded", "failed", "retry", "rescued", "quarantined",
          "released", "cancel_requested", "cancelled", "cancelled_midway", "retried", "priority")  # fmt: skip
STATES = ("succeeded", "failed", "cancelled", "waiting", "jobs_ahead", "next")


@pytest.mark.parametrize(
    "code", sorted({*codes_in_the_code(), *(f"event_{e}" for e in EVENTS), *(f"why_{s}" for s in STATES)})
)
def test_every_code_has_words_in_both_languages(code):
    words = catalogue()[code]
    assert set(words) == {"en", "zh_CN"}
    assert all(words.values())
    fields = [set(re.findall(r"{(\w+)}", text)) for text in words.values()]
    assert fields[0] == fields[1]
