"""`finance.send_bill_reminders`: one mail a customer, no bill twice a day, and every doubt shown."""

from __future__ import annotations

import threading

import openpyxl
import pytest
from sqlalchemy import select

from tests.worker.engine.engine import set_job
from tests.worker.finance.ledger import TODAY, add, bill, customer, day, guards
from worker import notifications
from worker.actor import Actor
from worker.db.schema import bill_reminders
from worker.engine import control
from worker.finance import reminders, reminding
from worker.finance.reminder_mail import language_of
from worker.finance.reminders import Customer

KIND = "finance.send_bill_reminders"


@pytest.fixture
def ledger(office):
    """Three customers with bills due, one of them without an address."""
    add(office.database, "customers", [customer("A", "中国"), customer("B", "Germany"), customer("C", email=None)])
    add(office.database, "bills", [
        bill("a1", "A", -40, "1234.50"), bill("a2", "A", 0, "0.10"), bill("a3", "A", -1, "5", currency="USD"),
        bill("a4", "A", 3), bill("a5", "A", paid_on=day(-1)), bill("a6", "A", status="void"),
        bill("b1", "B", -1, "99.99", currency=None), bill("c1", "C"), bill("d1", "D"), bill("n1", None),
    ])  # fmt: skip
    return office


def admins_see(office):
    root = Actor(office.ann.user_id, "root", "admin", "en")
    return [n for n in notifications.page(office.database, root).notifications if n.category != "job_failed"]


def report(office, view):
    book = openpyxl.load_workbook(office.file(view, "report"))
    rows = [row for row in book.active.values if row[3] or (row[0] and row[7])]
    book.close()
    return [(row[0], row[3], row[7]) for row in rows[1:]]


def retry(office, job_id):
    """The next attempt, without the wait."""
    set_job(office.database, job_id, run_at=office.view(job_id).created_at)
    return office.attempt()


def test_each_customer_gets_one_mail_about_all_due_bills_in_its_language(ledger, mails):
    view = ledger.run(KIND)
    assert view.state == "succeeded", view.error
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}
    (chinese,) = mails.of("a@example.com")
    assert chinese["Subject"] == "付款提醒：3 笔账单待付"
    assert chinese.get_content().splitlines() == [
        "尊敬的 Name of A：", "", "截至 2026-03-15，贵方（客户编号 A）有以下账单尚未付款：", "",
        "- 账单 a1：1,234.50 CNY，到期日 2026-02-03，已逾期 40 天",
        "- 账单 a3：5.00 USD，到期日 2026-03-14，已逾期 1 天", "- 账单 a2：0.10 CNY，到期日 2026-03-15", "",
        "合计：1,234.60 CNY; 5.00 USD", "", "如已付款，请忽略本邮件。", "", "此致", "任务台",
    ]  # fmt: skip
    (english,) = mails.of("b@example.com")
    assert english["Subject"] == "Payment reminder: bills due (1)"
    assert "- Bill b1: 99.99, due on 2026-03-14 (days overdue: 1)" in english.get_content()
    assert {k: v for k, v in view.result.items() if k != "file"} == {
        "mails": 2, "bills": 4, "refused": [], "unknown": [], "no_email": ["C", "D"], "day": "2026-03-15",
        "without_customer": 1,
    }  # fmt: skip
    assert report(ledger, view) == [
        ("A", "a1", "sent"), ("A", "a3", "sent"), ("A", "a2", "sent"), ("B", "b1", "sent"),
        ("C", None, "no valid e-mail address"), ("D", None, "no valid e-mail address"),
    ]  # fmt: skip


def test_a_bill_is_reminded_of_once_a_day_and_again_the_next(ledger, mails, monkeypatch):
    ledger.run(KIND)
    add(ledger.database, "bills", [bill("a9", "A")])
    assert ledger.run(KIND).result["bills"] == 1, "a new bill of the same day"
    assert "a1" not in mails.of("a@example.com")[1].get_content()
    assert ledger.run(KIND).result["mails"] == 0
    monkeypatch.setattr(reminding, "today", lambda settings: day(1))
    assert ledger.run(KIND).result["bills"] == 5
    assert mails.counts() == {"a@example.com": 3, "b@example.com": 2}


