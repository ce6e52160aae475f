"""Reading answers leniently; making names harmless; finding the embedded system."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.client import connection, models
from desktop.client.names import reserve, safe_name
from desktop.client.parsing import parse


def test_a_job_is_read_with_all_that_lies_in_it() -> None:
    job = parse(
        models.Job,
        {
            "id": "1", "state": "running", "progress": 12, "rows_done": 5, "owner": {"id": "u", "username": "anna"},
            "created_at": "2024-04-01T08:00:00Z", "error": None, "result": {"rows": 3},
            "files": [{"id": "f", "name": "a.xlsx", "size": "7", "new": 1}], "why": {"code": "jobs_ahead"},
            "estimate": {"duration_seconds": 3}, "something_new": {"x": 1},
        },
    )  # fmt: skip
    assert job.created_at == datetime(2024, 4, 1, 8, tzinfo=UTC)
    assert (job.progress, job.owner.username, job.files[0].size) == (12.0, "anna", 7)
    assert isinstance(job.progress, float)
    assert job.why is not None
    assert job.why.code == "jobs_ahead"
    assert job.estimate is not None
    assert job.estimate.duration_seconds == 3.0
    assert not job.ended


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(list(models.Job.__slots__))


@given(st.dictionaries(names, json_values, max_size=12) | json_values)
def test_whatever_the_server_answers_a_job_comes_out(data: object) -> None:
    job = parse(models.Job, data)
    assert isinstance(job.files, list)
    assert isinstance(job.owner, models.Owner)
    assert isinstance(job.title, str)
    assert isinstance(job.progress, float)
    assert job.created_at is None or job.created_at.tzinfo is not None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("客户 2024.xlsx", "客户 2024.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("a:b?c.csv", "a_b_c.csv"),
        ("con.xlsx", "_con.xlsx"),
        ("LPT1", "_LPT1"),
        ("..", "file"),
        ("", "file"),
        ("report. ", "report"),
        ("invoice\u202excod.exe", "invoice_xcod.exe"),
    ],
)
def test_a_name_from_elsewhere_is_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(st.characters(), max_size=400) | st.text(st.characters(categories=["Cs"]), max_size=5))
def test_every_name_can_be_written_in_this_folder_and_nowhere_else(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert Path(safe).name == safe
    assert safe not in (".", "..")
    assert len(safe.encode()) <= 210
    assert not set(safe) & set('<>:"/\\|?*\0\n')


def test_two_files_of_one_name_get_two_names(tmp_path: Path) -> None:
    got = [reserve(tmp_path, "a.tar.gz").name for _ in range(3)]
    assert got == ["a.tar.gz", "a.tar (2).gz", "a.tar (3).gz"]


def test_the_embedded_system_is_found_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKTRAY_DATA", str(tmp_path))
    assert connection.find() is None
    path = tmp_path / "connection.json"
    path.write_text(json.dumps({"url": "http://127.0.0.1:1", "access_token": "secret"}))
    found = connection.find()
    assert found is not None
    assert (found.url, found.access_token) == ("http://127.0.0.1:1", "secret")
    assert "secret" not in repr(found)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"url": 1, "access_token": "t"}', '{"url": "http://x"}', "\ud800"])
def test_a_connection_file_that_is_none_is_no_system(tmp_path: Path, content: str) -> None:
    (tmp_path / "connection.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    assert connection.find(tmp_path) is None
