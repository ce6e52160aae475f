from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.api.conftest import one_database
from tests.api.test_uploads import BYTES, b64
from worker.db.schema import audit

CONTENT = os.urandom(1_234_567)
SHA256 = hashlib.sha256(CONTENT)


def upload(api, who: str, content: bytes = CONTENT, name: str = "客户 “A”.xlsx") -> str:
    headers = {**BYTES, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {b64(name)}"}
    answer = api.post("uploads", who, headers=headers, data=content)
    assert answer.status_code == 201, answer.text
    return "files/" + answer.headers["Location"].rsplit("/", 1)[1]


def test_a_file_comes_whole_with_its_name_and_digest(api, operator):
    answer = api.get(upload(api, operator), operator)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    headers = answer.headers
    assert headers["ETag"] == f'"{SHA256.hexdigest()}"'
    assert headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(SHA256.digest()).decode()}:"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"__ _A_.xlsx\"; filename*=UTF-8''%E5%AE%A2%E6%88%B7%20%E2%80%9CA%E2%80%9D.xlsx"
    )


@one_database
def test_head_tells_the_same_without_the_bytes(api, operator):
    place = upload(api, operator)
    head, got = api.call("HEAD", place, operator), api.get(place, operator)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Repr-Digest", "Content-Length", "Content-Type", "Content-Disposition", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name]


@one_database
def test_one_range_gives_that_part(api, operator):
    place = upload(api, operator)
    for wanted, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=1000000-", 1_000_000, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
        ("bytes=600000-99999999", 600_000, len(CONTENT)),
    ):
        answer = api.get(place, operator, headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.content == CONTENT[start:end]
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


@one_database
def test_a_range_outside_is_refused_with_the_size(api, operator):
    place = upload(api, operator)
    for wanted in (f"bytes={len(CONTENT)}-", "bytes=-0"):
        answer = api.get(place, operator, headers={"Range": wanted})
        assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@one_database
def test_a_range_that_is_malformed_or_manifold_gives_the_whole(api, operator):
    place = upload(api, operator)
    for wanted in ("bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=a-b"):
        answer = api.get(place, operator, headers={"Range": wanted})
        assert (answer.status_code, len(answer.content)) == (200, len(CONTENT))


@one_database
def test_what_the_client_has_is_not_sent_again(api, operator):
    place = upload(api, operator)
    etag = f'"{SHA256.hexdigest()}"'
    for header in (etag, f'"x", W/{etag}', "*"):
        answer = api.get(place, operator, headers={"If-None-Match": header})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert api.get(place, operator, headers={"If-None-Match": '"x"'}).status_code == 200


@one_database
def test_a_download_goes_on_only_in_the_same_contents(api, operator):
    place = upload(api, operator)
    for if_range, status in ((f'"{SHA256.hexdigest()}"', 206), ('"other"', 200)):
        answer = api.get(place, operator, headers={"Range": "bytes=5-", "If-Range": if_range})
        assert answer.status_code == status


def test_somebody_elses_file_is_not_there_but_for_admins(api, operator, admin):
    place = upload(api, operator)
    api.add_user("eve")
    answer = api.get(place, "eve")
    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    assert api.get(place, admin).content == CONTENT
    assert api.get(place).status_code == 401


@one_database
def test_an_empty_file_comes_empty(api, operator):
    answer = api.get(upload(api, operator, b"", "a.csv"), operator)
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    assert answer.headers["Content-Type"].startswith("text/csv")


def test_contents_that_are_gone_are_said_to_be_gone(api, operator):
    place = upload(api, operator)
    for path in (Path(api.settings.effective_storage) / "objects").rglob("*-*"):
        path.unlink()
    answer = api.get(place, operator)
    assert (answer.status_code, answer.json()["code"]) == (410, "file_missing")


def test_a_download_stands_in_the_audit_and_its_continuation_does_not(api, operator):
    place = upload(api, operator)
    api.get(place, operator)
    api.get(place, operator, headers={"Range": "bytes=5-"})
    with api.database.read() as connection:
        actions = connection.execute(select(audit.c.action).where(audit.c.object_type == "file")).scalars().all()
    assert actions == ["file.download"]


def test_curl_continues_a_download_and_saves_it_under_its_name(api, operator, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    place = upload(api, operator, name="report 2024.csv")
    (tmp_path / "part").write_bytes(CONTENT[:500_000])
    common = ["curl", "--silent", "--show-error", "--fail", "-H", f"Authorization: Bearer {api.tokens[operator]}"]
    subprocess.run([*common, "-C", "-", "-o", "part", api.address(place)], cwd=tmp_path, check=True)
    assert (tmp_path / "part").read_bytes() == CONTENT
    subprocess.run([*common, "-OJ", api.address(place)], cwd=tmp_path, check=True)
    assert (tmp_path / "report 2024.csv").read_bytes() == CONTENT
