"""The calls of the source documents: the curl lines as they stand there, each document's words, rights, slashes."""

import json
import shutil
import subprocess

import pytest
from sqlalchemy import update

from tests.api.conftest import one_database
from tests.api.test_jobs import _keep
from worker.db.schema import jobs as jobs_table
from worker.engine import kinds, outcome
from worker.engine.claim import claim
from worker.engine.routing import LANES

CURL = {
    "001 export": r"""
   curl -X POST "http://localhost:8000/api/export/work-logs" \
     -H "Content-Type: application/json" \
     -d '{
       "start_date": "2024-01-01",
       "end_date": "2024-01-31"
     }'""",
    "001 task": r"""
   curl "http://localhost:8000/api/tasks/{task_id}" """,
    "001 download": r"""
   curl -O "http://localhost:8000/api/download/{file_name}" """,
    "002 example": r"""
curl -X POST "http://localhost:8000/api/v1/tasks/example?name=test&seconds=5" """,
    "002 status": r"""
curl -X GET "http://localhost:8000/api/v1/tasks/status/{task_id}" """,
    "003 list": r"""
curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/tasks/""",
    "003 send": r"""
curl -X POST \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_TOKEN" \
  -d '{
    "task_name": "test_task",
    "args": ["hello"],
    "kwargs": {}
  }' \
  http://localhost:8000/api/core/tasks/""",
    "003 task": r"""
curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/tasks/abc-123/""",
    "003 revoke": r"""
curl -X POST \
  -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/tasks/abc-123/revoke/""",
    "003 stats": r"""
curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/tasks/stats/""",
    "003 history": r"""
curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/tasks/history/""",
    "003 workers": r"""
curl -H "Authorization: Bearer YOUR_TOKEN" \
  http://localhost:8000/api/core/workers/""",
    "004 create": r"""
curl -X POST "http://localhost:8000/api/v1/tasks/" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $TOKEN" \
  -d '{
    "name": "数据处理任务",
    "task_type": "data_processing",
    "celery_task_name": "app.tasks.common_tasks.long_running_task",
    "args": [60],
    "kwargs": {"param": "value"},
    "priority": "normal"
  }'""",
    "004 list": r"""
curl -X GET "http://localhost:8000/api/v1/tasks/" \
  -H "Authorization: Bearer $TOKEN" """,
    "004 task": r"""
curl -X GET "http://localhost:8000/api/v1/tasks/{task_id}" \
  -H "Authorization: Bearer $TOKEN" """,
    "004 cancel": r"""
curl -X POST "http://localhost:8000/api/v1/tasks/{task_id}/cancel" \
  -H "Authorization: Bearer $TOKEN" """,
}
"""Lines of the documents, word for word."""


