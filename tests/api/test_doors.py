"""Every door of the API: who gets in, and how it says no."""

import json
import re
import socket
import time
import uuid

import pytest
import requests
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.authentication import OPEN
from tests.api.conftest import one_database

PROBLEM = "application/problem+json"
_DOCS = ("/docs", "/docs/start.js", "/docs/static")
_OPEN = {"/api/v1/auth/login", "/api/v1/auth/refresh", "/healthz", "/readyz", "/openapi.json", *_DOCS}


def _concrete(path):
    return re.sub(r"\{[^}]+\}", lambda _: str(uuid.uuid4()), path)


def _all_routes(app):
    """All addresses of the application: path, method, and whether it is a web socket."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, WebSocketRoute):
            yield context.path, "GET", True
        else:
            yield from ((context.path, method, False) for method in getattr(context, "methods", None) or ("GET",))


@one_database
def test_every_route_but_the_open_ones_asks_for_a_token_first(api):
    routes = list(_all_routes(api.app))
    paths = {path for path, _, _ in routes}
    assert {"/api/v1/jobs", "/api/v1/jobs/{job_id}/cancel", "/api/v1/files/{file_id}", "/api/v1/audit",
            "/api/v1/users/{user_id}", "/api/v1/jobs/stream", "/healthz"} <= paths  # fmt: skip
    assert len(paths) > 25
    for path, method, is_socket in routes:
        if path in _OPEN:
            continue
        for token in (None, "wrong.wrong.wrong"):
            if is_socket:
                continue
            # The body is neither JSON nor what the route takes: whoever reads it first answers 422.
            answer = api.call(method, _concrete(path), token, data=b"{", headers={"Content-Type": "application/json"})
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), (method, path)
            if method != "HEAD":
                assert answer.json()["code"] == ("token_invalid" if token else "not_signed_in"), (method, path)


def test_the_open_routes_are_those_of_the_contract_and_no_others():
    assert {path for path in OPEN if not path.endswith("/")} == _OPEN - {"/docs/start.js", "/docs/static"}


@one_database
def test_every_web_socket_refuses_a_wrong_token_in_header_and_message(api):
    sockets = [path for path, _, is_socket in _all_routes(api.app) if is_socket]
    assert "/api/v1/jobs/stream" in sockets
    for path in sockets:
        url = api.url.replace("http", "ws") + _concrete(path)
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers={"Authorization": "Bearer wrong"}, proxy=None)
        assert refused.value.response.status_code == 401
        for first in ({"token": "wrong"}, {}, [], "x" * 9000):
            with connect(url, proxy=None) as client:
                client.send(json.dumps(first))
                assert json.loads(client.recv(10))["status"] == 401, (path, first)
                with pytest.raises(Exception, match="4401"):
                    client.recv(10)


@one_database
def test_no_byte_of_a_body_is_read_before_the_token(api):
    port = int(api.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        # 1 GB is announced and not a byte of it sent: the answer comes all the same.
        client.sendall(b"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 401")


@one_database
def test_an_address_that_does_not_exist_is_a_problem(api, operator):
    answer = api.get("nowhere", operator, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM)
    assert answer.json()["code"] == "not_found"


@one_database
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(api, operator):
    answer = api.call("PUT", "jobs", operator)
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, PROBLEM)
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.headers["Allow"]


@one_database
def test_bad_fields_are_named_with_reasons_in_both_languages(api, operator):
    for language, words in (("en", "This field is missing."), ("zh-CN", "缺少此字段。")):
        answer = api.post("jobs", operator, json={"priority": "urgent"}, headers={"Accept-Language": language})
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM)
        errors = {e["field"]: e for e in answer.json()["errors"]}
        assert errors["kind"]["code"] == "field_missing"
        assert errors["kind"]["message"] == words
        assert errors["priority"]["code"] == "field_not_allowed"


@one_database
def test_a_body_that_is_no_json_is_a_problem(api, operator):
    answer = api.post("jobs", operator, data=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "field_not_json")


@one_database
def test_a_body_over_a_megabyte_is_refused_declared_or_not(api, operator):
    big = b'{"kind": "' + b"x" * 1_000_001 + b'"}'

    def pieces():
        yield from (big[i : i + 65536] for i in range(0, len(big), 65536))

    for body in (big, pieces()):
        answer = api.post("jobs", operator, data=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)
        assert answer.json()["values"] == {"limit": 1_000_000}


@one_database
def test_a_form_at_the_sign_in_is_no_way_around_the_limit(api):
    answer = api.post("auth/login", data={"username": "x"}, files={"password": ("p", b"x" * 1_000_001)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@one_database
def test_an_unforeseen_fault_tells_an_incident_and_keeps_the_traceback_in_the_log(api, operator, caplog):
    def broken():
        raise RuntimeError("the secret of the fault")

    api.app.add_api_route("/api/v1/broken", broken)
    answer = api.get("broken", operator)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
    body = answer.json()
    assert body["code"] == "incident"
    assert body["instance"] == f"urn:uuid:{body['values']['incident']}"
    assert body["values"]["incident"] in body["detail"]
    assert "secret" not in answer.text
    record = next(r for r in caplog.records if body["values"]["incident"] in r.getMessage())
    assert "the secret of the fault" in str(record.exc_info)


@one_database
def test_answers_bear_the_security_headers_and_no_server_is_named(api, operator):
    for answer in (api.get("auth/me", operator), api.get("auth/me"), api.get("/healthz")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers


@one_database
def test_the_documentation_needs_nothing_from_elsewhere(api):
    page = api.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 3
    for link in links:
        assert link.startswith("/docs/")
        assert api.get(link).status_code == 200
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    assert api.get("/docs/static/../../../../pyproject.toml").status_code in (401, 404)


@one_database
def test_openapi_tells_answers_problems_and_who_may_call(api):
    schema = api.get("/openapi.json").json()
    submit = schema["paths"]["/api/v1/jobs"]["post"]
    assert submit["responses"]["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/JobView")
    assert submit["security"] == [{"password": []}]
    for status in ("401", "413", "422", "default"):
        assert list(submit["responses"][status]["content"]) == [PROBLEM]
    assert "security" not in schema["paths"]["/api/v1/auth/login"]["post"]
    assert "HTTPValidationError" not in json.dumps(schema)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert references <= set(schema["components"]["schemas"])


def test_health_tells_alive_and_ready(api):
    assert api.get("/healthz").json() == {"status": "ok"}
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["broker"]) == (200, "ok", "none")


@one_database
def test_a_lost_broker_is_told_but_not_fatal(api):
    from tests.support import free_port

    api.app.state.settings.broker_url = f"redis://127.0.0.1:{free_port()}/0"
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["broker"]) == (200, "unreachable")


def test_a_database_that_was_not_migrated_is_not_ready(api):
    from sqlalchemy import text

    with api.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "not_migrated")


def test_a_database_that_is_away_is_said_to_be_away(tmp_path):
    from tests.api.conftest import serving
    from tests.support import free_port
    from worker.accounts import tokens
    from worker.settings import Settings

    url = f"postgresql://postgres@127.0.0.1:{free_port()}/none"
    settings = Settings(_env_file=None, data=tmp_path, database_url=url, secret_key="a key for this test only")
    token = tokens.sign(settings, {"sub": "x", "ver": 1, "sid": "x", "exp": int(time.time()) + 60})
    with serving(settings, None) as api:
        for answer in (
            api.post("auth/login", data={"username": "otto", "password": "whatever"}),
            api.get("jobs", token),
        ):
            assert (answer.status_code, answer.headers["Content-Type"]) == (503, PROBLEM)
            assert answer.json()["code"] == "database_unavailable"
            assert answer.headers["Retry-After"]
        assert api.get("/readyz").json()["database"] == "unreachable"
        assert api.get("/healthz").status_code == 200


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\U0010ffff" * 60, "'; DROP TABLE users; --", "%_\\"])
def test_strange_characters_never_break_the_system(api, admin, text):
    json_body = json.dumps({"username": text, "password": text * 8, "role": "operator", "display_name": text})
    calls = [
        api.get("jobs", admin, params={"text": text.encode("utf-8", "surrogatepass")}),
        api.get("jobs", admin, params={"owner": text.encode("utf-8", "surrogatepass")}),
        api.get("users", admin, params={"text": text.encode("utf-8", "surrogatepass")}),
        api.get("jobs/" + requests.utils.quote(text.encode("utf-8", "surrogatepass"), safe=""), admin),
        api.post("users", admin, data=json_body, headers={"Content-Type": "application/json"}),
        api.post("users", admin, headers={"Content-Type": "application/json"},
                 data=json.dumps({"username": "x" + uuid.uuid4().hex, "password": "long enough", "role": "operator",
                                  "display_name": text})),
        api.post("jobs", admin, headers={"Content-Type": "application/json"},
                 data=json.dumps({"kind": "examples.echo", "title": text, "params": {"message": text}})),
        api.post("auth/login", data={"username": text.encode("utf-8", "surrogatepass"), "password": "x"}),
        api.post("datasets/customers/mapping", admin, headers={"Content-Type": "application/json"},
                 data=json.dumps({"headers": [text, text], "samples": [[text, text]]})),
    ]  # fmt: skip
    for number, answer in enumerate(calls):
        assert answer.status_code < 500, (number, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == PROBLEM