def test_the_parameters_choose_days_customers_and_language(ledger, mails):
    view = ledger.run(KIND, days_before=3, customer_nos=["A"], language="en")
    assert view.result["bills"] == 4
    assert mails.counts() == {"a@example.com": 1}
    assert mails.of("a@example.com")[0].get_content().startswith("Dear Name of A,")


@pytest.mark.parametrize(
    ("country", "language"),
    [
        ("中国", "zh_CN"),
        ("China", "zh_CN"),
        ("P.R. China", "zh_CN"),
        ("cn", "zh_CN"),
        ("Germany", "en"),
        (None, "zh_CN"),
    ],
)
def test_the_country_decides_the_language_else_the_settings(office, country, language):
    assert language_of(Customer("A", None, None, country), "auto", office.settings) == language


def test_every_place_to_die_at_sends_no_mail_twice_and_shows_each_doubt(ledger, mails):
    """Died at each commit in turn: what is sent and not confirmed becomes unknown, what was not begun is sent."""
    for chunks in range(7):
        before = mails.counts()
        with ledger.database.write() as connection:
            connection.execute(bill_reminders.delete())
            connection.execute(notifications.notifications.delete())
        job_id = ledger.submit(KIND)
        died = ledger.attempt(stop_after_chunks=chunks).state
        sent_before_death = mails.counts() - before
        view = ledger.attempt() if died == "pending" else ledger.view(job_id)
        assert view.state == "succeeded", view.error
        counts = mails.counts() - before
        states = guards(ledger.database)
        assert set(counts.values()) <= {1}, "never two"
        for to, bills in (("a@example.com", ("a1", "a2", "a3")), ("b@example.com", ("b1",))):
            (state,) = {states[b] for b in bills}
            assert (state == "sent") <= (counts[to] == 1), (chunks, state, counts)
            assert state in ("sent", "unknown")
        unknown = {"A": states["a1"], "B": states["b1"]}
        doubtful = [no for no, state in unknown.items() if state == "unknown"]
        assert view.result["unknown"] == doubtful
        assert [n.category for n in admins_see(ledger)] == (["reminders_unknown"] if doubtful else [])
        if doubtful:
            (notice,) = admins_see(ledger)
            assert doubtful[0] in notice.message
            assert notice.job_id == job_id
            assert ledger.run(KIND).result["mails"] == 0, "nor does another job repeat it that day"
        # Commits: 0 begin, 1 A taken, 2 A confirmed, 3 B taken, 4 B confirmed, 5 the report; 6 is not reached.
        assert doubtful == {2: ["A"], 4: ["B"]}.get(chunks, [])
        assert len(sent_before_death) == (0, 0, 1, 1, 2, 2, 2)[chunks]


def test_a_lost_reply_is_unknown_at_once(ledger, mails):
    mails.hang_up = {"a@example.com"}
    view = ledger.run(KIND)
    assert (view.result["mails"], view.result["unknown"]) == (1, ["A"])
    (notice,) = admins_see(ledger)
    assert "(1): A." in notice.message
    assert ledger.run(KIND).result["mails"] == 0
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}


def test_what_a_job_left_in_doubt_and_never_comes_back_to_is_shown_by_the_check_of_bills(ledger, mails):
    job_id = ledger.submit(KIND)
    ledger.attempt(stop_after_chunks=2)  # A has its mail, which is not written down
    control.cancel(ledger.database, ledger.ann, job_id)
    assert guards(ledger.database)["a1"] == "started"
    ledger.run("finance.check_pending_bills")
    assert guards(ledger.database)["a1"] == "unknown"
    notices = [n for n in admins_see(ledger) if n.category == "reminders_unknown"]
    assert [n.job_id for n in notices] == [job_id]
    assert ledger.run(KIND).result["mails"] == 1, "B's; A is not reminded again"
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}