@pytest.fixture
def curl(api, tmp_path):
    """`curl(title, who, **ids)`: run a line with host, port, ids and token put in; gives the status and the JSON."""
    if shutil.which("curl") is None:
        pytest.fail("the documents' lines need curl")

    def run(title, who, **ids):
        line = CURL[title].strip().replace("http://localhost:8000", api.url)
        for name, value in ids.items():
            line = line.replace("abc-123" if name == "abc" else f"{{{name}}}", value)
        token = api.tokens.get(who, who)
        line = line.replace("YOUR_TOKEN", token)
        if "Authorization" not in line:
            line += f' -H "Authorization: Bearer {token}"'
        done = subprocess.run(
            ["bash", "-c", f'{line} --noproxy "*" --silent --show-error --write-out "\\n%{{http_code}}"'],
            env={"TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}, cwd=tmp_path, capture_output=True, text=True,
            check=True, timeout=30,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body) if body else None

    return run


def _work(api, kind, result):
    """A worker takes the next job and ends it with `result`."""
    taken = claim(api.database, api.settings, "worker@here", LANES)
    assert taken.kind == kind
    outcome.finish(api.database, api.settings, taken.job_id, taken.lease_token, result)
    return taken.job_id


def test_the_lines_of_001(api, operator, curl, tmp_path):
    status, task = curl("001 export", operator)
    assert (status, task["status"], set(task)) == (202, "processing", {"task_id", "status", "message", "status_url"})
    assert task["status_url"] == f"/api/tasks/{task['task_id']}"
    assert curl("001 task", operator, task_id=task["task_id"])[1]["status"] == "pending"
    name = _export(api, task["task_id"], operator, b"employee_no\r\n")
    status, told = curl("001 task", operator, task_id=task["task_id"])
    assert (status, told["status"], told["progress"], told["error"]) == (200, "completed", 100, None)
    assert told["result"]["download_url"] == f"/api/download/{name}"
    assert told["result"]["file_name"] == name
    assert told["result"]["message"]
    status, _ = curl("001 download", operator, file_name=name)
    assert status == 200
    assert (tmp_path / name).read_bytes() == b"employee_no\r\n"
    api.add_user("olga")
    assert api.get(f"/api/download/{name}", "olga").status_code == 404
    assert api.get("/api/exports", "olga").json() == {"count": 0, "files": []}
    listed = api.get("/api/exports/", operator).json()
    assert listed["count"] == 1
    assert set(listed["files"][0]) == {"file_name", "size", "created_at", "download_url"}
    assert (listed["files"][0]["file_name"], listed["files"][0]["size"]) == (name, 13)


def _export(api, task, who, content):
    """What a worker does for an export, without the work: a file under the name that it would have."""
    from worker.datasets.exporter import file_name
    from worker.files import results
    from worker.files.storage import Storage

    storage = Storage(api.settings)
    taken = claim(api.database, api.settings, "worker@here", LANES)
    assert (taken.job_id, taken.kind) == (task, "work_logs.export")
    params = kinds.get(taken.kind).params.model_validate(taken.params)
    name = file_name("work_logs", task, "Asia/Shanghai", params.format, params.stem())
    path = api.settings.data / "made"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with api.database.write() as connection:
        results.add(connection, storage, owner_id=taken.owner.user_id, job_id=task, path=path, name=name, role="export")
    outcome.finish(api.database, api.settings, task, taken.lease_token, {"rows": 0, "file": name})
    assert name.startswith("work_logs_2024-01-01_2024-01-31_")
    return name


def test_a_file_whose_name_another_task_has_too_is_named_by_its_id(api, operator):
    from worker.files import results
    from worker.files.storage import Storage

    told = []
    for content in (b"one", b"two"):
        answer = api.post("tasks/process-document", operator, files={"file": ("a.txt", content)})
        taken = claim(api.database, api.settings, "worker@here", LANES)
        path = api.settings.data / "made"
        path.write_bytes(content)
        with api.database.write() as connection:
            results.add(connection, Storage(api.settings), owner_id=taken.owner.user_id, job_id=taken.job_id, path=path,
                        name="结果 1.xlsx", role="report")  # fmt: skip
        outcome.finish(api.database, api.settings, taken.job_id, taken.lease_token, {})
        told.append(answer.json()["task_id"])
    urls = [api.get(f"/api/tasks/{task}", operator).json()["result"]["download_url"] for task in told]
    assert urls[0].startswith("/api/v1/files/")
    assert urls[1] == "/api/download/%E7%BB%93%E6%9E%9C%201.xlsx"
    assert [api.get(url, operator).content for url in urls] == [b"one", b"two"]


def test_the_lines_of_002(api, operator, curl):
    status, task = curl("002 example", operator)
    assert (status, task["status"]) == (202, "PENDING")
    status, told = curl("002 status", operator, task_id=task["task_id"])
    assert (status, told["status"], told["progress"]) == (200, "PENDING", 0)


def test_the_lines_of_003(api, admin, curl):
    status, sent = curl("003 send", admin)
    assert (status, sent["task_name"], sent["status"]) == (202, "test_task", "PENDING")
    task = sent["task_id"]
    status, active = curl("003 list", admin)
    assert (status, active["count"]) == (200, 1)
    assert active["results"] == [{"task_id": task, "task_name": "test_task", "status": "PENDING", "result": None}]
    _work(api, "examples.echo", {"message": "Task received: hello"})
    status, told = curl("003 task", admin, abc=task)
    assert (status, told) == (200, {"task_id": task, "task_name": "test_task", "status": "SUCCESS", "progress": 100,
                                    "result": "Task received: hello", "error": None})  # fmt: skip
    assert curl("003 list", admin)[1] == {"count": 0, "results": []}
    assert curl("003 revoke", admin, abc=task)[0] == 409
    second = curl("003 send", admin)[1]["task_id"]
    assert curl("003 revoke", admin, abc=second) == (202, {"task_id": second, "status": "REVOKED"})
    status, stats = curl("003 stats", admin)
    assert (status, stats["total_tasks"], stats["by_name"], stats["success_rate"]) == (200, 2, {"test_task": 2}, 1.0)
    assert (stats["by_status"]["SUCCESS"], stats["by_status"]["REVOKED"]) == (1, 1)
    status, history = curl("003 history", admin)
    assert (status, history["count"], history["results"][0]["task_id"]) == (200, 2, second)
    assert set(history["results"][0]) == {"task_id", "task_name", "status", "created_at", "started_at", "finished_at",
                                          "seconds"}  # fmt: skip
    assert api.get("/api/core/tasks/history/", admin, params={"limit": 1}).json()["count"] == 1
    assert curl("003 workers", admin) == (200, {"count": 0, "results": []})


def test_the_lines_of_004(api, operator, curl):
    status, task = curl("004 create", operator)
    assert status == 201
    assert set(task) == {"id", "name", "task_type", "status", "progress", "priority", "result", "created_at",
                         "started_at", "finished_at", "user_id"}  # fmt: skip
    assert (task["name"], task["task_type"], task["status"], task["priority"]) == (
        "数据处理任务", "data_processing", "pending", "normal",
    )  # fmt: skip
    job = api.get(f"jobs/{task['id']}", operator).json()
    assert (job["kind"], job["params"]) == ("examples.sleep", {"seconds": 60, "name": "param=value"})
    assert task["user_id"] == job["owner"]["id"]
    assert curl("004 list", operator) == (200, [task])
    assert curl("004 task", operator, task_id=task["id"]) == (200, task)
    assert api.call("DELETE", f"tasks/{task['id']}", operator).status_code == 409
    status, cancelled = curl("004 cancel", operator, task_id=task["id"])
    assert (status, cancelled["status"]) == (200, "revoked")
    assert api.call("DELETE", f"tasks/{task['id']}/", operator, allow_redirects=False).status_code == 204
    assert curl("004 task", operator, task_id=task["id"])[0] == 404


ADDRESSES = [
    ("POST", "/api/v1/customers/import-async"), ("POST", "/api/v1/customers/export-async"),
    ("GET", "/api/v1/async-tasks/x"), ("DELETE", "/api/v1/async-tasks/x"),
    ("POST", "/api/export/work-logs"), ("GET", "/api/tasks/x"), ("GET", "/api/download/x"), ("GET", "/api/exports"),
    ("POST", "/api/notifications"), ("POST", "/api/cleanup"),
    ("POST", "/api/v1/tasks/example"), ("POST", "/api/v1/tasks/add"), ("POST", "/api/v1/tasks/process-document"),
    ("POST", "/api/v1/tasks/analyze-evidence"), ("GET", "/api/v1/tasks/status/x"),
    ("GET", "/api/core/tasks"), ("POST", "/api/core/tasks"), ("GET", "/api/core/tasks/x"),
    ("POST", "/api/core/tasks/x/revoke"), ("GET", "/api/core/tasks/stats"), ("GET", "/api/core/tasks/history"),
    ("GET", "/api/core/workers"), ("POST", "/api/v1/tasks"), ("GET", "/api/v1/tasks"), ("GET", "/api/v1/tasks/x"),
    ("POST", "/api/v1/tasks/x/cancel"), ("DELETE", "/api/v1/tasks/x"),
]  # fmt: skip
FOR_ADMINS = {"/api/cleanup", "/api/core/tasks/x/revoke", "/api/core/workers"}


@one_database
def test_every_address_asks_for_a_token_and_takes_a_slash_without_redirecting(api, operator):
    for method, path in ADDRESSES:
        for address in (path, path + "/"):
            assert api.call(method, address, allow_redirects=False).status_code == 401, address
            answer = api.call(method, address, operator, allow_redirects=False)
            assert answer.status_code not in (301, 302, 307, 308, 401, 405, 500), (address, answer.status_code)
            assert (answer.status_code == 403) == (path in FOR_ADMINS), (address, answer.text)
            if "x" in path.split("/"):
                assert answer.status_code in (403, 404), address
    documented = api.get("/openapi.json").json()["paths"]
    for method, path in ADDRESSES:
        wanted = path.replace("/x", "/{}")
        shapes = {p: set(m) for p, m in documented.items()}
        found = [m for p, m in shapes.items() if _shape(p) in (wanted, wanted + "/") and method.lower() in m]
        assert len(found) == 1, path


def _shape(path):
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_anothers_task_is_not_there_in_any_document(api, operator, admin):
    api.add_user("olga")
    task = api.post("/api/core/tasks/", operator, json={"task_name": "test_task"}).json()["task_id"]
    for path in ("/api/tasks/", "/api/core/tasks/", "/api/v1/tasks/", "/api/v1/tasks/status/", "/api/v1/async-tasks/"):
        assert api.get(path + task, "olga").status_code == 404
        assert api.get(path + task, operator).status_code == 200
        assert api.get(path + task, admin).status_code == 200
    assert api.get("/api/core/tasks/", "olga").json()["count"] == 0
    assert api.get("/api/v1/tasks/", "olga").json() == []
    assert api.get("/api/core/tasks/stats/", "olga").json()["total_tasks"] == 0
    assert api.post(f"/api/v1/tasks/{task}/cancel", "olga").status_code == 404


WORDS = {
    "pending": ("PENDING", "pending", "PENDING", "PENDING", "pending"),
    "running": ("PROGRESS", "processing", "STARTED", "STARTED", "running"),
    "succeeded": ("SUCCESS", "completed", "SUCCESS", "SUCCESS", "succeeded"),
    "failed": ("FAILURE", "failed", "FAILURE", "FAILURE", "failed"),
    "cancelled": ("REVOKED", "failed", "REVOKED", "REVOKED", "revoked"),
}
PATHS = ("async-tasks/{}", "/api/tasks/{}", "tasks/status/{}", "/api/core/tasks/{}/", "tasks/{}")


def _words(api, who, task):
    return tuple(api.get(path.format(task), who).json()["status"] for path in PATHS)


@one_database
def test_each_document_has_its_own_words_for_the_states(api, operator):
    def new():
        return api.post("/api/core/tasks/", operator, json={"task_name": "test_task"}).json()["task_id"]

    task = new()
    assert _words(api, operator, task) == WORDS["pending"]
    taken = claim(api.database, api.settings, "worker@here", LANES)
    assert _words(api, operator, task) == WORDS["running"]
    with api.database.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == task).values(progress=40))
    assert api.get(PATHS[2].format(task), operator).json()["status"] == "PROGRESS"
    outcome.fail(api.database, api.settings, task, taken.lease_token, "database_unavailable", transient=True)
    assert api.get(PATHS[3].format(task), operator).json()["status"] == "RETRY"
    assert api.get(PATHS[0].format(task), operator).json()["status"] == "PENDING"
    api.post(f"jobs/{task}/cancel", operator)
    assert _words(api, operator, task) == WORDS["cancelled"]
    assert api.get(PATHS[1].format(task), operator).json()["error"] == "cancelled"
    task = new()
    _work(api, "examples.echo", {"message": "Task received: hello"})
    assert _words(api, operator, task) == WORDS["succeeded"]
    task = new()
    taken = claim(api.database, api.settings, "worker@here", LANES)
    outcome.fail(api.database, api.settings, task, taken.lease_token, "internal_error")
    assert _words(api, operator, task) == WORDS["failed"]
    assert api.get(PATHS[1].format(task), operator).json()["error"]


