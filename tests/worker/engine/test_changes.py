"""The change feed: nothing is lost, nothing is told to the wrong one, and cursors end when they must."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import update

from worker.db.migrate import new_epoch
from worker.db.schema import counters
from worker.engine import control, lease
from worker.engine.progress import ProgressReport
from worker.errors import Conflict, Refused


def test_without_a_cursor_only_the_present_one_is_given(engine):
    engine.job()
    answer = engine.changes(None)
    assert (answer.jobs, answer.removed, answer.more) == ([], [], False)
    assert answer.cursor == engine.head()


def test_each_changed_job_is_told_once_with_its_last_state(engine):
    head = engine.head()
    first, second = engine.job(), engine.job()
    engine.finish(engine.taken())
    answer = engine.changes(head)
    assert [(view.id, view.state) for view in answer.jobs] == [(second, "pending"), (first, "succeeded")]
    assert engine.changes(answer.cursor).jobs == []
    assert engine.head() == answer.cursor


def test_a_cursor_taken_before_the_list_misses_nothing(engine):
    head = engine.head()
    job = engine.job()
    assert [view.id for view in engine.changes(head).jobs] == [job]


def test_an_operator_is_told_of_own_jobs_only(engine):
    head, of_bob = engine.head(engine.ann), engine.head(engine.bob)
    job = engine.job()
    assert [view.id for view in engine.changes(head, engine.ann).jobs] == [job]
    assert engine.changes(of_bob, engine.bob).jobs == []


def test_jobs_of_schedules_are_told_only_when_asked_for(engine):
    head = engine.head()
    engine.job(scheduled=True)
    assert engine.changes(head).jobs == []
    assert len(engine.changes(head, scheduled=True).jobs) == 1


def test_a_deleted_job_leaves_a_tombstone_for_its_owner_and_the_admins(engine):
    heads = {person.username: engine.head(person) for person in (engine.ann, engine.bob, engine.root)}
    job = engine.job()
    engine.cancel(job)
    control.delete(engine.database, engine.ann, job)
    for person, removed in ((engine.ann, [job]), (engine.bob, []), (engine.root, [job])):
        answer = engine.changes(heads[person.username], person)
        assert (answer.jobs, answer.removed) == ([], removed)


def test_a_long_feed_is_read_in_parts(engine):
    head = engine.head()
    expected = [engine.job() for _ in range(7)]
    engine.cancel(expected[6])
    control.delete(engine.database, engine.root, expected[6])
    seen, removed, parts = [], [], 0
    while True:
        answer = engine.changes(head, limit=3)
        seen += [view.id for view in answer.jobs]
        removed += answer.removed
        assert len(answer.jobs) + len(answer.removed) <= 3
        head = answer.cursor
        parts += 1
        if not answer.more:
            break
    assert (seen, removed, parts) == (expected[:6], [expected[6]], 3)
    assert head == engine.head()


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "1", "x.5", "{epoch}.", "{epoch}.-1", "{epoch}.9999", "{epoch}.٣", "{epoch}.1e3"]
)
def test_a_cursor_that_is_not_ours_is_gone(engine, cursor):
    engine.job()
    with pytest.raises(Refused) as refused:
        engine.changes(cursor.format(epoch=engine.head().partition(".")[0]))
    assert (refused.value.code, refused.value.status) == ("cursor_gone", 410)


def test_a_cursor_ends_with_the_role_and_is_of_one_user(engine):
    head = engine.head(engine.ann)
    for other in (replace(engine.ann, role="admin"), engine.bob, engine.root):
        with pytest.raises(Refused):
            engine.changes(head, other)
    assert engine.changes(head, engine.ann).cursor == head


def test_a_restore_ends_all_cursors(engine):
    head = engine.head()
    with engine.database.write() as connection:
        connection.execute(update(counters).values(epoch=new_epoch()))
    with pytest.raises(Refused):
        engine.changes(head)


def test_one_asks_again_soon_while_something_of_ones_own_is_under_way(engine):
    def poll(person):
        return engine.changes(None, person).poll_after_ms

    assert poll(engine.ann) == 5000
    job = engine.job()
    assert (poll(engine.ann), poll(engine.bob), poll(engine.root)) == (1000, 5000, 1000)
    engine.finish(engine.taken())
    assert poll(engine.ann) == 5000
    from datetime import UTC, datetime, timedelta

    job = engine.job(run_at=datetime.now(UTC) + timedelta(hours=1))
    assert poll(engine.ann) == 5000
    engine.pass_time(3590, job)
    assert poll(engine.ann) == 1000


def test_a_version_rises_with_each_visible_change(engine):
    job = engine.job()
    versions = [engine.row(job).version]
    taken = engine.taken()
    versions.append(engine.row(job).version)
    lease.heartbeat(engine.database, job, taken.lease_token, ProgressReport(rows_done=1))
    versions.append(engine.row(job).version)
    engine.cancel(job)
    versions.append(engine.row(job).version)
    engine.cancel(job)  # nothing new
    versions.append(engine.row(job).version)
    assert versions == [1, 2, 3, 4, 4]


def test_a_reader_beside_many_writers_loses_nothing(engine):
    """Submitters, a worker and a deleter write at once; who follows the feed ends with what the table holds."""
    heads = engine.head()
    done = threading.Event()
    known: dict[str, tuple[str, int]] = {}

    def follow():
        cursor, last = heads, False
        while True:
            answer = engine.changes(cursor, limit=7)
            for view in answer.jobs:
                assert view.version > known.get(view.id, ("", 0))[1]
                known[view.id] = (view.state, view.version)
            for job in answer.removed:
                known.pop(job, None)
            cursor = answer.cursor
            if not answer.more:
                if last:
                    return
                last = done.is_set()

    def work(_):
        while (taken := engine.claim()) is None:
            pass
        lease.heartbeat(engine.database, taken.job_id, taken.lease_token, ProgressReport(rows_done=1))
        engine.finish(taken)

    def remove(job):
        try:
            engine.cancel(job)
            control.delete(engine.database, engine.root, job)
        except Conflict:
            pass

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(6) as pool:
        submitted = list(pool.map(lambda i: engine.job(by=(engine.ann, engine.bob)[i % 2]), range(60)))
        working = [pool.submit(work, i) for i in range(20)]
        removing = [pool.submit(remove, job) for job in submitted[40:50]]
        more = [pool.submit(engine.job) for _ in range(30)]
        for future in working + removing + more:
            future.result()
    done.set()
    reader.join(60)
    assert not reader.is_alive()
    from sqlalchemy import select

    from worker.db.schema import jobs

    with engine.database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.state, jobs.c.version)).all()
    assert known == {row.id: (row.state, row.version) for row in rows}
    assert len(rows) >= 80
