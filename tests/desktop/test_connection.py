"""The line about the connection is true, and the server is asked as often as is good for it."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop import language
from desktop.connection import LONGEST_BACKOFF_SECONDS, ConnectionState, Pacer

NOW = time.mktime((2026, 11, 23, 10, 32, 0, 0, 0, -1))


@pytest.fixture(autouse=True)
def english(qapp):
    language.choose("en")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ConnectionState("online", updated=NOW - 0.4), "Up to date"),
        (ConnectionState("online", updated=NOW - 2), "Updated 2 s ago"),
        (ConnectionState("online", updated=NOW - 135), "Updated 2 min 15 s ago"),
        (ConnectionState("offline", since=NOW, retry_at=NOW + 8), "Offline since 10:32, trying again in 8 s"),
        (ConnectionState("offline", since=NOW, retry_at=NOW), "Offline since 10:32, trying now"),
        (ConnectionState("connecting", "http://x"), "Connecting to http://x…"),
        (ConnectionState(), "Not signed in"),
    ],
)
def test_the_connection_in_words(state, text):
    assert state.text(NOW) == text


def test_the_same_in_chinese(qapp):
    language.choose("zh_CN")
    state = ConnectionState("offline", since=NOW, retry_at=NOW + 8)
    assert state.text(NOW) == "自 10:32 起离线，8 秒后重试"


@given(st.booleans(), st.booleans(), st.integers(0, 120_000))
def test_the_server_is_never_asked_more_often_than_it_wants(running, minimised, poll_after_ms):
    wait = Pacer().after_answer(running=running, minimised=minimised, poll_after_ms=poll_after_ms)
    assert wait >= poll_after_ms / 1000
    assert wait >= (30 if minimised else 1 if running else 5)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_failures_wait_longer_each_time_up_to_a_minute_and_an_answer_ends_that(seed, failures):
    pacer = Pacer(random.Random(seed))
    waits = [pacer.after_failure() for _ in range(failures)]
    for number, wait in enumerate(waits):
        longest = min(LONGEST_BACKOFF_SECONDS, 2.0**number)
        assert 0.6 * longest <= wait <= longest
    pacer.after_answer(running=False, minimised=False, poll_after_ms=0)
    assert pacer.after_failure() <= 1
    assert pacer.after_failure(retry_after=120) == 120
