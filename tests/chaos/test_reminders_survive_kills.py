"""Reminders through a real SMTP server, with the worker killed in the middle of it, three times: never two mails.

`TASKTRAY_TEST_BILLS` sets the size (bills; three tenths as many customers); the full proof is 1000.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections import Counter
from typing import Any

import psutil
from sqlalchemy import select

from tests.chaos.conftest import Plant, Process
from tests.support import wait_until
from tests.support_smtp import PostOffice, post_office
from tests.worker.finance.ledger import add, bill, customer
from worker import notifications
from worker.actor import SYSTEM
from worker.db.schema import bill_reminders

BILLS = int(os.environ.get("TASKTRAY_TEST_BILLS", "60"))
CUSTOMERS = max(12, BILLS * 3 // 10)


class Killer(PostOffice):
    """Kills the worker while it talks to us: once as it names a recipient, once when a mail has just been taken."""

    def __init__(self) -> None:
        super().__init__()
        self.worker: Process | None = None
        self.at_recipient: int | None = None
        self.at_mail: int | None = None
        self.killed: list[tuple[str, str]] = []

    def kill(self, place: str, to: str) -> None:
        """End the worker and its runners at once, and see them gone before anything is answered."""
        assert self.worker is not None
        runners = self.worker.runners()
        os.kill(self.worker.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(runners, 10)
        assert not alive, "a runner outlives its worker"
        self.worker = None
        self.killed.append((place, to))

    async def handle_RCPT(self, *args: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.worker and self.at_recipient is not None and len(self.mails) >= self.at_recipient:
            self.at_recipient = None
            self.kill("recipient", args[3])
        return await super().handle_RCPT(*args)

    async def handle_DATA(self, *args: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await super().handle_DATA(*args)
        if self.worker and self.at_mail is not None and len(self.mails) >= self.at_mail:
            self.at_mail = None
            self.kill("mail", args[2].rcpt_tos[0])
        return answer


def _fill(plant: Plant) -> None:
    today = dt.datetime.now(dt.UTC).date()  # the plant's time zone is ahead of it: all of these are due
    add(plant.database, "customers", [customer(f"K{n}", "中国" if n % 2 else "Germany") for n in range(CUSTOMERS)])
    rows = [bill(f"B{n}", f"K{n % CUSTOMERS}") | {"due_on": today - dt.timedelta(days=n % 40)} for n in range(BILLS)]
    add(plant.database, "bills", rows)


def _states(plant: Plant) -> dict[str, set[str]]:
    """Customer -> states of its bills' reminders."""
    found: dict[str, set[str]] = {}
    r = bill_reminders.c
    with plant.database.read() as connection:
        for row in connection.execute(select(r.customer_no, r.state)):
            found.setdefault(row.customer_no, set()).add(row.state)
    return found


def test_each_customer_has_one_mail_or_a_doubt_that_a_person_is_shown(plant: Plant) -> None:
    _fill(plant)
    killer = Killer()
    with post_office(office=killer):
        options = {name: value for name, value in killer.settings.items() if name != "smtp_timeout_seconds"}
        plant.scheduler()
        job_id = plant.submit("finance.send_bill_reminders")
        killer.at_recipient, killer.at_mail = CUSTOMERS // 4, CUSTOMERS // 2
        for kills in (1, 2):
            killer.worker = plant.worker(**options)
            wait_until(lambda n=kills: len(killer.killed) == n, 120, "the worker's death")
        third = plant.worker(**options)  # the third time from outside, wherever it is
        wait_until(lambda: len(killer.mails) >= CUSTOMERS * 3 // 4, 120, "three quarters of the mails")
        third.kill()
        plant.worker(**options)
        job = plant.ended(job_id, 240)

    assert job.state == "succeeded", job.error_code
    assert [place for place, _ in killer.killed] == ["recipient", "mail"]
    counts: Counter[str] = killer.counts()
    states = _states(plant)
    assert len(states) == CUSTOMERS
    assert all(len(of_customer) == 1 for of_customer in states.values()), "all bills of a customer share their mail"
    unknown = set()
    for number, (state,) in states.items():
        mails = counts[f"{number.lower()}@example.com"]
        assert mails <= 1, f"{number} got {mails} mails"
        if state == "sent":
            assert mails == 1
        else:
            assert state == "unknown"
            unknown.add(number)
    died_at = {to.split("@")[0].upper() for _, to in killer.killed}
    assert died_at <= unknown, "whoever was being written to when the worker died"
    assert len(unknown) <= 3, "one a death, at most"
    assert counts[f"{killer.killed[0][1]}"] == 0, "killed before the mail"
    assert counts[f"{killer.killed[1][1]}"] == 1, "killed after the mail"
    assert set(job.result["unknown"]) == unknown
    assert job.result["mails"] == CUSTOMERS - len(unknown)
    shown = [n for n in notifications.page(plant.database, SYSTEM).notifications if n.category == "reminders_unknown"]
    assert len(shown) == 1
    assert all(number in shown[0].message for number in unknown)
    print(f"{BILLS} bills, {CUSTOMERS} customers: {sum(counts.values())} mails, unknown: {sorted(unknown)}, "
          f"killed at: {killer.killed} and once more; attempts: {job.attempt}")  # fmt: skip
