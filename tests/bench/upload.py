"""How fast uploads and downloads are, beside a bare copy over loopback in the same run.

    python -m tests.bench.upload [--megabytes 256] [--rounds 3]

The upload goes through the real API process (`python -m api.serve`, SQLite): one PATCH of the whole file, and pieces of
4 MiB with checksums as the desktop sends them. The floor is a bare socket into a file, synced once at the end, hashed
with SHA-256 once (what any honest server has to do); the download's floor is `sendfile`. Ratios are what counts; the
best of the rounds is taken of each.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.support import free_port, wait_until
from tests.support_system import Program, environment

_PASSWORD = "a quick afternoon"
_PIECE = 4 << 20


def _bare_server(port: int, folder: str) -> None:
    """Takes `PUT <size>` or `GET <path>` as the first line of a connection."""
    target = Path(folder) / "floor"
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb", buffering=0) as incoming:
                verb, _, rest = incoming.readline().decode().strip().partition(" ")
                if verb == "GET":
                    with Path(rest).open("rb") as file:
                        connection.sendfile(file)
                elif verb == "PUT":
                    buffer, left, digest = memoryview(bytearray(1 << 20)), int(rest), hashlib.sha256()
                    with target.open("wb", buffering=0) as file:
                        while left:
                            count = connection.recv_into(buffer)
                            file.write(buffer[:count])
                            digest.update(buffer[:count])
                            left -= count
                        os.fsync(file.fileno())
                    connection.sendall(digest.digest())
                elif verb == "END":
                    return


def _bare(port: int, line: str, content: memoryview | None, size: int) -> float:
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{line}\n".encode())
        if content is not None:
            connection.sendall(content)
            assert connection.recv(32)
        else:
            buffer, left = bytearray(1 << 20), size
            while left:
                left -= connection.recv_into(buffer)
    return time.perf_counter() - began


class _Api:
    def __init__(self, folder: Path) -> None:
        from worker.accounts import users
        from worker.actor import SYSTEM
        from worker.datasets import tables
        from worker.db.database import Database
        from worker.db.migrate import migrate

        data = folder / "data"
        data.mkdir()
        database = Database(f"sqlite:///{data / 'tasktray.db'}")
        migrate(database, tables())
        users.create(database, SYSTEM, username="otto", password=_PASSWORD, role="operator")
        database.dispose()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "api.serve"]
        self.program = Program("api", command, environment(data, PORT=str(self.port)), folder / "api.log")
        self.program.start()
        wait_until(self._ready, 30, "the API")
        form = {"username": "otto", "password": _PASSWORD}
        answer = requests.post(f"{self.url}/api/v1/auth/login", data=form, timeout=20)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Tus-Resumable": "1.0.0"}

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def upload(self, content: memoryview, piece: int, checksum: bool) -> tuple[float, str]:
        """Seconds, and the path of the upload."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.blocksize = 1 << 20
        began = time.perf_counter()
        connection.request("POST", "/api/v1/uploads", headers={**self.headers, "Upload-Length": str(len(content))})
        answer = connection.getresponse()
        answer.read()
        place = answer.headers["Location"]
        for start in range(0, len(content), piece):
            part = content[start : start + piece]
            headers = {
                **self.headers,
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(start),
                "Content-Length": str(len(part)),
            }
            if checksum:
                headers["Upload-Checksum"] = f"sha256 {base64.b64encode(hashlib.sha256(part).digest()).decode()}"
            connection.request("PATCH", place, body=part, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 204, answer.status
        took = time.perf_counter() - began
        connection.close()
        return took, place

    def download(self, place: str) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        began = time.perf_counter()
        connection.request("GET", place.replace("/uploads/", "/files/"), headers=self.headers)
        answer = connection.getresponse()
        buffer = bytearray(1 << 20)
        while answer.readinto(buffer):
            pass
        took = time.perf_counter() - began
        connection.close()
        return took

    def remove(self, place: str) -> None:
        requests.delete(self.url + place, headers=self.headers, timeout=20)


def _measure(megabytes: int, rounds: int) -> None:
    size = megabytes << 20
    content = memoryview(os.urandom(size))
    best: dict[str, float] = {}

    def take(name: str, run: Callable[[], float]) -> None:
        best[name] = min(best.get(name, float("inf")), run())

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = folder / "content"
        stored.write_bytes(content)
        port = free_port()
        bare = multiprocessing.get_context("spawn").Process(target=_bare_server, args=(port, name))
        bare.start()
        api = _Api(folder)
        try:
            wait_until(lambda: _listens(port), 20, "the bare server")
            for _ in range(rounds):
                take("upload, bare", lambda: _bare(port, f"PUT {size}", content, size))
                for title, piece, checksum in (("one PATCH", size, False), ("4 MiB, checksums", _PIECE, True)):
                    took, place = api.upload(content, piece, checksum)
                    take(f"upload, {title}", lambda took=took: took)  # type: ignore[misc]
                    take("download", lambda place=place: api.download(place))  # type: ignore[misc]
                    api.remove(place)
                take("download, bare", lambda: _bare(port, f"GET {stored}", None, size))
        finally:
            api.program.stop()
            _bare(port, "END", None, 0)
            bare.join(10)
    for name, took in best.items():
        floor = best["download, bare" if name.startswith("download") else "upload, bare"]
        print(f"{name:28} {took:7.2f} s {megabytes / took:8.0f} MiB/s {took / floor:6.1f} × the bare copy")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    _measure(chosen.megabytes, chosen.rounds)
