"""A file read by a process beside this one comes over as it would be read here, and a death is noticed at once."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import psutil
import pytest

from tabular.errors import TableError
from tabular.source import ReadOptions
from tasktray.sample_data import customers
from tests.support import wait_until
from tests.worker.datasets.office import CUSTOMERS, Office
from worker.datasets.chunks import Chunks
from worker.errors import Cancelled, ProcessDied
from worker.reading.part import Order
from worker.reading.process import ReaderProcess
from worker.reading.reader import Reader

OPTIONS = ReadOptions(schema=CUSTOMERS.schema)
NAMES = ("customer_no", "name", "email", "credit_limit", "signed_on", "note")
PLAIN = Order(
    columns={"customer_no": 0, "name": 1, "email": 4, "credit_limit": 12, "signed_on": 13},
    constants={"note": "x\t\\"},
    value_map={},
    names=NAMES,
    form="plain",
    size=300,
)
TEXT = replace(PLAIN, form="text", copy=True)


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def apart(path, folder, check=lambda: None, memory_bytes=1 << 30):
    return ReaderProcess(path, OPTIONS, folder, memory_bytes, check)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_what_a_process_reads_is_what_would_be_read_here(tmp_path, name):
    path = customers(tmp_path / name, 1500, 60).path
    with Reader(path, OPTIONS, tmp_path) as here, apart(path, tmp_path) as beside:
        assert beside.opened == here.opened
        for order in (PLAIN, TEXT, replace(PLAIN, unique=True, originals=True)):
            expected = list(here.parts(order))
            assert list(beside.parts(order)) == expected
            assert sum(part.rows for part in expected) == 1500
    assert not [entry for entry in tmp_path.iterdir() if entry != path]


def test_an_attempt_goes_on_where_another_got_to_and_finds_the_same_duplicates(tmp_path):
    path = customers(tmp_path / "a.csv", 1000, 100, kinds=("duplicate_key", "bad_email", "missing_key")).path
    with Reader(path, OPTIONS, tmp_path) as reading:
        whole = list(reading.parts(replace(PLAIN, size=1)))
        bad = {row.position for part in whole for row in part.rejected}
        for start in (1, 450, 999):
            known = bytearray(125)
            for position in bad:
                if position < start:
                    known[position >> 3] |= 1 << (position & 7)
            for order in (replace(PLAIN, start=start), replace(PLAIN, start=start, known=bytes(known))):
                parts = list(reading.parts(order))
                assert sum(part.rows for part in parts) == 1000
                rest = [part for part in parts if part.first >= start]
                assert rest[0].first == start
                assert [row for part in rest for row in part.rejected] == [
                    row for part in whole[start:] for row in part.rejected
                ]
                assert [value for part in rest for value in part.columns[0]] == [
                    value for part in whole[start:] for value in part.columns[0]
                ]


def test_a_file_that_cannot_be_read_is_told_as_it_would_be_here(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    with pytest.raises(TableError) as refused:
        apart(path, tmp_path)
    assert refused.value.code == "empty_file"
    path = customers(tmp_path / "b.csv", 10).path
    with apart(path, tmp_path) as reading, pytest.raises(TableError) as refused:
        list(reading.parts(replace(PLAIN, constants={"level": "Z"})))
    assert refused.value.code == "constant_refused"


def test_a_killed_process_is_noticed_at_once(tmp_path):
    path = customers(tmp_path / "a.csv", 60_000).path
    with apart(path, tmp_path) as reading:
        parts = reading.parts(PLAIN)
        next(parts)
        os.kill(reading.pid, signal.SIGKILL)
        with pytest.raises(ProcessDied) as died:
            list(parts)
        assert died.value.exit_code == -signal.SIGKILL


def test_orders_to_stop_are_heard_while_it_is_waited_for_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("worker.reading.process._LOOK_SECONDS", 0.0)
    path = customers(tmp_path / "a.csv", 60_000).path
    stop = False

    def check():
        if stop:
            raise Cancelled

    with apart(path, tmp_path, check) as reading:
        parts = reading.parts(PLAIN)
        next(parts)
        stop = True
        with pytest.raises(Cancelled):
            list(parts)
        pid = reading.pid
    wait_until(lambda: not psutil.pid_exists(pid), 5, "the end of the process")


def test_a_process_that_holds_too_much_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("worker.reading.process._LOOK_SECONDS", 0.0)
    path = customers(tmp_path / "a.csv", 60_000).path
    with pytest.raises(MemoryError), apart(path, tmp_path, memory_bytes=1 << 20) as reading:
        list(reading.parts(PLAIN))


def test_a_process_is_ahead_by_some_bytes_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr("worker.reading.process._AHEAD_BYTES", 1)
    monkeypatch.setattr("worker.reading.process._PIPE_BYTES", 4096)
    path = customers(tmp_path / "a.csv", 3000).path
    seen = 0
    with apart(path, tmp_path) as reading:
        for part in reading.parts(PLAIN):
            seen += part.rows
            assert part.size > 4096
            assert len(reading._frames._waiting) <= 1
    assert seen == 3000


def test_wide_rows_make_a_chunk_of_few(office, monkeypatch):
    monkeypatch.setattr("worker.datasets.importer._APART_FROM_BYTES", 0)
    monkeypatch.setattr("worker.datasets.importer._PART_ROWS", 10)
    monkeypatch.setattr("worker.datasets.importer._CHUNK_BYTES", 10_000)
    commits = []
    commit = Chunks.commit
    monkeypatch.setattr(Chunks, "commit", lambda chunks, parts: (commits.append(len(parts)), commit(chunks, parts)))
    rows = [{"customer_no": f"K{n}", "name": "n", "note": "x" * 1000} for n in range(100)]
    assert office.imports(office.table("a.csv", rows)).result["inserted"] == 100
    assert commits == [1] * 10
