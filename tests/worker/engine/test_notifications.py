"""In-app notifications: who sees which, what is unread, and failures that count up."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select

from tests.support import wait_until
from tests.worker.engine.engine import person, set_job, shift
from worker import notifications
from worker.db.schema import notification_reads
from worker.db.schema import notifications as table
from worker.engine import outcome
from worker.errors import NotFound, Refused
from worker.notifications import ADMINS, EVERYBODY


def raise_(database, audience, category="message", **values):
    with database.write() as connection:
        notifications.add(connection, audience, category, **values)


def messages(database, actor, **options):
    return [n.message for n in notifications.page(database, actor, **options).notifications]


def test_each_sees_own_ones_those_for_everybody_and_admins_those_for_admins(engine):
    for audience in (engine.ann.user_id, engine.bob.user_id, EVERYBODY, ADMINS):
        raise_(engine.database, audience, message=f"to {audience}")
    assert messages(engine.database, engine.ann) == ["to all", f"to {engine.ann.user_id}"]
    assert messages(engine.database, engine.root) == ["to admins", "to all"]


def test_reading_is_each_ones_own(engine):
    raise_(engine.database, EVERYBODY, message="x")
    (one,) = notifications.page(engine.database, engine.ann).notifications
    assert notifications.mark_read(engine.database, engine.ann, one.id).read
    assert notifications.mark_read(engine.database, engine.ann, one.id).read, "again it changes nothing"
    assert notifications.page(engine.database, engine.ann).unread == 0
    assert messages(engine.database, engine.ann, unread=True) == []
    assert notifications.page(engine.database, engine.bob).unread == 1
    raise_(engine.database, engine.bob.user_id, message="y")
    assert notifications.mark_all_read(engine.database, engine.bob) == 2
    assert notifications.mark_all_read(engine.database, engine.bob) == 0


def test_anothers_notification_is_not_there(engine):
    raise_(engine.database, engine.bob.user_id, message="private")
    raise_(engine.database, ADMINS, message="for admins")
    with engine.database.read() as connection:
        ids = connection.execute(select(table.c.id)).scalars().all()
    for id_ in (*ids, "no-id", "0" * 36):
        with pytest.raises(NotFound, match="notification_not_found"):
            notifications.mark_read(engine.database, engine.ann, id_)
    with engine.database.read() as connection:
        assert connection.execute(select(notification_reads)).all() == []


def test_pages_follow_each_other_without_a_gap(engine):
    for number in range(7):
        raise_(engine.database, EVERYBODY, message=str(number))
        raised = time.time_ns() // 1_000_000
        # SQLite's clock counts milliseconds: which of two of the same is the later one, nobody knows.
        wait_until(lambda raised=raised: time.time_ns() // 1_000_000 > raised)
    seen, cursor = [], None
    while True:
        page = notifications.page(engine.database, engine.ann, cursor=cursor, limit=3)
        seen += [n.message for n in page.notifications]
        assert page.unread == 7
        cursor = page.next
        if cursor is None:
            break
    assert seen == list("6543210")
    for wrong in ("x", "äö", "MjAyNi0wMS0wMSBh"):
        with pytest.raises(Refused, match="invalid_cursor"):
            notifications.page(engine.database, engine.ann, cursor=wrong)


def fail(engine, code="internal_error", **values):
    job_id = engine.job()
    taken = engine.taken()
    assert taken.job_id == job_id
    token = taken.lease_token
    state = outcome.fail(engine.database, engine.settings, job_id, token, code, values, publish=engine.publish)
    assert state == "failed"
    return job_id


def test_failures_of_a_kind_are_one_notification_that_counts_and_is_unread_again(engine):
    fail(engine)
    (one,) = notifications.page(engine.database, engine.root).notifications
    assert one.message.startswith("“TEST.PLAIN” has failed: Something unexpected went wrong")
    notifications.mark_read(engine.database, engine.root, one.id)
    shift(engine.database, "notification_reads", ("read_at",), 60)
    shift(engine.database, "notifications", ("updated_at",), 60)
    last = fail(engine, "uploads_needed", minimum=1, count=0)
    page = notifications.page(engine.database, engine.root)
    (one,) = page.notifications
    assert (page.unread, one.count, one.job_id, one.level, one.read) == (1, 2, last, "error", False)
    assert one.message.startswith("2 jobs of this kind have failed today")
    assert notifications.page(engine.database, engine.ann).notifications == [], "admins only"
    chinese = notifications.page(engine.database, person(engine.database, "li", "admin", "zh_CN")).notifications
    assert chinese[0].message.startswith("今天此类任务已失败 2 次")


def test_a_quarantined_job_is_told_too_a_retried_and_a_cancelled_one_are_not(engine):
    engine.job("test.fragile")
    taken = engine.taken()
    token = taken.lease_token
    passing = {"transient": True, "publish": engine.publish}
    assert (
        outcome.fail(engine.database, engine.settings, taken.job_id, token, "connection_failed", **passing) == "pending"
    )
    engine.cancel(taken.job_id)
    assert notifications.page(engine.database, engine.root).notifications == []
    engine.job()
    taken = engine.taken()
    set_job(engine.database, taken.job_id, crashes=2)
    assert outcome.crashed(engine.database, engine.settings, taken.job_id, taken.lease_token) == "failed"
    assert len(notifications.page(engine.database, engine.root).notifications) == 1


def test_many_that_raise_the_same_at_once_lose_no_count(engine):
    barrier = threading.Barrier(4)

    def raise_some():
        barrier.wait()
        for _ in range(5):
            raise_(engine.database, ADMINS, "job_failed", level="error", key="k", title="t", code="internal_error")

    threads = [threading.Thread(target=raise_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (one,) = notifications.page(engine.database, engine.root).notifications
    assert one.count == 20
