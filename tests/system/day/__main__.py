"""`tests/system/office_day`: an office day pressed into minutes, on real processes."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path

from desktop.client.client import Client
from desktop.client.errors import Offline
from tests.support_services import RedisServer, new_database, postgresql_cluster
from tests.support_smtp import PostOffice, post_office
from tests.support_system import ADMIN, Office
from tests.system.day import verdict
from tests.system.day.chief import Chief
from tests.system.day.clerk import Clerk
from tests.system.day.ledger import Ledger, repeat

SETTINGS = {
    # Longer than the tests' own: on a busy machine nothing is taken for dead that is only slow.
    "LEASE_SECONDS": "15", "HEARTBEAT_SECONDS": "3", "LOOK_SECONDS": "2", "SWEEP_SECONDS": "2", "HINT_SECONDS": "10",
    "CANCEL_GRACE_SECONDS": "10", "PROGRESS_SECONDS": "0.5", "ACCESS_TOKEN_SECONDS": "14400", "LANGUAGE": "zh_CN",
    # A day that ends while people work would be two days for reminders.
    "TIMEZONE": "Asia/Shanghai" if dt.datetime.now(dt.UTC).hour != 15 else "UTC",
}  # fmt: skip


def follow(client: Client, mirror: dict[str, tuple[str, int]], stop: threading.Event) -> None:
    """What a desktop does: keep a list of jobs by the change feed alone."""
    cursor, etag = client.jobs(limit=1).cursor, None
    while True:
        last = stop.is_set()
        with contextlib.suppress(Offline):
            changes = client.changes(cursor, etag)
            if changes is not None:
                cursor, etag = changes.cursor, changes.etag
                mirror |= {job.id: (job.state, job.version) for job in changes.jobs}
                for job_id in changes.removed:
                    mirror.pop(job_id, None)
                if changes.more:
                    continue
        if last:
            return
        stop.wait(1.0)


def day(folder: Path, minutes: float, seed: int, ledger: Ledger) -> None:
    """Morning, day and evening."""
    with contextlib.ExitStack() as stack:
        database_url = new_database(stack.enter_context(postgresql_cluster()))
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        post = stack.enter_context(post_office())
        mail = {name.upper(): str(value) for name, value in post.settings.items()} | {"MAIL_DOMAINS": "briefe.example"}
        running = Office(folder / "office", database_url, redis.url, **SETTINGS | mail)
        try:
            running.start(workers=2)
            ledger.say("morning", f"the office is open at {running.url}")
            _work(running, database_url, minutes, seed, ledger, post)
        finally:
            try:
                running.stop()
            except BaseException as error:
                ledger.check(False, f"the end of the processes: {error}")
            verdict.logs(ledger, running)


def _work(running: Office, database_url: str, minutes: float, seed: int, ledger: Ledger, post: PostOffice) -> None:
    with contextlib.ExitStack() as stack:
        tokens = {"anna": running.add_user("anna"), "otto": running.add_user("otto"), ADMIN: running.token}
        clients = {name: stack.enter_context(running.client(token)) for name, token in tokens.items()}
        ears = {name: stack.enter_context(running.client(token)) for name, token in tokens.items()}
        mirrors: dict[str, dict[str, tuple[str, int]]] = {name: {} for name in tokens}
        chief = Chief(running, clients[ADMIN], ledger, seed)
        clerks = [
            Clerk("anna", "A", "otto", clients["anna"], ledger, running.folder / "anna", seed + 1),
            Clerk("otto", "O", "anna", clients["otto"], ledger, running.folder / "otto", seed + 2),
        ]
        stop, ears_stop = threading.Event(), threading.Event()
        chance = random.Random(seed)
        end = time.monotonic() + minutes * 60
        listeners = [
            threading.Thread(target=follow, args=(ears[name], mirrors[name], ears_stop), name=f"ear of {name}")
            for name in tokens
        ]
        chief.sets_up_schedules()
        workers = [program for program in running.programs if program.name.startswith("worker")]
        accidents = Chief(running, clients[ADMIN], ledger, seed)
        people = [
            threading.Thread(
                target=repeat, name=clerk.name,
                args=(clerk.name, ledger, clerk.deeds, end, stop, lambda: chance.uniform(0.2, 1.5)),
            )
            for clerk in clerks
        ]  # fmt: skip
        people += [
            threading.Thread(
                target=repeat, name="chief",
                args=("chief", ledger, chief.deeds, end, stop, lambda: chance.uniform(2, 6)),
            ),
            threading.Thread(
                target=accidents.kill_workers, name="accidents",
                args=(workers, end, min(150.0, max(40.0, minutes * 15)), stop),
            ),
        ]  # fmt: skip
        try:
            for thread in (*listeners, *people):
                thread.start()
            for thread in people:
                thread.join()
            ledger.say("evening", f"nothing new begins; {accidents.kills} workers were killed")
            _evening(chief, clerks, ledger, database_url, post, clients, mirrors, ears_stop, listeners)
        finally:
            stop.set()
            ears_stop.set()
            for thread in (*listeners, *people):
                if thread.ident is not None:
                    thread.join(60)


def _evening(
    chief: Chief, clerks: list[Clerk], ledger: Ledger, database_url: str, post: PostOffice,
    clients: dict[str, Client], mirrors: dict[str, dict[str, tuple[str, int]]], ears_stop: threading.Event,
    listeners: list[threading.Thread],
) -> None:  # fmt: skip
    ended = dt.datetime.now(dt.UTC)
    chief.ends_schedules()
    chief.wait_for_the_queue(300)
    chief.checks_bills()
    chief.reminds()
    verdict.revenue(ledger, chief)
    verdict.storage(ledger, chief)
    chief.wait_for_the_queue(60)
    ears_stop.set()
    for thread in listeners:
        thread.join()
    verdict.tables(ledger, clients[ADMIN])
    verdict.jobs(ledger, clients[ADMIN], mirrors)
    verdict.schedules(ledger, chief, database_url, ended)
    verdict.mails(ledger, chief, post, clients[ADMIN])
    verdict.messages(ledger, {clerk.name: clerk.client for clerk in clerks})


def main() -> int:
    """Run the day; the exit status is 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long people work (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="of what they choose")
    parser.add_argument("--keep", action="store_true", help="keep the folder with data and logs also when all is well")
    arguments = parser.parse_args()
    ledger = Ledger()
    folder = Path(tempfile.mkdtemp(prefix="office-day-"))
    try:
        day(folder, arguments.minutes, arguments.seed, ledger)
    except BaseException as error:  # also pytest's Failed, which is no Exception
        ledger.check(False, f"the day broke off: {type(error).__name__}: {error}")
        if isinstance(error, KeyboardInterrupt):
            raise
    print(f"\ndeeds: {dict(ledger.deeds)}")
    for problem in ledger.problems:
        print(f"PROBLEM: {problem}")
    if ledger.problems:
        print(f"{len(ledger.problems)} problems; data and logs: {folder}")
        return 1
    print(f"An office day of {arguments.minutes:g} minutes: {len(ledger.jobs)} jobs of people, all as they had to be.")
    if not arguments.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
