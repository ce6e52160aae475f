"""The API as the process that `tasktray` starts."""

import os
import signal
import subprocess
import sys

import pytest
import requests

from tests.support import free_port, wait_until


@pytest.fixture
def served(sqlite_url, tmp_path):
    """The API as a process of its own: its address, the process and its log."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASKTRAY_")} | {
        "TASKTRAY_DATA": str(tmp_path),
        "TASKTRAY_DATABASE_URL": sqlite_url,
        "TASKTRAY_PORT": str(port),
    }
    path = tmp_path / "log"
    with path.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "api.serve"], env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"

    def up():
        assert process.poll() is None, path.read_text()
        try:
            return requests.get(f"{url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    try:
        wait_until(up, 60, "the API")
        yield url, process, path
    finally:
        process.kill()
        process.wait()


def test_the_process_keeps_tokens_out_of_its_log_and_ends_on_sigterm_though_a_stream_is_open(served, sqlite_url):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    from worker.accounts.users import create_admin
    from worker.db.database import Database

    url, process, log = served
    assert requests.get(f"{url}/api/v1/jobs?token=topsecret", timeout=5).status_code == 401
    answer = requests.get(f"{url}/api/v1/jobs", headers={"Authorization": "Bearer topsecret"}, timeout=5)
    assert "server" not in {name.lower() for name in answer.headers}

    database = Database(sqlite_url)
    create_admin(database, "anna", "correct horse")
    database.dispose()
    form = {"username": "anna", "password": "correct horse"}
    token = requests.post(f"{url}/api/v1/auth/login", data=form, timeout=10).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with connect(url.replace("http", "ws") + "/api/v1/jobs/stream", additional_headers=headers, proxy=None) as client:
        client.recv(10)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed):
            client.recv(15)
    assert process.wait(15) in (0, -signal.SIGTERM)
    text = log.read_text()
    assert "GET /api/v1/jobs HTTP" in text
    assert "topsecret" not in text
    assert "Traceback" not in text
