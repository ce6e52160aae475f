"""What people really send, through the real embedded system: each gets a message that it can act on, in its language;
the workers go on, and nothing is left behind.
"""

from __future__ import annotations

import base64
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest
import requests
from sqlalchemy import func, select

from tests.support import wait_until
from tests.support_system import Embedded, embedded_system
from worker.db.database import Database
from worker.db.schema import jobs, uploads

# One system for all of them, also under pytest-xdist; the last test looks at what the others have left.
pytestmark = pytest.mark.xdist_group("tests/system/test_bad_input.py")

TUS = {"Tus-Resumable": "1.0.0"}
LANGUAGES = ("zh-CN", "en")
GOOD = "客户编号,名称\nG-{number},好客户\n"
LIMIT = 1_073_741_824  # bytes; the default


class System:
    """Calls on the running system, by its local user."""

    def __init__(self, embedded: Embedded) -> None:
        self.data = embedded.data
        self.pid = embedded.program.pid
        self.url = embedded.url.rstrip("/") + "/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {embedded.token}"
        self.goods = 0

    def call(self, method: str, path: str, language: str = "en", **options: Any) -> requests.Response:
        headers = {"Accept-Language": language, **options.pop("headers", {})}
        return self.session.request(method, f"{self.url}/{path}", headers=headers, timeout=30, **options)

    def announce(self, name: str, size: int, language: str = "en") -> requests.Response:
        encoded = base64.b64encode(name.encode()).decode()
        headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {encoded}"}
        return self.call("POST", "uploads", language, headers=headers)

    def upload(self, name: str, content: bytes) -> str:
        answer = self.announce(name, len(content))
        assert answer.status_code == 201, answer.text
        upload_id = answer.headers["Location"].rsplit("/", 1)[1]
        if content:
            headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            assert self.call("PATCH", f"uploads/{upload_id}", headers=headers, data=content).status_code == 204
        return upload_id

    def submit(self, upload_id: str, language: str = "en", **params: Any) -> requests.Response:
        body = {"kind": "customers.import", "params": {"mode": "upsert", **params}, "uploads": [upload_id]}
        return self.call("POST", "jobs", language, json=body)

    def ended(self, answer: requests.Response, language: str = "en") -> dict[str, Any]:
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["id"]

        def job() -> Any:
            found = self.call("GET", f"jobs/{job_id}", language).json()
            return found if found["state"] in ("succeeded", "failed", "cancelled") else None

        return dict(wait_until(job, 60, "the end of the job"))

    def good(self) -> None:
        """A good file is imported, so the worker goes on."""
        self.goods += 1
        content = GOOD.format(number=self.goods).encode()
        job = self.ended(self.submit(self.upload("good.csv", content)))
        assert job["state"] == "succeeded", job
        assert job["result"]["inserted"] == 1

    def nothing_left(self) -> None:
        """No temporary file, no half upload, no job that still runs."""
        wait_until(lambda: not list((self.data / "tmp").glob("*")), 20, "an empty folder for temporary files")
        for folder in ("incoming", "aside"):
            assert list((self.data / "files" / folder).iterdir()) == []
        database = Database(f"sqlite:///{self.data / 'tasktray.db'}")
        with database.read() as connection:
            half = select(func.count()).select_from(uploads).where(uploads.c.file_id.is_(None))
            assert connection.execute(half).scalar_one() == 0
            open_ = select(func.count()).select_from(jobs).where(jobs.c.state.in_(("pending", "running")))
            assert connection.execute(open_).scalar_one() == 0
        database.dispose()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with embedded_system(tmp_path_factory.mktemp("bad")) as running:
        found = System(running)
        try:
            yield found
        finally:
            found.session.close()


