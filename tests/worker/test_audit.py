"""Reading the audit: each filter, page by page, by an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, text

from tests.worker.engine.engine import person
from worker.accounts import trail
from worker.db.schema import audit
from worker.errors import Forbidden, Refused

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACTIONS = ("job.submit", "job.cancel", "jobs.odd", "lane.pause", "auth.login")


@pytest.fixture
def root(database):
    return person(database, "root", "admin")


@pytest.fixture
def entries(database):
    """Sixty deeds of three people, a minute apart."""
    rows = [
        {
            "at": NOON + timedelta(minutes=number), "username": f"user{number % 3}", "action": ACTIONS[number % 5],
            "object_type": "job", "object_id": f"thing{number % 4}", "details": {"number": number}, "ip": "::1",
        }
        for number in range(60)
    ]  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(audit), rows)
    return rows


def numbers(database, root, **wanted):
    found, following = trail.page(database, root, limit=500, **wanted)
    assert following is None
    return [entry.details["number"] for entry in found]


def test_each_filter_takes_what_it_says_newest_first(database, root, entries):
    everything = list(range(59, -1, -1))
    assert numbers(database, root) == everything
    assert numbers(database, root, username="user1") == [n for n in everything if n % 3 == 1]
    assert numbers(database, root, object_id="thing2") == [n for n in everything if n % 4 == 2]
    assert numbers(database, root, action="job.cancel") == [n for n in everything if n % 5 == 1]
    assert numbers(database, root, action="job.") == [n for n in everything if n % 5 in (0, 1)]
    assert numbers(database, root, action="nothing.") == numbers(database, root, username="nobody") == []
    between = {"at_from": NOON + timedelta(minutes=10), "at_to": NOON + timedelta(minutes=13)}
    assert numbers(database, root, **between) == [12, 11, 10]
    assert numbers(database, root, username="user0", action="lane.pause", **between) == []


def test_pages_come_one_after_the_other_and_miss_nothing(database, root, entries):
    seen, cursor = [], None
    while True:
        page, cursor = trail.page(database, root, action="job.", cursor=cursor, limit=7)
        seen += [entry.details["number"] for entry in page]
        if cursor is None:
            break
    assert seen == numbers(database, root, action="job.")


@pytest.mark.parametrize("cursor", ["x", "-1", "٣", "9" * 30])
def test_a_senseless_cursor_is_refused(database, root, cursor):
    with pytest.raises(Refused, match="invalid_cursor"):
        trail.page(database, root, cursor=cursor)


def test_it_is_for_admins(database):
    with pytest.raises(Forbidden):
        trail.page(database, person(database, "otto"))


def test_no_filter_reads_the_whole_table(database, root, entries):
    with database.write() as connection:
        copies = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        connection.execute(text(
            f"INSERT INTO audit (at, username, action, object_id) {copies}"
            " SELECT CURRENT_TIMESTAMP, 'many', 'job.submit', 'other' || n.i FROM n"
        ))  # fmt: skip
        connection.execute(text("ANALYZE"))
    statements = []

    def note(connection, cursor, statement, parameters, context, executemany):
        statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    for wanted in (
        {}, {"username": "user1"}, {"action": "lane.pause"}, {"action": "lane."}, {"object_id": "thing1"},
        {"at_from": NOON, "at_to": NOON + timedelta(hours=1)}, {"cursor": "30"},
    ):  # fmt: skip
        trail.page(database, root, limit=20, **wanted)
    event.remove(database.engine, "before_cursor_execute", note)
    asked = [found for found in statements if "FROM audit" in found[0]]
    assert len(asked) >= 7
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    with database.read() as connection:
        for statement, parameters in asked:
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters))
            bare = "WHERE" not in statement  # the newest of all: the table from its end
            assert "Seq Scan on audit" not in plan, f"{statement}\n{plan}"
            assert bare or "SCAN audit" not in plan, f"{statement}\n{plan}"
