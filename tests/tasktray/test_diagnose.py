"""`tasktray diagnose` on installations that lack one thing each."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, update

from tests.support import free_port
from tests.support_s3 import S3Server
from tests.support_smtp import post_office
from tests.tasktray.conftest import Run
from worker.actor import SYSTEM_USER_ID
from worker.db.database import Database
from worker.db.schema import jobs, queue_samples, workers
from worker.db.types import db_now


def verdicts(done) -> dict[str, bool]:
    return {check["check"]: check["ok"] for check in json.loads(done.stdout)["checks"]}


def test_a_new_installation_is_told_what_to_do_first(tasktray: Run, tmp_path: Path) -> None:
    done = tasktray("diagnose")
    assert done.returncode == 1
    assert "tasktray up" in done.stdout
    found = verdicts(tasktray("diagnose", "--json"))
    assert (found["settings"], found["data"], found["database"], found["api"]) == (True, False, False, False)
    assert not (tmp_path / "data").exists()  # looking makes nothing


def test_problems_are_told_in_the_terminals_language(tasktray: Run) -> None:
    assert "数据库" in tasktray("diagnose", LANG="zh_CN.UTF-8").stdout


def test_a_migrated_database_without_an_admin_is_told(tasktray: Run) -> None:
    tasktray("migrate")
    found = verdicts(tasktray("diagnose", "--json"))
    assert (found["data"], found["database"], found["clock"], found["admin"]) == (True, True, True, False)


def test_a_bucket_is_tried_and_what_it_says_is_told(tasktray: Run, s3: S3Server, tmp_path: Path) -> None:
    env = {f"TASKTRAY_{name.upper()}": value for name, value in s3.settings().items()}
    done = tasktray("diagnose", **env)
    assert f"{env['TASKTRAY_STORAGE_URL']}: an object was stored, read and removed" in " ".join(done.stdout.split())
    assert not (tmp_path / "data").exists()
    wrong = tasktray("diagnose", **env | {"TASKTRAY_STORAGE_SECRET_ACCESS_KEY": "wrong-secret"})
    assert "cannot be used" in wrong.stdout
    assert "put: 403 Forbidden, SignatureDoesNotMatch" in wrong.stdout
    assert "wrong-secret" not in wrong.stdout


def test_an_office_is_told_once_to_migrate_which_also_makes_the_data_folder(
    tasktray: Run, tmp_path: Path, postgresql_url: str
) -> None:
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    before = tasktray("diagnose", TASKTRAY_DATABASE_URL=postgresql_url)
    assert before.stdout.count("not migrated yet") == 1
    assert "Undefined" not in before.stdout
    assert tasktray("migrate", TASKTRAY_DATABASE_URL=postgresql_url).returncode == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    found = verdicts(tasktray("diagnose", "--json", TASKTRAY_DATABASE_URL=postgresql_url))
    assert (found["data"], found["database"]) == (True, True)


@pytest.mark.usefixtures("migrated")
def test_a_database_that_does_not_answer_is_told_without_its_password(tasktray: Run) -> None:
    done = tasktray("diagnose", TASKTRAY_DATABASE_URL="postgresql://x:geheim@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "geheim" not in done.stdout + done.stderr
    assert "TASKTRAY_DATABASE_URL" in done.stdout


@pytest.mark.usefixtures("migrated")
def test_a_broker_that_does_not_answer_is_told(tasktray: Run) -> None:
    found = verdicts(tasktray("diagnose", "--json", TASKTRAY_BROKER_URL="redis://127.0.0.1:9/0"))
    assert not found["broker"]


def test_jobs_that_no_scheduler_rescued_are_told(tasktray: Run, migrated: Path) -> None:
    assert verdicts(tasktray("diagnose", "--json"))["scheduler"]
    database = Database(f"sqlite:///{migrated}")
    with database.write() as connection:
        connection.execute(
            insert(jobs).values(
                id="1", kind="examples.echo", title="verwaist", params={}, state="running", lane="default",
                owner_id=SYSTEM_USER_ID, run_at=db_now(), created_at=db_now(), change_no=0, lease_token="t",
                lease_until=db_now(-600),
            )
        )  # fmt: skip
    database.dispose()
    done = tasktray("diagnose", "--json")
    assert not verdicts(done)["scheduler"]
    assert "tasktray scheduler" in done.stdout


def test_an_e_mail_server_is_tried_without_sending_anything(tasktray: Run) -> None:
    def smtp(**env: str) -> tuple[bool, str]:
        checks = json.loads(tasktray("diagnose", "--json", **env).stdout)["checks"]
        (found,) = [check for check in checks if check["check"] == "smtp"]
        return found["ok"], found["detail"]

    assert smtp()[0]
    with post_office() as office:
        env = {f"TASKTRAY_{name.upper()}": str(value) for name, value in office.settings.items()}
        ok, detail = smtp(**env)
        assert ok, detail
        assert env["TASKTRAY_SMTP_PORT"] in detail
        assert not smtp(**env | {"TASKTRAY_SMTP_USER": "x", "TASKTRAY_SMTP_PASSWORD": "geheim"})[0]
        assert not smtp(**env | {"TASKTRAY_SMTP_FROM": ""})[0]
        assert office.mails == []
        away = tasktray("diagnose", **env | {"TASKTRAY_SMTP_PORT": str(free_port())})
    assert away.returncode == 1
    assert "TASKTRAY_SMTP_HOST" in away.stdout


def test_a_missing_scheduler_is_noticed_when_workers_have_been_there_for_a_while(tasktray: Run, migrated: Path) -> None:
    database = Database(f"sqlite:///{migrated}")
    row = {"id": "1", "name": "w", "pid": 1, "lanes": ["default"], "slots": 1, "seen_at": db_now()}
    with database.write() as connection:
        connection.execute(insert(workers).values(**row, started_at=db_now(-10)))
    assert verdicts(tasktray("diagnose", "--json"))["scheduler"]
    with database.write() as connection:
        connection.execute(update(workers).values(started_at=db_now(-600), seen_at=db_now(5)))
    assert not verdicts(tasktray("diagnose", "--json"))["scheduler"]
    with database.write() as connection:
        connection.execute(insert(queue_samples).values(at=db_now(-30), lane="", waiting=0, running=0))
    assert verdicts(tasktray("diagnose", "--json"))["scheduler"]
    database.dispose()
