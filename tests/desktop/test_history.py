"""What a clerk is told about the very same file before it goes in again."""

from __future__ import annotations

import pytest

from desktop import language
from desktop.submit.history import announcement, worth_telling

AT = "2026-11-03T02:20:00+00:00"


def told(**values):
    return {"job": "1", "by": "li", "by_name": "Li Wei", "at": AT, "state": "succeeded", "mode": "upsert",
            "counts": {}, "undone": False} | values  # fmt: skip


@pytest.fixture(autouse=True)
def english(qapp):
    language.choose("en")


def test_each_time_is_told_with_who_and_what_came_of_it():
    text = announcement(
        "a.csv",
        [
            told(state="running"),
            told(counts={"rows": 60, "inserted": 57, "rejected": 3}, undone=True),
            told(by_name=None, counts={"rows": 2, "unchanged": 2, "rejected": 0}),
        ],
    )
    first, *lines = text.splitlines()
    assert first == "“a.csv” was imported before:"
    assert [line.partition(" by ")[2] for line in lines] == [
        "Li Wei: is being imported",
        "Li Wei: New 57, Rejected 3; taken back since",
        "li: Unchanged 2",
    ]


def test_many_times_are_shortened_and_none_is_no_announcement():
    lines = announcement("a.csv", [told()] * 9).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "• …"
    assert announcement("a.csv", []) == ""


def test_an_import_that_changed_nothing_is_not_warned_of():
    changed = told(state="cancelled", counts={"rows": 9, "inserted": 4})
    found = worth_telling([told(state="failed"), changed, told(state="failed", counts={"rejected": 3}), told()])
    assert found == [changed, told()]
