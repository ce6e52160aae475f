"""Jobs over the API: submitted once, seen by those who may, followed by cursor."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.api.conftest import one_database
from worker.db.schema import audit, jobs
from worker.engine import outcome
from worker.engine.claim import claim

ECHO = {"kind": "examples.echo", "params": {"message": "hello"}}


def _submit(api, who, key=None, **changes):
    headers = {"Idempotency-Key": key} if key else {}
    answer = api.post("jobs", who, json=ECHO | changes, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer


def _run(api, result=None, code=None):
    """Be the worker: claim the best job and end it."""
    claimed = claim(api.database, api.settings, "test worker", ["default"])
    if code:
        outcome.fail(api.database, api.settings, claimed.job_id, claimed.lease_token, code)
    else:
        outcome.finish(api.database, api.settings, claimed.job_id, claimed.lease_token, result or {})
    return claimed.job_id


def test_a_submission_is_answered_with_the_job_and_its_place(api, operator):
    answer = _submit(api, operator)
    job = answer.json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["state"], job["kind"], job["owner"]["username"]) == ("pending", "examples.echo", "otto")
    assert set(job["estimate"]) == {"start_seconds", "duration_seconds", "based_on"}
    assert api.get(answer.headers["Location"], operator).json()["id"] == job["id"]


def test_the_same_key_gives_the_first_answer_and_another_body_is_refused(api, operator):
    key = str(uuid.uuid4())
    first, second = _submit(api, operator, key), _submit(api, operator, key)
    assert first.json() == second.json()
    other = api.post("jobs", operator, json=ECHO | {"title": "another"}, headers={"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    with api.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 1


@one_database
@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({"kind": "no.such"}, "unknown_kind", []),
        ({"kind": "examples.add", "params": {"x": 1, "z": 2}}, "invalid_params", ["params.y", "params.z"]),
        ({"kind": "examples.echo", "uploads": [str(uuid.uuid4())]}, "too_many_uploads", []),
    ],
)
def test_what_cannot_run_is_refused_with_words(api, operator, body, code, fields):
    answer = api.post("jobs", operator, json=body, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == code
    assert problem["detail"] != code
    assert sorted(e["field"] for e in problem["errors"]) == fields
    assert all(e["message"] != e["code"] for e in problem["errors"])


def test_an_estimate_submits_nothing(api, operator):
    answer = api.post("jobs/estimate", operator, json=ECHO)
    assert answer.status_code == 200
    assert set(answer.json()) == {"start_seconds", "duration_seconds", "based_on"}
    assert api.get("jobs", operator).json()["jobs"] == []


def test_an_operator_neither_sees_nor_steers_anothers_job(api, admin, operator):
    api.add_user("olga")
    mine = _submit(api, operator).json()["id"]
    for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/files"), ("POST", "/cancel"), ("POST", "/retry"),
                         ("DELETE", ""), ("PATCH", "")):  # fmt: skip
        answer = api.call(method, f"jobs/{mine}{path}", "olga", json={"title": "x"} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job"), (method, path)
    assert api.get("jobs", "olga").json()["jobs"] == []
    assert api.get(f"jobs/{mine}", admin).status_code == 200
    assert [j["id"] for j in api.get("jobs", admin).json()["jobs"]] == [mine]


def test_the_list_is_filtered_and_paged(api, admin, operator):
    ids = [_submit(api, operator, title=f"报表 {i}").json()["id"] for i in range(5)]
    other = _submit(api, admin, kind="examples.add", params={"x": 1, "y": 2}).json()["id"]
    page = api.get("jobs", admin, params={"limit": 4}).json()
    rest = api.get("jobs", admin, params={"limit": 4, "cursor": page["next"]}).json()
    assert [j["id"] for j in page["jobs"] + rest["jobs"]] == [other, *reversed(ids)]
    assert page["total"] == 6
    assert rest["next"] is None

    def found(**params):
        return [j["id"] for j in api.get("jobs", admin, params=params).json()["jobs"]]

    assert found(kind="examples.add") == [other]
    assert found(owner="otto", text="报表 3") == [ids[3]]
    assert found(state=["running", "failed"]) == []
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert found(**{"from": tomorrow}) == []
    assert len(found(to=tomorrow)) == 6
    assert len(found(**{"from": "2020-01-01T00:00:00"})) == 6  # without a zone: the installation's
    assert api.get("jobs", admin, params={"cursor": "nonsense"}).json()["code"] == "invalid_cursor"
    assert api.get("jobs", admin, params={"state": "lost"}).json()["errors"][0]["code"] == "field_not_allowed"


def test_a_job_is_renamed_moved_cancelled_and_deleted(api, operator):
    job = _submit(api, operator).json()["id"]
    changed = api.call("PATCH", f"jobs/{job}", operator, json={"priority": "high", "title": "先做这个"}).json()
    assert (changed["priority"], changed["title"]) == ("high", "先做这个")
    assert api.call("DELETE", f"jobs/{job}", operator).json()["code"] == "job_not_ended"
    cancelled = api.post(f"jobs/{job}/cancel", operator)
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    again = api.post(f"jobs/{job}/cancel", operator)
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")
    events = api.get(f"jobs/{job}/events", operator).json()["events"]
    assert events[0]["type"] == "submitted"
    assert all(e["message"] for e in events)
    assert api.call("DELETE", f"jobs/{job}", operator).status_code == 204
    assert api.get(f"jobs/{job}", operator).status_code == 404


def test_a_failed_job_is_retried_and_admins_alone_see_tracebacks(api, admin, operator):
    job = _submit(api, operator).json()["id"]
    _run(api, code="internal_error")
    failed = api.get(f"jobs/{job}", operator).json()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "internal_error")
    assert api.call("PATCH", f"jobs/{job}", operator, json={"priority": "low"}).json()["code"] == "job_not_pending"
    assert api.post(f"jobs/{job}/retry", operator).json()["state"] == "pending"
    _run(api, {"message": "done"})
    done = api.get(f"jobs/{job}", operator).json()
    assert (done["state"], done["result"], done["progress"]) == ("succeeded", {"message": "done"}, 100)
    assert api.post(f"jobs/{job}/retry", operator).json()["code"] == "job_not_retryable"


def test_the_feed_tells_each_change_once_and_304_when_there_is_none(api, operator):
    listed = api.get("jobs", operator).json()
    first = _submit(api, operator).json()["id"]
    answer = api.get("jobs/changes", operator, params={"since": listed["cursor"]})
    assert [j["id"] for j in answer.json()["jobs"]] == [first]
    etag, cursor = answer.headers["ETag"], answer.json()["cursor"]

    def poll():
        return api.get("jobs/changes", operator, params={"since": cursor}, headers={"If-None-Match": etag})

    same = poll()
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    _run(api)
    changed = poll()
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert [(j["id"], j["state"]) for j in changed.json()["jobs"]] == [(first, "succeeded")]
    api.call("DELETE", f"jobs/{first}", operator)
    gone = api.get("jobs/changes", operator, params={"since": changed.json()["cursor"]}).json()
    assert (gone["jobs"], gone["removed"]) == ([], [first])


def test_the_feed_begins_now_without_a_cursor_and_says_when_to_ask_again(api, operator):
    _submit(api, operator)
    body = api.get("jobs/changes", operator).json()
    assert (body["jobs"], body["removed"], body["more"]) == ([], [], False)
    assert body["poll_after_ms"] == 1000
    assert body["cursor"] == api.get("jobs", operator).json()["cursor"]


def test_a_cursor_of_another_user_or_none_at_all_is_gone(api, admin, operator):
    cursor = api.get("jobs/changes", operator).json()["cursor"]
    for who, since in ((admin, cursor), (operator, "nonsense"), (operator, cursor + "9")):
        answer = api.get("jobs/changes", who, params={"since": since})
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone")


@one_database
def test_kinds_are_told_with_titles_and_a_form(api, admin, operator):
    kinds = {k["kind"]: k for k in api.get("kinds", operator, headers={"Accept-Language": "en"}).json()["kinds"]}
    add = kinds["examples.add"]
    assert (add["title"], add["titles"]["zh_CN"], add["lane"]) == ("Add", "相加", "default")
    assert add["params_schema"]["required"] == ["x", "y"]
    assert add["params_schema"]["properties"]["x"]["titles"] == {"en": "First number", "zh_CN": "第一个数"}
    imported = kinds["customers.import"]
    assert imported["uploads"]["minimum"] == imported["uploads"]["maximum"] == 1
    assert ".xlsx" in imported["uploads"]["suffixes"]
    assert imported["dataset"] == "customers"


def test_the_audit_is_for_admins_and_tells_who_did_what_from_where(api, admin, operator):
    job = _submit(api, operator).json()["id"]
    api.post(f"jobs/{job}/cancel", operator)
    assert api.get("audit", operator).status_code == 403
    entries = api.get("audit", admin, params={"action": "job."}).json()["entries"]
    assert [(e["action"], e["username"], e["object_id"]) for e in entries] == [
        ("job.cancel", "otto", job),
        ("job.submit", "otto", job),
    ]
    assert entries[0]["ip"] == "127.0.0.1"
    page = api.get("audit", admin, params={"limit": 1}).json()
    rest = api.get("audit", admin, params={"cursor": page["next"]}).json()
    with api.database.read() as connection:
        assert 1 + len(rest["entries"]) == connection.execute(select(func.count()).select_from(audit)).scalar_one()
    assert api.get("audit", admin, params={"cursor": "x"}).json()["code"] == "invalid_cursor"


def test_datasets_tell_their_fields_rows_and_mapping(api, operator):
    assert "customers" in [d["name"] for d in api.get("datasets", operator).json()["datasets"]]
    dataset = api.get("datasets/customers", operator).json()
    from tabular.schema import TableSchema
    from worker.datasets import load

    assert TableSchema.from_json(dataset) == load()["customers"].schema
    for name, declared in load().items():  # so that whoever checks at home comes to the same verdict
        assert TableSchema.from_json(api.get(f"datasets/{name}", operator).json()) == declared.schema
    assert api.get("datasets/none", operator).json()["code"] == "unknown_dataset"
    rows = api.get("datasets/customers/rows", operator, params={"filters": json.dumps({"city": {"eq": "上海"}})})
    assert rows.json() == {"rows": [], "next": None, "total": 0}
    bad = api.get("datasets/customers/rows", operator, params={"filters": json.dumps({"colour": {"eq": "red"}})})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_filter")
    assert api.get("datasets/customers/rows", operator, params={"filters": "{"}).status_code == 422
    body = {"headers": ["客户编号", "公司名称", "whatever"], "samples": [["C001", "甲公司", 1]]}
    proposed = api.post("datasets/customers/mapping", operator, json=body).json()
    assert [p["field"] for p in proposed["proposals"]][:2] == ["customer_no", "name"]
    assert proposed["missing"] == []
    assert proposed["fingerprint"]


@one_database
def test_a_template_is_a_workbook_in_the_askers_language(api, operator, tmp_path):
    import openpyxl

    for language, header in (("en", "Customer no."), ("zh-CN", "客户编号")):
        answer = api.get("datasets/customers/template", operator, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        path = tmp_path / f"{language}.xlsx"
        path.write_bytes(answer.content)
        book = openpyxl.load_workbook(path)
        assert header in str(book.worksheets[0]["A1"].value)
        book.close()


def _keep(api, who, name, content):
    """An upload of `content`, made as a client does; gives its id."""
    import base64

    metadata = f"filename {base64.b64encode(name.encode()).decode()}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata,
               "Content-Type": "application/offset+octet-stream"}  # fmt: skip
    answer = api.post("uploads", who, headers=headers, data=content)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].rsplit("/", 1)[1]


@one_database
def test_a_mapping_is_proposed_for_an_upload(api, operator):
    content = "客户编号,公司名称,电话\nC001,甲公司,010-12345678\n".encode("gb18030")
    upload = _keep(api, operator, "客户.csv", content)
    proposed = api.post("datasets/customers/mapping", operator, json={"upload": upload}).json()
    assert [p["field"] for p in proposed["proposals"]] == ["customer_no", "name", "phone"]
    assert proposed["source"]["encoding"].lower() == "gb18030"
    assert proposed["missing"] == []
    api.add_user("olga")
    assert api.post("datasets/customers/mapping", "olga", json={"upload": upload}).json()["code"] == "unknown_upload"


@one_database
def test_a_file_that_is_no_table_is_refused_in_words(api, operator):
    upload = _keep(api, operator, "客户.xlsx", b"PK\x03\x04 this is no workbook")
    headers = {"Accept-Language": "zh-CN"}
    answer = api.post("datasets/customers/mapping", operator, json={"upload": upload}, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["detail"] != answer.json()["code"]
    assert api.post("datasets/customers/mapping", operator, json={}).json()["errors"][0]["field"] == "headers"
