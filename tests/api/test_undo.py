"""Taking an import back over the API."""

import uuid

import pytest

from tests.worker.datasets.office import Office


@pytest.fixture
def office(api, tmp_path):
    """Runs jobs on the API's own database and storage."""
    made = Office(api.database, tmp_path)
    made.settings = api.settings
    return made


def _import(office, level):
    return office.imports(
        office.table("a.csv", [{"customer_no": f"K{n}", "name": "n", "level": level} for n in range(3)])
    )


def test_an_import_is_looked_at_then_taken_back_once(api, admin, office):
    _import(office, "A")
    view = _import(office, "B")
    path = f"jobs/{view.id}/undo"
    assert api.get(f"jobs/{view.id}", admin).json()["can_undo"] is True
    told = api.get(path, admin).json()
    assert {name: told[name] for name in ("job", "dataset", "removed", "restored", "kept", "rows")} == {
        "job": view.id, "dataset": "customers", "removed": 0, "restored": 3, "kept": 0, "rows": 3,
    }  # fmt: skip
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = api.post(path, admin, headers=headers)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["parent_id"]) == ("datasets.undo", view.id)
    assert api.post(path, admin, headers=headers).json()["id"] == job["id"]
    running = api.post(path, admin, headers={"Accept-Language": "zh-CN"})
    assert (running.status_code, running.json()["code"]) == (409, "undo_running")
    assert "撤销" in running.json()["detail"]
    assert office.attempt().result["restored"] == 3
    assert {row["level"] for row in office.rows().values()} == {"A"}
    for answer in (api.get(path, admin), api.post(path, admin)):
        assert (answer.status_code, answer.json()["code"]) == (409, "already_undone")
    done = api.get(f"jobs/{view.id}", admin).json()
    assert (done["can_undo"], done["undone_by"]) == (False, job["id"])
    assert api.post(f"jobs/{job['id']}/undo", admin).json()["code"] == "nothing_to_undo"


def test_another_persons_import_is_not_there_and_a_change_is_told_in_the_feed(api, admin, operator, office):
    view = _import(office, "A")
    cursor = api.get("jobs", admin).json()["cursor"]
    for answer in (api.get(f"jobs/{view.id}/undo", operator), api.post(f"jobs/{view.id}/undo", operator)):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")
    assert api.get(f"jobs/{view.id}/undo").status_code == 401
    asked = api.post(f"jobs/{view.id}/undo", admin).json()
    told = {job["id"]: job for job in api.get("jobs/changes", admin, params={"since": cursor}).json()["jobs"]}
    assert set(told) == {view.id, asked["id"]}
    assert told[view.id]["can_undo"] is False
    cursor = api.get("jobs", admin).json()["cursor"]
    office.attempt()
    told = {job["id"]: job for job in api.get("jobs/changes", admin, params={"since": cursor}).json()["jobs"]}
    assert told[view.id]["undone_by"] == asked["id"]


def test_the_undo_is_not_offered_among_the_kinds(api, admin):
    assert "datasets.undo" not in {kind["kind"] for kind in api.get("kinds", admin).json()["kinds"]}
