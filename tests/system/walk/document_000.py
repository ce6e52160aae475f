"""000: customers in and out in the background, progress, cancel, the pushed status."""

from __future__ import annotations

import io
import json

import openpyxl
from websockets.sync.client import connect

from tests.support_system import ROOT
from tests.system.walk.steps import Walk

NORTHWIND = ROOT / "tests" / "data" / "northwind-customers.csv"


def walk(w: Walk) -> None:
    """AC 1 to AC 4."""
    with w.step("AC 2: an import is handed in by a form; task id and estimate come at once"):
        form = {"files": {"file": ("customers.csv", NORTHWIND.read_bytes())}, "data": {"import_mode": "upsert"}}
        told = w.call("POST", "/api/v1/customers/import-async", status=202, **form)
        assert {"task_id", "status", "estimated_seconds", "status_url"} <= set(told), told
    with w.step("AC 4, AC 1: its status runs to SUCCESS with 100 %, and its result is kept"):
        task = w.until(told["status_url"], ("SUCCESS", "FAILURE"))
        assert (task["status"], task["progress"]) == ("SUCCESS", 100), task
        counts = [task["result"][n] for n in ("inserted", "updated", "unchanged", "skipped", "rejected")]
        assert sum(counts) == task["result"]["rows"] == 91, task
        assert w.call("GET", told["status_url"]) == task
    with w.step("AC 2: a second import is quicker to estimate and changes nothing"):
        again = w.call("POST", "/api/v1/customers/import-async/", status=202, **form)
        assert w.until(again["status_url"], ("SUCCESS", "FAILURE"))["result"]["unchanged"] == 91
    with w.step("AC 3: an export ends with a download link that gives the workbook"):
        told = w.call("POST", "/api/v1/customers/export-async", status=202, json={"format": "xlsx"})
        task = w.until(told["status_url"], ("SUCCESS", "FAILURE"))
        content = w.call("GET", task["download_url"]).content
        assert len(list(openpyxl.load_workbook(io.BytesIO(content)).active.values)) == task["result"]["rows"] + 1
    with w.step("Subtask 4.3: the status is pushed by web socket from PROGRESS to SUCCESS and the socket closed"):
        rows = "".join(f"W{n},Kunde {n}\n" for n in range(4000))
        form = {"files": {"file": ("many.csv", f"customer_no,name\n{rows}".encode())}}
        told = w.call("POST", "/api/v1/customers/import-async", status=202, **form)
        address = f"{w.url.replace('http', 'ws')}/api/v1/async-tasks/{told['task_id']}/ws"
        with connect(address, additional_headers={"Authorization": f"Bearer {w.operator}"}, proxy=None) as socket:
            pushed = [json.loads(message) for message in socket]
        assert pushed[-1]["status"] == "SUCCESS", pushed[-1]
        assert pushed[-1]["result"]["inserted"] == 4000, pushed[-1]
        assert [p["progress"] for p in pushed] == sorted(p["progress"] for p in pushed)
    with w.step("AC 4: a running task is cancelled, once"):
        task_id = w.call("POST", "/api/v1/tasks/example?name=long&seconds=600")["task_id"]
        path = f"/api/v1/async-tasks/{task_id}"
        w.until(path, ("PROGRESS",))
        w.call("DELETE", path, status=202)
        assert w.until(path, ("REVOKED", "SUCCESS", "FAILURE"))["status"] == "REVOKED"
        w.call("DELETE", path, status=409)
    with w.step("without a token nothing is answered"):
        w.call("GET", path, "nobody", status=401)
