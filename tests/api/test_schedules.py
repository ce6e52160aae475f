"""Schedules over REST: for admins, with If-Match on edits, through the client as well."""

from __future__ import annotations

import pytest

from desktop.client.client import Client
from desktop.client.errors import Problem
from tests.api.conftest import one_database

NEW = {"kind": "examples.echo", "params": {"message": "你好"}, "cron": "30 8 * * 1-5", "title": "早安"}


def _made(api, admin, **changes):
    answer = api.post("schedules", admin, json=NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_schedule_from_its_making_to_its_end(api, admin):
    answer = _made(api, admin)
    made = answer.json()
    assert (answer.headers["ETag"], answer.headers["Location"]) == ('"1"', f"/api/v1/schedules/{made['id']}")
    assert (made["timezone"], made["catch_up"], made["enabled"], made["broken"]) == (
        "Asia/Shanghai",
        "skip",
        True,
        None,
    )
    assert len(made["next_at"]) == 5
    path = f"schedules/{made['id']}"
    assert api.get(path, admin).json() == made
    assert made in api.get("schedules", admin).json()["schedules"]

    patch = api.call("PATCH", path, admin, json={"enabled": False}, headers={"If-Match": '"1"'})
    assert (patch.status_code, patch.headers["ETag"], patch.json()["next_at"]) == (200, '"2"', [])
    for method, options in (("PATCH", {"json": {"enabled": True}}), ("DELETE", {})):
        late = api.call(method, path, admin, headers={"If-Match": '"1"'}, **options)
        assert (late.status_code, late.json()["code"]) == (412, "schedule_changed")
        blind = api.call(method, path, admin, **options)
        assert (blind.status_code, blind.json()["code"]) == (428, "if_match_needed")
        odd = api.call(method, path, admin, headers={"If-Match": '"soon"'}, **options)
        assert odd.status_code == 412
    job = api.post(f"{path}/run", admin, headers={"Idempotency-Key": "k"})
    assert (job.status_code, job.headers["Location"]) == (202, f"/api/v1/jobs/{job.json()['id']}")
    assert (job.json()["title"], job.json()["owner"]["username"], job.json()["scheduled"]) == ("早安", "system", True)
    assert api.post(f"{path}/run", admin, headers={"Idempotency-Key": "k"}).json()["id"] == job.json()["id"]
    gone = api.call("DELETE", path, admin, headers={"If-Match": "*"})
    assert (gone.status_code, gone.content, gone.headers.get("Content-Type")) == (204, b"", None)
    assert api.get(path, admin).json()["code"] == "unknown_schedule"
    assert api.get(f"jobs/{job.json()['id']}", admin).status_code == 200
    deeds = [a["action"] for a in api.get("audit", admin).json()["entries"] if a["action"].startswith("schedule.")]
    assert sorted(deeds) == ["schedule.change", "schedule.create", "schedule.delete", "schedule.run"]


@one_database
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"cron": "61 * * * *"}, "invalid_schedule", "cron"),
        ({"cron": None}, "invalid_schedule", "cron"),
        ({"timezone": "Asia/Peking"}, "invalid_schedule", "timezone"),
        ({"params": {"message": 5}}, "invalid_params", "params.message"),
        ({"catch_up": "some"}, "invalid_request", "catch_up"),
        ({"colour": "red"}, "invalid_request", "colour"),
    ],
)
def test_what_is_wrong_is_told_by_field(api, admin, changes, code, field):
    answer = api.post("schedules", admin, json=NEW | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert answer.json()["errors"][0]["message"]


def test_schedules_are_for_admins(api, admin, operator):
    path = f"schedules/{_made(api, admin).json()['id']}"
    for method, where in (("GET", "schedules"), ("POST", "schedules"), ("GET", path), ("PATCH", path), ("DELETE", path),
                          ("POST", f"{path}/run")):  # fmt: skip
        assert api.call(method, where, operator, json={}).status_code in (403, 422)
        assert api.call(method, where, json={}).status_code == 401
    assert api.get("schedules", operator).status_code == 403
    assert api.post(f"{path}/run", operator).status_code == 403
    for method in ("PATCH", "DELETE"):
        assert api.call(method, path, operator, json={}, headers={"If-Match": "*"}).status_code == 403


def test_the_client_reads_and_edits_them(api, admin):
    with Client(api.url, api.tokens[admin], language="en") as client:
        made = client.add_schedule({"kind": "examples.echo", "interval_seconds": 600, "catch_up": "once"})
        assert (made.title, made.interval_seconds, made.cron, made.broken, made.enabled) == (
            "Echo",
            600,
            None,
            None,
            True,
        )
        assert client.schedule(made.id) == made
        changed = client.change_schedule(made.id, {"cron": "0 1 * * *", "timezone": "UTC"}, made.version)
        assert (changed.cron, changed.interval_seconds, changed.version) == ("0 1 * * *", None, 2)
        assert [at.hour for at in changed.next_at] == [1] * 5
        with pytest.raises(Problem) as problem:
            client.change_schedule(made.id, {"enabled": False}, made.version)
        assert problem.value.code == "schedule_changed"
        job = client.run_schedule(made.id, key="k")
        assert client.run_schedule(made.id, key="k").id == job.id
        assert client.schedule(made.id).last_job_id == job.id
        client.delete_schedule(made.id, 2)
        assert made.id not in [one.id for one in client.schedules()]
        broken = client.schedules()[0].broken  # of a kind that this installation may not have
        assert broken is None or (broken.code, bool(broken.message)) == ("unknown_kind", True)
