"""`maintenance.backup_database`, submitted and run as every job is."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.worker.backup.conftest import silent
from tests.worker.engine.engine import person
from worker.backup.backup import backups, check, folder_of
from worker.db.schema import audit
from worker.engine import kinds
from worker.errors import Forbidden, Refused


@pytest.fixture
def root(office):
    return person(office.database, "root", "admin")


def test_an_admin_has_a_backup_made_and_the_audit_knows(office, root, tmp_path):
    job = office.run("maintenance.backup_database", by=root)
    assert job.state == "succeeded", job.error
    (path,) = backups(folder_of(office.settings))
    manifest = check(office.database, path, tmp_path / "check", silent)
    assert job.result == {
        "file": path.name, "bytes": path.stat().st_size, "sha256": job.result["sha256"],
        "tables": len(manifest.tables), "rows": manifest.rows, "verified": True, "removed": [],
        "files": 0, "file_bytes": 0, "files_missing": 0, "files_damaged": 0, "files_left_out": 1,
    }  # fmt: skip
    assert len(job.result["sha256"]) == 64
    with office.database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.action == "backup.create")).one()
    assert (row.username, row.object_id, row.details["rows"]) == ("root", path.name, manifest.rows)


def test_only_admins_may(office):
    with pytest.raises((Forbidden, Refused)):
        office.submit("maintenance.backup_database", by=office.ann)


def test_it_keeps_as_many_as_asked_and_can_go_without_reading_back(office, root):
    for _ in range(3):
        job = office.run("maintenance.backup_database", by=root, keep=2, verify=False)
        assert job.state == "succeeded", job.error
        assert job.result["verified"] is False
    assert len(job.result["removed"]) == 1
    assert len(backups(folder_of(office.settings))) == 2


def test_killed_in_between_it_begins_anew(office, root):
    office.submit("maintenance.backup_database", by=root)
    assert office.attempt(stop_after_chunks=0).state == "pending"  # dies before its last word is committed
    assert office.attempt().state == "succeeded"


def test_one_at_a_time(office):
    kind = kinds.get("maintenance.backup_database")
    assert (kind.running_limit, kind.admin_only) == (1, True)
