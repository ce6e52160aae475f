"""Monitoring over REST, through the client that the desktop and the command line use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from desktop.client.client import Client
from worker.db.schema import audit, queue_samples
from worker.engine import claim, outcome, workers
from worker.engine.routing import LANES

PATHS = ("monitor/workers", "monitor/queues", "monitor/stats", "monitor/history", "monitor/series")


@pytest.fixture
def client(api, admin):
    with Client(api.url, token=api.tokens[admin]) as client:
        yield client


def run(api, client, kind, params, key):
    """Submit and carry through what a worker would."""
    job = client.submit(kind, params, key=key)
    taken = claim.claim(api.database, api.settings, "w1", LANES)
    assert taken is not None
    outcome.finish(api.database, api.settings, taken.job_id, taken.lease_token, {"ok": True})
    return job.id


def test_only_admins_may_look(api, operator):
    for path in PATHS:
        assert api.get(path, operator).status_code == 403, path
    for verb in ("pause", "resume"):
        assert api.post(f"monitor/queues/default/{verb}", operator).status_code == 403


def test_workers_and_what_they_run(api, client):
    workers.register(api.database, "w1", 4711, ("default",), 2)
    job = client.submit("examples.echo", {"message": "hello"}, key="a")
    assert claim.claim(api.database, api.settings, "w1", LANES) is not None
    (worker,) = client.workers()
    assert (worker.name, worker.pid, worker.state, worker.lanes, worker.slots) == ("w1", 4711, "online", ["default"], 2)
    assert [(running.id, running.kind, running.lane) for running in worker.jobs] == [
        (job.id, "examples.echo", "default")
    ]
    assert [w.name for w in client.workers(silent=True)] == ["w1"]


def test_a_lane_is_paused_and_resumed_and_both_are_in_the_audit(api, client):
    assert [queue.lane for queue in client.queues()] == list(LANES)
    paused = client.pause_queue("export")
    assert (paused.lane, paused.paused_by) == ("export", "anna")
    assert paused.paused_at is not None
    assert client.resume_queue("export").paused_at is None
    with api.database.read() as connection:
        query = select(audit.c.action, audit.c.object_id, audit.c.username).where(audit.c.action.like("lane.%"))
        found = [tuple(row) for row in connection.execute(query.order_by(audit.c.id))]
    assert found == [("lane.pause", "export", "anna"), ("lane.resume", "export", "anna")]
    assert api.post("monitor/queues/nowhere/pause", "anna").json()["code"] == "unknown_lane"


def test_stats_and_history_of_what_was_done(api, client):
    first = run(api, client, "examples.echo", {"message": "hello"}, "a")
    second = run(api, client, "examples.add", {"x": 1, "y": 2}, "b")
    found = client.stats()
    assert (found.total, found.states.succeeded, found.success_rate) == (2, 2, 1)
    assert {figures.kind for figures in found.kinds} == {"examples.echo", "examples.add"}
    assert client.stats(until=datetime.now(UTC) - timedelta(hours=1)).total == 0
    page = client.history(limit=1)
    assert [entry.id for entry in page.entries] == [second]
    assert [entry.id for entry in client.history(cursor=page.next).entries] == [first]
    (entry,) = client.history(kinds=["examples.echo"], states=["succeeded"], owner="anna").entries
    assert (entry.id, entry.owner.username) == (first, "anna")
    assert entry.seconds is not None
    assert client.history(since=datetime.now(UTC) + timedelta(hours=1)).entries == []


def test_a_series_for_a_chart(api, client):
    run(api, client, "examples.echo", {"message": "hello"}, "a")
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    with api.database.write() as connection:
        connection.execute(insert(queue_samples).values(at=minute, lane="*", waiting=7, running=2))
    found = client.series()
    assert found.step_seconds == 60
    assert sum(point.succeeded for point in found.points) == 1
    assert [(p.waiting, p.running) for p in found.points if p.at == minute] == [(7, 2)]
    assert client.series("hour", lane="default").step_seconds == 3600
    answer = api.get("monitor/series?from=2026-01-01T00:00:00&to=2026-01-05T00:00:00", "anna")
    assert (answer.status_code, answer.json()["code"]) == (422, "period_too_long")
