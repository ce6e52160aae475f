"""Admins manage users; nobody locks the last door from outside."""

import pytest

from tests.api.conftest import PASSWORD, one_database
from worker.ids import new_id

NEW = {"username": "Wang.Fang", "password": "eight chars", "role": "operator", "display_name": "王芳"}


def _user(api, who, **changes):
    answer = api.post("users", who, json=NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_admin_adds_a_user_who_can_then_sign_in(api, admin):
    user = _user(api, admin)
    assert user["username"] == "wang.fang"
    assert api.get(f"users/{user['id']}", admin).json() == user
    api.login("wang.fang", "eight chars")
    names = [u["username"] for u in api.get("users", admin).json()["users"]]
    assert names == ["anna", "wang.fang"]  # the system is no user of anybody


def test_users_are_paged_and_searched(api, admin):
    for i in range(3):
        _user(api, admin, username=f"user{i}", display_name=f"第{i}人")
    page = api.get("users", admin, params={"limit": 2}).json()
    assert [u["username"] for u in page["users"]] == ["anna", "user0"]
    rest = api.get("users", admin, params={"limit": 2, "cursor": page["next"]}).json()
    assert [u["username"] for u in rest["users"]] == ["user1", "user2"]
    assert rest["next"] is None
    assert [u["username"] for u in api.get("users", admin, params={"text": "第1"}).json()["users"]] == ["user1"]


@one_database
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"password": "short"}, "password_too_short", "password"),
        ({"password": "Wang.Fang"}, "password_is_username", "password"),
        ({"username": "two words"}, "username_form", "username"),
        ({"username": "system"}, "username_reserved", "username"),
        ({"email": "nobody"}, "bad_email", "email"),
        ({"role": "root"}, "invalid_request", "role"),
        ({"colour": "red"}, "invalid_request", "colour"),
    ],
)
def test_what_cannot_be_a_user_is_refused_by_field(api, admin, changes, code, field):
    answer = api.post("users", admin, json=NEW | changes)
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == code
    assert [e["field"] for e in body["errors"]] == [field]
    assert body["errors"][0]["message"]


def test_a_name_is_given_once(api, admin):
    _user(api, admin)
    answer = api.post("users", admin, json=NEW | {"username": "WANG.FANG"})
    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


def test_operators_neither_see_nor_change_users(api, admin, operator):
    user = _user(api, admin)
    for method, path in (("GET", "users"), ("POST", "users"), ("GET", f"users/{user['id']}"),
                         ("PATCH", f"users/{user['id']}"), ("DELETE", f"users/{user['id']}")):  # fmt: skip
        answer = api.call(method, path, operator, json=NEW if method == "POST" else {})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)


def test_a_new_role_ends_the_access_token_at_once_and_the_refresh_token_gives_the_new_role(api, admin):
    user = _user(api, admin)
    pair = api.login("wang.fang", "eight chars")
    assert api.get("users", pair["access_token"]).status_code == 403
    assert api.call("PATCH", f"users/{user['id']}", admin, json={"role": "admin"}).json()["role"] == "admin"
    assert api.get("users", pair["access_token"]).status_code == 401
    fresh = api.post("auth/refresh", json={"refresh_token": pair["refresh_token"]}).json()
    assert api.get("users", fresh["access_token"]).status_code == 200


def test_disabling_ends_everything_and_enabling_opens_again(api, admin):
    user = _user(api, admin)
    pair = api.login("wang.fang", "eight chars")
    api.call("PATCH", f"users/{user['id']}", admin, json={"disabled": True})
    assert api.get("auth/me", pair["access_token"]).status_code == 401
    assert api.post("auth/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 401
    api.call("PATCH", f"users/{user['id']}", admin, json={"disabled": False})
    assert api.get("auth/me", pair["access_token"]).status_code == 401  # the old token stays dead
    api.login("wang.fang", "eight chars")


def test_an_admin_sets_a_forgotten_password_and_opens_a_blocked_name(api, admin):
    user = _user(api, admin)
    for _ in range(api.settings.login_attempts):
        api.post("auth/login", data={"username": "wang.fang", "password": "forgotten"})
    api.call("PATCH", f"users/{user['id']}", admin, json={"password": "another one"})
    api.login("wang.fang", "another one")


def test_the_last_admin_stays(api, admin):
    me = api.get("auth/me", admin).json()["id"]
    for changes in ({"role": "operator"}, {"disabled": True}):
        answer = api.call("PATCH", f"users/{me}", admin, json=changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert api.call("DELETE", f"users/{me}", admin).json()["code"] == "user_is_self"
    api.add_user("second", "admin")
    assert api.call("PATCH", f"users/{me}", admin, json={"role": "operator"}).status_code == 200
    second = api.get("auth/me", "second").json()["id"]
    assert api.call("PATCH", f"users/{second}", "second", json={"role": "operator"}).json()["code"] == "last_admin"


def test_the_local_user_is_no_substitute_for_an_admin_and_cannot_be_touched(api, admin):
    from worker.accounts.local import local_token

    token = local_token(api.database, api.settings)
    local = api.get("auth/me", token).json()["id"]
    me = api.get("auth/me", admin).json()["id"]
    assert api.call("DELETE", f"users/{me}", token).json()["code"] == "last_admin"
    assert api.call("DELETE", f"users/{local}", admin).json()["code"] == "user_protected"
    for changes in ({"role": "operator"}, {"disabled": True}, {"password": PASSWORD}):
        assert api.call("PATCH", f"users/{local}", admin, json=changes).json()["code"] == "user_protected"
    assert api.call("PATCH", f"users/{local}", admin, json={"language": "en"}).json()["language"] == "en"


def test_a_user_who_owns_nothing_is_deleted_and_one_with_files_is_not(api, admin):
    from sqlalchemy import insert

    from worker.db.schema import files
    from worker.db.types import db_now

    user = _user(api, admin)
    row = {"id": new_id(), "owner_id": user["id"], "role": "upload", "name": "a.csv", "content_type": "text/csv",
           "size": 1, "sha256": "0" * 64, "storage_key": "a"}  # fmt: skip
    with api.database.write() as connection:
        connection.execute(insert(files).values(**row, created_at=db_now()))
    answer = api.call("DELETE", f"users/{user['id']}", admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "user_has_jobs")
    with api.database.write() as connection:
        connection.execute(files.delete())
    assert api.call("DELETE", f"users/{user['id']}", admin).status_code == 204
    assert api.get(f"users/{user['id']}", admin).status_code == 404
    assert api.post("auth/login", data={"username": "wang.fang", "password": "eight chars"}).status_code == 401
