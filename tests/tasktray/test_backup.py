"""`tasktray backup` and `tasktray restore` on a real office: while it runs, when it is stopped, and when it is back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.client import uploads
from desktop.client.errors import Gone
from tasktray import exits
from tests.support import wait_until
from tests.support_system import ADMIN, PASSWORD, ROOT, Office, office, wait_ended
from tests.tasktray.conftest import Done, Run, here
from worker.files.storage import Storage
from worker.settings import Settings


@pytest.fixture
def running(tmp_path: Path, database_url: str) -> Iterator[Office]:
    with office(tmp_path / "office", database_url) as running:
        yield running


def test_an_office_is_backed_up_while_it_works_and_put_back(running: Office) -> None:
    def command(*arguments: str) -> Done:
        return here(arguments, running.env, running.folder, "")

    with running.client() as client:
        northwind = ROOT / "tests" / "data" / "northwind-customers.csv"
        first = client.submit("customers.import", {"mode": "upsert"}, [uploads.upload(client, northwind)], key="a")
        assert wait_ended(client, first.id).state == "succeeded"
        slow = client.submit("examples.sleep", {"seconds": 600}, key="b")
        wait_until(lambda: client.job(slow.id).state == "running", 30, "the long job")
        cursor = client.changes().cursor

        # while a job runs
        made = running.run("backup", "--files", "--json")
        assert made.returncode == 0, made.stderr
        told = json.loads(made.stdout)
        assert (told["files"], told["file_bytes"]) == (1, northwind.stat().st_size)
        assert (told["verified"], Path(told["path"]).parent) == (True, running.data / "backups")

        later = client.submit("examples.echo", key="c")
        wait_ended(client, later.id)
        used = command("restore", told["path"])
        assert used.returncode == exits.REFUSED
        assert "--force" in used.stderr
        assert client.job(later.id).state == "succeeded"

    for program in reversed(running.programs):
        program.stop()
    holds = command("restore", told["path"])
    assert holds.returncode == exits.REFUSED
    assert "not empty" in holds.stderr
    storage = Storage(Settings(_env_file=None, data=running.data))
    for key, _ in list(storage.objects()):
        storage.delete(key)
    done = command("restore", told["path"], "--force", "--json")
    assert done.returncode == 0, done.stderr
    restored = json.loads(done.stdout)
    assert (restored["rows"], restored["waiting_again"], restored["files_missing"]) == (told["rows"], 1, 0)
    assert restored["files_restored"] == 1
    assert Path(restored["safety_copy"]).is_file()

    running.programs.clear()
    running.start_api()
    running.program("worker").start()
    running.program("scheduler").start()
    running.token = running.sign_in(ADMIN, PASSWORD)
    with running.client() as client:
        with pytest.raises(Gone):
            client.changes(cursor)
        assert {job.id for job in client.jobs().jobs} == {first.id, slow.id}
        assert client.job(first.id).result["inserted"] == 91
        key, _ = next(storage.objects())
        assert storage.local_path(key).read_bytes() == northwind.read_bytes()
        wait_until(lambda: client.job(slow.id).state == "running", 30, "the long job, again")
        assert client.job(slow.id).attempt == 1
        assert "restored" in [event.type for event in client.events(slow.id)]
        client.cancel(slow.id)
        assert wait_ended(client, slow.id).state == "cancelled"


def test_before_the_first_migration_there_is_nothing_to_back_up(tasktray: Run) -> None:
    nothing = tasktray("backup")
    assert nothing.returncode == exits.REFUSED
    assert "tasktray migrate" in nothing.stderr


@pytest.mark.usefixtures("migrated")
def test_words_for_people_in_both_languages(tasktray: Run, tmp_path: Path) -> None:
    made = tasktray("backup", "--folder", tmp_path / "elsewhere")
    assert made.returncode == 0, made.stderr
    assert "all counts and checksums agree" in made.stdout
    (path,) = (tmp_path / "elsewhere").iterdir()
    restored = tasktray("restore", path, LANG="zh_CN.UTF-8")
    assert restored.returncode == 0, restored.stderr
    assert "已恢复到" in restored.stdout
    assert tasktray("restore", tmp_path / "nothing").returncode == exits.LOCAL
    path.write_bytes(path.read_bytes()[:-2000])
    damaged = tasktray("restore", path)
    assert damaged.returncode == exits.REFUSED
    assert "damaged" in damaged.stderr
    assert "Traceback" not in damaged.stderr