def check_words(text: str, language: str, *parts: str) -> None:
    """A sentence in that language with what it is about, and nothing that is for programmers."""
    for part in parts:
        assert part in text
    for junk in ("Traceback", "Error(", "Exception", "{", "}", "None"):
        assert junk not in text
    rest = text
    for part in parts:
        rest = rest.replace(part, "")
    chinese = len(re.findall(r"[\u4e00-\u9fff]", rest))
    assert chinese > 5 if language == "zh-CN" else chinese == 0, text


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file (MS-CFB version 3) with these streams, each of 4096 bytes or more: what Excel saves a
    workbook with a password in.
    """
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    fat, body, entries = [0xFFFFFFFD, end], b"", []
    for name, content in streams.items():
        count = -(-len(content) // sector)
        start = len(fat)
        fat += [*range(start + 1, start + count), end]
        body += content.ljust(count * sector, b"\0")
        entries.append((name, 2, start, len(content)))
    fat += [free] * (128 - len(fat))

    def entry(name: str, sort: int, left: int, right: int, child: int, start: int, size: int) -> bytes:
        encoded = name.encode("utf-16-le") + b"\0\0" if name else b""
        tree = struct.pack("<HBBIII", len(encoded), sort, 1, left, right, child)
        return encoded.ljust(64, b"\0") + tree + bytes(36) + struct.pack("<IQ", start, size)

    # The shorter name sorts first: the root's child is the first stream, whose right neighbour is the second.
    directory = entry("Root Entry", 5, free, free, 1, end, 0)
    for number, (name, sort, start, size) in enumerate(entries, 1):
        directory += entry(name, sort, free, number + 1 if number < len(entries) else free, free, start, size)
    directory = directory.ljust(sector, b"\0")
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end, 0, end, 0, 0,
    )  # fmt: skip
    header = header.ljust(sector, b"\xff")
    return header + struct.pack("<128I", *fat) + directory + body


def encrypted() -> bytes:
    return compound(
        {"EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0<encryption/>".ljust(4096), "EncryptedPackage": bytes(8192)}
    )


def workbook(path: Path, *rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    book.close()
    return path.read_bytes()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20

BAD_FILES = {
    "not_a_workbook": ("照片.xlsx", PNG, {}),
    "encrypted_workbook": ("机密.xlsx", encrypted(), {}),
    "empty_file": ("空.csv", b"", {}),
    "damaged_workbook": ("半截.xlsx", b"PK\x03\x04" + bytes(range(256)) * 8, {}),
    "wrong_encoding": ("国标.csv", "客户编号,名称\nA-1,张三\n".encode("gb18030"), {"encoding": "utf-8"}),
    "unknown_encoding": ("客户.csv", "客户编号,名称\nA-1,张三\n".encode(), {"encoding": "klingon"}),
    "no_rows": ("表头.csv", "客户编号,名称\n".encode(), {}),
    "mapping_required": ("水果.csv", b"apples,pears\n1,2\n3,4\n", {}),
    "sheet_not_found": ("客户.xlsx", None, {"sheet": "Nowhere"}),
    "web_page_not_workbook": ("网页.xls", b"<html><body><table><tr><td>1</td></tr></table></body></html>", {}),
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_a_file_that_cannot_be_imported_is_explained_and_the_worker_goes_on(system: System, code: str, tmp_path: Path):
    name, content, params = BAD_FILES[code]
    if content is None:
        content = workbook(tmp_path / "x.xlsx", ["客户编号", "名称"], ["A-1", "张三"])
    answer = system.submit(system.upload(name, content), **params)
    if answer.status_code == 202:
        job_id = answer.json()["id"]
        for language in LANGUAGES:
            job = system.ended(answer, language)
            assert job["state"] == "failed"
            assert job["error"]["code"] == code, job["error"]
            named = [name] if "{file}" in _template(code) else []
            check_words(job["error"]["message"], language, *named)
        kept = system.call("GET", f"jobs/{job_id}").json()
        assert kept["attempt"] == 1  # it will not get better by itself
    else:
        for language in LANGUAGES:
            refusal = system.submit(system.upload(name, content), language, **params)
            assert refusal.status_code == 422
            assert code in {refusal.json()["code"], *(error["code"] for error in refusal.json()["errors"])}
            check_words(refusal.json()["detail"], language)
    system.good()
    system.nothing_left()


def _template(code: str) -> str:
    from tabular.texts import catalogue

    return catalogue()[code]["en"]


def test_an_upload_past_the_limit_is_refused_before_a_byte_is_sent(system: System):
    for language in LANGUAGES:
        answer = system.announce("巨大.xlsx", LIMIT + 1, language)
        assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
        check_words(answer.json()["detail"], language, str(LIMIT))
    system.good()
    system.nothing_left()


@pytest.mark.parametrize("name", ["../../../../evil.csv", "..\\..\\evil.csv", "/etc/evil.csv", "C:\\evil.csv"])
def test_a_path_in_a_file_name_leads_nowhere(system: System, name: str):
    system.goods += 1
    upload_id = system.upload(name, GOOD.format(number=system.goods).encode())
    job = system.ended(system.submit(upload_id))
    assert job["state"] == "succeeded"
    assert [file["name"] for file in job["files"] if file["role"] == "upload"] == ["evil.csv"]
    answer = system.call("GET", f"files/{upload_id}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evil.csv"'
    assert [str(path) for path in system.data.parent.rglob("*evil*")] == []
    system.nothing_left()


def test_a_file_with_a_wrong_ending_is_refused_at_submission(system: System):
    upload_id = system.upload("程序.exe", b"MZ" + bytes(100))
    for language in LANGUAGES:
        answer = system.submit(upload_id, language)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_suffix")
        check_words(answer.json()["detail"], language, "程序.exe")
    system.nothing_left()


def test_an_upload_that_is_not_complete_cannot_be_submitted(system: System):
    upload_id = system.announce("半.csv", 10).headers["Location"].rsplit("/", 1)[1]
    for language in LANGUAGES:
        answer = system.submit(upload_id, language)
        assert (answer.status_code, answer.json()["code"]) == (422, "upload_incomplete")
        check_words(answer.json()["detail"], language, "半.csv")
    assert system.call("DELETE", f"uploads/{upload_id}", headers=TUS).status_code == 204
    system.nothing_left()


def test_a_wrong_password_ten_times_blocks_that_name_for_a_while_and_nobody_else(system: System):
    for name in ("karin", "dieter"):
        body = {"username": name, "password": "a good password", "role": "operator"}
        assert system.call("POST", "users", json=body).status_code == 201

    def login(name: str, password: str, language: str = "en") -> requests.Response:
        form = {"username": name, "password": password}
        return requests.post(f"{system.url}/auth/login", data=form, headers={"Accept-Language": language}, timeout=30)

    inside = login("karin", "a good password").json()["access_token"]
    answers = [login("karin", f"wrong {n}", LANGUAGES[n % 2]) for n in range(10)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 5
    for number, answer in enumerate(answers):
        check_words(answer.json()["detail"], LANGUAGES[number % 2])
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert login("karin", "a good password").status_code == 429  # also the right one: guessing must not pay
    assert login("dieter", "a good password").status_code == 200
    me = requests.get(f"{system.url}/auth/me", headers={"Authorization": f"Bearer {inside}"}, timeout=30)
    assert me.json()["username"] == "karin"  # who is signed in stays so
    system.good()


def test_after_all_this_the_same_worker_still_runs(system: System):
    """Ordered last in the file: nothing was restarted on the way."""
    parts = {p.cmdline()[-1]: p for p in psutil.Process(system.pid).children() if p.status() != psutil.STATUS_ZOMBIE}
    youngest = max(p.create_time() for name, p in parts.items() if name in ("api", "worker", "scheduler"))
    assert time.time() - youngest > 1
    assert youngest - psutil.Process(system.pid).create_time() < 15
    system.good()
    system.nothing_left()
