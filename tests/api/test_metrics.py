"""What Prometheus reads, read with its own parser."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from tests.api.conftest import one_database, serving
from worker.engine import claim, control, lanes, outcome, workers
from worker.engine.routing import LANES
from worker.engine.submit import submit
from worker.engine.views import Submission
from worker.settings import Settings

TOKEN = "a long token for Prometheus"


@pytest.fixture
def api_settings(database_url, tmp_path):
    return Settings(
        _env_file=None, data=tmp_path / "data", database_url=database_url, metrics_token=TOKEN.replace(" ", "-")
    )


@pytest.fixture
def scrape(api):
    """Read the measures: `name, labels` to value, without labels' empty ones."""

    def read():
        answer = api.get("/metrics", TOKEN.replace(" ", "-"))
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return read


@pytest.fixture
def actor(api, admin):
    from worker.actor import Actor

    return Actor(api.get("auth/me", admin).json()["id"], admin, "admin", "en")


def put(api, actor, kind="examples.echo"):
    return submit(api.database, api.settings, actor, Submission(kind=kind), None)[0].id


@one_database
def test_admins_and_prometheus_may_read_and_nobody_else(api, admin, operator):
    assert api.get("/metrics").status_code == 401
    assert api.get("/metrics", "some-other-token").status_code == 401
    assert api.get("/metrics", operator).status_code == 403
    assert api.get("/metrics", admin).status_code == 200
    assert api.get("/metrics", TOKEN.replace(" ", "-")).status_code == 200


@one_database
def test_the_token_of_prometheus_opens_nothing_else(api):
    for path in ("jobs", "monitor/queues", "auth/me", "/nowhere"):
        assert api.get(path, TOKEN.replace(" ", "-")).status_code == 401, path
    assert api.post("/metrics", TOKEN.replace(" ", "-")).status_code == 405


@one_database
def test_without_a_token_set_only_admins_read(database, database_url, tmp_path):
    settings = Settings(_env_file=None, data=tmp_path / "data", database_url=database_url)
    with serving(settings, database) as api:
        assert api.call("GET", "/metrics", headers={"Authorization": "Bearer "}).status_code == 401
        api.add_user("anna", "admin")
        assert api.get("/metrics", "anna").status_code == 200


def test_a_short_token_is_refused():
    with pytest.raises(ValueError, match="metrics_token"):
        Settings(_env_file=None, metrics_token="short")


def test_jobs_queues_and_workers_are_told(api, actor, scrape):
    scrape()
    workers.seen(api.database, workers.register(api.database, "w1", 1, ("default", "export"), 3), 1, 5_000)
    workers.stopping(api.database, workers.register(api.database, "w2", 2, ("default",), 1))
    lanes.pause(api.database, actor, "email")
    put(api, actor)
    put(api, actor, "examples.sleep")
    claim.claim(api.database, api.settings, "w1", LANES)
    found = scrape()
    assert found["tasktray_jobs", "examples.echo", "running"] == 1
    assert found["tasktray_jobs", "examples.sleep", "pending"] == 1
    assert found["tasktray_queue_waiting", "default"] == found["tasktray_queue_due", "default"] == 1
    assert found["tasktray_queue_running", "default"] == 1
    assert found["tasktray_queue_slots", "default"] == 3
    assert found["tasktray_queue_oldest_waiting_seconds", "default"] >= 0
    assert (found["tasktray_queue_paused", "email"], found["tasktray_queue_paused", "default"]) == (1, 0)
    assert (found["tasktray_workers", "online"], found["tasktray_workers", "stopping"]) == (1, 1)
    assert found["tasktray_worker_memory_bytes", "w1"] == 5_000


