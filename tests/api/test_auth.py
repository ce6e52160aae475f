"""Signing in and out: tokens, their rotation and their end."""

import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from sqlalchemy import select, update

from tests.api.conftest import PASSWORD, one_database
from worker.accounts import tokens
from worker.accounts.local import local_token
from worker.db.schema import audit, login_failures, refresh_tokens, users
from worker.db.types import db_now


def _problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    return body


def test_a_user_signs_in_and_is_told_who_they_are(api, admin):
    body = api.get("auth/me", admin).json()
    assert (body["username"], body["role"], body["disabled"]) == ("anna", "admin", False)
    assert "password" not in str(body).replace("has_password", "")


def test_a_name_is_the_same_in_capitals_and_with_spaces_around(api, admin):
    assert api.login(" ANNA ")["token_type"] == "bearer"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(api, operator):
    wrong = api.post("auth/login", data={"username": "otto", "password": "nonsense"})
    unknown = api.post("auth/login", data={"username": "nobody", "password": "nonsense"})
    assert _problem(wrong, 401, "wrong_password") == _problem(unknown, 401, "wrong_password")
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


@one_database
def test_the_words_follow_accept_language(api):
    ask = {"data": {"username": "nobody", "password": "nonsense"}}
    english = api.post("auth/login", headers={"Accept-Language": "en-GB"}, **ask)
    chinese = api.post("auth/login", headers={"Accept-Language": "zh-CN,en;q=0.5"}, **ask)
    assert english.json()["detail"] == "User name or password is wrong."
    assert chinese.json()["detail"] == "用户名或密码错误。"
    assert chinese.headers["Content-Language"] == "zh-CN"


@pytest.mark.parametrize("name", ["otto", "nobody"])
def test_ten_wrong_passwords_block_the_name_and_say_for_how_long(api, operator, name):
    answers = [api.post("auth/login", data={"username": name, "password": f"wrong {i}"}) for i in range(10)]
    limit = api.settings.login_attempts
    assert [a.status_code for a in answers] == [401] * limit + [429] * (10 - limit)
    body = _problem(answers[-1], 429, "login_blocked")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= api.settings.login_block_seconds
    assert str(body["values"]["seconds"]) in body["detail"]
    # The right password does not open it either, and who is signed in stays so.
    assert api.post("auth/login", data={"username": name, "password": PASSWORD}).status_code == 429
    assert api.get("auth/me", operator).status_code == 200


def test_a_block_ends_by_itself(api, operator):
    for _ in range(api.settings.login_attempts):
        api.post("auth/login", data={"username": "otto", "password": "wrong"})
    with api.database.write() as connection:
        ago = db_now(-api.settings.login_block_seconds - 1)
        connection.execute(update(login_failures).values(last_at=ago))
    api.login("otto")
    with api.database.read() as connection:
        assert connection.execute(select(login_failures)).all() == []


def test_wrong_passwords_are_in_the_audit_without_the_password(api, operator):
    api.post("auth/login", data={"username": "otto", "password": "my secret guess"})
    with api.database.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "auth.login_failed")).all()
    assert [(r.username, r.ip) for r in rows] == [("otto", "127.0.0.1")]
    assert "guess" not in str(rows)


