"""The calls of the source documents work as written there."""

import json

import pytest
from sqlalchemy import func, select
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from tests.api.conftest import one_database
from tests.api.test_jobs import _run
from worker.db.schema import files, jobs
from worker.engine import outcome
from worker.engine.claim import claim

CSV = "客户编号,客户名称\nC001,甲公司\n".encode()


def _import(api, who, path="customers/import-async", name="客户.csv", **form):
    return api.post(path, who, files={"file": (name, CSV)}, data=form)


@pytest.mark.parametrize("slash", ["", "/"])
def test_customers_are_imported_by_a_form(api, operator, slash):
    answer = _import(api, operator, f"customers/import-async{slash}", import_mode="skip",
                     mapping='{"客户编号": "customer_no"}')  # fmt: skip
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert set(body) == {"task_id", "status", "estimated_seconds", "status_url"}
    assert body["status"] == "PENDING"
    job = api.get(f"jobs/{body['task_id']}", operator).json()
    assert (job["kind"], job["params"]["mode"]) == ("customers.import", "skip")
    assert job["params"]["mapping"] == {"客户编号": "customer_no"}
    assert [f["name"] for f in job["files"]] == ["客户.csv"]
    for end in ("", "/"):
        task = api.get(body["status_url"] + end, operator, allow_redirects=False)
        assert task.status_code == 200
        assert set(task.json()) == {"task_id", "status", "progress", "message", "estimated_seconds", "result", "error",
                                    "download_url"}  # fmt: skip


def test_the_mode_is_upsert_unless_said_otherwise(api, operator):
    task = _import(api, operator).json()["task_id"]
    assert api.get(f"jobs/{task}", operator).json()["params"]["mode"] == "upsert"


@one_database
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"import_mode": "replace"}, "invalid_request"),
        ({"mapping": "[1]"}, "invalid_request"),
        ({"name": "customers.exe"}, "wrong_suffix"),
    ],
)
def test_a_bad_import_is_refused_and_leaves_no_file(api, operator, form, code):
    answer = _import(api, operator, **form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    with api.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(files)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 0


def test_an_export_may_come_without_a_body(api, operator):
    for body in (None, {"format": "csv", "columns": ["customer_no", "name"]}):
        answer = api.post("customers/export-async", operator, json=body)
        assert answer.status_code == 202, answer.text
        job = api.get(f"jobs/{answer.json()['task_id']}", operator).json()
        assert job["kind"] == "customers.export"
        assert job["params"]["format"] == (body or {"format": "xlsx"})["format"]


@one_database
def test_the_words_for_the_states_are_those_of_the_document(api, operator):
    task = _import(api, operator).json()["task_id"]

    def status():
        return api.get(f"async-tasks/{task}", operator).json()["status"]

    assert status() == "PENDING"
    claimed = claim(api.database, api.settings, "test worker", ["default"])
    assert status() == "PROGRESS"
    outcome.fail(api.database, api.settings, task, claimed.lease_token, "internal_error")
    failed = api.get(f"async-tasks/{task}", operator, headers={"Accept-Language": "en"}).json()
    assert failed["status"] == "FAILURE"
    assert failed["error"]
    assert failed["error"] != "internal_error"
    api.post(f"jobs/{task}/retry", operator)
    _run(api, {"inserted": 1})
    assert status() == "SUCCESS"


def test_a_cancel_is_accepted_once(api, operator):
    task = _import(api, operator).json()["task_id"]
    answer = api.call("DELETE", f"async-tasks/{task}/", operator, allow_redirects=False)
    assert (answer.status_code, answer.json()) == (202, {"task_id": task, "status": "REVOKED"})
    again = api.call("DELETE", f"async-tasks/{task}", operator)
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")


def test_anothers_task_is_not_there(api, operator):
    api.add_user("olga")
    task = _import(api, operator).json()["task_id"]
    for method in ("GET", "DELETE"):
        assert api.call(method, f"async-tasks/{task}", "olga").status_code == 404
    url = api.address(f"async-tasks/{task}/ws").replace("http", "ws")
    with connect(url, additional_headers={"Authorization": f"Bearer {api.tokens['olga']}"}, proxy=None) as client:
        assert json.loads(client.recv(10))["status"] == 404


def test_a_task_is_pushed_on_each_change_until_its_end(api, operator):
    task = _import(api, operator).json()["task_id"]
    url = api.address(f"async-tasks/{task}/ws").replace("http", "ws")
    with connect(url, additional_headers={"Authorization": f"Bearer {api.tokens[operator]}"}, proxy=None) as client:
        seen = [json.loads(client.recv(10))]
        _run(api, {"inserted": 1})
        while seen[-1]["status"] != "SUCCESS":
            seen.append(json.loads(client.recv(10)))
        with pytest.raises(ConnectionClosedOK):
            client.recv(10)
    assert (seen[0]["status"], seen[-1]["result"]) == ("PENDING", {"inserted": 1})
    assert set(seen[0]) == set(api.get(f"async-tasks/{task}", operator).json())


def test_the_example_tasks_of_the_document_service_are_submitted_and_told(api, operator):
    task = api.post("tasks/example", operator, params={"name": "test", "seconds": 5})
    assert task.status_code == 202, task.text
    body = task.json()
    assert (set(body), body["status"]) == ({"task_id", "status", "message"}, "PENDING")
    assert body["message"]
    job = api.get(f"jobs/{body['task_id']}", operator).json()
    assert (job["kind"], job["params"]) == ("examples.sleep", {"name": "test", "seconds": 5})
    assert api.post("tasks/add", operator, json={"x": 1}).json()["errors"][0]["field"] == "params.y"
    for options in ({"params": {"x": 1, "y": 2}}, {"json": {"x": 1, "y": 2}}):
        task = api.post("tasks/add/", operator, allow_redirects=False, **options).json()["task_id"]
        assert api.get(f"jobs/{task}", operator).json()["params"] == {"x": 1, "y": 2}
        api.post(f"jobs/{body['task_id']}/cancel", operator)
        claimed = claim(api.database, api.settings, "test worker", ["default"])
        assert claimed.job_id == task
        assert api.get(f"tasks/status/{task}", operator).json()["status"] == "STARTED"
        outcome.finish(api.database, api.settings, task, claimed.lease_token, {"sum": 3})
        told = api.get(f"tasks/status/{task}/", operator).json()
        assert told == {"task_id": task, "status": "SUCCESS", "progress": 100, "result": {"sum": 3}, "error": None}
    assert api.get(f"tasks/status/{body['task_id']}", operator).json()["status"] == "REVOKED"
