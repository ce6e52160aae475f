"""The main job on an office server: PostgreSQL, Redis, a process for each part, several users, things that go away."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.client import Client, Missing, Offline, uploads
from desktop.client.downloads import download
from desktop.outbox import Outbox, Sender
from tasktray.sample_data import customers
from tests.support_services import RedisServer
from tests.support_system import ADMIN, ROOT, Office, wait_ended

NORTHWIND = ROOT / "tests" / "data" / "northwind-customers.csv"


def imported(client: Client, path: Path, key: str, mode: str = "upsert") -> dict[str, int]:
    job = client.submit("customers.import", {"mode": mode}, [uploads.upload(client, path)], key=key)
    ended = wait_ended(client, job.id)
    assert ended.state == "succeeded", ended.error
    names = ("rows", "inserted", "updated", "unchanged", "skipped", "rejected")
    counts = {name: ended.result[name] for name in names}
    assert counts["rows"] == sum(counts[name] for name in names[1:])
    return {name: value for name, value in counts.items() if value}


def test_customers_go_in_and_come_out_again_and_nobody_sees_what_is_not_theirs(
    running: Office, tmp_path: Path, redis_server: RedisServer
) -> None:
    with running.client(running.add_user("anna")) as anna, running.client(running.add_user("otto")) as otto:
        assert imported(anna, NORTHWIND, "northwind") == {"rows": 91, "inserted": 91}
        sample = tmp_path / "kunden.xlsx"
        customers(sample, 2000, 16)
        assert imported(anna, sample, "sample") == {"rows": 2000, "inserted": 1984, "rejected": 16}

        for form in ("xlsx", "csv"):
            export = wait_ended(anna, anna.submit("customers.export", {"format": form}, key=f"export-{form}").id)
            assert export.state == "succeeded", export.error
            (result,) = [file for file in export.files if file.role == "export"]
            path = download(anna, result.id, tmp_path / f"out.{form}", sha256=result.sha256)
            assert imported(anna, path, f"again-{form}") == {"rows": 2075, "unchanged": 2075}

        assert otto.jobs().jobs == []
        with pytest.raises(Missing):
            otto.job(export.id)
        with pytest.raises(Missing):
            download(otto, result.id, tmp_path)
        with running.client() as admin:
            assert export.id in [job.id for job in admin.jobs(owner="anna").jobs]

        # The broker goes away: submitting and running go on.
        redis_server.stop(kill=True)
        assert imported(anna, NORTHWIND, "without a broker") == {"rows": 91, "unchanged": 91}
        redis_server.start()
        assert imported(anna, NORTHWIND, "with a broker again") == {"rows": 91, "unchanged": 91}


def test_what_is_submitted_while_the_server_is_away_is_done_once_when_it_is_back(
    running: Office, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path / "outbox")
    try:
        api = next(p for p in running.programs if p.name == "api-1")
        with running.client(retries=0) as client:
            sender = Sender(outbox, client, server=running.url, user=ADMIN)
            api.stop()
            entry = outbox.add(
                "customers.import", {"mode": "insert"}, [NORTHWIND], server=running.url, user=ADMIN, title="offline"
            )
            with pytest.raises(Offline):
                sender.run_due()
            api.start()
            running.wait_ready(api)
            outbox.wake()
            (sent,) = sender.run_due()
            assert sent.id == entry.id
            ended = wait_ended(client, sent.job_id or "")
            assert (ended.result["inserted"], ended.result["rejected"]) == (91, 0)
            assert len(client.jobs(text="offline").jobs) == 1
    finally:
        outbox.close()
