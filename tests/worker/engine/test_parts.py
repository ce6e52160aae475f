"""Parts of a job: kept with the checkpoint, read one at a time, removed at the end."""

from __future__ import annotations

from pathlib import Path

from tests.worker.engine.engine import Engine
from worker.db.database import Database
from worker.engine import packing, parts


def test_parts_come_back_in_order_and_a_second_attempt_replaces_its_part(database: Database) -> None:
    engine = Engine(database)
    job = engine.job()
    other = engine.job()
    with database.write() as connection:
        for position in (2, 0, 1):
            parts.keep(connection, job, position, {"n": position}, packing.pack({"text": f"文 {position}\0"}))
        parts.keep(connection, other, 0, {}, packing.pack(None))
        parts.keep(connection, job, 1, {"n": "again"}, packing.pack(["另"]))
    found = list(parts.stream(database, job))
    assert [p.position for p in found] == [0, 1, 2]
    assert [p.content for p in found] == [{"text": "文 0\0"}, ["另"], {"text": "文 2\0"}]
    assert parts.summaries(database, job) == [(0, {"n": 0}), (1, {"n": "again"}), (2, {"n": 2})]


def test_packed_content_can_come_from_a_file(database: Database, tmp_path: Path) -> None:
    job = Engine(database).job()
    packing.write_packed(tmp_path / "part", {"a": [1, None]})
    with database.write() as connection:
        parts.keep(connection, job, 0, {}, (tmp_path / "part").read_bytes())
    assert next(parts.stream(database, job)).content == {"a": [1, None]}
