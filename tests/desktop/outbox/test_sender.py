"""Sending from the outbox to a real system: exactly one job, whatever dies between two steps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.client import Client, Offline, SignInNeeded, TransferCancelled, uploads
from desktop.outbox import EntryGone, Outbox, Sender
from tests.support import free_port
from tests.support_system import ADMIN, ROOT, Office, office, wait_ended

pytestmark = pytest.mark.xdist_group("outbox: system")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A system that tests share."""
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture
def client(system: Office) -> Iterator[Client]:
    with system.client(retries=0) as client:
        yield client


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox")
    yield outbox
    outbox.close()


@pytest.fixture
def sender(system: Office, client: Client, outbox: Outbox) -> Sender:
    return Sender(outbox, client, server=system.url, user=ADMIN)


def table(tmp_path: Path, name: str, rows: int = 3) -> Path:
    path = tmp_path / f"{name}.csv"
    lines = [f"{name}-{n},Kunde {n}" for n in range(rows)]
    path.write_text("customer_no,name\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def add(outbox: Outbox, system: Office, *paths: Path, title: str, mode: str = "insert"):
    return outbox.add("customers.import", {"mode": mode}, paths, server=system.url, user=ADMIN, title=title)


def jobs_titled(client: Client, title: str) -> list:
    return client.jobs(text=title).jobs


def test_an_entry_becomes_a_job_and_its_copies_go(
    sender: Sender, outbox: Outbox, client: Client, system: Office, tmp_path: Path
) -> None:
    entry = add(outbox, system, table(tmp_path, "einfach"), title="einfach")
    seen: list[tuple[int, int]] = []
    sent = sender.send_once(entry.id, progress=lambda done, total: seen.append((done, total)))
    assert sent.state == "accepted"
    assert sent.job_id
    assert seen[-1] == (entry.size, entry.size)
    ended = wait_ended(client, sent.job_id)
    assert (ended.state, ended.result["inserted"]) == ("succeeded", 3)
    assert list((outbox.folder / "files").iterdir()) == []
    assert sender.send_once(entry.id).job_id == sent.job_id  # a second time it is nothing to do
    assert len(jobs_titled(client, "einfach")) == 1


def test_a_job_without_files_is_sent_as_well(sender: Sender, outbox: Outbox, system: Office) -> None:
    entry = outbox.add("examples.echo", {"message": "x"}, [], server=system.url, user=ADMIN, priority="high")
    assert sender.send_once(entry.id).state == "accepted"


# A desktop that dies: before its n-th request goes out, or after the answer came and before it was written down.
DYING = """
import os, signal, sys
from pathlib import Path
from desktop.client import Client
from desktop.outbox import Outbox, Sender

folder, url, token, entry, moment, count = sys.argv[1:7]

class Dying(Client):
    number = 0
    def request(self, method, path, **options):
        Dying.number += 1
        mine = Dying.number
        if moment == "before" and mine == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        answer = super().request(method, path, **options)
        if moment == "after" and mine == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

outbox = Outbox(Path(folder))
with Dying(url, token) as client:
    Sender(outbox, client, server=url, user="chef").send_once(entry)
outbox.close()
"""


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_desktop_killed_at_any_step_submits_the_job_exactly_once(
    system: Office, client: Client, tmp_path: Path, moment: str, count: int
) -> None:
    title = f"{moment}-{count}"
    outbox = Outbox(tmp_path / "outbox")
    entry = add(outbox, system, table(tmp_path, title, 50), title=title)
    outbox.close()
    command = [sys.executable, "-c", DYING, str(outbox.folder), system.url, system.token, entry.id, moment, str(count)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    died = subprocess.run(command, env=env, check=False, capture_output=True, timeout=60)
    steps = 3  # announce, send, hand in
    assert died.returncode == (-signal.SIGKILL if count <= steps else 0), died.stderr

    outbox = Outbox(outbox.folder)
    try:
        sender = Sender(outbox, client, server=system.url, user=ADMIN)
        outbox.wake()
        assert [e.id for e in outbox.due(system.url, ADMIN)] == ([entry.id] if count <= steps else [])
        sender.run_due()
        accepted = outbox.get(entry.id)
        assert accepted.state == "accepted"
        (job,) = jobs_titled(client, title)
        assert job.id == accepted.job_id
        ended = wait_ended(client, job.id)
        # Mode insert: a second run of the same rows would reject them all.
        assert (ended.result["inserted"], ended.result["rejected"]) == (50, 0)
    finally:
        outbox.close()


def test_a_server_killed_after_it_took_the_job_and_before_it_could_say_so_has_it_once(tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    outbox = Outbox(tmp_path / "outbox")
    try:
        office.start(workers=1, scheduler=False)
        api = office.programs[0]
        with office.client(retries=0) as client:
            entry = add(outbox, office, table(tmp_path, "rand", 20), title="rand")
            real = client.json

            def then_dies(method: str, path: str, **options):
                answer = real(method, path, **options)
                if path == "jobs" and method == "POST":
                    api.kill()
                    raise Offline("server_unreachable", server=office.url)  # the answer is lost on its way
                return answer

            client.json = then_dies  # type: ignore[method-assign]  # the one place to lose an answer
            sender = Sender(outbox, client, server=office.url, user=ADMIN)
            with pytest.raises(Offline):
                sender.send_once(entry.id)
            assert outbox.get(entry.id).state == "submitting"
            assert outbox.get(entry.id).error_code == "server_unreachable"
            client.json = real  # type: ignore[method-assign]  # as it was
            with pytest.raises(Offline):  # it is still away
                sender.send_once(entry.id)
            api.start()
            office.wait_ready(api)
            accepted = sender.send_once(entry.id)
            assert accepted.state == "accepted"
            (job,) = jobs_titled(client, "rand")
            assert job.id == accepted.job_id
            assert wait_ended(client, job.id).result["inserted"] == 20
    finally:
        outbox.close()
        office.stop()


def test_entries_wait_while_the_server_is_away_and_go_when_it_is_back(
    sender: Sender, outbox: Outbox, system: Office, tmp_path: Path
) -> None:
    first = add(outbox, system, table(tmp_path, "weg1"), title="weg1")
    with Client(f"http://127.0.0.1:{free_port()}", "t", retries=0) as nobody:
        away = Sender(outbox, nobody, server=system.url, user=ADMIN)
        with pytest.raises(Offline):
            away.run_due()
    waiting = outbox.get(first.id)
    assert (waiting.state, waiting.error_code, waiting.attempts) == ("waiting", "server_unreachable", 1)
    assert waiting.next_try_at > time.time()
    assert outbox.due(system.url, ADMIN) == []
    (tmp_path / "weg1.csv").unlink()  # the copy was made before the server was asked for
    second = add(outbox, system, table(tmp_path, "weg2"), title="weg2")
    outbox.wake()
    assert [e.id for e in sender.run_due()] == [first.id, second.id]
    assert [outbox.get(e.id).state for e in (first, second)] == ["accepted", "accepted"]


def test_a_sign_in_that_ended_lets_entries_wait(outbox: Outbox, system: Office, tmp_path: Path) -> None:
    entry = add(outbox, system, table(tmp_path, "abgemeldet"), title="abgemeldet")
    with Client(system.url, "no token", retries=0) as client, pytest.raises(SignInNeeded):
        Sender(outbox, client, server=system.url, user=ADMIN).send_once(entry.id)
    assert outbox.get(entry.id).state == "waiting"


def test_an_entry_of_another_user_is_not_sent(sender: Sender, outbox: Outbox, system: Office) -> None:
    entry = outbox.add("examples.echo", {}, [], server=system.url, user="bob")
    assert sender.run_due() == []
    assert sender.send_once(entry.id).state == "waiting"


def test_what_the_server_refuses_is_kept_with_its_reason(
    sender: Sender, outbox: Outbox, system: Office, tmp_path: Path
) -> None:
    text = tmp_path / "bild.png"
    text.write_bytes(b"no table")
    entry = sender.send_once(add(outbox, system, text, title="bild").id)
    assert (entry.state, entry.error_code) == ("refused", "wrong_suffix")
    assert entry.error_message
    assert entry.files[0].kept is not None  # nothing is thrown away
    bad = outbox.add("examples.sleep", {"seconds": -5}, [], server=system.url, user=ADMIN)
    refused = sender.send_once(bad.id)
    assert refused.error_code == "invalid_params"
    assert refused.error_values["errors"][0]["field"] == "params.seconds"
    assert outbox.due(system.url, ADMIN) == []
    assert sender.send_once(bad.id).state == "refused"  # until a person says otherwise
    assert outbox.again(bad.id).state == "waiting"


def test_an_upload_that_the_server_lost_is_sent_again(
    sender: Sender, outbox: Outbox, client: Client, system: Office, tmp_path: Path
) -> None:
    entry = add(outbox, system, table(tmp_path, "verloren"), title="verloren")
    outbox.keep(entry.id)
    upload_id = uploads.upload(client, outbox.get(entry.id).files[0].kept)
    outbox.update_file(entry.id, 0, upload_id=upload_id, offset=entry.size)
    outbox.update(entry.id, state="submitting")
    uploads.discard(client, upload_id)  # expired, say
    waiting = sender.send_once(entry.id)
    assert (waiting.state, waiting.error_code, waiting.sent) == ("waiting", "unknown_upload", 0)
    outbox.wake()
    assert sender.send_once(entry.id).state == "accepted"
    assert len(jobs_titled(client, "verloren")) == 1


def test_an_entry_that_was_accepted_before_its_list_was_lost_is_not_submitted_again(
    sender: Sender, outbox: Outbox, client: Client, system: Office, tmp_path: Path
) -> None:
    entry = add(outbox, system, table(tmp_path, "doppelt"), title="doppelt")
    manifest = (outbox.folder / "files" / entry.id / "entry.json").read_text("utf-8")
    assert sender.send_once(entry.id).state == "accepted"
    outbox.close()
    (outbox.folder / "outbox.db").write_bytes(b"damaged")
    (outbox.folder / "files" / entry.id).mkdir()
    (outbox.folder / "files" / entry.id / "entry.json").write_text(manifest, "utf-8")
    again = Outbox(outbox.folder)
    try:
        assert again.recovered == 1
        sent = Sender(again, client, server=system.url, user=ADMIN).send_once(entry.id)
        assert sent.state == "accepted"
        assert len(jobs_titled(client, "doppelt")) == 1
    finally:
        again.close()


def test_a_submission_too_old_to_be_sure_of_is_left_to_a_person(
    sender: Sender, outbox: Outbox, client: Client, system: Office
) -> None:
    entry = outbox.add("examples.echo", {}, [], server=system.url, user=ADMIN, title="alt")
    outbox.update(entry.id, state="submitting", submitted_at=time.time() - 40 * 86400)
    assert sender.send_once(entry.id).error_code == "submission_uncertain"
    assert jobs_titled(client, "alt") == []
    assert sender.send_once(outbox.again(entry.id).id).state == "accepted"


def test_a_cancelled_upload_waits_and_goes_on_later(
    sender: Sender, outbox: Outbox, system: Office, tmp_path: Path
) -> None:
    path = tmp_path / "gross.csv"
    path.write_bytes(b"customer_no,name\n" + os.urandom(9_000_000).hex().encode())
    entry = add(outbox, system, path, title="gross")
    cancel = threading.Event()

    def stop(sent: int, total: int) -> None:
        if sent > 6_000_000:
            cancel.set()

    with pytest.raises(TransferCancelled):
        sender.send_once(entry.id, cancel=cancel, progress=stop)
    waiting = outbox.get(entry.id)
    assert waiting.state == "waiting"
    assert waiting.sent == 4 * 1024 * 1024
    first: list[int] = []
    assert sender.send_once(entry.id, progress=lambda sent, total: first.append(sent)).state == "accepted"
    assert first[0] == 4 * 1024 * 1024


def test_an_entry_removed_while_it_is_sent_reaches_no_queue(
    sender: Sender, outbox: Outbox, client: Client, system: Office, tmp_path: Path
) -> None:
    entry = add(outbox, system, table(tmp_path, "weg"), title="entfernt")

    def remove(sent: int, total: int) -> None:
        if sent == total:
            outbox.remove(entry.id)

    with pytest.raises(EntryGone):
        sender.send_once(entry.id, progress=remove)
    assert jobs_titled(client, "entfernt") == []


def test_without_room_for_copies_the_original_is_sent_while_it_is_what_was_picked(
    sender: Sender, outbox: Outbox, client: Client, system: Office, tmp_path: Path
) -> None:
    entry = add(outbox, system, table(tmp_path, "platz"), title="platz")
    folder = outbox.folder / "files" / entry.id
    (folder / "0.csv.part").mkdir()  # where the copy would be written: works for root, too
    sent = sender.send_once(entry.id)
    assert sent.state == "accepted"
    assert wait_ended(client, sent.job_id).result["inserted"] == 3
