"""Operators write to people who are known here; admins to anybody."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.worker.engine.engine import person
from tests.worker.finance.ledger import add, customer
from worker.actor import SYSTEM
from worker.db.schema import users
from worker.db.types import db_now
from worker.recipients import strangers

KIND = "notifications.send_email"
TO = {"subject": "Your report", "message": "It is ready."}


@pytest.fixture
def office(office):
    """No domain is allowed; there are a customer with an address, one without, a user and one who has left."""
    office.settings = office.settings.model_copy(update={"mail_domains": ""})
    add(office.database, "customers", [customer("A", email="Buyer@Kunde.example"), customer("B", email=None)])
    gone = person(office.database, "gone")
    with office.database.write() as connection:
        for actor, email in ((office.lin, "lin@office.example"), (gone, "gone@office.example")):
            connection.execute(update(users).where(users.c.id == actor.user_id).values(email=email))
        connection.execute(update(users).where(users.c.id == gone.user_id).values(disabled_at=db_now()))
    return office


def test_an_operator_writes_to_users_and_customers(office, mails):
    view = office.run(KIND, email="buyer@kunde.example, LIN@office.example", **TO)
    assert (view.state, view.result) == (
        "succeeded",
        {"sent": 2, "recipients": 2, "refused": [], "unknown": []},
    )
    assert sum(mails.counts().values()) == 2


def test_one_stranger_and_nothing_is_sent(office, mails):
    view = office.run(KIND, email="buyer@kunde.example, you@elsewhere.example, gone@office.example", **TO)
    assert (view.state, view.error.code) == ("failed", "mail_to_strangers")
    assert view.error.values == {"emails": "you@elsewhere.example, gone@office.example", "count": 2, "domains": "–"}
    assert "you@elsewhere.example" in view.error.message
    assert "TASKTRAY_MAIL_DOMAINS" in view.error.message
    assert mails.counts() == {}


def test_admins_and_schedules_write_to_anybody(office, mails):
    for number, actor in enumerate((person(office.database, "root", "admin"), SYSTEM)):
        view = office.run(KIND, email=f"you{number}@elsewhere.example", by=actor, **TO)
        assert view.state == "succeeded", view.error
    assert len(mails.counts()) == 2


@pytest.mark.parametrize(
    ("domains", "refused"),
    [
        ("elsewhere.example", ["b@sub.elsewhere.example", "c@notelsewhere.example"]),
        ("@Elsewhere.EXAMPLE； *.elsewhere.example", ["c@notelsewhere.example"]),
        ("*.elsewhere.example", ["a@elsewhere.example", "c@notelsewhere.example"]),
        ("*", []),
        (" , ", ["a@elsewhere.example", "b@sub.elsewhere.example", "c@notelsewhere.example"]),
    ],
)
def test_allowed_domains(office, domains, refused):
    settings = office.settings.model_copy(update={"mail_domains": domains})
    addresses = ["a@elsewhere.example", "b@sub.elsewhere.example", "c@notelsewhere.example"]
    assert strangers(office.database, settings, addresses) == refused


def test_a_mail_under_way_goes_on_although_an_address_is_no_longer_known(office, mails):
    """Who has their mail is not told that nothing was sent."""
    mails.answers = {"lin@office.example": "451 greylisted"}
    view = office.run(KIND, email="buyer@kunde.example lin@office.example", **TO)
    assert view.state == "pending", view.error
    with office.database.write() as connection:
        connection.execute(update(users).values(email=None))
    mails.answers = {}
    from tests.worker.engine.engine import set_job

    set_job(office.database, view.id, run_at=view.created_at)
    again = office.attempt()
    assert (again.state, again.result["sent"]) == ("succeeded", 2)
