# ruff: noqa: DTZ001  (a table a line a row; workbooks know no zones)
"""The fast reader and openpyxl see the same cells in every workbook that can be found or made."""

from __future__ import annotations

import datetime as dt
import math
import sysconfig
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine_plus as calamine
import rustpy_xlsxwriter
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tabular import block_reader
from tabular.errors import TableError
from tabular.workbook import Calamine, Openpyxl
from tests.support import examples
from tests.tabular.schemas import CUSTOMERS_SCHEMA, DATA, check_all

WIDTH = 6
_TEXTS = st.text(
    st.characters(min_codepoint=32, blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=8
)
_CELLS = st.one_of(
    st.none(),
    _TEXTS,
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda x: round(x, 4)),
    st.booleans(),
    st.dates(dt.date(1901, 1, 1), dt.date(2999, 1, 1)),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2999, 1, 1)).map(lambda d: d.replace(microsecond=0)),
)  # fmt: skip
_ROWS = st.lists(st.lists(_CELLS, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=15)


def seen(rows: Any) -> list[list[Any]]:
    """Rows in one form for both readers, blank ones at the end left out."""
    found = [[_plain(c) for c in row] for row in rows]
    while found and not any(c != "" for c in found[-1]):
        found.pop()
    return found


def _plain(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        return dt.datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        # Both parse the same digits; a last bit of difference is no difference.
        return float(f"{cell:.14g}")
    return cell.strip() if isinstance(cell, str) else cell


def agree(path: Path, width: int) -> None:
    fast, referee = Calamine(path, "xlsx"), Openpyxl(path)
    try:
        assert fast.sheets == referee.sheets
        assert fast.hidden == referee.hidden
        for sheet in fast.sheets:
            assert seen(fast.rows(sheet, width)) == seen(row[:width] for row in referee.rows(sheet, width))
    finally:
        fast.close()
        referee.close()


_common = settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_common
@given(rows=_ROWS)
def test_workbooks_of_openpyxl(tmp_path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, 1):
        for i, value in enumerate(row, 1):
            cell = book.active.cell(number, i, value)
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(tmp_path / "a.xlsx")
    agree(tmp_path / "a.xlsx", WIDTH)


@_common
@given(rows=_ROWS, constant_memory=st.booleans(), old=st.booleans())
def test_workbooks_of_xlsxwriter(tmp_path: Path, rows: list[list[Any]], constant_memory: bool, old: bool) -> None:
    options = {
        "constant_memory": constant_memory, "strings_to_formulas": False, "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss", "date_1904": old,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx"), options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for i, value in enumerate(row):
                if not (old and isinstance(value, dt.date) and value.year < 1905):
                    sheet.write(number, i, value)
    agree(tmp_path / "a.xlsx", WIDTH)


# It formats a column by its first value, so that numbers below a date would become dates: columns of one type only.
_TYPED_ROWS = st.lists(
    st.tuples(*(st.none() | s for s in (
        _TEXTS, st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9).map(lambda x: round(x, 4)), st.booleans(),
        st.dates(dt.date(1901, 1, 1), dt.date(2999, 1, 1)), _TEXTS,
    ))), min_size=1, max_size=15,
)  # fmt: skip


@_common
@given(rows=_TYPED_ROWS, shared=st.booleans())
def test_workbooks_of_rustpy(tmp_path: Path, rows: list[tuple[Any, ...]], shared: bool) -> None:
    records = ({f"c{i}": v for i, v in enumerate(row)} for row in rows)
    rustpy_xlsxwriter.write_worksheet(records, str(tmp_path / "a.xlsx"), dedupe_strings=shared)
    agree(tmp_path / "a.xlsx", WIDTH)


DIFFERENCES = {
    "has_x000D_.xlsx": "openpyxl leaves the escapes of control characters (_x000D_) as they are",
    "has_x000D_inline.xlsx": "openpyxl leaves the escapes of control characters (_x000D_) as they are",
    "minimal_package.xlsx": "openpyxl looks for the styles under their usual name only, and so takes dates for numbers",
    "strict_iso_paths.xlsx": "openpyxl sees no sheets in strict OOXML",
    "issue_419.xlsx": "openpyxl refuses a workbook without the shared strings that its list of parts names",
    "issue252.xlsx": "damaged (a checksum is wrong): both refuse it",
    "pass_protected.xlsx": "needs its password",
}
"""All real workbooks that the two readers see in different ways, and why."""


def _found() -> list[Path]:
    """Real workbooks: those kept with the tests, and whatever installed packages bring for their own."""
    installed = Path(sysconfig.get_path("purelib")).rglob("*.xls[xm]")
    return [*sorted((DATA / "workbooks").glob("*.xls[xm]")), *sorted(installed)]


def test_real_workbooks_of_many_programs() -> None:
    differing = set()
    for path in _found():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                agree(path, 40)
            except (AssertionError, TableError, calamine.CalamineError):
                differing.add(path.name)
    assert differing == set(DIFFERENCES)


def test_real_workbooks_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_reader, "_BLOCK", 3000)
    in_blocks = 0
    for path in _found():
        found = []
        for limit in (1 << 40, -1):
            monkeypatch.setattr(block_reader, "BIG", limit)
            monkeypatch.setattr(block_reader, "SPILL", limit)
            try:
                reader = Calamine(path, "xlsx")
            except calamine.CalamineError as error:
                found.append([type(error)])
                continue
            found.append([_all(reader, sheet) for sheet in reader.sheets])
            in_blocks += reader._blocks is not None
            reader.close()
        assert found[0] == found[1], path.name
    assert in_blocks > 20


def _all(reader: Calamine, sheet: str) -> Any:
    try:
        rows = list(reader.rows(sheet, 40))
        while rows and not any(cell != "" for cell in rows[-1]):
            rows.pop()
        return rows
    except TableError as error:
        return error.code


@pytest.mark.parametrize("name", ["northwind-customers.csv", "northwind-orders.csv"])
def test_the_real_files_as_workbooks(tmp_path: Path, name: str) -> None:
    import csv

    book = openpyxl.Workbook()
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            book.active.append(
                [float(c) if c.replace(".", "", 1).isdigit() and math.isfinite(float(c)) else c for c in row]
            )
    book.save(tmp_path / "a.xlsx")
    agree(tmp_path / "a.xlsx", 15)


def test_xlsx_and_csv_of_the_same_rows_come_to_the_same_verdict(tmp_path: Path) -> None:
    from tasktray.sample_data import customers

    verdicts = []
    for name, encoding in (("a.xlsx", "utf-8"), ("a.csv", "utf-8-sig"), ("b.csv", "gb18030"), ("c.txt", "utf-16")):
        sample = customers(tmp_path / name, 3000, 160, encoding=encoding, seed=7)
        good, rejected = check_all(sample.path, CUSTOMERS_SCHEMA)
        # Duplicates are seen by whoever loads; all others here.
        expected = {n for n, kind in sample.bad.items() if kind != "duplicate_key"}
        assert {r.number for r in rejected} == expected
        verdicts.append((good, [(r.number, [(p.field, p.code) for p in r.problems]) for r in rejected]))
    assert verdicts.count(verdicts[0]) == 4


def test_the_sample_has_exactly_the_bad_rows_that_were_asked_for(tmp_path: Path) -> None:
    from collections import Counter

    from tasktray.sample_data import KINDS, customers

    sample = customers(tmp_path / "a.csv", 2000, 80)
    assert Counter(sample.bad.values()) == dict.fromkeys(KINDS, 10)
    good, rejected = check_all(sample.path, CUSTOMERS_SCHEMA)
    keys = Counter(row[0] for row in good)
    assert len(rejected) == 70
    assert sum(n - 1 for n in keys.values()) == 10
    assert customers(tmp_path / "b.csv", 2000, 80).bad == sample.bad
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
