"""Work off the GUI thread: the newest operation of a key is the only one that is heard of."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QThread

from desktop.operations import Operations


@pytest.fixture
def operations(qtbot):
    operations = Operations()
    yield operations
    operations.close()


def test_an_outcome_comes_back_in_the_gui_thread(operations, qtbot, qapp):
    told = []
    with qtbot.waitSignal(operations.busy_changed, check_params_cb=lambda key, busy: not busy):
        operations.start(
            "a", lambda _: threading.current_thread().name, lambda name: told.append((name, QThread.currentThread()))
        )
    ((name, thread),) = told
    assert name.startswith("calls-")
    assert thread is qapp.thread()


def test_a_newer_operation_of_the_same_key_cancels_the_one_before_and_its_outcome_is_never_told(operations, qtbot):
    told, started, released, seen = [], threading.Event(), threading.Event(), []

    def slow(cancelled: threading.Event) -> str:
        started.set()
        released.wait(10)
        seen.append(cancelled.is_set())
        return "old"

    operations.start("details", slow, told.append, told.append)
    assert started.wait(10)
    operations.start("details", lambda _: "new", told.append, told.append)
    qtbot.waitUntil(lambda: told == ["new"])
    released.set()
    qtbot.waitUntil(lambda: seen == [True])
    # Its outcome was sent before that of an operation that begins now.
    operations.start("after", lambda _: "after", told.append)
    qtbot.waitUntil(lambda: "after" in told)
    assert told[0] == "new"
    assert "old" not in told


def test_a_failure_is_told_as_such(operations, qtbot):
    errors = []

    def fails(_: threading.Event) -> None:
        raise ValueError("no")

    operations.start("a", fails, lambda _: errors.append("result"), errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert [str(error) for error in errors] == ["no"]
    assert not operations.running("a")


def test_nothing_is_told_after_closing(qtbot):
    operations = Operations()
    started, told = threading.Event(), []

    def work(cancelled: threading.Event) -> None:
        started.set()
        assert cancelled.wait(10)

    operations.start("a", work, told.append, told.append)
    assert started.wait(10)
    operations.close()
    operations.start("b", lambda _: 1, told.append)
    qtbot.wait(1)  # turns the event loop
    assert told == []
