"""The whole way of a file with a bucket behind the API: upload, look, import, export, download, and the bucket away."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

from tests.api.conftest import Api, serving
from tests.support import free_port
from tests.support_s3 import S3Server
from tests.worker.datasets.office import Office
from worker.files.storage import Storage, StorageUnavailable
from worker.settings import Settings

TUS = {"Tus-Resumable": "1.0.0"}
ROWS = [{"customer_no": f"K{n:03d}", "name": "北京客户", "level": "A"} for n in range(300)]


@pytest.fixture
def bucket(database_url: str, database, tmp_path, s3: S3Server) -> Iterator[Api]:
    settings = Settings(_env_file=None, data=tmp_path / "data", database_url=database_url, **s3.settings())
    with serving(settings, database) as running:
        running.add_user("otto")
        yield running


@pytest.fixture
def office(bucket: Api, tmp_path) -> Office:
    made = Office(bucket.database, tmp_path)
    made.settings, made.storage = bucket.settings, Storage(bucket.settings)
    return made


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_goes_in_and_comes_out(bucket: Api, office: Office) -> None:
    content = office.table("客户.csv", ROWS).read_bytes()
    name = base64.b64encode("客户.csv".encode()).decode()
    headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
    place = bucket.post("uploads", "otto", headers=headers).headers["Location"]
    sent = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert bucket.call("PATCH", place, "otto", headers=sent, data=content).status_code == 204
    upload = place.rsplit("/", 1)[1]
    assert [key for key, _ in office.storage.objects()] == [upload]
    seen = bucket.post("datasets/customers/mapping", "otto", json={"upload": upload}).json()
    assert seen["source"]["headers"] == list(ROWS[0])

    body = {"kind": "customers.import", "params": {"mode": "insert"}, "uploads": [upload]}
    assert bucket.post("jobs", "otto", json=body).status_code == 202
    assert office.attempt().result["inserted"] == len(ROWS)
    job = bucket.post("jobs", "otto", json={"kind": "customers.export", "params": {"format": "csv"}}).json()
    office.attempt()
    (file,) = bucket.get(f"jobs/{job['id']}/files", "otto").json()["files"]
    whole = bucket.get(f"files/{file['id']}", "otto")
    assert (len(whole.content), hashlib.sha256(whole.content).hexdigest()) == (file["size"], file["sha256"])
    assert whole.content.count(b"\n") == len(ROWS) + 1
    part = bucket.get(f"files/{file['id']}", "otto", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{file['size']}"

    office.storage.delete(file["id"] if office.storage.exists(file["id"]) else _key(office, upload))
    gone = bucket.get(f"files/{file['id']}", "otto")
    assert (gone.status_code, gone.json()["code"]) == (410, "file_missing")


def _key(office: Office, upload: str) -> str:
    """The result's object: the one that is not the upload."""
    (key,) = [key for key, _ in office.storage.objects() if key != upload]
    return key


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bucket_that_is_away_is_told_in_words_and_a_job_is_tried_again(bucket: Api, office: Office) -> None:
    away = bucket.settings.model_copy(update={"storage_endpoint": f"http://127.0.0.1:{free_port()}"})
    with serving(away, bucket.database) as lost:
        lost.tokens = bucket.tokens
        form = {"files": {"file": ("a.csv", b"customer_no,name\n1,x\n")}, "headers": {"Accept-Language": "zh-CN"}}
        told = lost.post("/api/v1/customers/import-async", "otto", **form)
        assert (told.status_code, told.json()["code"], told.headers["Retry-After"]) == (503, "storage_unavailable", "5")
        assert "文件存储" in told.json()["detail"]
    upload = office.upload(office.table("a.csv", ROWS))
    export, importing = office.submit("customers.export"), office.submit("customers.import", [upload], mode="insert")
    office.settings = away
    view = office.attempt()
    assert (view.id, view.state, view.why.code) == (export, "pending", "retry_at"), view.why
    with pytest.raises(StorageUnavailable):  # the runner answers with the same as above
        office.attempt()
    assert office.view(importing).attempt == 1
