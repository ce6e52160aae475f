"""The tus protocol as it is written, over real HTTP; see `test_uploads_clients` for other people's clients."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from tests.api.conftest import one_database
from tests.support import wait_until
from worker.db.schema import files, uploads
from worker.db.types import db_now
from worker.settings import Settings

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
CONTENT = os.urandom(1_500_001)


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def create(api, who: str, size: int, name: str = "客户.csv", **headers: str):
    about = {"Upload-Length": str(size), "Upload-Metadata": f"filename {b64(name)}"}
    return api.post("uploads", who, headers={**TUS, **about, **headers})


def created(api, who: str, size: int, name: str = "客户.csv") -> str:
    answer = create(api, who, size, name)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def patch(api, who: str | None, place: str, offset: int, data, **headers: str):
    return api.call("PATCH", place, who, headers={**BYTES, "Upload-Offset": str(offset), **headers}, data=data)


def offset_of(api, who: str, place: str) -> int:
    answer = api.call("HEAD", place, who, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert "?" not in body["detail"].replace("？", "")  # every value that the words need is there
    return body


def part_of(api, place: str) -> Path:
    return Path(api.settings.effective_storage) / "incoming" / place.rsplit("/", 1)[1]


def stored_bytes(api) -> int:
    """Bytes in the storage, wherever they are."""
    return sum(p.stat().st_size for p in Path(api.settings.effective_storage).rglob("*") if p.is_file())


@one_database
def test_options_tell_what_the_server_can_do(api, operator):
    answer = api.call("OPTIONS", "uploads", operator)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "checksum", "termination", "expiration",
    }  # fmt: skip
    assert answer.headers["Tus-Max-Size"] == str(api.settings.upload_max_bytes)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1,md5"


def test_an_upload_in_two_pieces_can_be_downloaded_again(api, operator):
    place = created(api, operator, len(CONTENT))
    for start, end in ((0, 1_000_000), (1_000_000, len(CONTENT))):
        answer = patch(api, operator, place, start, CONTENT[start:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert parsedate_to_datetime(answer.headers["Upload-Expires"])
        assert offset_of(api, operator, place) == end
    head = api.call("HEAD", place, operator, headers=TUS)
    assert head.headers["Upload-Length"] == str(len(CONTENT))
    assert head.headers["Upload-Metadata"] == f"filename {b64('客户.csv')}"
    assert head.headers["Cache-Control"] == "no-store"
    assert api.get(f"files/{place.rsplit('/', 1)[1]}", operator).content == CONTENT


def test_the_first_bytes_may_come_with_the_creation(api, operator):
    answer = api.post("uploads", operator, headers={**BYTES, "Upload-Length": "10"}, data=b"12345")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert patch(api, operator, answer.headers["Location"], 5, b"67890").headers["Upload-Offset"] == "10"
    whole = api.post("uploads", operator, headers={**BYTES, "Upload-Length": "5"}, data=b"12345")
    assert whole.headers["Upload-Offset"] == "5"
    assert api.get(f"files/{whole.headers['Location'].rsplit('/', 1)[1]}", operator).content == b"12345"


@one_database
def test_a_body_of_unknown_length_is_taken(api, operator):
    place = created(api, operator, len(CONTENT))
    answer = patch(api, operator, place, 0, (CONTENT[i : i + 70_000] for i in range(0, len(CONTENT), 70_000)))
    assert answer.headers["Upload-Offset"] == str(len(CONTENT))


@one_database
def test_without_a_token_nothing_is_read_or_stored(api, operator):
    place = created(api, operator, 10)
    before = stored_bytes(api)
    problem(patch(api, None, place, 0, b"1234567890"), 401, "not_signed_in")
    problem(create(api, "no token", 10), 401, "token_invalid")
    assert offset_of(api, operator, place) == 0
    assert stored_bytes(api) == before == 0
    with api.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(uploads)).scalar_one() == 1


@one_database
def test_a_large_body_without_a_token_still_gets_its_answer(api, operator):
    place = created(api, operator, 6_000_000)
    for _ in range(5):
        problem(patch(api, None, place, 0, bytes(6_000_000)), 401, "not_signed_in")
    assert stored_bytes(api) == 0


@one_database
def test_the_refusal_comes_before_the_body_is_sent(api, operator):
    """A client that waits for "100 Continue" is refused without having sent a byte."""
    api.add_user("eve")
    place = created(api, operator, 10)
    with socket.create_connection(("127.0.0.1", urlsplit(api.url).port), timeout=10) as connection:
        connection.sendall(
            f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.tokens['eve']}\r\n"
            "Expect: 100-continue\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
            "Upload-Offset: 0\r\nContent-Length: 10\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


def test_somebody_elses_upload_is_not_there(api, operator, admin):
    api.add_user("eve")
    place = created(api, operator, 10)
    problem(patch(api, "eve", place, 0, b"1234567890"), 404, "upload_not_found")
    problem(api.call("DELETE", place, "eve", headers=TUS), 404, "upload_not_found")
    assert api.call("HEAD", place, "eve", headers=TUS).status_code == 404
    assert offset_of(api, admin, place) == 0
    assert stored_bytes(api) == 0


@one_database
def test_too_large_a_size_is_refused_at_the_creation(api, operator):
    answer = create(api, operator, 1_073_741_825)
    body = problem(answer, 413, "upload_too_large")
    assert body["values"] == {"size": 1_073_741_825, "limit": 1_073_741_824}
    chinese = create(api, operator, 1_073_741_825, **{"Accept-Language": "zh-CN"}).json()["detail"]
    assert "文件过大" in chinese
    english = create(api, operator, 1_073_741_825, **{"Accept-Language": "en"}).json()["detail"]
    assert "too large" in english


@one_database
def test_a_patch_longer_than_announced_is_refused_and_nothing_beyond_is_stored(api, operator):
    place = created(api, operator, 1_000_000)
    problem(patch(api, operator, place, 0, CONTENT[:1_000_001]), 413, "upload_too_long")
    assert offset_of(api, operator, place) == 0
    # In chunks the length is not known before; what came up to then may stay, nothing more.
    chunks = (CONTENT[i : i + 100_000] for i in range(0, 1_500_000, 100_000))
    problem(patch(api, operator, place, 0, chunks), 413, "upload_too_long")
    at = offset_of(api, operator, place)
    assert at <= 1_000_000
    assert part_of(api, place).read_bytes() == CONTENT[:at]
    # And the upload can still be brought to its right end.
    assert patch(api, operator, place, at, CONTENT[at:1_000_000]).status_code == 204
    assert api.get(f"files/{place.rsplit('/', 1)[1]}", operator).content == CONTENT[:1_000_000]


@one_database
def test_a_large_refused_body_still_gets_its_answer(api, operator):
    """A connection that is cut while the client still sends would hide the reason."""
    place = created(api, operator, 10_000_000)
    problem(patch(api, operator, place, 5, bytes(5_000_000)), 409, "upload_offset_wrong")


@one_database
def test_a_checksum_is_checked(api, operator):
    for algorithm in ("sha256", "sha1", "md5"):
        place = created(api, operator, 10)
        good = {"Upload-Checksum": f"{algorithm} {b64(hashlib.new(algorithm, b'12345').digest())}"}
        body = problem(patch(api, operator, place, 0, b"1234X", **good), 460, "checksum_mismatch")
        assert body["title"] == "Checksum Mismatch"
        assert offset_of(api, operator, place) == 0
        assert part_of(api, place).read_bytes() == b""
        assert patch(api, operator, place, 0, b"12345", **good).status_code == 204


@one_database
def test_a_bad_header_is_named(api, operator):
    place = created(api, operator, 10)
    for headers, status, code in (
        ({"Upload-Checksum": "crc32 AAAA"}, 400, "unknown_checksum"),
        ({"Upload-Checksum": "sha256 not-base-64!"}, 400, "bad_header"),
        ({"Upload-Offset": "-1"}, 400, "bad_header"),
        ({"Upload-Offset": "1_0"}, 400, "bad_header"),
        ({"Upload-Offset": "9" * 30}, 400, "bad_header"),
        ({"Upload-Offset": "3"}, 409, "upload_offset_wrong"),
        ({"Content-Type": "application/json"}, 415, "upload_content_type"),
        ({"Tus-Resumable": "0.2.1"}, 412, "tus_version"),
    ):
        answer = patch(api, operator, place, 0, b"12345", **headers)
        problem(answer, status, code)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert (answer.headers.get("Tus-Version") == "1.0.0") == (status == 412)
        assert offset_of(api, operator, place) == 0


@one_database
def test_a_bad_creation_is_refused(api, operator):
    for headers in (
        {},
        {"Upload-Length": "x"},
        {"Upload-Length": "10", "Upload-Metadata": "filename !!"},
        {"Upload-Length": "10", "Upload-Metadata": "a b c"},
        {"Upload-Defer-Length": "1"},
    ):
        problem(api.post("uploads", operator, headers={**TUS, **headers}), 400, "bad_header")


def open_patch(api, who: str, place: str, offset: int, length: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(api.url).port, timeout=20)
    connection.putrequest("PATCH", place)
    for name, value in {
        **BYTES, "Upload-Offset": str(offset), "Content-Length": str(length),
        "Authorization": f"Bearer {api.tokens[who]}",
    }.items():  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def test_of_two_patches_at_once_one_gets_423(api, operator):
    place = created(api, operator, 1_000_000)
    first = open_patch(api, operator, place, 0, 1_000_000)
    first.send(CONTENT[:600_000])
    wait_until(lambda: part_of(api, place).exists() and part_of(api, place).stat().st_size > 500_000)
    answer = patch(api, operator, place, 0, CONTENT[:1_000_000])
    problem(answer, 423, "upload_busy")
    assert answer.headers["Retry-After"] == "1"
    first.send(CONTENT[600_000:1_000_000])
    assert first.getresponse().status == 204
    first.close()
    assert api.get(f"files/{place.rsplit('/', 1)[1]}", operator).content == CONTENT[:1_000_000]


def test_what_came_before_a_broken_connection_is_stored(api, operator):
    place = created(api, operator, 1_000_000)
    connection = open_patch(api, operator, place, 0, 1_000_000)
    connection.send(CONTENT[:654_321])
    wait_until(lambda: part_of(api, place).exists() and part_of(api, place).stat().st_size > 500_000)
    connection.close()
    wait_until(lambda: offset_of(api, operator, place) == 654_321, what="the offset of all that came")
    rest = wait_until(lambda: _when_free(patch(api, operator, place, 654_321, CONTENT[654_321:1_000_000])))
    assert rest.status_code == 204
    assert api.get(f"files/{place.rsplit('/', 1)[1]}", operator).content == CONTENT[:1_000_000]


def _when_free(answer):
    return None if answer.status_code == 423 else answer


def test_a_silent_connection_does_not_keep_others_away_for_ever(api, operator, monkeypatch):
    import api.routes.uploads as route

    monkeypatch.setattr(route, "_STALL_SECONDS", 0.3)
    place = created(api, operator, 1_000_000)
    connection = open_patch(api, operator, place, 0, 1_000_000)
    connection.send(b"12345")
    answer = connection.getresponse()
    assert answer.status == 408
    body = json.loads(answer.read())
    connection.close()
    assert (body["code"], body["values"]["received"]) == ("upload_stalled", 5)
    assert offset_of(api, operator, place) == 5


def test_a_removed_upload_is_gone_with_its_bytes(api, operator):
    place = created(api, operator, 10)
    patch(api, operator, place, 0, b"12345")
    assert api.call("DELETE", place, operator, headers=TUS).status_code == 204
    assert api.call("HEAD", place, operator, headers=TUS).status_code == 404
    problem(api.call("DELETE", place, operator, headers=TUS), 404, "upload_not_found")
    assert stored_bytes(api) == 0


def test_an_expired_upload_is_gone(api, operator):
    place = created(api, operator, 10)
    with api.database.write() as connection:
        connection.execute(update(uploads).values(expires_at=db_now(-1)))
    assert api.call("HEAD", place, operator, headers=TUS).status_code == 410
    problem(patch(api, operator, place, 0, b"12345"), 410, "upload_expired")


@one_database
def test_a_path_in_a_name_is_only_a_name(api, operator):
    for name in ("../../../etc/passwd", "..\\..\\passwd", "C:\\passwd", "/passwd"):
        place = created(api, operator, 2, name)
        patch(api, operator, place, 0, b"12")
        answer = api.get(f"files/{place.rsplit('/', 1)[1]}", operator)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="passwd"'


def test_an_odd_id_is_an_unknown_one(api, operator):
    for odd in ("..%2f..%2fsecret.key", "%2e%2e", "x" * 300, "' OR 1=1 --", "%00"):
        assert api.call("HEAD", f"uploads/{odd}", operator, headers=TUS).status_code == 404
        assert api.get(f"files/{odd}", operator).status_code == 404


@one_database
def test_a_client_that_may_only_post_says_what_it_means_in_a_header(api, operator):
    place = created(api, operator, 5)
    headers = {**BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert api.post(place, operator, headers=headers, data=b"12345").headers["Upload-Offset"] == "5"
    assert api.post(place, operator, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    with api.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(files)).scalar_one() == 0


class TestWithASmallLimit:
    @pytest.fixture
    def api_settings(self, database_url: str, tmp_path: Path):
        return Settings(_env_file=None, data=tmp_path / "data", database_url=database_url, upload_max_bytes=1000)

    def test_the_limit_is_the_settings(self, api, operator):
        assert api.call("OPTIONS", "uploads", operator).headers["Tus-Max-Size"] == "1000"
        assert create(api, operator, 1000).status_code == 201
        problem(create(api, operator, 1001), 413, "upload_too_large")


@one_database
def test_the_documentation_names_the_headers(api):
    paths = api.get("/openapi.json").json()["paths"]
    appending = paths["/api/v1/uploads/{upload_id}"]["patch"]
    headers = {p["name"]: p["required"] for p in appending["parameters"] if p["in"] == "header"}
    assert headers == {"Tus-Resumable": True, "Upload-Offset": True, "Upload-Checksum": False}
    assert "application/offset+octet-stream" in appending["requestBody"]["content"]
    assert [p["name"] for p in appending["parameters"] if p["in"] == "path"] == ["upload_id"]
