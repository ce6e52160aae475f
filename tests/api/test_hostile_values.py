"""Whatever stands in an address, a query or a body: a clear answer, the same on both databases, never a fault."""

import base64
import json

import pytest
from websockets.sync.client import connect

PROBLEM = "application/problem+json"
STRANGE_IDS = ["%00", "a%00b", "no-such-id", "%ED%A0%80", "%F4%8F%BF%BF", "x" * 10_000, "'%20OR%201=1"]
JSON = {"Content-Type": "application/json"}


def _is_problem(answer, status, code):
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM), answer.text[:300]
    assert answer.json()["code"] == code
    assert len(answer.content) < 2000, "what was sent is not sent back whole"


def test_an_id_that_is_none_is_not_found_at_every_address(api, admin):
    for strange in STRANGE_IDS:
        _not_found_anywhere(api, admin, strange)


def _not_found_anywhere(api, admin, strange):
    for method, path, body in (
        ("GET", "jobs/{}", None),
        ("PATCH", "jobs/{}", {"title": "x"}),
        ("DELETE", "jobs/{}", None),
        ("GET", "jobs/{}/events", None),
        ("GET", "jobs/{}/files", None),
        ("POST", "jobs/{}/cancel", None),
        ("POST", "jobs/{}/retry", None),
        ("GET", "async-tasks/{}", None),
        ("DELETE", "async-tasks/{}/", None),
        ("GET", "tasks/status/{}", None),
    ):
        _is_problem(api.call(method, path.format(strange), admin, json=body), 404, "unknown_job")
    for method, body in (("GET", None), ("PATCH", {"display_name": "x"}), ("DELETE", None)):
        _is_problem(api.call(method, f"users/{strange}", admin, json=body), 404, "user_not_found")
    for method, path in (("GET", "files/{}"), ("HEAD", "uploads/{}"), ("GET", "datasets/{}"), ("GET", "kinds/{}")):
        assert api.call(method, path.format(strange), admin, headers={"Tus-Resumable": "1.0.0"}).status_code in (
            404,
            422,
        )


def test_a_web_socket_on_an_id_that_is_none_says_so_and_closes(api, admin):
    for strange in ("%00", "no-such-id"):
        url = f"{api.url.replace('http', 'ws')}/api/v1/async-tasks/{strange}/ws"
        headers = {"Authorization": f"Bearer {api.tokens[admin]}"}
        with connect(url, additional_headers=headers, proxy=None) as client:
            assert json.loads(client.recv(10))["code"] == "unknown_job"
            with pytest.raises(Exception, match="4404"):
                client.recv(10)


def test_a_web_socket_survives_a_first_message_that_never_ends_nesting(api):
    with connect(f"{api.url.replace('http', 'ws')}/api/v1/jobs/stream", proxy=None) as client:
        client.send("[" * 8000)
        assert json.loads(client.recv(10))["status"] == 401


def test_a_nul_in_a_query_is_named_with_its_field(api, admin):
    for path in [
        "jobs?owner=a%00b",
        "jobs?text=%00",
        "jobs?kind=%00",
        "jobs?cursor=%00",
        "jobs/changes?since=%00",
        "users?text=a%00b",
        "users?cursor=%00",
        "audit?username=%00",
        "audit?action=x%00.",
        "audit?object_id=%00",
        "audit?cursor=%00",
        "datasets/customers/rows?cursor=%00",
    ]:
        answer = api.get(path, admin)
        _is_problem(answer, 422, "invalid_request")
        field = path.partition("?")[2].partition("=")[0]
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, "field_unprintable")]


def _packed(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_cursor_that_nobody_gave_is_refused(api, admin):
    for path, cursor, status in [
        ("jobs", _packed("2024-01-01T00:00:00+00:00|\x00"), 422),
        ("jobs", _packed("0001-01-01T00:00:00+14:00|0190a3a1-0000-7000-8000-000000000000"), 422),
        ("jobs", _packed("2024-01-01T00:00:00|0190a3a1-0000-7000-8000-000000000000"), 422),
        ("audit", "9" * 40, 422),
        ("datasets/customers/rows", _packed('["a\\u0000b"]'), 400),
        ("datasets/customers/rows", _packed("[" * 1400), 400),
    ]:
        _is_problem(api.get(path, admin, params={"cursor": cursor}), status, "invalid_cursor")


def test_a_time_that_has_no_form_in_utc_is_refused(api, admin):
    for path in ("jobs", "audit"):
        _is_problem(api.get(path, admin, params={"from": "0001-01-01T00:00:00+14:00"}), 422, "unstorable_value")


def test_filters_out_of_all_measure_are_refused(api, admin):
    deep = api.get("datasets/customers/rows", admin, params={"filters": "[" * 9000})
    _is_problem(deep, 422, "invalid_request")
    half = api.get("datasets/customers/rows", admin, params={"filters": '{"name": {"eq": "\\ud800"}}'})
    assert half.status_code == 422


def test_characters_that_cannot_be_kept_are_refused_in_every_body(api, admin):
    for text in ("a\\u0000b", "half \\ud83d", "\\uDE00 other half"):
        _refused_in_every_body(api, admin, text)


def _refused_in_every_body(api, admin, text):
    for path, body, fields in (
        ("jobs", '{"kind": "examples.echo", "title": "%s"}', ["title"]),
        ("jobs", '{"kind": "examples.echo", "params": {"message": {"deep": ["", "%s"]}}}', ["params.message.deep.1"]),
        ("jobs", '{"kind": "%s"}', ["kind"]),
        ("jobs/estimate", '{"kind": "%s"}', ["kind"]),
        ("users", '{"username": "%s", "password": "long enough", "role": "operator"}', ["username"]),
        ("users", '{"username": "x", "password": "long enough", "role": "operator", "email": "%s"}', ["email"]),
        ("auth/refresh", '{"refresh_token": "%s"}', ["refresh_token"]),
        ("datasets/customers/mapping", '{"headers": ["%s"]}', ["headers.0"]),
    ):
        answer = api.post(path, admin, data=body % text, headers=JSON)
        _is_problem(answer, 422, "invalid_request")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            (field, "field_unprintable") for field in fields
        ]


def test_whole_characters_written_as_two_escapes_are_welcome(api, admin):
    answer = api.post("jobs", admin, data='{"kind": "examples.echo", "title": "\\ud83d\\ude00"}', headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (202, "😀")


def test_an_idempotency_key_of_strange_characters_is_refused(api, admin):
    for key in ("a\x7fb", "é", "x" * 129):
        answer = api.post(
            "jobs", admin, json={"kind": "examples.echo"}, headers={"Idempotency-Key": key.encode("latin-1")}
        )
        _is_problem(answer, 422, "invalid_idempotency_key")


def test_parameters_that_nest_too_deeply_are_refused(api, admin):
    for levels in (100, 300, 900):
        params = '{"a":' * levels + "1" + "}" * levels
        answer = api.post("jobs", admin, data=f'{{"kind": "examples.echo", "params": {params}}}', headers=JSON)
        assert answer.status_code in (400, 422), answer.text[:300]
        assert answer.headers["Content-Type"] == PROBLEM
