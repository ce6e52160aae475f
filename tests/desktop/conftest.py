"""A window of a test's own, alone or on a real system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import share
from tests.support_system import Embedded, embedded_system


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share(items, Path(__file__).parent, "system")


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running `tasktray up`, shared by the tests that do not stop it."""
    with embedded_system(tmp_path_factory.mktemp("system")) as embedded:
        yield embedded


@pytest.fixture
def make_window(qtbot, tmp_path) -> Iterator[Callable]:
    """`make_window(data=None, profile=None, language="en")` opens a window; all are closed afterwards."""
    from desktop.app import Shell, create

    windows = []

    def make(data: Path | None = None, profile: Path | None = None, language: str = "en", **options: str):
        arguments = ["--data", str(data or tmp_path / "nowhere"), "--profile", str(profile or tmp_path / "profile")]
        arguments += ["--language", language, *(f"--{name}={value}" for name, value in options.items())]
        application, window = create(arguments)
        shell = application.findChildren(Shell)[-1]
        windows.append(shell)
        window.controller.preferences.download_folder = tmp_path / "downloads"
        window.show()
        return window

    yield make
    for shell in windows:
        shell.end()
        shell.window.leave()
        shell.window.close()
        shell.window.deleteLater()
        shell.deleteLater()


@pytest.fixture
def online(make_window, qtbot, system):
    """A window that is connected to the shared system."""
    window = make_window(system.data)
    qtbot.waitUntil(lambda: window.controller.online and bool(window.controller.kinds), timeout=20_000)
    return window
