"""The command as a process, and a real system for it to talk to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import free_port
from tests.support_system import Office, environment, office

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tasktray(tmp_path: Path) -> Run:
    """`tasktray(*arguments, stdin="", **environment)` on an installation of this test's own."""

    port = str(free_port())  # whoever listens on the usual one is none of ours

    def run(*arguments: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tasktray", *map(str, arguments)],
            env=environment(tmp_path / "data", PORT=port) | env, cwd=tmp_path, input=stdin, text=True,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A running office system that the tests of this room share: each works with keys and titles of its own."""
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture
def remote(system: Office, tmp_path: Path) -> Run:
    """`remote(*arguments)`: the command, talking to the shared system as its admin, in an empty folder."""

    def run(*arguments: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        connected = {"TASKTRAY_SERVER": system.url, "TASKTRAY_TOKEN": system.token}
        done = subprocess.run(
            [sys.executable, "-m", "tasktray", *map(str, arguments)],
            env=environment(tmp_path / "no-data") | connected | env, cwd=tmp_path, input=stdin, text=True,
            capture_output=True, timeout=100, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture(autouse=True)
def _no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "TASKTRAY_DEBUG" not in os.environ
