"""A worker, its runner and the runner's helper are killed while documents are read: each file is in the result once."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest

from tests.chaos.conftest import Plant, Process
from tests.chaos.test_import_survives_kills import _upload
from tests.support import wait_until
from worker.actor import SYSTEM
from worker.db.schema import job_parts
from worker.documents.files import STATES
from worker.engine.submit import submit
from worker.engine.views import ENDED, Submission
from worker.files import results
from worker.files.storage import Storage

DATA = Path(__file__).parents[1] / "data" / "documents"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COPIES = 2  # of each file, so that the reading takes a while


def _files(plant: Plant, folder: Path) -> list[str]:
    folder.mkdir()
    ids = []
    for source in sorted(DATA.glob("python-*/*.docx")):
        for number in range(COPIES):
            path = folder / f"{number}-{source.name}"
            shutil.copy(source, path)
            ids.append(_upload(plant, path))
    return ids


def _submit(plant: Plant, kind: str, uploads: list[str]) -> str:
    return submit(plant.database, plant.settings, SYSTEM, Submission(kind=kind, uploads=uploads), None)[0].id


def _wait_done(plant: Plant, job_id: str, count: int) -> None:
    def far_enough() -> bool:
        row = plant.job(job_id)
        assert row.state not in ENDED, "it ended before it was killed"
        return int((row.checkpoint or {}).get("done", 0)) >= count

    wait_until(far_enough, 60, f"{count} files")


def _content(plant: Plant, job_id: str, name: str) -> Any:
    with plant.database.read() as connection:
        files = [f for f in results.of_job(connection, [job_id])[job_id] if f.role != "upload"]
    (file,) = (f for f in files if f.name == name)
    with Storage(plant.settings).open(file.storage_key) as stored:
        if name.endswith(".json"):
            return [f["sha256"] for f in json.load(stored)["files"]]
        book = openpyxl.load_workbook(stored)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        book.close()
        return rows


def _helper(worker: Process) -> psutil.Process:
    """The helper that reads for a runner of this worker."""
    (helper,) = wait_until(lambda: psutil.Process(worker.runners()[0].pid).children(), 20, "a helper")
    return helper


@pytest.mark.timeout(240)
def test_documents_are_read_once_whatever_is_killed(plant: Plant, tmp_path: Path) -> None:
    uploads = _files(plant, tmp_path / "in")
    plant.scheduler()
    worker = plant.worker()
    undisturbed = plant.ended(_submit(plant, "documents.process", uploads), 120)
    assert undisturbed.state == "succeeded", undisturbed.error_values

    job_id = _submit(plant, "documents.process", uploads)
    _wait_done(plant, job_id, 5)
    helper = _helper(worker)
    worker.kill()
    helper.wait(10)  # it ends with its runner, and that with the worker
    worker = plant.worker()
    _wait_done(plant, job_id, 12)
    os.kill(worker.runners()[0].pid, signal.SIGKILL)
    row = plant.ended(job_id, 120)
    assert (row.state, row.attempt) == ("succeeded", 3), (row.error_code, row.error_values)
    assert row.result == undisturbed.result
    assert sum(row.result[state] for state in STATES) == row.result["files"] == len(uploads)
    name = row.result["file"]
    assert _content(plant, job_id, name) == _content(plant, undisturbed.id, name)
    with plant.database.read() as connection:
        assert connection.execute(job_parts.select()).first() is None


@SQLITE  # the helper knows no database
@pytest.mark.timeout(240)
def test_a_killed_helper_costs_one_file_at_most(plant: Plant, tmp_path: Path) -> None:
    uploads = _files(plant, tmp_path / "in")
    worker = plant.worker()
    job_id = _submit(plant, "evidence.analyze", uploads)
    _wait_done(plant, job_id, 5)
    _helper(worker).kill()
    row = plant.ended(job_id, 120)
    assert (row.state, row.attempt) == ("succeeded", 1), (row.error_code, row.error_values)
    assert row.result["stopped"] <= 1
    assert row.result["files"] == len(uploads) == len(_content(plant, job_id, "manifest.json"))
