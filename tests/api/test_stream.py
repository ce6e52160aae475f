"""The change feed over a web socket: pushed, gap-free, and closed when the token ends."""

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api.conftest import one_database
from tests.api.test_jobs import _run, _submit
from worker.accounts import tokens
from worker.db.schema import users


@contextmanager
def _stream(api, who, path="jobs/stream", *, first=None, **options):
    headers = {} if first is not None else {"Authorization": f"Bearer {api.tokens[who]}"}
    url = api.address(path).replace("http", "ws")
    with connect(url, additional_headers=headers, proxy=None, **options) as client:
        if first is not None:
            client.send(json.dumps({"token": api.tokens[who], **first}))
        yield client


def _next(client, kind="changes"):
    message = json.loads(client.recv(20))
    assert message["type"] == kind, message
    return message


@pytest.mark.parametrize("first", [None, {}])
def test_changes_are_pushed_to_their_owner(api, operator, first):
    api.add_user("olga")
    with _stream(api, operator, first=first) as mine, _stream(api, "olga", first=first) as others:
        start, nothing = _next(mine), _next(others)
        assert start["jobs"] == nothing["jobs"] == []
        job = _submit(api, operator).json()["id"]
        assert [(j["id"], j["state"]) for j in _next(mine)["jobs"]] == [(job, "pending")]
        _run(api)
        states = []
        while "succeeded" not in states:
            states += [j["state"] for j in _next(mine)["jobs"]]
        api.call("DELETE", f"jobs/{job}", operator)
        assert _next(mine)["removed"] == [job]
        own = _submit(api, "olga").json()["id"]
        assert [j["id"] for j in _next(others)["jobs"]] == [own]  # and nothing of the other one before


def test_a_stream_goes_on_from_a_cursor(api, operator):
    cursor = api.get("jobs", operator).json()["cursor"]
    job = _submit(api, operator).json()["id"]
    with _stream(api, operator, f"jobs/stream?since={cursor}") as client:
        assert [j["id"] for j in _next(client)["jobs"]] == [job]
    with _stream(api, operator, first={"since": cursor}) as client:
        assert [j["id"] for j in _next(client)["jobs"]] == [job]


def test_a_stream_says_when_its_cursor_is_gone(api, operator):
    with _stream(api, operator, "jobs/stream?since=nonsense") as client:
        assert _next(client, "problem")["code"] == "cursor_gone"
        with pytest.raises(ConnectionClosed, match="4410"):
            client.recv(10)


@one_database
def test_a_token_in_the_address_opens_nothing(api, operator):
    with connect(api.address(f"jobs/stream?token={api.tokens[operator]}").replace("http", "ws"), proxy=None) as client:
        client.send("{}")
        assert _next(client, "problem")["status"] == 401


@pytest.mark.parametrize("how", ["logout", "role", "expiry"])
def test_a_stream_ends_with_its_token(api, operator, how):
    if how == "expiry":
        import time

        import jwt

        claims = jwt.decode(api.tokens[operator], options={"verify_signature": False})
        api.tokens[operator] = tokens.sign(api.settings, claims | {"exp": int(time.time()) + 2})
    with _stream(api, operator) as client:
        _next(client)
        if how == "logout":
            assert api.post("auth/logout", operator).status_code == 204
        elif how == "role":
            with api.database.write() as connection:
                connection.execute(update(users).values(token_version=users.c.token_version + 1))
        ended = _next(client, "problem")
        assert ended["code"] == ("token_expired" if how == "expiry" else "token_ended")
        with pytest.raises(ConnectionClosed, match="4401"):
            client.recv(10)


@one_database
def test_a_message_over_the_limit_closes_the_socket(api, operator):
    with _stream(api, operator) as client:
        _next(client)
        client.send("x" * 20_000)
        with pytest.raises(ConnectionClosed, match="1009"):
            client.recv(10)
    assert api.get("/healthz").status_code == 200


@one_database
def test_a_client_that_leaves_is_forgotten(api, operator):
    from tests.support import wait_until

    with _stream(api, operator) as client:
        _next(client)
        assert len(api.app.state.feed._listeners) == 1
    wait_until(lambda: not api.app.state.feed._listeners, 30, "the listener's end")


@one_database
def test_the_feed_of_an_idle_system_sends_heartbeats(api, operator, monkeypatch):
    monkeypatch.setattr("api.sockets.HEARTBEAT_SECONDS", 0.2)
    with _stream(api, operator) as client:
        _next(client)
        _next(client, "heartbeat")
