"""Notifications over the API: own only, messages to others, read marks."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.api.conftest import one_database
from worker import notifications
from worker.db.schema import audit, jobs, users


def listed(api, who, **params):
    answer = api.get("notifications", who, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_message_reaches_the_named_one_alone_and_is_read_once(api, admin, operator):
    other = api.add_user("olga")
    for user in ("Olga", other):
        answer = api.post("notifications", operator, json={"user_id": user, "message": "报表好了"})
        assert (answer.status_code, answer.json()) == (202, {"job_id": None})
    found = listed(api, "olga")
    assert found["unread"] == 2
    first = found["notifications"][0]
    assert (first["category"], first["message"], first["sender"], first["read"]) == (
        "message", "报表好了", "otto", False
    )  # fmt: skip
    assert listed(api, operator)["notifications"] == []
    assert listed(api, admin)["notifications"] == [], "nor an admin"
    path = f"notifications/{first['id']}/read"
    assert api.post(path, admin).status_code == 404
    assert api.post(path, "olga").json()["read"] is True
    assert [n["id"] for n in listed(api, "olga", unread=True)["notifications"]] == [found["notifications"][1]["id"]]
    assert api.post("notifications/read-all", "olga").json() == {"read": 1}
    assert listed(api, "olga")["unread"] == 0
    with api.database.read() as connection:
        sent = (
            connection.execute(select(audit.c.object_id).where(audit.c.action == "notification.send")).scalars().all()
        )
    assert sent == [other, other]


def test_those_for_everybody_and_for_admins(api, admin, operator):
    with api.database.write() as connection:
        notifications.add(connection, notifications.ADMINS, "message", message="a")
        notifications.add(connection, notifications.EVERYBODY, "message", message="e")
    assert [n["message"] for n in listed(api, admin)["notifications"]] == ["e", "a"]
    page = listed(api, admin, limit=1)
    assert [n["message"] for n in listed(api, admin, limit=1, cursor=page["next"])["notifications"]] == ["a"]
    assert [n["message"] for n in listed(api, operator)["notifications"]] == ["e"]


@one_database
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user_id": "nobody", "message": "x"}, "unknown_recipient"),
        ({"user_id": "system", "message": "x"}, "unknown_recipient"),
        ({"user_id": "otto", "message": "x", "notification_type": "email"}, "recipient_has_no_email"),
        ({"user_id": "otto", "message": ""}, "invalid_request"),
        ({"user_id": "otto", "message": "x", "notification_type": "pigeon"}, "invalid_request"),
        ({"user_id": "otto", "message": "a\x00b"}, "invalid_request"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field(api, operator, body, code):
    answer = api.post("notifications", operator, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert listed(api, operator)["unread"] == 0


def test_a_message_by_email_is_a_job_to_the_accounts_address(api, operator):
    user = api.add_user("olga")
    with api.database.write() as connection:
        connection.execute(update(users).where(users.c.id == user).values(email="olga@example.com", language="en"))
    body = {"user_id": "olga", "message": "Done", "notification_type": "email"}
    job_id = api.post("notifications", operator, json=body).json()["job_id"]
    with api.database.read() as connection:
        job = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    assert (job.kind, job.lane) == ("notifications.send_email", "email")
    assert (job.params["email"], job.params["message"]) == ("olga@example.com", "Done")
    assert job.params["subject"] == "Message from otto"
    assert listed(api, "olga")["unread"] == 0


def test_a_user_who_is_deleted_leaves_no_notifications(api, admin):
    user = api.add_user("olga")
    api.post("notifications", admin, json={"user_id": "olga", "message": "x"})
    assert api.call("DELETE", f"users/{user}", admin).status_code == 204
    with api.database.read() as connection:
        assert connection.execute(select(notifications.notifications)).all() == []


def test_everybody_chooses_of_which_overdue_bills_to_hear(api, admin, operator):
    def of(who):
        return api.get("notifications/choices", who).json()

    assert (of(admin), of(operator)) == ({"bill_overdue": "all"}, {"bill_overdue": "own"})
    for choice in ("all", "none"):
        answer = api.call("PATCH", "notifications/choices", operator, json={"bill_overdue": choice})
        assert (answer.status_code, answer.json()) == (200, {"bill_overdue": choice})
        assert of(operator) == {"bill_overdue": choice}
    assert api.call("PATCH", "notifications/choices", operator, json={}).json() == {"bill_overdue": "none"}
    assert of(admin) == {"bill_overdue": "all"}, "it is each one's own"
    for body in ({"bill_overdue": "some"}, {"job_failed": "none"}):
        assert api.call("PATCH", "notifications/choices", operator, json=body).json()["code"] == "invalid_request"
    assert api.call("PATCH", "notifications/choices", json={"bill_overdue": "all"}).status_code == 401
