"""The command, and a real system for it to talk to.

Most tests call the command in this process: starting Python and importing it again takes longer than what most of them
ask. What a process of its own is the subject of (signals, pipes, terminals, help in the language of the start) has one:
`as_process` and `remote_process`.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import free_port, share
from tests.support_system import Office, environment, office

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def process(arguments: tuple[str | Path, ...], env: dict[str, str], folder: Path, stdin: str) -> Done:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tasktray", *map(str, arguments)], env=env, cwd=folder, input=stdin, text=True,
        capture_output=True, timeout=100, check=False,
    )  # fmt: skip


@contextlib.contextmanager
def _fresh(env: dict[str, str], folder: Path) -> Iterator[None]:
    """This process as a new one finds itself: with that environment and folder, and nothing remembered of another."""
    from tasktray import texts
    from worker import settings

    before, umask = dict(os.environ), os.umask(0o022)
    os.environ.clear()
    os.environ.update(env)
    texts.language.cache_clear()
    settings.get_settings.cache_clear()
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.umask(umask)
        texts.language.cache_clear()
        settings.get_settings.cache_clear()


def here(arguments: tuple[str | Path, ...], env: dict[str, str], folder: Path, stdin: str) -> Done:
    """The command in this process, from its `main` to the status that it ends with."""
    from tasktray.cli import main

    streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin.encode(), b"", b"")]
    with _fresh(env, folder), pytest.MonkeyPatch.context() as patch:
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
    texts = []
    for stream in streams[1:]:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return subprocess.CompletedProcess(arguments, end.value.code, *texts)


def _local(how: Callable[..., Done], tmp_path: Path) -> Run:
    port = str(free_port())  # whoever listens on the usual one is none of ours

    def run(*arguments: str | Path, stdin: str = "", **env: str) -> Done:
        return how(arguments, environment(tmp_path / "data", PORT=port) | env, tmp_path, stdin)

    return run


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share(items, Path(__file__).parent, "system")


@pytest.fixture
def migrated(_sqlite_template: Path, tmp_path: Path) -> Path:
    """The database of the installation, as `tasktray migrate` has left it; that itself is the subject of few tests."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    return Path(shutil.copy(_sqlite_template, data / "tasktray.db"))


@pytest.fixture
def tasktray(tmp_path: Path) -> Run:
    """`tasktray(*arguments, stdin="", **environment)` on an installation of this test's own."""
    return _local(here, tmp_path)


@pytest.fixture
def as_process(tmp_path: Path) -> Run:
    """As `tasktray`, each in a process of its own."""
    return _local(process, tmp_path)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A running office system that the tests of this room share: each works with keys and titles of its own."""
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


def _remote(how: Callable[..., Done], system: Office, tmp_path: Path) -> Run:
    def run(*arguments: str | Path, stdin: str = "", **env: str) -> Done:
        connected = {"TASKTRAY_SERVER": system.url, "TASKTRAY_TOKEN": system.token}
        done = how(arguments, environment(tmp_path / "no-data") | connected | env, tmp_path, stdin)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def remote(system: Office, tmp_path: Path) -> Run:
    """`remote(*arguments)`: the command, talking to the shared system as its admin, in an empty folder."""
    return _remote(here, system, tmp_path)


@pytest.fixture
def remote_process(system: Office, tmp_path: Path) -> Run:
    """As `remote`, each in a process of its own."""
    return _remote(process, system, tmp_path)


@pytest.fixture(autouse=True)
def _no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "TASKTRAY_DEBUG" not in os.environ
