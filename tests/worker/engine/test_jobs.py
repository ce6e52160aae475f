"""Reading: the list with its filters and pages, and the story in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.worker.engine.engine import shift_jobs
from worker.engine import jobs, lease, outcome
from worker.engine.progress import ProgressReport
from worker.errors import NotFound, Refused


def page(engine, by=None, **filters):
    return jobs.page(engine.database, by or engine.root, "en", settings=engine.settings, **filters)


def ids(engine, by=None, **filters):
    return [view.id for view in page(engine, by, **filters).jobs]


def test_the_list_has_the_newest_first_and_only_what_one_may_see(engine):
    first, second = engine.job(), engine.job(by=engine.bob)
    assert ids(engine) == [second, first]
    assert ids(engine, engine.ann) == [first]
    assert ids(engine, engine.bob) == [second]


def test_jobs_of_schedules_are_listed_only_when_asked_for(engine):
    job = engine.job(scheduled=True)
    assert ids(engine) == []
    assert ids(engine, scheduled=True) == [job]
    assert engine.get(job).scheduled


def test_the_list_can_be_filtered(engine):
    first = engine.job(title="Customers of 上海")
    second = engine.job("test.export", by=engine.bob, title="100% of Customers_2")
    engine.finish(engine.taken("default"))
    assert ids(engine, states=["succeeded"]) == [first]
    assert ids(engine, states=["pending", "running"]) == [second]
    assert ids(engine, kinds=["test.export"]) == [second]
    assert ids(engine, owner="bob") == ids(engine, owner=engine.bob.user_id) == [second]
    assert ids(engine, owner="nobody") == []
    assert ids(engine, text="上海") == [first]
    assert ids(engine, text="customers") == [second, first]
    assert ids(engine, text="%") == [second]
    assert ids(engine, text="s_2") == [second]
    assert ids(engine, text=f" {first} ") == [first]
    assert ids(engine, text="nothing\x00") == []
    assert ids(engine, engine.ann, owner="bob") == []


def test_the_list_can_be_cut_by_time(engine):
    old = engine.job()
    shift_jobs(engine.database, 3600)
    new = engine.job()
    at = engine.row(new).created_at
    assert ids(engine, created_from=at) == [new]
    assert ids(engine, created_to=at) == [old]
    assert ids(engine, created_from=at - timedelta(hours=2), created_to=at + timedelta(hours=1)) == [new, old]


def test_pages_follow_each_other_without_gap_or_overlap_while_jobs_come_in(engine):
    expected = [engine.job() for _ in range(7)][::-1]
    first = page(engine, limit=3)
    assert first.total == 7
    engine.job()
    seen, following = [view.id for view in first.jobs], first.next
    while following:
        answer = page(engine, limit=3, cursor=following)
        assert answer.total is None
        seen += [view.id for view in answer.jobs]
        following = answer.next
    assert seen == expected


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "MjAyNC0wMS0wMXx4", "*"])
def test_a_page_cursor_that_is_not_ours_is_refused(engine, cursor):
    with pytest.raises(Refused) as refused:
        page(engine, cursor=cursor)
    assert refused.value.code == "invalid_cursor"


def test_a_page_of_many_jobs_costs_a_fixed_number_of_queries(engine):
    from sqlalchemy import event

    def queries(limit):
        count = 0

        def counted(*_):
            nonlocal count
            count += 1

        event.listen(engine.database.engine, "before_cursor_execute", counted)
        page(engine, limit=limit)
        event.remove(engine.database.engine, "before_cursor_execute", counted)
        return count

    for i in range(12):
        engine.job(by=(engine.ann, engine.bob)[i % 2])
    assert queries(2) == queries(12)


def test_the_story_is_told_in_the_askers_language(engine):
    job = engine.job("test.fragile")
    taken = engine.taken()
    report = ProgressReport("why_next", {}, 5, 10, new_stage=True)
    lease.heartbeat(engine.database, job, taken.lease_token, report)
    outcome.fail(
        engine.database, engine.settings, job, taken.lease_token, "wrong_suffix",
        {"name": "x.pdf", "suffixes": ".csv"}, transient=True,
    )  # fmt: skip
    engine.cancel(job, engine.ann)
    story = jobs.events(engine.database, engine.ann, job, "en")
    assert [event.type for event in story] == [
        "submitted", "claimed", "stage", "retry", "cancel_requested", "cancelled",
    ]  # fmt: skip
    words = [event.message for event in story]
    assert words[1] == "Started."
    assert words[2] == "It is next: it starts as soon as a slot is free."
    assert "x.pdf" in words[3]
    assert words[4].startswith("ann")
    assert "5 rows" in words[5]
    for english, chinese in zip(words, jobs.events(engine.database, engine.ann, job, "zh_CN"), strict=True):
        assert chinese.message != english
        assert "?" not in english + chinese.message
        assert "event_" not in english + chinese.message


def test_which_worker_it_was_is_told_to_admins_only(engine):
    job = engine.job()
    engine.taken()
    told = {}
    for asks in (engine.ann, engine.root):
        started = jobs.events(engine.database, asks, job, "en")[1]
        found = engine.get(job, asks).why
        assert "w1" not in started.message + found.message
        told[asks.username] = (started.values.get("worker"), found.values.get("worker"))
    assert told == {"ann": (None, None), "root": ("w1", "w1")}


def test_the_story_of_anothers_job_is_not_told(engine):
    job = engine.job()
    with pytest.raises(NotFound):
        jobs.events(engine.database, engine.bob, job, "en")


def test_a_job_is_shown_in_the_askers_language(engine):
    job = engine.job()
    assert jobs.get(engine.database, engine.ann, job, "zh_CN").kind_title == "任务 test.plain"
    assert jobs.get(engine.database, engine.ann, job, "en").kind_title == "TEST.PLAIN"