@one_database
def test_names_and_arguments_that_are_none_are_refused_and_say_which(api, operator):
    for body, code, field in (
        ({"task_name": "launch_rocket"}, "unknown_task", "task_name"),
        ({"task_name": "test_task", "kwargs": {"nonsense": 1}}, "invalid_params", "params.nonsense"),
        ({"task_name": "test_task", "args": [1, 2, 3]}, "too_many_arguments", "args"),
        ({"task_name": "test_task", "args": ["a"], "kwargs": {"message": "b"}}, "argument_twice", "kwargs.message"),
        ({"task_name": "examples.add", "args": [1]}, "invalid_params", "params.y"),
        ({"args": []}, "invalid_request", "task_name"),
    ):
        for path, given in (
            ("/api/core/tasks/", body),
            ("tasks/", {"name": "x", **{("celery_task_name" if k == "task_name" else k): v for k, v in body.items()}}),
        ):
            answer = api.post(path, operator, json=given)
            assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
            named = (
                "celery_task_name" if (field, path) == ("task_name", "tasks/") and code == "invalid_request" else field
            )
            assert named in [e["field"] for e in answer.json()["errors"]], answer.text
            assert all(e["message"] and e["message"] != e["code"] for e in answer.json()["errors"])


@one_database
def test_every_documented_name_is_a_task(api, admin, operator):
    from worker.engine.documented import NAMES, name_of

    args = {"send_notification_email": ["a@example.com", "Hi", "Hello"], "export_data": ["customers"]}
    assert [name for name, kind in NAMES.items() if kinds.get(kind) is None] == []
    for name in NAMES:
        answer = api.post("/api/core/tasks/", admin, json={"task_name": name, "args": args.get(name, [])})
        assert answer.status_code == 202, (name, answer.text)
        shown = answer.json()["task_name"]
        assert shown == (name if "." not in name else name_of(NAMES[name]))
        kind = api.post("/api/core/tasks/", admin, json={"task_name": NAMES[name], "args": args.get(name, [])})
        assert kind.json()["task_name"] == shown
    for name in ("backup_database", "cleanup_cache", "cleanup_old_notifications"):
        assert api.post("/api/core/tasks/", operator, json={"task_name": name}).status_code == 403
    note = api.post("tasks/", admin, json={"name": "x", "celery_task_name": "app.tasks.example_task", "args": [1, "b"]})
    assert api.get(f"jobs/{note.json()['id']}", admin).json()["params"]["message"] == "1 b"


