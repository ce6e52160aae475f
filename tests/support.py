"""Helpers that tests of all rooms share."""

from __future__ import annotations

import importlib
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from worker.engine.kinds import Kind


def examples(few: int) -> int:
    """How many random examples a test of hypothesis tries: `few`, or `TASKTRAY_FUZZ`; see CONTRIBUTING.md."""
    return int(os.environ.get("TASKTRAY_FUZZ", few))


_PORTS = range(12_000, 32_000)  # below those that systems give to outgoing connections (Linux: from 32,768 on)
_PORTS_EACH = 1_000
_port = random.SystemRandom().randrange(_PORTS_EACH)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now, and that nobody else is given before it is used.

    A port that the system chose could be taken by any connection, or by another process of tests, in the second or two
    until a server of ours is ready to listen. So each process of pytest-xdist has a range of its own.
    """
    global _port
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw19").removeprefix("gw")) % (len(_PORTS) // _PORTS_EACH)
    for _ in range(_PORTS_EACH):
        _port = (_port + 1) % _PORTS_EACH
        port = _PORTS[number * _PORTS_EACH + _port]
        with socket.socket() as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what a server that has just ended left
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free among {_PORTS_EACH} from {_PORTS[number * _PORTS_EACH]} on")


def wait_until(condition: Callable[[], object], seconds: float = 60.0, what: str = "condition") -> object:
    """Poll `condition` until it is true; for states of other processes, which give no event. Fails after `seconds`.

    What takes long to ask is asked less often (at least every tenth of a second): a request each 10 ms would take the
    time of those who are waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            pytest.fail(f"{what} did not come true in {seconds} s; last value: {value!r}")
        time.sleep(min(max(0.01, 3 * (now - asked)), 0.1))


_declared: dict[str, dict[str, Kind]] = {}


@contextmanager
def kinds_of(module: str) -> Iterator[None]:
    """Make the kinds that a test's module declares known in this process, and only for a while.

    A module is imported once in a process, whoever of its tests comes first; so what it declared is remembered here.
    """
    from worker.engine import kinds

    kinds.load()
    if module not in _declared:
        before = dict(kinds._registry)
        importlib.import_module(module)
        _declared[module] = {name: kind for name, kind in kinds._registry.items() if name not in before}
        assert _declared[module], f"{module} was imported before, by something else than this"
    kinds._registry.update(_declared[module])
    try:
        yield
    finally:
        for name in _declared[module]:
            kinds._registry.pop(name, None)


def share(items: list[pytest.Item], folder: Path, fixture: str) -> None:
    """Have the tests of a folder that use a shared `fixture` run in the same process of pytest-xdist.

    Else each of those processes would start one of its own, which takes longer than most of the tests. For the hook
    `pytest_collection_modifyitems`, before pytest-xdist's own.
    """
    for item in items:
        if item.path.parent == folder and fixture in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(f"{folder.name}: {fixture}"))
