"""`notifications.send_email`: one mail each, no one twice, and what became of each is told."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.worker.engine.engine import set_job
from worker import notifications
from worker.actor import SYSTEM, Actor
from worker.db.schema import users
from worker.errors import Refused

KIND = "notifications.send_email"
TO = {"subject": "Your report", "message": "It is ready."}


def admins_see(office):
    root = Actor(office.ann.user_id, "root", "admin", "en")
    return notifications.page(office.database, root).notifications


def again(office, job_id):
    """The next attempt, without the wait."""
    set_job(office.database, job_id, run_at=office.view(job_id).created_at)
    return office.attempt()


def test_each_recipient_gets_a_letter_in_the_submitters_language(office, mails):
    view = office.run(KIND, email="li@example.com; wang@example.com", by=office.lin, **TO)
    assert view.state == "succeeded", view.error
    assert view.result == {"sent": 2, "recipients": 2, "refused": [], "unknown": []}
    assert mails.counts() == {"li@example.com": 1, "wang@example.com": 1}
    (message,) = mails.of("li@example.com")
    assert message["To"] == "li@example.com", "nobody sees the others"
    assert message.get_content().splitlines() == ["您好：", "", "It is ready.", "", "此致", "lin"]
    office.run(KIND, email="li@example.com", template="plain", **TO)
    assert mails.of("li@example.com")[1].get_content() == "It is ready.\r\n"


def test_who_is_refused_is_named_and_the_others_get_theirs(office, mails):
    mails.answers = {"gone@example.com": "550 5.1.1 no such user"}
    view = office.run(KIND, email="gone@example.com,li@example.com", **TO)
    assert (view.state, view.result["sent"]) == ("succeeded", 1)
    assert view.result["refused"] == [{"email": "gone@example.com", "reply": "550 5.1.1 no such user"}]
    view = office.run(KIND, email="gone@example.com", **TO)
    assert (view.state, view.error.code) == ("failed", "mail_refused")
    assert "550 5.1.1 no such user" in view.error.message


def test_a_4xx_is_tried_again_and_those_who_have_it_do_not_get_it_twice(office, mails):
    mails.answers = {"grey@example.com": "451 greylisted"}
    view = office.run(KIND, email="grey@example.com li@example.com", **TO)
    assert view.state == "pending", view.error
    mails.answers = {}
    view = again(office, view.id)
    assert (view.state, view.result["sent"]) == ("succeeded", 2)
    assert mails.counts() == {"grey@example.com": 1, "li@example.com": 1}


def test_a_server_that_is_away_is_waited_for(office, mails):
    away = office.settings
    office.settings = office.settings.model_copy(update={"smtp_port": 1})
    view = office.run(KIND, email="li@example.com", **TO)
    assert view.state == "pending"
    office.settings = away
    assert again(office, view.id).state == "succeeded"
    assert mails.counts() == {"li@example.com": 1}


def test_a_letter_is_signed_by_the_writers_name_or_the_office(office, mails):
    with office.database.write() as connection:
        connection.execute(update(users).where(users.c.id == office.ann.user_id).values(display_name="Ann Lee"))
    office.run(KIND, email="a@example.com", **TO)
    assert mails.of("a@example.com")[0].get_content().rstrip().endswith("Kind regards\r\nAnn Lee")
    office.run(KIND, email="b@example.com", by=SYSTEM, **TO)
    assert mails.of("b@example.com")[0].get_content().rstrip().endswith("此致\r\n任务台")


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_death_around_the_sending_never_sends_twice_and_the_doubt_is_shown(office, mails, chunks):
    job_id = office.submit(KIND, email="li@example.com wang@example.com", **TO)
    office.attempt(stop_after_chunks=chunks)  # dies as it writes down: 1: that li's was sent; 2: that wang's begins
    assert mails.counts() == {"li@example.com": 1}
    view = office.attempt()
    assert mails.counts() == {"li@example.com": 1, "wang@example.com": 1}
    if chunks == 2:
        assert view.result == {"sent": 2, "recipients": 2, "refused": [], "unknown": []}
        assert admins_see(office) == []
        return
    assert (view.result["sent"], view.result["unknown"]) == (1, ["li@example.com"])
    (notice,) = admins_see(office)
    assert (notice.category, notice.job_id, notice.level) == ("mail_unknown", job_id, "warning")
    assert "“Your report”" in notice.message
    assert "li@example.com" in notice.message


def test_a_lost_reply_alone_fails_and_trying_again_repeats_nothing(office, mails):
    mails.hang_up = {"li@example.com"}
    view = office.run(KIND, email="li@example.com", **TO)
    assert (view.state, view.error.code) == ("failed", "mail_outcome_unknown")
    assert {n.category for n in admins_see(office)} == {"mail_unknown", "job_failed"}
    assert mails.counts() == {"li@example.com": 1}


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"email": "nobody"}, "params.email", "bad_email"),
        ({"email": " ; "}, "params.email", "bad_email"),
        ({"email": "a@example.com\r\nBcc: b"}, "params.email", "bad_email"),
        ({"subject": "a\r\nBcc: b@example.com"}, "params.subject", "mail_broken_header"),
        ({"subject": " "}, "params.subject", "mail_broken_header"),
        ({"message": ""}, "params.message", "field_too_short"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_submission(office, params, field, code):
    with pytest.raises(Refused) as refused:
        office.submit(KIND, **({"email": "li@example.com", **TO} | params))
    assert {e["field"]: e["code"] for e in refused.value.errors} == {field: code}


def test_without_a_mail_server_the_job_says_who_must_do_what(office):
    office.settings = office.settings.model_copy(update={"smtp_host": ""})
    view = office.run(KIND, email="li@example.com", **TO)
    assert (view.state, view.error.code) == ("failed", "smtp_not_configured")
    assert "TASKTRAY_SMTP_HOST" in view.error.message
