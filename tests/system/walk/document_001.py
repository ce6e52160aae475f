"""001: work logs out, progress, download, notifications, the list of exports, cleaning; pools and Flower."""

from __future__ import annotations

import csv
import io
import re
import sys

import openpyxl
import requests

from tests.support import free_port, wait_until
from tests.support_system import Program
from tests.system.walk.steps import Walk

HEADER = "employee_no,employee_name,work_date,project,hours,content\n"


def walk(w: Walk) -> None:
    """The six calls, then what the document shows beside them."""
    with w.step("work logs to export are there"):
        rows = "".join(f"emp_00{n % 4},王 {n % 4},2024-01-{n // 4 + 1:02d},P,7.5,整理\n" for n in range(80))
        job = w.job("work_logs.import", {"mode": "upsert"}, w.upload("logs.csv", (HEADER + rows).encode()))
        assert job["state"] == "succeeded", job["error"]
    body = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
    with w.step("1: an export task is created with the document's answer"):
        wanted = body | {"employee_ids": ["emp_001", "emp_002"], "export_format": "xlsx"}
        told = w.call("POST", "/api/export/work-logs", status=202, json=wanted)
        assert (told["status"], told["status_url"]) == ("processing", f"/api/tasks/{told['task_id']}"), told
        assert told["message"]
    with w.step("2: its status goes on to completed, with message, file name and link"):
        task = w.until(told["status_url"], ("completed", "failed"))
        assert (task["status"], task["progress"], task["error"]) == ("completed", 100, None), task
        name = task["result"]["file_name"]
        assert re.fullmatch(r"work_logs_2024-01-01_2024-01-31_\w+\.xlsx", name), name
        assert task["result"]["message"]
    with w.step("3: the file is downloaded by its name and holds the two employees' rows"):
        book = openpyxl.load_workbook(io.BytesIO(w.call("GET", f"/api/download/{name}").content))
        header, *found = book.active.values
        assert len(found) == 40, len(found)
        assert {row[0] for row in found} == {"emp_001", "emp_002"}, header
    with w.step("the same as csv, of all employees"):
        told = w.call("POST", "/api/export/work-logs", status=202, json=body | {"export_format": "csv"})
        task = w.until(told["status_url"], ("completed", "failed"))
        text = w.call("GET", task["result"]["download_url"]).content.decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(text)))) == 81
    with w.step("4: a notification by e-mail arrives there"):
        body = {"user_id": "anna", "message": "您的报表已生成", "notification_type": "email"}
        told = w.call("POST", "/api/notifications", w.admin, status=202, json=body)
        assert w.until(f"/api/tasks/{told['task_id']}", ("completed", "failed"), w.admin)["status"] == "completed"
        (mail,) = w.post.of("anna@kanzlei.example")
        assert "您的报表已生成" in mail.get_body(("plain",)).get_content()
    with w.step("4: a notification in the application is in its reader's list"):
        told = w.call("POST", "/api/notifications", w.admin, json=body | {"notification_type": "in_app"})
        assert w.until(f"/api/tasks/{told['task_id']}", ("completed", "failed"), w.admin)["status"] == "completed"
        assert "您的报表已生成" in [n["message"] for n in w.call("GET", "/api/v1/notifications")["notifications"]]
    with w.step("5: the export files are listed"):
        listed = w.call("GET", "/api/exports")
        assert listed["count"] == len(listed["files"]) >= 2
        assert name in [file["file_name"] for file in listed["files"]]
        assert {"file_name", "size", "created_at", "download_url"} <= set(listed["files"][0])
    with w.step("6: cleaning is for admins; files younger than 7 days stay, older than 0 go"):
        w.call("POST", "/api/cleanup?days_old=7", status=403)
        for days, left in ((7, listed["count"]), (0, 0)):
            told = w.call("POST", f"/api/cleanup?days_old={days}", w.admin, status=202)
            assert w.until(told["status_url"], ("completed", "failed"), w.admin)["status"] == "completed"
            assert w.call("GET", "/api/exports")["count"] == left
        w.call("GET", f"/api/download/{name}", status=404)
    with w.step("the API's documentation needs no internet"):
        page = requests.get(f"{w.url}/docs", timeout=10).text
        assert "http://" not in page.replace("http://127.0.0.1", "")
        assert "https://" not in page
    with w.step("--pool=prefork --concurrency=4: works, and says in one line what it is here"):
        worker = _celery(w, "pool", "worker", "-l", "debug", "--pool=prefork", "--concurrency=4", "-n", "pool@here")
        worker.start()
        try:
            wait_until(lambda: _slots(w, worker) == 4, 60, "the worker's slots")
        finally:
            worker.stop()
        said = worker.log.read_text("utf-8")
        assert said.count("the prefork pool is not for this system") == 1, said
    with w.step("--pool=gevent --concurrency=100: refused in one line, which says what to use"):
        worker = _celery(w, "green", "worker", "--pool=gevent", "--concurrency=100")
        worker.start()
        assert worker.process is not None
        assert worker.process.wait(60) == 2
        said = worker.log.read_text("utf-8")
        assert said.count("the gevent pool is not for this system") == said.count("use --pool threads") == 1, said
    if w.broker_url:
        with w.step("Flower sees the workers and a task under its name"):
            _flower(w)


def _celery(w: Walk, name: str, *arguments: str) -> Program:
    return Program(name, [sys.executable, "-m", "celery", "-A", "worker.celery_app", *arguments], w.env,
                   w.folder / f"{name}.log")  # fmt: skip


def _slots(w: Walk, worker: Program) -> int:
    found = w.call("GET", "/api/v1/monitor/workers", w.admin)["workers"]
    return next((one["slots"] for one in found if one["pid"] == worker.pid), 0)


def _flower(w: Walk) -> None:
    port = free_port()
    command = [sys.executable, "-m", "celery", f"--broker={w.broker_url}", "flower", "--address=127.0.0.1"]
    flower = Program("flower", [*command, f"--port={port}"], w.env | {"FLOWER_UNAUTHENTICATED_API": "true"},
                     w.folder / "flower.log")  # fmt: skip
    flower.start()

    def get(path: str) -> dict[str, dict[str, str]]:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/{path}", timeout=10)
            return dict(answer.json()) if answer.status_code == 200 else {}
        except requests.ConnectionError:
            return {}

    try:
        wait_until(lambda: get("workers?refresh=1"), 60, "a worker in Flower")
        task = w.call("POST", "/api/v1/tasks/add?x=1&y=2")["task_id"]
        wait_until(lambda: get("tasks").get(task, {}).get("state") == "SUCCESS", 30, "the task in Flower")
        assert get("tasks")[task]["name"] == "examples.add"
    finally:
        flower.stop()
