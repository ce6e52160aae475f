"""The commands that talk to a running system, against a real one; the usual ones as processes, too."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

from tests.support import free_port, wait_until
from tests.support_system import PASSWORD, Office, embedded_system, environment
from tests.tasktray.conftest import Run


def table(path: Path, rows: list[tuple[str, ...]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([("客户编号", "名称", "信用额度"), *rows])
    return path


def counts(text: str) -> dict[str, int]:
    return {name: int(n.replace(",", "")) for name, n in re.findall(r"^  (\w+) +([\d,]+)$", text, re.MULTILINE)}


def test_an_import_tells_its_counts_and_fetches_the_error_workbook_which_imports_again(
    remote: Run, remote_process: Run, tmp_path: Path
) -> None:
    file = table(tmp_path / "一月.csv", [("I-1", "甲", "100"), ("I-2", "乙", "viel"), ("", "丙", "1")])
    done = remote_process("import", file, "--mode", "insert")
    assert done.returncode == 0, done.stderr
    assert counts(done.stdout) == {
        "rows": 3, "inserted": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 2,
    }  # fmt: skip
    (saved,) = [Path(p) for p in re.findall(r"^Saved: (.+)$", done.stderr, re.MULTILINE)]
    errors = tmp_path / saved
    book = openpyxl.load_workbook(errors)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    cell = sheet.cell(2, header.index("信用额度") + 1)
    assert cell.value == "viel"
    cell.value = 200
    sheet.delete_rows(3)
    book.save(tmp_path / "corrected.xlsx")
    book.close()
    again = remote("import", tmp_path / "corrected.xlsx", "--mode", "insert")
    assert counts(again.stdout)["inserted"] == 1, again.stderr
    assert counts(again.stdout)["rejected"] == 0


def test_the_error_workbook_goes_where_it_is_asked_to(remote: Run, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", [("", "ohne", "1")])
    target = tmp_path / "fehler.xlsx"
    target.write_text("an older one")
    assert remote("import", file, "--errors", target).returncode == 0
    book = openpyxl.load_workbook(target)
    assert book.worksheets[0].max_row == 2
    book.close()


def test_a_dry_run_changes_nothing(remote: Run, tmp_path: Path) -> None:
    file = table(tmp_path / "d.csv", [("D-1", "甲", "1")])
    dry = remote("import", file, "--dry-run", "--mode", "insert").stdout
    assert counts(dry)["inserted"] == 1
    assert "nothing was changed" in dry
    assert counts(remote("import", file, "--mode", "insert").stdout)["inserted"] == 1


def test_mapping_encoding_and_delimiter_can_be_given(remote: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.txt"
    file.write_bytes("Nr#Firma\nM-1#Müller & Söhne\n".encode("cp1252"))
    mapping = json.dumps({"Nr": "customer_no", "Firma": "name"})
    done = remote(
        "import", file, "--mapping", mapping, "--encoding", "windows-1252", "--delimiter", "#",
        "--param", 'constants={"level": "B"}', "--mode", "insert",
    )  # fmt: skip
    assert counts(done.stdout)["inserted"] == 1, done.stdout + done.stderr
    target = tmp_path / "out.csv"
    remote("export", "--format", "csv", "--output", target)
    row = next(line for line in target.read_text("utf-8-sig").splitlines() if line.startswith("M-1"))
    assert "Müller & Söhne" in row
    assert ",B," in row


def test_json_is_one_object_on_standard_output(remote: Run, remote_process: Run, tmp_path: Path) -> None:
    done = remote_process("import", table(tmp_path / "j.csv", [("J-1", "甲", "1")]), "--json")
    job = json.loads(done.stdout)
    assert (job["state"], job["result"]["rows"], job["kind"]) == ("succeeded", 1, "customers.import")
    assert done.stderr == ""
    status = json.loads(remote("task-status", job["id"], "--json").stdout)
    assert status["id"] == job["id"]


def test_a_file_that_is_no_table_fails_the_job_with_words(remote: Run, tmp_path: Path) -> None:
    file = tmp_path / "kaputt.xlsx"
    file.write_bytes(b"this is no workbook")
    done = remote("import", file, LANG="zh_CN.UTF-8")
    assert done.returncode == 1
    assert re.search("[\u4e00-\u9fff]", done.stdout)
    assert "kaputt.xlsx" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--mapping", "{"), 2),
        (("--mapping", "[1]"), 2),
        (("--param", "x"), 2),
        (("--mode", "replace"), 4),
        (("--dataset", "nothing"), 4),
        (("--priority", "urgent"), 4),
    ],
)
def test_wrong_parameters_are_told(remote: Run, tmp_path: Path, arguments: tuple[str, ...], status: int) -> None:
    done = remote("import", table(tmp_path / "w.csv", [("W-1", "甲", "1")]), *arguments)
    assert done.returncode == status
    assert done.stderr.strip()


def test_a_file_that_is_not_there_is_told(remote: Run, tmp_path: Path) -> None:
    done = remote("import", tmp_path / "none.csv")
    assert done.returncode == 5
    assert "none.csv" in done.stderr


def test_an_export_comes_as_a_file_that_imports_again_without_a_change(remote: Run, tmp_path: Path) -> None:
    remote("import", table(tmp_path / "e.csv", [(f"E-{n:03}", f"客户 {n}", str(n)) for n in range(50)]))
    target = tmp_path / "alle.xlsx"
    done = remote("export", "--output", target)
    assert done.returncode == 0, done.stderr
    again = counts(remote("import", target).stdout)
    assert again["rows"] == again["unchanged"] >= 50


def test_a_template_comes_with_an_example_that_is_not_imported(remote: Run, tmp_path: Path) -> None:
    import openpyxl

    done = remote("template", "customers", "--json")
    (path,) = (tmp_path / name for name in json.loads(done.stdout)["files"])
    assert path.name == "customers-template.xlsx"
    refused = remote("import", path)
    assert refused.returncode == 1
    book = openpyxl.load_workbook(path)
    book.worksheets[0].append(["TPL-1", "From the template"])
    book.save(path)
    assert counts(remote("import", path).stdout)["rows"] == 1
    assert remote("template", "nothing").returncode != 0


def test_an_export_of_chosen_columns_goes_into_a_folder_under_its_own_name(
    remote: Run, remote_process: Run, tmp_path: Path
) -> None:
    remote("import", table(tmp_path / "c.csv", [("C-1", "甲", "1")]))
    folder = tmp_path / "out"
    folder.mkdir()
    assert remote_process("export", "--format", "csv", "--columns", "customer_no,name", "-o", folder).returncode == 0
    (file,) = folder.iterdir()
    assert file.suffix == ".csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        assert {len(row) for row in csv.reader(opened)} == {2}


def test_an_export_to_a_folder_that_is_not_there_is_refused_before_it_starts(remote: Run, tmp_path: Path) -> None:
    def exports() -> int:
        return len(json.loads(remote("list-tasks", "--kind", "customers.export", "--limit", "1000", "--json").stdout))

    before = exports()
    done = remote("export", "--output", tmp_path / "none" / "x.xlsx")
    assert done.returncode == 2
    assert str(tmp_path / "none") in done.stderr
    assert exports() == before


def test_a_dataset_that_is_not_there_is_answered_with_those_that_are(remote: Run, tmp_path: Path) -> None:
    file = table(tmp_path / "k.csv", [("name",), ("Anna",)])
    for command in (("import", file), ("export",)):
        done = remote(*command, "--dataset", "foo")
        assert done.returncode == 4
        assert "“foo”" in done.stderr
        assert "customers" in done.stderr


def test_a_test_task_comes_back(remote: Run) -> None:
    done = remote("test-task")
    assert done.returncode == 0
    assert "Task received: hello" in done.stdout


def submitted(remote: Run, system: Office, seconds: float) -> str:
    """Id of a job that sleeps."""
    with system.client() as client:
        return client.submit("examples.sleep", {"seconds": seconds}, key=os.urandom(8).hex(), title="Schläfer").id


def test_a_job_is_listed_shown_and_revoked(remote: Run, system: Office) -> None:
    job = submitted(remote, system, 60)
    listed = remote("list-tasks", "--text", "Schläfer", "--state", "running", "--state", "pending")
    assert listed.returncode == 0
    assert job in listed.stdout
    assert [row["id"] for row in json.loads(remote("list-tasks", "--json", "--limit", "1").stdout)] == [job]
    assert remote("task-status", job).returncode == 0
    assert remote("revoke-task", job).returncode == 0
    ended = remote("task-status", job, "--wait")
    assert ended.returncode == 1
    assert "cancelled" in ended.stdout
    again = remote("revoke-task", job)
    assert again.returncode == 4
    assert again.stderr.strip()
    none = remote("list-tasks", "--kind", "customers.export", "--text", "no such title")
    assert (none.returncode, none.stdout) == (0, "")


def test_a_jobs_files_and_single_files_are_downloaded(remote: Run, tmp_path: Path) -> None:
    job = json.loads(remote("export", "--json", "--no-wait").stdout)["id"]
    assert json.loads(remote("task-status", job, "--wait", "--json").stdout)["state"] == "succeeded"
    folder = tmp_path / "got"
    folder.mkdir()
    assert remote("download", job, "-o", folder).returncode == 0
    (file,) = folder.iterdir()
    file_id = json.loads(remote("task-status", job, "--json").stdout)["files"][0]["id"]
    got = json.loads(remote("download", file_id, "-o", tmp_path / "single.xlsx", "--json").stdout)
    assert Path(got["files"][0]).read_bytes() == file.read_bytes()


def test_what_is_not_there_or_not_ones_own_is_refused(remote: Run, system: Office) -> None:
    for command in ("task-status", "revoke-task", "download"):
        done = remote(command, "00000000-0000-7000-8000-00000000dead")
        assert done.returncode == 4, command
        assert done.stderr.strip()
    job = submitted(remote, system, 0)
    token = system.add_user("kollege")
    assert remote("task-status", job, TASKTRAY_TOKEN=token).returncode == 4
    assert remote("list-tasks", "--json", TASKTRAY_TOKEN=token).stdout.strip() == "[]"


def test_signing_in_by_name_and_password(remote: Run, system: Office) -> None:
    system.add_user("namentlich")
    del_token = {"TASKTRAY_TOKEN": ""}
    done = remote("list-tasks", "--user", "namentlich", TASKTRAY_PASSWORD=PASSWORD, **del_token)
    assert done.returncode == 0, done.stderr
    wrong = remote("list-tasks", "--user", "namentlich", TASKTRAY_PASSWORD="falsch", **del_token)
    assert wrong.returncode == 4
    assert wrong.stderr.strip()


def test_a_server_that_is_not_there_and_a_token_that_is_not_valid_have_statuses_of_their_own(remote: Run) -> None:
    assert remote("list-tasks", TASKTRAY_SERVER=f"http://127.0.0.1:{free_port()}").returncode == 3
    done = remote("list-tasks", TASKTRAY_TOKEN="expired", LANG="zh_CN.UTF-8")
    assert done.returncode == 4
    assert "登录" in done.stderr


def sleeper(system: Office, folder: Path, **streams) -> subprocess.Popen[bytes]:
    """A command that waits for a job which sleeps for a minute, once it waits."""
    with system.client() as client:
        job = client.submit("examples.sleep", {"seconds": 60}, key=os.urandom(8).hex(), title="unterbrochen").id
        env = environment(folder) | {"TASKTRAY_SERVER": system.url, "TASKTRAY_TOKEN": system.token}
        process = subprocess.Popen(
            [sys.executable, "-m", "tasktray", "task-status", "--wait", job], env=env, cwd=folder, **streams
        )
        wait_until(lambda: client.job(job).state == "running", 20, "the job's start")
    process.job = job  # type: ignore[attr-defined]
    return process


def test_ctrl_c_without_a_terminal_cancels_the_job(system: Office, tmp_path: Path) -> None:
    process = sleeper(
        system, tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: process.stderr.readline().startswith("Waiting"), 20, "its stage")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 130
    assert "cancelled" in errors
    assert "Traceback" not in errors
    with system.client() as client:
        assert client.job(process.job).state == "cancelled"


@pytest.mark.parametrize(("answer", "state"), [("y", "cancelled"), ("n", "running")])
def test_ctrl_c_in_a_terminal_asks_what_is_to_become_of_the_job(
    system: Office, tmp_path: Path, answer: str, state: str
) -> None:
    near, far = pty.openpty()
    process = sleeper(system, tmp_path, stdin=far, stdout=far, stderr=far)
    os.close(far)
    screen = b""

    def read_until(text: bytes) -> None:
        nonlocal screen
        deadline = time.monotonic() + 30
        while text not in screen:
            assert time.monotonic() < deadline, screen
            screen += os.read(near, 4096)

    read_until(b"%")
    process.send_signal(signal.SIGINT)
    read_until(b"Cancel the job?")
    os.write(near, answer.encode() + b"\n")
    try:
        while block := os.read(near, 4096):
            screen += block
    except OSError:
        pass  # Linux: nobody writes to it any more
    os.close(near)
    assert process.wait(40) == 130
    with system.client() as client:
        assert client.job(process.job).state == state
        if state == "running":
            client.cancel(process.job)


def test_the_embedded_system_is_found_by_itself_and_again_after_a_new_start(tmp_path: Path) -> None:
    with embedded_system(tmp_path) as running:
        done = running.run("test-task", "hallo")
        assert done.returncode == 0, done.stderr
        assert "Task received: hallo" in done.stdout
        checked = running.run("diagnose", "--json")
        assert checked.returncode == 0, checked.stdout
        assert json.loads(checked.stdout)["ok"]

        # A command that waits goes on when the system was started again.
        with running.client() as client:
            job = client.submit("examples.sleep", {"seconds": 8}, key=os.urandom(8).hex()).id
            wait_until(lambda: client.job(job).state == "running", 20, "the job's start")
        waiting = subprocess.Popen(
            [sys.executable, "-m", "tasktray", "task-status", "--wait", job], env=running.env, cwd=tmp_path,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert waiting.stderr is not None
        wait_until(waiting.stderr.readline, 20, "its first line")
        running.program.stop()
        running.program.start()
        out, errors = waiting.communicate(timeout=90)
        assert waiting.returncode == 0, errors
        assert job in out
    after = running.run("test-task")
    assert after.returncode == 3
