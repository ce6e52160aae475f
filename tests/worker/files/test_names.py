from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.files import names


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("客户 2024.xlsx", "客户 2024.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.xlsx", "evil.xlsx"),
        ("C:evil.xlsx", "evil.xlsx"),
        ("/", "file"),
        ("..", "file"),
        (None, "file"),
        ("a\x00b\r\nc.csv", "abc.csv"),
        ("exe.‮xslx", "exe.xslx"),
        ("CON.xlsx", "_CON.xlsx"),
        ("lpt¹.txt", "_lpt¹.txt"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.csv', "a_b______.csv"),
        ("trailing. . ", "trailing"),
        (".hidden", ".hidden"),
        ("e\u0301.txt", "\u00e9.txt"),
    ],
)
def test_a_name_is_made_harmless(sent: str | None, kept: str):
    assert names.clean(sent) == kept


def test_a_long_name_keeps_its_ending():
    kept = names.clean("名" * 300 + ".xlsx")
    assert kept.endswith("名.xlsx")
    assert len(kept.encode()) <= 200


@given(st.text(max_size=400))
def test_whatever_is_sent_the_name_can_be_saved_and_cleaning_it_again_changes_nothing(sent: str):
    kept = names.clean(sent)
    assert kept
    assert not set(kept) & set('/\\<>:"|?*\0\r\n')
    assert kept not in (".", "..")
    assert len(kept.encode()) <= 255
    assert names.clean(kept) == kept


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.csv", "text/csv"),
        ("noending", "application/octet-stream"),
        ("odd.zzzz", "application/octet-stream"),
    ],
)
def test_the_type_follows_the_ending(name: str, expected: str):
    assert names.content_type(name) == expected