@one_database
def test_the_test_task_takes_what_the_document_shows(api, admin):
    body = {"task_name": "test_task", "args": ["hello"], "kwargs": {"param": "value"}}
    task = api.post("/api/core/tasks/", admin, json=body).json()["task_id"]
    assert api.get(f"jobs/{task}", admin).json()["params"] == {"message": "hello", "param": "value"}


def test_documents_come_by_a_form_or_as_an_upload(api, operator):
    files = {"file": ("brief.txt", b"Guten Tag")}
    upload = _keep(api, operator, "brief.txt", b"Guten Tag")
    for options in ({"files": files}, {"json": {"upload_id": upload}}):
        answer = api.post("tasks/process-document/", operator, allow_redirects=False, **options)
        assert (answer.status_code, answer.json()["status"]) == (202, "PENDING"), answer.text
        job = api.get(f"jobs/{answer.json()['task_id']}", operator).json()
        assert (job["kind"], [f["name"] for f in job["files"]]) == ("documents.process", ["brief.txt"])
    both = [("files", ("a.txt", b"A")), ("files", ("b.txt", b"B"))]
    ids = [_keep(api, operator, "a.txt", b"A"), _keep(api, operator, "b.txt", b"B")]
    for options in ({"files": both}, {"json": {"upload_ids": ids}}):
        answer = api.post("tasks/analyze-evidence", operator, **options)
        assert answer.status_code == 202, answer.text
        job = api.get(f"jobs/{answer.json()['task_id']}", operator).json()
        assert (job["kind"], [f["name"] for f in job["files"]]) == ("evidence.analyze", ["a.txt", "b.txt"])
    for options in ({}, {"json": {}}, {"json": {"upload_id": 1}}, {"files": {"other": ("x", b"y")}}):
        answer = api.post("tasks/process-document", operator, **options)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text


