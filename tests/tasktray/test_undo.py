"""`tasktray undo`, as a process, against a real system."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tasktray.conftest import Run
from tests.tasktray.test_remote import counts, table


def _import(remote: Run, tmp_path: Path, *rows: tuple[str, str, str]) -> str:
    done = remote("import", table(tmp_path / "u.csv", list(rows)), "--json")
    assert done.returncode == 0, done.stderr
    job_id: str = json.loads(done.stdout)["id"]
    return job_id


def test_an_import_is_taken_back_once_after_a_question(remote: Run, tmp_path: Path) -> None:
    _import(remote, tmp_path, ("U-1", "甲", "1"))
    job_id = _import(remote, tmp_path, ("U-1", "甲", "2"), ("U-2", "乙", "2"))
    no = remote("undo", job_id, stdin="n\n")
    assert no.returncode == 2
    assert "removes 1 rows and restores 1" in no.stderr
    assert "Nothing was changed." in no.stderr
    done = remote("undo", job_id, stdin="y\n")
    assert done.returncode == 0, done.stderr
    assert counts(done.stdout) == {"rows": 2, "removed": 1, "restored": 1, "kept": 0}
    again = remote("undo", job_id, "--yes")
    assert again.returncode == 4
    assert "already" in again.stderr


def test_for_machines_it_answers_with_the_job(remote: Run, tmp_path: Path) -> None:
    job_id = _import(remote, tmp_path, ("U-3", "丙", "1"))
    done = remote("undo", job_id, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)
    assert (job["kind"], job["parent_id"], job["result"]["removed"]) == ("datasets.undo", job_id, 1)
