"""004: tasks with a name and a type of one's own: create, list, get, cancel, delete; priorities."""

from __future__ import annotations

from tests.system.walk.steps import Walk

FIELDS = {"id", "name", "task_type", "status", "progress", "priority", "result", "created_at", "started_at",
          "finished_at", "user_id"}  # fmt: skip


def walk(w: Walk) -> None:
    """The calls of its task service."""
    body = {
        "name": "数据处理任务", "task_type": "data_processing", "args": [60], "kwargs": {"param": "value"},
        "celery_task_name": "app.tasks.common_tasks.long_running_task", "priority": "normal",
    }  # fmt: skip
    with w.step("a task is created as the document shows it"):
        task = w.call("POST", "/api/v1/tasks/", status=201, json=body)
        assert set(task) == FIELDS, task
        assert (task["name"], task["task_type"], task["status"]) == ("数据处理任务", "data_processing", "pending")
    path = f"/api/v1/tasks/{task['id']}"
    with w.step("it is in the list, and its own page shows it running with progress"):
        assert task["id"] in [one["id"] for one in w.call("GET", "/api/v1/tasks/")]
        w.until(path, ("running",))
        told = w.call("GET", path)
        assert 0 <= told["progress"] <= 100
        assert told["started_at"]
    with w.step("it cannot be deleted while it runs, is cancelled, is `revoked`, is deleted, is gone"):
        w.call("DELETE", path, status=409)
        w.call("POST", f"{path}/cancel", status=200)
        w.until(path, ("revoked",))
        w.call("DELETE", path, status=204)
        w.call("GET", path, status=404)
    with w.step("a task that succeeds has its result as JSON"):
        short = body | {"celery_task_name": "app.tasks.example_task", "args": ["a", "b"], "kwargs": {}}
        task = w.call("POST", "/api/v1/tasks/", status=201, json=short)
        told = w.until(f"/api/v1/tasks/{task['id']}", ("succeeded", "failed"))
        assert told["result"] == {"message": "Task received: a b"}, told
    with w.step("high goes before normal, and normal before low"):
        w.call("POST", "/api/v1/monitor/queues/default/pause", w.admin)
        try:
            ids = {
                priority: w.call("POST", "/api/v1/tasks/", status=201, json=short | {"priority": priority})["id"]
                for priority in ("low", "normal", "high")
            }
        finally:
            w.call("POST", "/api/v1/monitor/queues/default/resume", w.admin)
        told = {p: w.until(f"/api/v1/tasks/{i}", ("succeeded", "failed")) for p, i in ids.items()}
        assert sorted(told, key=lambda p: told[p]["started_at"]) == ["high", "normal", "low"], told
    with w.step("a name that is not allowed is refused and named"):
        answer = w.call("POST", "/api/v1/tasks/", status=422, json=body | {"celery_task_name": "os.system"})
        assert answer["code"] == "unknown_task", answer