def test_a_5xx_names_the_customer_and_may_be_tried_again_by_another_job(ledger, mails):
    mails.answers = {"a@example.com": "550 5.1.1 no such user"}
    view = ledger.run(KIND)
    assert view.result["refused"] == [{"customer_no": "A", "email": "a@example.com", "reply": "550 5.1.1 no such user"}]
    assert ("A", "a1", "refused by the mail server") in report(ledger, view)
    mails.answers = {}
    assert ledger.run(KIND).result["mails"] == 1
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}


def test_a_4xx_is_tried_again_by_itself_and_holds_nobody_else_up(ledger, mails):
    mails.answers = {"a@example.com": "451 later"}
    view = ledger.run(KIND)
    assert view.state == "pending"
    assert mails.counts() == {"b@example.com": 1}
    mails.answers = {}
    view = retry(ledger, view.id)
    assert (view.state, view.result["mails"], view.result["unknown"]) == ("succeeded", 2, [])
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}


def test_a_server_that_is_away_or_not_set_up_leaves_nothing_in_doubt(ledger, mails):
    here = ledger.settings
    ledger.settings = here.model_copy(update={"smtp_port": 1})
    view = ledger.run(KIND)
    assert view.state == "pending"
    assert set(guards(ledger.database).values()) == {"deferred"}
    ledger.settings = here.model_copy(update={"smtp_user": "x", "smtp_password": "y"})
    assert retry(ledger, view.id).error.code == "smtp_no_sign_in"
    assert set(guards(ledger.database).values()) == {"deferred"}
    ledger.settings = here.model_copy(update={"smtp_from": ""})
    assert ledger.run(KIND).error.code == "smtp_not_configured"
    ledger.settings = here
    assert ledger.run(KIND).result["mails"] == 2
    assert admins_see(ledger) == []


def test_two_jobs_at_once_send_one_mail_each_customer(ledger, mails, monkeypatch):
    both_have_looked = threading.Barrier(2)
    real = reminders.customers

    def wait(*args):
        page = real(*args)
        both_have_looked.wait(20)
        return page

    monkeypatch.setattr(reminders, "customers", wait)
    jobs = [ledger.submit(KIND), ledger.submit(KIND)]
    threads = [threading.Thread(target=ledger.attempt) for _ in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mails.counts() == {"a@example.com": 1, "b@example.com": 1}
    assert sum(ledger.view(job).result["mails"] for job in jobs) == 2
    assert set(guards(ledger.database).values()) == {"sent"}


def test_names_from_the_table_become_no_headers_and_no_lines(office, mails):
    add(office.database, "customers", [customer("A", name="Evil\r\nBcc: x@example.com\r\n\r\nHi")])
    add(office.database, "bills", [bill("1\n2", "A")])
    office.run(KIND, language="en")
    (message,) = mails.of("a@example.com")
    assert message["Bcc"] is None
    assert message.get_content().splitlines()[0] == "Dear Evil Bcc: x@example.com Hi,"
    assert "- Bill 1 2: 10.00 CNY" in message.get_content()


def test_many_customers_are_looked_up_page_by_page(office, mails, monkeypatch):
    monkeypatch.setattr(reminding, "_PAGE", 3)
    add(office.database, "customers", [customer(f"K{n}") for n in range(8)])
    add(office.database, "bills", [bill(f"k{n}", f"K{n % 8}") for n in range(20)])
    view = office.run(KIND)
    assert (view.result["mails"], view.result["bills"]) == (8, 20)
    with office.database.read() as connection:
        mails_named = connection.execute(select(bill_reminders.c.mail_id).distinct()).all()
    assert len(mails_named) == 8
    assert str(TODAY) == view.result["day"]
