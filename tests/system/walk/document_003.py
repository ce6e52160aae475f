"""003: every task by its name, monitoring, rights, schedules, the command line, workers on chosen queues, beat."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

from tests.support import wait_until
from tests.support_system import Program
from tests.system.walk.steps import Walk

TASKS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "test_task": (["hello"], {}),
    "check_pending_bills": ([], {}),
    "send_bill_reminders": ([], {}),
    "calculate_monthly_revenue": ([], {}),
    "generate_hourly_report": ([], {}),
    "generate_daily_report": ([], {}),
    "generate_weekly_report": ([], {}),
    "generate_monthly_report": ([], {}),
    "send_notification_email": ([], {"email": "user@example.com", "subject": "Test", "message": "Hello"}),
    "cleanup_old_notifications": ([], {}),
    "export_data": (["customers"], {}),
    "backup_database": ([], {}),
    "cleanup_cache": ([], {}),
}
DJANGO = "django_celery_beat.schedulers:DatabaseScheduler"
SCHEDULES = {
    "finance.check_pending_bills": "* * * * *", "reports.hourly": "0 * * * *", "notifications.cleanup": "0 2 * * *",
    "reports.weekly": "0 10 * * 1", "reports.monthly": "0 0 1 * *",
}  # fmt: skip


def walk(w: Walk) -> None:
    """Tasks, calls, command line, processes."""
    today = dt.datetime.now(dt.UTC).date()
    with w.step("bills are there: one overdue, one paid"):
        rows = (
            f"B1,ALFKI,100.00,CNY,{today - dt.timedelta(days=9)},pending,\nB2,ALFKI,250.50,CNY,{today},paid,{today}\n"
        )
        text = "bill_no,customer_no,amount,currency,due_on,status,paid_on\n" + rows
        job = w.job("bills.import", {"mode": "upsert"}, w.upload("bills.csv", text.encode()))
        assert job["result"]["rows"] == 2, job
        given = b"customer_no,name,email\nALFKI,Alfreds Futterkiste,alfki@kunden.example\n"
        assert w.job("customers.import", {"mode": "upsert"}, w.upload("mail.csv", given))["state"] == "succeeded"
    results: dict[str, Any] = {}
    for name, (args, kwargs) in TASKS.items():
        with w.step(f"{name} is sent, done, and shown under its name"):
            body = {"task_name": name, "args": args, "kwargs": kwargs}
            sent = w.call("POST", "/api/core/tasks/", w.admin, status=202, json=body)
            assert (sent["task_name"], sent["status"]) == (name, "PENDING"), sent
            told = w.until(f"/api/core/tasks/{sent['task_id']}/", ("SUCCESS", "FAILURE", "REVOKED"), w.admin)
            assert (told["status"], told["task_name"], told["error"]) == ("SUCCESS", name, None), told
            results[name] = told["result"]
    with w.step("what they did is there: echo, the overdue bill's notification, one reminder, the revenue, the mail"):
        assert results["test_task"] == "Task received: hello"
        notes = w.call("GET", "/api/v1/notifications?limit=100", w.admin)["notifications"]
        assert [n for n in notes if n["category"] == "bill_overdue" and "B1" in n["message"]]
        assert len(w.post.of("alfki@kunden.example")) == results["send_bill_reminders"]["mails"] == 1
        assert results["calculate_monthly_revenue"]["totals"] == {"CNY": "250.50"}
        (mail,) = w.post.of("user@example.com")
        assert "Hello" in mail.get_body(("plain",)).get_content()
        assert results["export_data"]["rows"] > 0
    _calls(w)
    _schedules(w)
    _command_line(w)
    _processes(w)


def _calls(w: Walk) -> None:
    with w.step("active tasks, revoke for admins, REVOKED"):
        body = {"task_name": "app.tasks.common_tasks.long_running_task", "args": [600]}
        task = w.call("POST", "/api/core/tasks/", json=body)["task_id"]
        assert task in [one["task_id"] for one in w.call("GET", "/api/core/tasks/")["results"]]
        w.until(f"/api/core/tasks/{task}/", ("STARTED",))
        w.call("POST", f"/api/core/tasks/{task}/revoke/", status=403)
        w.call("POST", f"/api/core/tasks/{task}/revoke/", w.admin, status=202)
        w.until(f"/api/core/tasks/{task}/", ("REVOKED",))
    with w.step("statistics and history"):
        stats = w.call("GET", "/api/core/tasks/stats/", w.admin)
        assert stats["by_status"]["REVOKED"] >= 1
        assert set(TASKS) <= set(stats["by_name"]), stats["by_name"]
        history = w.call("GET", "/api/core/tasks/history/?limit=10", w.admin)
        assert history["count"] == len(history["results"]) == 10
    with w.step("workers, for admins"):
        w.call("GET", "/api/core/workers/", status=403)
        workers = w.call("GET", "/api/core/workers/", w.admin)
        assert [one for one in workers["results"] if one["status"] == "online" and "finance" in one["lanes"]], workers
    with w.step("without a token every call is 401"):
        for path in ("tasks/", "tasks/stats/", "tasks/history/", "workers/"):
            w.call("GET", f"/api/core/{path}", "nobody", status=401)


def _schedules(w: Walk) -> None:
    with w.step("the five schedules of the document are there, in Asia/Shanghai"):
        found = {one["kind"]: one for one in w.call("GET", "/api/v1/schedules", w.admin)["schedules"]}
        for kind, cron in SCHEDULES.items():
            one = found[kind]
            assert (one["cron"], one["timezone"], one["enabled"]) == (cron, "Asia/Shanghai", True), one
    with w.step("a schedule that is due every ten seconds makes tasks by itself, and none once it is deleted"):
        body = {"kind": "examples.echo", "interval_seconds": 10, "title": "walk"}
        made = w.call("POST", "/api/v1/schedules", w.admin, status=201, json=body)

        def fired() -> int:
            jobs = w.call("GET", "/api/v1/jobs?scheduled=true&kind=examples.echo&state=succeeded", w.admin)["jobs"]
            return sum(job["scheduled"] for job in jobs)

        wait_until(fired, 60, "a task of the schedule")
        seen = {"If-Match": f'"{made["version"]}"'}
        w.call("DELETE", f"/api/v1/schedules/{made['id']}", w.admin, status=204, headers=seen)


def _command_line(w: Walk) -> None:
    def run(*arguments: str, status: int = 0) -> str:
        done = w.tasktray(*arguments)
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    with w.step("--send-task with --args and --kwargs, --task-status"):
        sent = json.loads(
            run("send-task", "test_task", "--args", '["hello"]', "--kwargs", '{"param": "value"}', "--json")
        )
        task = str(sent.get("id") or sent.get("task_id"))
        w.until(f"/api/core/tasks/{task}/", ("SUCCESS",), w.admin)
        assert task in run("task-status", task, "--json")
    with w.step("--send-task send_notification_email"):
        values = '{"email": "user@example.com", "subject": "Test", "message": "Hello"}'
        before = len(w.post.of("user@example.com"))
        run("send-task", "send_notification_email", "--kwargs", values)
        wait_until(lambda: len(w.post.of("user@example.com")) == before + 1, 60, "the e-mail")
    with w.step("--revoke-task"):
        sent = json.loads(run("send-task", "examples.sleep", "--args", "[600]", "--no-wait", "--json"))
        task = str(sent.get("id") or sent.get("task_id"))
        run("revoke-task", task)
        w.until(f"/api/core/tasks/{task}/", ("REVOKED",), w.admin)
        run("task-status", task, status=1)
    for command in ("list-tasks", "worker-stats", "queue-stats", "task-stats", "history", "test-task", "diagnose"):
        with w.step(f"--{command}"):
            assert run(command).strip()


def _processes(w: Walk) -> None:
    def celery(name: str, *arguments: str) -> Program:
        command = [sys.executable, "-m", "celery", "-A", "worker.celery_app", *arguments]
        return Program(name, command, w.env, w.folder / f"{name}.log")

    with w.step("celery worker -Q default,email,reports,finance does the tasks of these queues and no others"):
        if w.worker is not None:
            w.worker.stop()
        worker = celery("celery", "worker", "-l", "info", "-Q", "default,email,reports,finance", "-n", "four@here")
        worker.start()
        try:
            wait_until(lambda: _lanes(w, worker), 60, f"the worker {worker.tail()}")
            assert _lanes(w, worker) == ["default", "email", "finance", "reports"]
            if w.worker is not None:
                tasks = [
                    w.call("POST", "/api/core/tasks/", w.admin, json={"task_name": name, "args": args})["task_id"]
                    for name, args in (("export_data", ["customers"]), ("test_task", []), ("check_pending_bills", []))
                ]
                for task in tasks[1:]:
                    assert w.until(f"/api/core/tasks/{task}/", ("SUCCESS", "FAILURE"), w.admin)["status"] == "SUCCESS"
                assert w.call("GET", f"/api/core/tasks/{tasks[0]}/", w.admin)["status"] == "PENDING"
                w.worker.start()
                w.until(f"/api/core/tasks/{tasks[0]}/", ("SUCCESS",), w.admin)
        finally:
            worker.stop()
        assert "Traceback" not in worker.tail(1000)
    with w.step("celery beat with the scheduler of the document says what it is here, and runs the schedules"):
        beat = celery("beat", "beat", "-l", "info", "--pidfile=", "--scheduler", DJANGO)
        beat.start()
        try:
            wait_until(lambda: "fires schedules" in beat.tail(1000), 60, "beat")
        finally:
            assert beat.stop() == 0, beat.tail()
        assert "Traceback" not in beat.tail(1000)
        assert beat.tail(1000).count(f"the scheduler {DJANGO} is not for this system") == 1


def _lanes(w: Walk, worker: Program) -> list[str]:
    for one in w.call("GET", "/api/v1/monitor/workers", w.admin)["workers"]:
        if one["pid"] == worker.pid and one["state"] == "online":
            return sorted(one["lanes"])
    return []