def test_a_refresh_token_rotates_and_works_once(api, operator):
    first = api.login("otto")
    second = api.post("auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert api.get("auth/me", second["access_token"]).status_code == 200
    second = api.post("auth/refresh", json={"refresh_token": second["refresh_token"]}).json()
    again = api.post("auth/refresh", json={"refresh_token": first["refresh_token"]})
    _problem(again, 401, "refresh_reused")
    # Its whole family has ended, access tokens included; another sign-in of the same user has not.
    _problem(api.post("auth/refresh", json={"refresh_token": second["refresh_token"]}), 401, "refresh_invalid")
    _problem(api.post("auth/logout", second["access_token"]), 401, "token_ended")
    api.login("otto")
    assert api.get("auth/me", operator).status_code == 200


def _refresh(api, pair):
    return api.post("auth/refresh", json={"refresh_token": pair["refresh_token"]})


def test_a_refresh_whose_answer_was_lost_may_be_asked_for_again(api, operator):
    first = api.login("otto")
    lost = [_refresh(api, first).json(), _refresh(api, first).json()]
    found = _refresh(api, first)
    assert found.status_code == 200, found.text
    # The pairs that nobody took ended; the sign-in goes on with the last one.
    for pair in lost:
        _problem(_refresh(api, pair), 401, "refresh_invalid")
    following = _refresh(api, found.json())
    assert following.status_code == 200
    assert api.get("auth/me", following.json()["access_token"]).status_code == 200
    with api.database.read() as connection:
        usable = (refresh_tokens.c.used_at.is_(None), refresh_tokens.c.revoked_at.is_(None))
        family = jwt.decode(first["access_token"], options={"verify_signature": False})["sid"]
        left = connection.execute(select(refresh_tokens.c.id).where(refresh_tokens.c.family == family, *usable)).all()
    assert len(left) == 1


def test_a_refresh_token_used_again_after_the_grace_ends_the_sign_in(api, operator):
    first = api.login("otto")
    second = _refresh(api, first).json()
    with api.database.write() as connection:
        late = db_now(-api.settings.refresh_grace_seconds - 1)
        connection.execute(update(refresh_tokens).where(refresh_tokens.c.used_at.is_not(None)).values(used_at=late))
    _problem(_refresh(api, first), 401, "refresh_reused")
    _problem(_refresh(api, second), 401, "refresh_invalid")


def test_asking_again_does_not_prolong_the_grace(api, operator):
    first = api.login("otto")
    _refresh(api, first)
    with api.database.write() as connection:
        nearly = db_now(-api.settings.refresh_grace_seconds / 2)
        connection.execute(update(refresh_tokens).where(refresh_tokens.c.used_at.is_not(None)).values(used_at=nearly))
        before = connection.execute(select(refresh_tokens.c.used_at).where(refresh_tokens.c.used_at.is_not(None))).all()
    assert _refresh(api, first).status_code == 200
    with api.database.read() as connection:
        after = connection.execute(select(refresh_tokens.c.used_at).where(refresh_tokens.c.used_at.is_not(None))).all()
    assert after == before


def test_refreshes_that_come_all_at_once_leave_one_usable_token(api, operator):
    first = api.login("otto")
    with ThreadPoolExecutor(8) as pool:
        pairs = [answer.json() for answer in pool.map(lambda _: _refresh(api, first), range(8))]
    assert len({pair["refresh_token"] for pair in pairs}) == 8
    assert sorted(_refresh(api, pair).status_code for pair in pairs) == [200] + [401] * 7


def test_refresh_tokens_are_kept_as_hashes_only(api, operator):
    token = api.login("otto")["refresh_token"]
    with api.database.read() as connection:
        assert token not in str(connection.execute(select(refresh_tokens)).all())


def test_an_expired_refresh_token_is_refused(api, operator):
    token = api.login("otto")["refresh_token"]
    with api.database.write() as connection:
        connection.execute(update(refresh_tokens).values(expires_at=db_now(-1)))
    _problem(api.post("auth/refresh", json={"refresh_token": token}), 401, "refresh_invalid")


def test_signing_out_ends_both_tokens_at_once(api, operator):
    pair = api.login("otto")
    assert api.get("auth/me", pair["access_token"]).status_code == 200
    assert api.post("auth/logout", pair["access_token"]).status_code == 204
    _problem(api.get("auth/me", pair["access_token"]), 401, "token_ended")
    _problem(api.post("auth/refresh", json={"refresh_token": pair["refresh_token"]}), 401, "refresh_invalid")


def test_tokens_of_another_key_algorithm_or_age_are_refused(api, admin):
    good = jwt.decode(api.tokens[admin], options={"verify_signature": False})
    for key, algorithm in (("x" * 40, "HS256"), ("", "none")):
        _problem(api.get("auth/me", jwt.encode(good, key, algorithm)), 401, "token_invalid")
    old = tokens.sign(api.settings, good | {"exp": int(time.time()) - 1})
    _problem(api.get("auth/me", old), 401, "token_expired")
    endless = tokens.sign(api.settings, {k: v for k, v in good.items() if k != "exp"})
    _problem(api.get("auth/me", endless), 401, "token_invalid")
    _problem(api.get("auth/me", "not a token"), 401, "token_invalid")


def test_changing_ones_password_ends_the_old_sign_ins_and_gives_a_new_one(api, operator):
    old = api.login("otto")
    wrong = api.post("auth/password", operator, json={"current_password": "no", "new_password": "a new password"})
    assert _problem(wrong, 422, "wrong_current_password")["errors"][0]["field"] == "current_password"
    short = api.post("auth/password", operator, json={"current_password": PASSWORD, "new_password": "short"})
    assert _problem(short, 422, "password_too_short")["errors"][0]["values"] == {"minimum": 8}
    done = api.post("auth/password", operator, json={"current_password": PASSWORD, "new_password": "a new password"})
    assert done.status_code == 200
    assert api.get("auth/me", done.json()["access_token"]).status_code == 200
    _problem(api.get("auth/me", old["access_token"]), 401, "token_ended")
    _problem(api.post("auth/refresh", json={"refresh_token": old["refresh_token"]}), 401, "refresh_invalid")
    _problem(api.post("auth/login", data={"username": "otto", "password": PASSWORD}), 401, "wrong_password")
    api.login("otto", "a new password")


def test_the_local_users_token_is_good_for_this_run_only(api):
    token = local_token(api.database, api.settings)
    body = api.get("auth/me", token).json()
    assert (body["username"], body["role"], body["has_password"]) == ("local", "admin", False)
    assert local_token(api.database, api.settings).split(".")[0] == token.split(".")[0]  # made once, not twice
    other = api.settings.model_copy(update={"run_id": "another run"})
    _problem(api.get("auth/me", local_token(api.database, other)), 401, "token_ended")
    with pytest.raises(ValueError, match="TASKTRAY_RUN_ID"):
        local_token(api.database, api.settings.model_copy(update={"run_id": ""}))
    # Nobody signs in as this user, or as the system, by a password, not even an empty one.
    for name in ("local", "system"):
        assert api.post("auth/login", data={"username": name, "password": " "}).status_code == 401


@one_database
def test_a_system_without_a_run_takes_no_local_token(api):
    token = local_token(api.database, api.settings)
    api.app.state.settings.run_id = ""
    _problem(api.get("auth/me", token), 401, "token_ended")


def test_a_disabled_user_is_told_so_only_with_the_right_password(api, operator):
    with api.database.write() as connection:
        connection.execute(update(users).where(users.c.username == "otto").values(disabled_at=db_now()))
    _problem(api.post("auth/login", data={"username": "otto", "password": "wrong"}), 401, "wrong_password")
    _problem(api.post("auth/login", data={"username": "otto", "password": PASSWORD}), 403, "user_disabled")


@one_database
def test_a_hash_of_weaker_parameters_is_renewed_when_its_user_signs_in(api, operator, real_hashes):
    def kept() -> str:
        with api.database.read() as connection:
            return connection.execute(select(users.c.password_hash).where(users.c.username == "otto")).scalar_one()

    weak = kept()
    assert weak.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    api.login("otto")
    strong = kept()
    assert strong.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106's second recommended setting
    api.login("otto")
    assert kept() == strong