def test_each_end_is_counted_once_also_when_the_job_changes_after_it(api, actor, scrape):
    ended_before = put(api, actor)
    outcome.finish(api.database, api.settings, *taken(api), {})
    scrape()  # begins to count
    first = put(api, actor)
    outcome.finish(api.database, api.settings, *taken(api), {})
    put(api, actor, "examples.sleep")
    outcome.fail(api.database, api.settings, *taken(api), "unknown_error")
    control.cancel(api.database, actor, put(api, actor), settings=api.settings)
    found = scrape()
    assert found["tasktray_jobs_ended_total", "examples.echo", "succeeded"] == 1
    assert found["tasktray_jobs_ended_total", "examples.echo", "cancelled"] == 1
    assert found["tasktray_jobs_ended_total", "examples.sleep", "failed"] == 1
    assert found["tasktray_job_seconds_count", "examples.echo"] == 1
    for job in (first, ended_before):
        control.patch(api.database, actor, job, None, "another title", settings=api.settings)
    again = scrape()
    assert again["tasktray_jobs_ended_total", "examples.echo", "succeeded"] == 1


def test_a_job_that_is_run_again_counts_again(api, actor, scrape):
    scrape()
    job = put(api, actor)
    outcome.fail(api.database, api.settings, *taken(api), "unknown_error")
    scrape()
    control.retry(api.database, actor, job, settings=api.settings, publish=lambda queue: None)
    outcome.fail(api.database, api.settings, *taken(api), "unknown_error")
    assert scrape()["tasktray_jobs_ended_total", "examples.echo", "failed"] == 2


def taken(api):
    found = claim.claim(api.database, api.settings, "w1", LANES)
    assert found is not None
    return found.job_id, found.lease_token


@one_database
def test_requests_are_counted_by_route_not_by_address(api, operator, scrape):
    for path in ("jobs/a", "jobs/b", "nowhere", "somewhere"):
        api.get(path, operator)
    api.get("jobs")
    found = scrape()
    assert found["tasktray_http_requests_total", "GET", "/api/v1/jobs/{job_id}", "404"] == 2
    assert found["tasktray_http_requests_total", "GET", "none", "404"] == 2
    assert found["tasktray_http_requests_total", "GET", "none", "401"] == 1
    assert found["tasktray_http_request_seconds_count", "GET", "/api/v1/jobs/{job_id}"] == 2
    assert not [name for name, *_ in found if name.endswith("_created")]


@one_database
def test_bytes_of_uploads_are_counted(api, operator, scrape):
    body = b"a,b\n1,2\n"
    answer = api.post(
        "uploads", operator, data=body,
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": "8", "Content-Type": "application/offset+octet-stream"},
    )  # fmt: skip
    assert answer.status_code == 201
    api.post("jobs", operator, json={"kind": "examples.echo"})
    assert scrape()["tasktray_upload_bytes_total",] == len(body)


@one_database
def test_open_metrics_for_who_asks_for_it(api, admin):
    answer = api.get("/metrics", admin, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_scrape_reads_no_more_rows_than_have_changed(api, actor, scrape):
    """However many jobs there are: as many statements, and of the ended ones only those that are new."""
    for _ in range(30):
        put(api, actor)
        outcome.finish(api.database, api.settings, *taken(api), {})
    scrape()
    put(api, actor)
    outcome.finish(api.database, api.settings, *taken(api), {})
    read = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if "jobs.change_no >" in statement:
            read.append(parameters)

    event.listen(api.app.state.database.engine, "before_cursor_execute", note)
    found = scrape()
    event.remove(api.app.state.database.engine, "before_cursor_execute", note)
    assert len(read) == 1
    assert found["tasktray_jobs_ended_total", "examples.echo", "succeeded"] == 1


def test_many_ends_at_once_are_read_page_by_page(api, actor, scrape, monkeypatch):
    from worker.engine.monitor import meter

    monkeypatch.setattr(meter, "_PAGE", 2)
    scrape()
    for _ in range(5):
        put(api, actor)
        outcome.finish(api.database, api.settings, *taken(api), {})
    put(api, actor)
    assert scrape()["tasktray_jobs_ended_total", "examples.echo", "succeeded"] == 5
    assert scrape()["tasktray_jobs_ended_total", "examples.echo", "succeeded"] == 5