def _work_for_real(api, folder):
    """Run the next job as a worker does, in this process."""
    import io
    from dataclasses import asdict

    from worker.engine.pipe import Pipe
    from worker.engine.runner_context import Orders, RunnerContext

    taken = claim(api.database, api.settings, "worker@here", LANES)
    message = {
        "job_id": taken.job_id, "kind": taken.kind, "attempt": taken.attempt, "actor": asdict(taken.owner),
        "checkpoint": taken.checkpoint, "parent_id": taken.parent_id, "token": taken.lease_token,
        "uploads": list(taken.uploads),
    }  # fmt: skip
    pipe = Pipe(io.BytesIO(), io.BytesIO())
    job = RunnerContext(api.database, api.settings, message, Orders(taken.lease_token), pipe, folder)
    kind = kinds.get(taken.kind)
    result = kind.run(job, kind.params.model_validate(taken.params))
    outcome.finish(api.database, api.settings, taken.job_id, taken.lease_token, result)
    return taken.job_id


def test_notifications_and_cleaning_of_001(api, admin, operator, tmp_path):
    sent = api.post("/api/notifications", operator, json={"user_id": "anna", "message": "您的报表已生成"})
    assert (sent.status_code, sent.json()["status"]) == (202, "processing")
    assert _work_for_real(api, tmp_path) == sent.json()["task_id"]
    assert api.get(f"/api/tasks/{sent.json()['task_id']}", operator).json()["status"] == "completed"
    assert api.get("notifications", admin).json()["notifications"][0]["message"] == "您的报表已生成"
    body = {"user_id": "user_001", "message": "您的报表已生成", "notification_type": "in_app"}
    assert api.post("/api/notifications", operator, json=body).json()["code"] == "unknown_recipient"
    body["notification_type"] = "email"
    assert api.post("/api/notifications", operator, json=body).json()["code"] == "unknown_recipient"
    body["user_id"] = "anna"
    assert api.post("/api/notifications", operator, json=body).json()["code"] == "recipient_has_no_email"
    user = api.get("auth/me", admin).json()["id"]
    api.call("PATCH", f"users/{user}", admin, json={"email": "anna@example.com"})
    mail = api.post("/api/notifications/", operator, json=body)
    assert (mail.status_code, mail.json()["status"]) == (202, "processing")
    assert api.get(f"jobs/{mail.json()['task_id']}", operator).json()["kind"] == "notifications.send_email"
    for query, days in (("?days_old=30", 30), ("", 7)):
        cleaning = api.post(f"/api/cleanup{query}", admin)
        assert (cleaning.status_code, cleaning.json()["status"]) == (202, "processing")
        job = api.get(f"jobs/{cleaning.json()['task_id']}", admin).json()
        assert (job["kind"], job["params"]) == ("maintenance.cleanup_files", {"days_old": days})
    for bad in ({"start_date": "2024-01-01"}, {"start_date": "2024-02-01", "end_date": "2024-01-01"},
                {"start_date": "2024-01-01", "end_date": "2024-01-31", "export_format": "pdf"}):  # fmt: skip
        assert api.post("/api/export/work-logs", operator, json=bad).status_code == 422
