# ruff: noqa: E501  (a list a line reads as a table)
"""Lines made in bulk hold what a writer that looks at every cell would have written."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular.csv_lines import GUARDED, SEPARATOR, UNFORMATTED, Ambiguous, Copied, Joined, guarded
from tests.support import examples

_VALUES = st.one_of(
    st.just(""),
    st.sampled_from(["=1+1", "+86 138", "-5", "@x", "'=x", "''", "'", "＝1", "－2", "（括号）", "a,=b", 'x",-y', '"', "\n=1", "\r", "a\r\nb", "\t", "\x85", "\\.", "-1", "\n"]),
    st.text("aé客=+-@'\",\r\n\t\x0b\x85\u2028＝ ", max_size=6),
)  # fmt: skip
_ROWS = st.integers(1, 4).flatmap(
    lambda n: st.tuples(st.lists(st.booleans(), min_size=n, max_size=n), st.lists(st.lists(_VALUES, min_size=n, max_size=n), min_size=1, max_size=6))
)  # fmt: skip


def parsed(lines: bytes) -> list[list[str]]:
    text = lines.decode()
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline="")))


def expected(rows: list[list[str]], texts: list[bool]) -> list[list[str]]:
    return [[guarded(v) if t else v for v, t in zip(row, texts, strict=True)] for row in rows]


@settings(max_examples=examples(100), deadline=None)
@given(made=_ROWS)
def test_rows_that_a_database_joined(made: tuple[list[bool], list[list[str]]]) -> None:
    texts, rows = made
    joined = [SEPARATOR.join(row).encode() for row in rows]
    assert parsed(Joined(texts, [None] * len(texts)).encode(joined)) == expected(rows, texts)


def _copied(value: str | None) -> str:
    """As PostgreSQL writes it."""
    if value is None:
        return ""
    odd = not value or value == "\\." or any(c in value for c in ',"\r\n')
    return '"' + value.replace('"', '""') + '"' if odd else value


@settings(max_examples=examples(100), deadline=None)
@given(made=_ROWS, nothing=st.booleans())
def test_records_that_a_database_copied_out(made: tuple[list[bool], list[list[str]]], nothing: bool) -> None:
    texts, rows = made
    values: list[list[Any]] = [[None if nothing and not v else v for v in row] for row in rows]
    records = [(",".join(map(_copied, row)) + "\n").encode() for row in values]
    assert parsed(Copied(texts).encode(records)) == expected(rows, texts)


def test_a_number_that_the_database_left_to_us_gets_its_digits() -> None:
    rows = [f"a{SEPARATOR}{UNFORMATTED}9999999999999.99".encode(), f"b{SEPARATOR}-1.50".encode()]
    assert Joined([True, False], [None, 2]).encode(rows) == b"a,9999999999999.99\r\nb,-1.50\r\n"


def test_a_value_with_the_separator_in_it_is_not_torn() -> None:
    with pytest.raises(Ambiguous):
        Joined([True, True], [None, None]).encode([f"a{SEPARATOR}b{SEPARATOR}c".encode()])
    with pytest.raises(Ambiguous):
        Joined([True], [None]).encode([f"a{SEPARATOR}b".encode()])


def test_marks_of_ours_in_a_value_are_text_where_they_mean_nothing() -> None:
    rows = [f"a{UNFORMATTED}\x1d{SEPARATOR}{UNFORMATTED}".encode()]
    assert Joined([True, True], [None, None]).encode(rows) == f"a{UNFORMATTED}\x1d,{UNFORMATTED}\r\n".encode()
    with pytest.raises(Ambiguous):  # nor can it stand for a line feed there
        Joined([True, True], [None, None]).encode([*rows, f"b\nc{SEPARATOR}".encode()])


def test_values_longer_than_any_csv_reader_takes_are_written_whole() -> None:
    long = "=" + "x," * 100_000
    [line] = Copied([True, True]).encode([f'"{long}",y\n'.encode()]).split(b"\r\n")[:-1]
    assert line == f'"\'{long}",y'.encode()


@pytest.mark.parametrize("text", ["=1", "'=1", "＠x", "''－", "\t", "plain", "（＝）", "1=1"])
def test_what_gets_an_apostrophe_is_told_by_it(text: str) -> None:
    written = guarded(text)
    assert (written != text) == (GUARDED.match(written) is not None and written[1:] == text)
    assert (written == text) == (text in ("plain", "（＝）", "1=1"))
