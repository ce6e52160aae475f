"""A worker is killed, and its runner, again and again during an import: the table is that of an undisturbed run.

`TASKTRAY_CHAOS_ROWS` sets the size of the file. The full proof is 100,000 rows, and from there on the worker is killed
five times and its runner five times; in every run of the tests twice each.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, select

from tasktray.sample_data import customers
from tests.chaos.conftest import Plant, Process
from tests.support import wait_until
from worker.actor import SYSTEM
from worker.datasets import load
from worker.db.schema import files, import_rejects
from worker.db.types import db_now
from worker.engine.submit import submit
from worker.engine.views import ENDED, Submission
from worker.files import results
from worker.files.storage import Storage
from worker.ids import new_id

ROWS = int(os.environ.get("TASKTRAY_CHAOS_ROWS", "20000"))
KILLS = 10 if ROWS >= 100_000 else 4
CUSTOMERS = load()["customers"].table
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIELDS = [f.name for f in load()["customers"].schema.fields]


def _upload(plant: Plant, path: Path) -> str:
    file_id = new_id()
    size, sha256 = Storage(plant.settings).put(path, file_id)
    with plant.database.write() as connection:
        connection.execute(
            insert(files).values(
                id=file_id, owner_id=SYSTEM.user_id, role="upload", name=path.name, content_type="text/csv",
                size=size, sha256=sha256, storage_key=file_id, created_at=db_now(),
            )
        )  # fmt: skip
    return file_id


def _submit(plant: Plant, upload: str) -> str:
    submission = Submission(kind="customers.import", uploads=[upload])
    return submit(plant.database, plant.settings, SYSTEM, submission, None)[0].id


def _table(plant: Plant) -> list[tuple[Any, ...]]:
    query = select(*(CUSTOMERS.c[name] for name in FIELDS), CUSTOMERS.c.row_version).order_by(CUSTOMERS.c.customer_no)
    with plant.database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _report(plant: Plant, job_id: str) -> list[tuple[Any, ...]]:
    """The rows of the job's one error workbook."""
    with plant.database.read() as connection:
        (file,) = (f for f in results.of_job(connection, [job_id])[job_id] if f.role == "errors")
    with Storage(plant.settings).open(file.storage_key) as stored:  # its name in the storage has no ending
        book = openpyxl.load_workbook(stored)
        rows = list(book.active.iter_rows(values_only=True))
        book.close()
    return rows


def _position(plant: Plant, job_id: str) -> int:
    """How far the committed chunks reach; the size of the file once the job has ended."""
    row = plant.job(job_id)
    return ROWS if row.state in ENDED else (row.checkpoint or {}).get("position", 0)


def _kill_between_chunks(plant: Plant, worker: Process, job_id: str, share: float, whole_worker: bool) -> Process:
    """Wait until `share` of the rows are in, and one more chunk than before, then kill."""
    before = _position(plant, job_id)

    def further() -> bool:
        position = _position(plant, job_id)
        return position > before and position >= ROWS * share

    wait_until(further, 60, "another chunk")
    runners = worker.runners()
    if whole_worker:
        worker.kill()
        return plant.worker(import_chunk_rows=ROWS // 40)
    for runner in runners:
        os.kill(runner.pid, signal.SIGKILL)
    return worker


@pytest.mark.timeout(300)
def test_kills_leave_no_trace_in_the_table(plant: Plant, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    sample = customers(path, ROWS, ROWS // 50)
    upload = _upload(plant, path)
    plant.scheduler()
    worker = plant.worker()
    undisturbed = plant.ended(_submit(plant, upload), 120)
    assert undisturbed.state == "succeeded", undisturbed.error_values
    expected = _table(plant)
    assert len(expected) == ROWS - ROWS // 50
    with plant.database.write() as connection:
        connection.execute(CUSTOMERS.delete())

    # Small chunks, so that there are moments enough to die between them.
    worker.stop()
    worker = plant.worker(import_chunk_rows=ROWS // 40)
    job_id = _submit(plant, upload)
    kills = 0
    for kill in range(KILLS):
        worker = _kill_between_chunks(plant, worker, job_id, kill / (KILLS + 1), whole_worker=kill % 2 == 0)
        kills += plant.job(job_id).state not in ENDED
    row = plant.ended(job_id, 120)

    assert kills == KILLS, "each kill met the import at work"
    assert row.state == "succeeded", (row.error_code, row.error_values)
    assert row.attempt == KILLS + 1
    assert _table(plant) == expected
    same = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected", "reasons", "mapping")
    assert {name: row.result[name] for name in same} == {name: undisturbed.result[name] for name in same}
    assert row.result["rejected"] == len(sample.bad)
    with plant.database.read() as connection:
        assert connection.execute(select(import_rejects.c.position)).first() is None
    report = _report(plant, job_id)
    assert len(report) == len(sample.bad) + 1
    assert report == _report(plant, undisturbed.id)


@SQLITE  # what reads knows no database
@pytest.mark.timeout(300)
def test_a_killed_reading_process_is_noticed_at_once_and_costs_one_attempt(plant: Plant, tmp_path: Path) -> None:
    # More rows than the reading process is ahead of the first chunks, so that it still reads when it is killed.
    sample = customers(tmp_path / "customers.csv", 45_000, 600)
    plant.scheduler()
    worker = plant.worker(import_chunk_rows=500)
    job_id = _submit(plant, _upload(plant, sample.path))
    wait_until(lambda: (plant.job(job_id).checkpoint or {}).get("position"), 60, "the first chunk")

    readers = [child for runner in worker.runners() for child in runner.children()]
    assert len(readers) == 1
    readers[0].kill()
    wait_until(lambda: plant.job(job_id).attempt == 2, 60, "the second attempt")
    row = plant.ended(job_id, 200)

    assert (row.state, row.attempt) == ("succeeded", 2), row.error_values
    assert row.result["rows"] == 45_000
    assert row.result["rejected"] == len(sample.bad)
    assert len(_table(plant)) == row.result["inserted"] == 45_000 - 600
    assert worker.popen.poll() is None
