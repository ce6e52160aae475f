"""The helper: what hangs, crashes or eats memory costs one call and never more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from worker.engine.helper import Helper, HelperStopped

HERE = "tests.worker.engine.test_helper:"


def where(**values: object) -> dict[str, object]:
    print("a library that prints does not disturb")
    return {"pid": os.getpid(), **values}


def hang() -> None:
    time.sleep(600)


def die() -> None:
    os._exit(3)


def eat() -> dict[str, int]:
    return {"size": len([bytearray(10 << 20) for _ in range(100)])}


def fail() -> None:
    raise ValueError("what went wrong")


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    with Helper(300_000_000, lambda: None) as helper:
        yield helper


def test_a_helper_stays_warm(helper: Helper) -> None:
    first = helper.call(HERE + "where", 20, text="文")
    assert first["text"] == "文"
    assert first["pid"] == helper.pid != os.getpid()
    assert helper.call(HERE + "where", 20)["pid"] == first["pid"]


def test_what_a_function_raises_comes_back_and_the_process_stays(helper: Helper) -> None:
    before = helper.call(HERE + "where", 20)["pid"]
    with pytest.raises(HelperStopped, match="what went wrong") as stopped:
        helper.call(HERE + "fail", 20)
    assert stopped.value.code == "failed"
    assert helper.call(HERE + "where", 20)["pid"] == before


@pytest.mark.parametrize(("function", "code"), [("hang", "time"), ("die", "crash"), ("eat", "memory")])
def test_a_call_that_goes_beyond_costs_the_process(helper: Helper, function: str, code: str) -> None:
    before = helper.call(HERE + "where", 20)["pid"]
    with pytest.raises(HelperStopped) as stopped:
        helper.call(HERE + function, 0.2 if code == "time" else 20)
    assert stopped.value.code == code
    assert helper.call(HERE + "where", 20)["pid"] != before


def test_an_order_to_stop_ends_a_call_at_once() -> None:
    class Stop(Exception):
        pass

    def check() -> None:
        raise Stop

    with Helper(300_000_000, check) as helper, pytest.raises(Stop):
        helper.call(HERE + "hang", 600)
