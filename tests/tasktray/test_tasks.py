"""Jobs sent by their kind or documented name, and how the system is doing, from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl

from tests.tasktray.conftest import Run
from tests.tasktray.test_remote import table


def test_a_task_is_sent_by_its_documented_name_or_by_its_kind(remote: Run, tmp_path: Path) -> None:
    done = remote("send-task", "test_task", "--args", '["hello"]', "--kwargs", '{"param": "value"}')
    assert done.returncode == 0, done.stderr
    assert "Task received: hello" in done.stdout
    kind = remote("send-task", "examples.add", "--param", "x=1", "--param", "y=2.5", "--json")
    assert json.loads(kind.stdout)["result"] == {"sum": 3.5}
    waiting = remote("send-task", "app.tasks.common_tasks.long_running_task", "--args", "[60]", "--no-wait")
    assert remote("revoke-task", waiting.stdout.strip()).returncode == 0
    (tmp_path / "brief.txt").write_text("Guten Tag", "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    assert remote("send-task", "documents.process", "--file", tmp_path / "brief.txt", "-o", out).returncode == 0
    assert list(out.glob("*.xlsx"))


def test_what_is_no_task_or_no_argument_is_told(remote: Run, tmp_path: Path) -> None:
    unknown = remote("send-task", "launch_rocket")
    assert unknown.returncode == 4
    assert unknown.stderr.count("launch_rocket") == 1
    assert remote("send-task", "test_task", "--kwargs", '{"bad": 1}').returncode == 4
    assert remote("send-task", "test_task", "--args", "{}").returncode == 2
    assert remote("send-task", "documents.process", "--file", tmp_path / "none").returncode == 5
    failed = remote("send-task", "examples.sleep", "--args", '["x"]', LANG="zh_CN.UTF-8")
    assert failed.returncode == 4
    assert "params.seconds" in failed.stderr


def test_kinds_and_what_each_takes_are_told(remote: Run) -> None:
    shown = remote("kinds")
    assert re.search(r"^ evidence.analyze +Analyze evidence +evidence +1-1000", shown.stdout, re.MULTILINE)
    one = remote("kinds", "evidence.analyze").stdout
    assert re.search(r"^ near_duplicates +integer 50-100; default 80", one, re.MULTILINE)
    assert re.search(r"^ compare_with +string; optional", one, re.MULTILINE)
    assert "必填" in remote("kinds", "notifications.send_email", LANG="zh_CN.UTF-8").stdout
    assert [kind["kind"] for kind in json.loads(remote("kinds", "data.export", "--json").stdout)] == ["data.export"]
    none = remote("kinds", "rockets.launch")
    assert (none.returncode, none.stdout) == (4, "")
    assert "rockets.launch" in none.stderr


def test_what_to_do_next_is_said(remote: Run, tmp_path: Path) -> None:
    (tmp_path / "brief.txt").write_text("Guten Tag", "utf-8")
    done = remote("send-task", "documents.process", "--file", tmp_path / "brief.txt")
    assert re.search("tasktray download [0-9a-f-]{36}", done.stderr)
    assert "1 of 1\n" in done.stderr, "files are no rows"
    (tmp_path / "strange.csv").write_text("x1,x2\n1,2\n", "utf-8")
    failed = remote("import", tmp_path / "strange.csv")
    assert failed.returncode == 1
    assert "--mapping" in failed.stderr
    assert "tasktray kinds customers.export" in failed.stderr


def test_of_which_overdue_bills_to_hear_is_chosen(remote: Run) -> None:
    assert "all overdue bills" in remote("overdue-notices").stdout
    assert json.loads(remote("overdue-notices", "own", "--json").stdout) == {"bill_overdue": "own"}
    assert "由您的导入" in remote("overdue-notices", LANG="zh_CN.UTF-8").stdout
    assert remote("overdue-notices", "sometimes").returncode == 2
    assert remote("overdue-notices", "all").returncode == 0


def test_workers_queues_statistics_and_history_are_shown(remote: Run) -> None:
    assert remote("send-task", "test_task").returncode == 0
    (worker,) = json.loads(remote("worker-stats", "--json").stdout)
    assert worker["state"] == "online"
    shown = remote("worker-stats", LANG="zh_CN.UTF-8")
    assert worker["name"] in shown.stdout
    assert "在线" in shown.stdout
    queues = json.loads(remote("queue-stats", "--json").stdout)
    lines = remote("queue-stats").stdout
    assert all(re.search(rf"^ {q['lane']} +\d", lines, re.MULTILINE) for q in queues)
    stats = json.loads(remote("task-stats", "--json").stdout)
    assert "examples.echo" in [k["kind"] for k in stats["kinds"]]
    assert "(examples.echo)" in remote("task-stats").stdout
    assert json.loads(remote("task-stats", "--to", "2020-01-01", "--json").stdout)["states"]["succeeded"] == 0
    (last,) = json.loads(remote("history", "--kind", "examples.echo", "--limit", "1", "--json").stdout)
    assert last["state"] == "succeeded"
    assert last["id"] in remote("history", "--kind", "examples.echo").stdout
    assert json.loads(remote("history", "--kind", "none.such", "--json").stdout) == []


def test_the_correction_of_an_import_is_shown_at_both(remote: Run, tmp_path: Path) -> None:
    first = json.loads(remote("import", table(tmp_path / "f.csv", [("TF-1", "甲", "viel")]), "--json").stdout)
    path = tmp_path / first["saved"][0]
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        for cell in row:
            cell.value = 7 if cell.value == "viel" else cell.value
    book.save(path)
    book.close()
    second = json.loads(remote("import", path, "--json").stdout)
    assert (second["parent_id"], second["result"]["inserted"]) == (first["id"], 1)
    assert re.search(rf"Continued by .*succeeded.*{second['id']}", remote("task-status", first["id"]).stdout)
    assert re.search(rf"Goes on with +{first['id']}", remote("task-status", second["id"]).stdout)
