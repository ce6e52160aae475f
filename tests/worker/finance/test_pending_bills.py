"""`finance.check_pending_bills`: a bill that has become overdue is told once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import update

from tests.worker.engine.engine import person, shift
from tests.worker.finance.ledger import TODAY, add, bill, day
from worker import notification_choices, notifications
from worker.actor import SYSTEM_USER_ID, Actor
from worker.datasets import load
from worker.finance import bills, reminders
from worker.settings import Settings
from worker.tasks import finance_check_pending_bills as kind

KIND = "finance.check_pending_bills"
TABLE = load()["bills"].table


def told(office, language="en", actor=None):
    actor = actor or Actor(SYSTEM_USER_ID, "root", "admin", language)
    return sorted(n.message for n in notifications.page(office.database, actor, limit=200).notifications)


def overdue(*numbers):
    return [f"Bill {no} of customer A is overdue: it was due on 2026-03-14." for no in numbers]


def test_admins_hear_of_all_bills_and_an_operator_of_those_that_the_own_imports_brought_in(office):
    root = person(office.database, "root", "admin")
    bob = person(office.database, "bob")
    anns, bobs, roots = (office.run("examples.echo", by=who).id for who in (office.ann, bob, root))
    by = {"created_job": None, "updated_job": None}
    add(office.database, "bills", [
        bill("a", **by | {"created_job": anns}), bill("b", **by | {"created_job": anns, "updated_job": bobs}),
        bill("c", **by | {"created_job": bobs}), bill("nobodys", **by), bill("roots", **by | {"created_job": roots}),
    ])  # fmt: skip
    notification_choices.choose(office.database, bob, {"bill_overdue": "none"})
    office.run(KIND, by=root)
    assert told(office, actor=office.ann) == overdue("a")
    assert told(office, actor=bob) == []
    assert len(told(office, actor=root)) == 5, "each of them once, the own ones too"
    assert told(office, actor=office.lin) == []
    notification_choices.choose(office.database, office.lin, {"bill_overdue": "all"})
    assert len(told(office, actor=office.lin)) == 5, "also of what was said before"
    notification_choices.choose(office.database, root, {"bill_overdue": "none"})
    assert told(office, actor=root) == []


def test_an_admin_may_hear_of_the_own_ones_only(office):
    root = person(office.database, "root", "admin", language="en")
    mine = office.run("examples.echo", by=root).id
    notification_choices.choose(office.database, root, {"bill_overdue": "own"})
    add(office.database, "bills", [bill("mine", created_job=mine)])
    add(office.database, "bills", [bill("other")])
    office.run(KIND)
    assert told(office, actor=root) == overdue("mine")


def test_bills_that_all_who_want_to_hear_of_them_have_read_can_be_cleaned_up(office):
    root = person(office.database, "root", "admin")
    add(office.database, "bills", [bill("x")])
    office.run(KIND)
    shift(office.database, "notifications", ("updated_at",), 31 * 86400)
    assert office.run("notifications.cleanup", by=root).result == {"removed": 0}
    notifications.mark_all_read(office.database, root)
    assert office.run("notifications.cleanup", by=root).result == {"removed": 1}


def test_open_bills_whose_day_has_passed_are_told_once(office):
    add(office.database, "bills", [
        bill("late"), bill("pending", status="pending", due=-30), bill("today", due=0), bill("soon", due=5),
        bill("paid", paid_on=day(-3)), bill("marked", status="paid"), bill("void", status="void"),
        bill("no-customer", customer_no=None),
    ])  # fmt: skip
    view = office.run(KIND)
    assert view.result == {"overdue": 3, "day": str(TODAY)}
    assert told(office) == [
        "Bill late of customer A is overdue: it was due on 2026-03-14.",
        "Bill no-customer of customer – is overdue: it was due on 2026-03-14.",
        "Bill pending of customer A is overdue: it was due on 2026-02-13.",
    ]
    assert told(office, "zh_CN")[0] == "客户 A 的账单 late 已逾期，到期日为 2026-03-14。"
    assert office.run(KIND).result["overdue"] == 0
    assert len(told(office)) == 3


def test_a_bill_that_was_put_off_is_told_again_and_one_whose_notification_is_gone_is_not(office):
    add(office.database, "bills", [bill("x"), bill("y")])
    office.run(KIND)
    with office.database.write() as connection:
        connection.execute(update(TABLE).where(TABLE.c.bill_no == "x").values(due_on=day(-2)))
        connection.execute(notifications.notifications.delete())
    assert office.run(KIND).result["overdue"] == 1
    assert told(office) == ["Bill x of customer A is overdue: it was due on 2026-03-13."]


def test_a_death_in_the_middle_neither_forgets_nor_repeats(office, monkeypatch):
    monkeypatch.setattr(kind, "_CHUNK", 4)
    add(office.database, "bills", [bill(f"b{n}") for n in range(10)])
    office.submit(KIND)
    office.attempt(stop_after_chunks=1)
    assert len(told(office)) == 4
    assert office.attempt().result["overdue"] == 10
    assert len(told(office)) == 10


def test_two_at_once_tell_each_bill_once(office, monkeypatch):
    add(office.database, "bills", [bill(f"b{n}") for n in range(5)])
    both_have_looked = threading.Barrier(2)
    real = reminders.any_started

    def wait(connection):
        both_have_looked.wait(20)
        return real(connection)

    monkeypatch.setattr(reminders, "any_started", wait)
    jobs = [office.submit(KIND), office.submit(KIND)]
    threads = [threading.Thread(target=office.attempt) for _ in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(office)) == 5
    assert sorted(office.view(job).result["overdue"] for job in jobs) == [0, 5]


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Shanghai", 8), ("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)]
)
def test_today_is_that_of_the_time_zone(zone, hours, monkeypatch):
    monkeypatch.undo()
    now = dt.datetime.now(dt.UTC)
    found = bills.today(Settings(_env_file=None, timezone=zone))
    again = dt.datetime.now(dt.UTC)
    assert found in {(at + dt.timedelta(hours=hours)).date() for at in (now, again)}
