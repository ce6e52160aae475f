"""`tasktray import` with columns named by hand, with many files, with files that were imported before."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.support import wait_until
from tests.support_system import Office, environment
from tests.tasktray.conftest import Run
from tests.tasktray.test_remote import counts


def branch(folder: Path, name: str, *rows: str, header: str = "Nr,Firma,Klasse,Farbe") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return path


def test_columns_named_by_hand_mend_the_mapping_and_are_remembered(remote: Run, tmp_path: Path) -> None:
    first = branch(
        tmp_path, "a.csv", "HM-1,甲公司,VIP,rot,1", "HM-2,乙公司,B级,rot,2", header="Nr,公司名称,Klasse,Farbe,额度"
    )
    refused = remote("import", first)
    assert refused.returncode == 1
    assert "Customer no." in refused.stdout
    done = remote(
        "import", first, "--mapping", "Nr=customer_no", "--mapping", "Klasse=level", "--value", "level:VIP=A",
        "--constant", "country=CN",
    )  # fmt: skip
    assert counts(done.stdout)["inserted"] == 2, done.stdout + done.stderr
    assert "Columns that were not imported: Farbe" in done.stdout
    again = remote(
        "import", branch(tmp_path, "b.csv", "HM-3,丙公司,VIP,blau,3", header="Nr,公司名称,Klasse,Farbe,额度"), "--json"
    )
    result = json.loads(again.stdout)["result"]
    assert (result["inserted"], result["constants"], result["value_map"]) == (
        1,
        {"country": "CN"},
        {"level": {"VIP": "A"}},
    )
    assert result["mapped_by"]["mine"]
    left = remote("import", first, "--mapping", "Klasse=", "--dry-run", LANG="zh_CN.UTF-8")
    assert "未导入的列：Klasse, Farbe" in left.stdout


def test_a_file_that_was_imported_before_is_told_before_it_is_sent_and_can_be_passed_over(
    remote: Run, tmp_path: Path
) -> None:
    file = branch(tmp_path, "b4.csv", "B4-1,甲", header="客户编号,名称")
    first = remote("import", file)
    assert "imported before" not in first.stderr + first.stdout
    again = remote("import", file)
    told = re.search(r"b4\.csv was imported before:\n  \S+ \S+ · \S+ · succeeded · inserted 1\n", again.stderr)
    assert told, again.stderr
    assert told.start() < again.stderr.index("Uploading")
    assert "This file was imported before:" in again.stdout
    passed = remote("import", file, "--skip-imported", "--json")
    (one,) = json.loads(passed.stdout)
    assert (one["job"], len(one["imported_before"]), passed.returncode) == (None, 2, 0)


def test_many_files_go_in_as_one_job_each_and_one_that_fails_does_not_hold_up_the_others(
    remote: Run, tmp_path: Path, system: Office
) -> None:
    files = [
        branch(tmp_path, f"filiale {n:02}.csv", f"MF-{n},Firma {n},A,rot", f"MG-{n},Firma,Q,rot") for n in range(6)
    ]
    broken = branch(tmp_path, "kaputt.csv", "1,2", header="x,y")
    out = tmp_path / "errors"
    out.mkdir()
    done = remote(
        "import", *files, broken, "--mapping", "Nr=customer_no", "--mapping", "Firma=name", "--mapping",
        "Klasse=level", "--errors", out,
    )  # fmt: skip
    assert done.returncode == 1
    (total,) = re.findall(r"^ All 7 files.*$", done.stdout, re.MULTILINE)
    assert total.split()[-6:] == ["12", "6", "0", "0", "0", "6"]
    assert "value not allowed: 6" in done.stdout
    assert re.search(r"^kaputt\.csv: .*Nr", done.stdout, re.MULTILINE), done.stdout
    assert len(list(out.iterdir())) == 6
    with system.client() as client:
        jobs = client.jobs(text="filiale", limit=100).jobs
    assert len(jobs) == 6
    for job in jobs:
        assigned = {column: field for column, field in job.params["mapping"].items() if field}
        assert assigned == {"Nr": "customer_no", "Firma": "name", "Klasse": "level"}


def test_wrong_options_of_an_import_are_told_before_anything_is_sent(remote: Run, tmp_path: Path) -> None:
    a, b = branch(tmp_path, "a.csv", "1,2,A,x"), branch(tmp_path, "b.csv", "1,2,A,x")
    for arguments in (
        (a, "--mapping", "Nr"), (a, "--value", "level=A"), (a, "--constant", "x"), (a, b, "--errors", "one.xlsx"),
    ):  # fmt: skip
        done = remote("import", *arguments)
        assert done.returncode == 2, done.stderr
        assert "Uploading" not in done.stderr
    missing = remote("import", a, tmp_path / "none.csv")
    assert missing.returncode == 5
    assert "Uploading" not in missing.stderr


def test_ctrl_c_while_many_files_are_followed_cancels_all_that_have_not_ended(system: Office, tmp_path: Path) -> None:
    files = [branch(tmp_path, f"c{n}.csv", f"CC-{n},甲", header="客户编号,名称") for n in range(3)]
    with system.client() as client:
        client.pause_queue("default")
        try:
            env = environment(tmp_path / "no-data") | {"TASKTRAY_SERVER": system.url, "TASKTRAY_TOKEN": system.token}
            process = subprocess.Popen(
                [sys.executable, "-m", "tasktray", "import", *map(str, files)], env=env, cwd=tmp_path,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stderr is not None
            wait_until(lambda: process.stderr.readline().startswith("1/3 c0.csv"), 60, "the waiting for all")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=40)
            assert process.returncode == 130
            assert "3 jobs were asked to stop" in errors
            assert {job.state for job in client.jobs(text="c", limit=3).jobs} == {"cancelled"}
        finally:
            client.resume_queue("default")
