"""PostgreSQL's programs: the ones that fit the server are found, others are named, a password is never shown."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from tests.worker.backup.conftest import silent
from tests.worker.datasets.office import Office
from worker.backup import clients
from worker.backup.backup import create
from worker.db.database import Database
from worker.errors import Cancelled, Refused

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def installed(folder: Path, version: str, *names: str) -> Path:
    """A folder with programs that say this version."""
    for name in names or ("pg_dump", "psql"):
        program(folder / name, f'echo "{name} (PostgreSQL) {version} (Debian {version}-1)"')
    return folder


def test_the_programs_of_the_servers_version_are_taken(tmp_path):
    folders = [installed(tmp_path / major, f"{major}.4") for major in ("17", "15", "14")]
    found = clients.find("15.2", folders)
    assert (found.pg_dump, found.psql, found.version) == (folders[1] / "pg_dump", folders[1] / "psql", "15.4")


def test_programs_of_other_versions_are_named_and_not_taken(tmp_path):
    folders = [installed(tmp_path / major, f"{major}.1") for major in ("17", "14")]
    with pytest.raises(Refused) as refused:
        clients.find("15.2", folders)
    assert refused.value.code == "pg_client_other_version"
    assert refused.value.values == {"major": "15", "found": "17.1, 14.1"}


def test_missing_programs_are_said_to_be_missing(tmp_path):
    half = installed(tmp_path / "half", "15.1", "pg_dump")  # without psql nothing can be read back
    with pytest.raises(Refused) as refused:
        clients.find("15.2", [tmp_path / "nowhere", half])
    assert (refused.value.code, refused.value.values) == ("pg_client_missing", {"major": "15"})


def test_they_are_looked_for_on_the_path_first(tmp_path, monkeypatch):
    mine = installed(tmp_path / "mine", "99.1")
    monkeypatch.setenv("PATH", str(mine))
    assert clients.find("99.0").pg_dump == mine / "pg_dump"


def test_a_password_goes_by_the_environment_and_never_by_the_command_line(tmp_path):
    said = tmp_path / "said"
    show = program(tmp_path / "show", f'echo "$@" > {said}; echo "$PGPASSWORD" >> {said}')
    clients.run([str(show)], "postgresql+psycopg://me:se%40cret@db.example:5433/office?sslmode=require",
                tmp_path / "log", silent, "stage_backup_copying")  # fmt: skip
    arguments, password = said.read_text().splitlines()
    assert password == "se@cret"
    assert "secret" not in arguments
    assert "se%40cret" not in arguments
    assert arguments == "--dbname=postgresql://me@db.example:5433/office?sslmode=require --no-password"


def test_a_program_that_fails_is_quoted(tmp_path):
    failing = program(tmp_path / "pg_dump", 'echo "noise" >&2; echo "pg_dump: error: no such thing" >&2; exit 3')
    with pytest.raises(Refused) as refused:
        clients.run([str(failing)], "postgresql://x/y", tmp_path / "log", silent, "stage_backup_copying")
    assert refused.value.values == {"program": "pg_dump", "reason": "pg_dump: error: no such thing"}


def test_a_program_is_ended_with_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "_GRACE_SECONDS", 0.2)
    pid = tmp_path / "pid"
    endless = program(tmp_path / "endless", f"echo $$ > {pid}; trap '' TERM; while :; do sleep 0.1; done")

    def stop(stage: str, done: int | None, total: int | None) -> None:
        if pid.exists() and pid.read_text().strip():
            raise Cancelled

    import psutil

    with pytest.raises(Cancelled):
        clients.run([str(endless)], "postgresql://x/y", tmp_path / "log", stop, "stage_backup_copying")
    assert not psutil.pid_exists(int(pid.read_text()))


def test_a_role_that_may_not_create_databases_is_told_so(postgresql_url, tmp_path):
    import psycopg

    office = Office(Database(postgresql_url), tmp_path)
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk")
        admin.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO clerk")
    database = Database(postgresql_url.replace("postgres@", "clerk@"))
    try:
        with pytest.raises(Refused) as refused:
            create(database, tmp_path / "backups", silent)
        assert (refused.value.code, refused.value.values) == ("backup_needs_createdb", {"role": "clerk"})
        assert list((tmp_path / "backups").iterdir()) == []
        assert create(database, tmp_path / "backups", silent, verify=False).manifest.tables["users"].rows == 3
    finally:
        database.dispose()
        office.database.dispose()


def test_they_are_found_where_systems_install_them_newest_first(tmp_path, monkeypatch):
    for major in ("14", "16"):
        installed(tmp_path / "postgresql" / major / "bin", f"{major}.2")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setattr(clients, "_PLACES", (f"{tmp_path.as_posix()}/postgresql/*/bin", "/nowhere/at/all/*"))
    assert clients.find("14.0").pg_dump == tmp_path / "postgresql" / "14" / "bin" / "pg_dump"
    with pytest.raises(Refused) as refused:
        clients.find("15.0")
    assert refused.value.values == {"major": "15", "found": "16.2, 14.2"}
