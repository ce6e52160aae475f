"""Claim-best: what may run, in which order, and that no two claims together pass a limit."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.worker.engine.engine import KINDS, Engine, instant, person, set_job, settings_for
from worker.actor import SYSTEM
from worker.db.database import Database
from worker.engine import claim, kinds, lanes
from worker.engine.routing import LANES


def test_nothing_to_do_gives_none(engine):
    assert engine.claim() is None


def test_a_claim_carries_everything_that_the_work_needs(engine):
    upload = engine.upload()
    job = engine.job("test.table", uploads=[upload], params={"x": 3}, parent_id="p")
    taken = engine.taken()
    assert (taken.job_id, taken.kind, taken.attempt, taken.checkpoint) == (job, "test.table", 1, None)
    assert (taken.params["x"], taken.uploads, taken.parent_id) == (3, (upload,), "p")
    assert (taken.owner.username, taken.owner.role, taken.owner.language) == ("ann", "operator", "en")
    row = engine.row(job)
    assert (row.state, row.worker, row.lease_token) == ("running", "w1", taken.lease_token)
    lease = (row.lease_until - row.claimed_at).total_seconds()
    assert lease == pytest.approx(engine.settings.lease_seconds, abs=1)
    assert engine.story(job) == ["submitted", "claimed"]


def test_a_job_is_claimed_once(engine):
    engine.job()
    assert engine.claim() is not None
    assert engine.claim() is None


def test_the_deadlines_are_the_kinds_own_or_the_settings(engine):
    def limits(kind):
        engine.job(kind)
        taken = engine.taken()
        row = engine.row(taken.job_id)
        return [
            round((instant(at) - row.claimed_at) / timedelta(seconds=1))
            for at in (row.soft_deadline, row.hard_deadline)
        ], [taken.soft_seconds, taken.hard_seconds]

    assert limits("test.quick") == ([5, 7], [5, 7])
    assert limits("test.plain") == ([1500, 1800], [1500, 1800])


def test_the_higher_priority_goes_first_and_then_the_older(engine):
    order = [engine.job(priority=priority) for priority in ("low", "normal", "high", "normal", "high")]
    taken = [engine.taken().job_id for _ in order]
    assert taken == [order[2], order[4], order[1], order[3], order[0]]


def test_a_worker_claims_only_of_its_lanes(engine):
    plain, export = engine.job(), engine.job("test.export")
    assert engine.claim("email") is None
    assert engine.claim() is not None or pytest.fail("nothing claimed")
    assert {engine.row(plain).state, engine.row(export).state} == {"running", "pending"}
    assert engine.taken("export", "email").job_id == export


def test_a_claim_is_the_best_over_all_lanes_of_the_worker(engine):
    engine.job()
    urgent = engine.job("test.export", priority="high")
    assert engine.taken().job_id == urgent


def test_nothing_of_a_paused_lane_starts_until_it_is_resumed(engine):
    job = engine.job("test.export")
    lanes.pause(engine.database, engine.root, "export")
    assert engine.claim() is None
    engine.hints.clear()
    lanes.resume(engine.database, engine.settings, engine.root, "export", publish=engine.publish)
    assert engine.hints == ["export"]
    assert engine.taken().job_id == job


def test_a_kind_with_a_limit_never_runs_more(engine):
    for _ in range(3):
        engine.job("test.single")
    other = engine.job(priority="low")
    first = engine.taken()
    assert first.kind == "test.single"
    assert engine.taken().job_id == other
    assert engine.claim() is None
    engine.hints.clear()
    engine.finish(first)
    assert engine.hints == ["default"]  # the limit has become free
    assert engine.taken().kind == "test.single"


def test_a_user_with_a_limit_never_runs_more(database):
    engine = Engine(database, user_running_limit=2)
    for _ in range(4):
        engine.job()
    of_bob = engine.job(by=engine.bob)
    taken = [engine.taken() for _ in range(3)]
    assert of_bob in [t.job_id for t in taken]
    assert engine.claim() is None
    engine.hints.clear()
    engine.finish(next(t for t in taken if t.job_id != of_bob))
    assert engine.hints == ["default"]
    assert engine.taken().owner.username == "ann"


def test_the_systems_own_jobs_have_no_limit(database):
    engine = Engine(database, user_running_limit=1)
    for _ in range(3):
        engine.job(by=SYSTEM)
    assert [engine.taken().owner.username for _ in range(3)] == ["system"] * 3


def test_five_hundred_jobs_of_one_never_hold_up_anothers_first(engine):
    for _ in range(20):
        engine.job()
    of_ann = engine.taken()
    of_bob = engine.job(by=engine.bob)
    engine.finish(of_ann)  # one slot: nobody runs anything now
    assert engine.taken().job_id == of_bob


def test_owners_take_turns_at_one_slot(engine):
    for by in (engine.ann,) * 4 + (engine.bob,) * 4 + (engine.root,) * 2:
        engine.job(by=by)
    order = []
    for _ in range(10):
        taken = engine.taken()
        order.append(taken.owner.username)
        engine.finish(taken)
    assert order == ["ann", "bob", "root", "ann", "bob", "root", "ann", "bob", "ann", "bob"]


def test_the_owner_with_fewer_running_jobs_goes_first(engine):
    for _ in range(5):
        engine.job()
    engine.taken()
    engine.job(by=engine.bob)
    done = engine.taken()
    assert done.owner.username == "bob"
    engine.finish(done)
    engine.job(by=engine.bob)
    assert engine.taken().owner.username == "bob"  # had a turn just now, but ann has one running


def test_priority_comes_before_turns(engine):
    engine.job(by=engine.bob)
    urgent = [engine.job(priority="high") for _ in range(3)]
    assert [engine.taken().job_id for _ in range(3)] == urgent


def test_a_kind_that_this_worker_does_not_know_is_left_to_others(engine, monkeypatch):
    job = engine.job()
    set_job(engine.database, job, kind="test.newer")
    assert engine.claim() is None
    assert engine.get(job).why.code == "kind_gone"


def test_a_claimed_job_that_waited_starts_its_clock_at_the_first_attempt(engine):
    job = engine.job()
    engine.taken()
    engine.pass_time(100)
    started = engine.row(job).started_at
    engine.sweeper().rescue()
    engine.pass_time(0, job)
    engine.pass_time(700)
    taken = engine.taken()
    row = engine.row(job)
    assert taken.attempt == 2
    assert row.started_at < row.claimed_at
    assert started - row.started_at == timedelta(seconds=700)


def test_many_claims_at_once_take_each_job_once_and_pass_no_limit(engine):
    people = [engine.ann, engine.bob, engine.root]
    for i in range(30):
        engine.job("test.double" if i % 3 == 0 else "test.plain", people[i % 2])
    with ThreadPoolExecutor(8) as pool:
        taken = [t for t in pool.map(lambda _: engine.claim(), range(40)) if t]
    assert len({t.job_id for t in taken}) == len(taken) == 22
    assert Counter(t.kind for t in taken) == {"test.plain": 20, "test.double": 2}


def _claim_all(url: str, name: str, go, answers) -> None:
    kinds.load()
    for kind in KINDS:
        kinds._registry.setdefault(kind.name, kind)
    database = Database(url)
    settings = settings_for(database)
    go.wait(30)
    while taken := claim.claim(database, settings, name, LANES):
        answers.put((name, taken.job_id, taken.kind))
    answers.put(None)
    database.dispose()


def test_processes_that_claim_at_once_take_each_job_once_and_pass_no_limit(engine):
    for i in range(20):
        engine.job("test.single" if i % 2 else "test.plain", person(engine.database, f"p{i}"))
    context = multiprocessing.get_context("spawn")
    go, answers = context.Event(), context.Queue()
    workers = [context.Process(target=_claim_all, args=(engine.database.url, f"w{i}", go, answers)) for i in range(3)]
    for worker in workers:
        worker.start()
    go.set()
    taken, ended = [], 0
    while ended < len(workers):
        answer = answers.get(timeout=60)
        if answer is None:
            ended += 1
        else:
            taken.append(answer)
    for worker in workers:
        worker.join(30)
    answers.close()
    answers.join_thread()
    assert len({job for _, job, _ in taken}) == len(taken) == 11
    assert Counter(kind for _, _, kind in taken) == {"test.plain": 10, "test.single": 1}
