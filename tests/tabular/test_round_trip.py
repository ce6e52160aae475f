# ruff: noqa: E501  (a table a line a row; workbooks know no zones)
"""Whatever a dataset can hold comes back the same from every file that it is exported to."""

from __future__ import annotations

import csv
import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tabular import writer as writer_module
from tabular.cells import EMPTY, ERRORS
from tabular.schema import Field, TableSchema
from tabular.source import ReadOptions, open_source
from tabular.values import clean, key_text
from tabular.writer import ExportWriter
from tests.support import examples
from tests.tabular.schemas import check_all

T = lambda zh, en: {"zh_CN": zh, "en": en}  # noqa: E731
SCHEMA = TableSchema(
    name="things",
    titles=T("东西", "Things"),
    key=("thing_no",),
    fields=(
        Field("thing_no", "text", T("编号", "Thing no."), required=True, max_length=40),
        Field("title", "text", T("标题", "Title")),
        Field("amount", "decimal", T("金额", "Amount"), scale=2),
        Field("rate", "decimal", T("汇率", "Rate"), scale=6),
        Field("pieces", "integer", T("件数", "Pieces")),
        Field("day", "date", T("日期", "Day")),
        Field("active", "boolean", T("启用", "Active")),
        Field("size", "choice", T("尺寸", "Size"), choices=("S", "M", "加大")),
    ),
)

_unusual = st.sampled_from([
    "=1+1", "=cmd|' /C calc'!A0", "+86 138", "-", "@SUM(A1)", "'=x", "''", "'", "007", "1e5", "110105194912310029", "1/2", "TRUE",
    "_x0041_", "a\nb", "a\r\nb", 'say "hi"', "a,b;c\td|e", "#N/A", "NULL", " padded ", "１２", "x" * 300, "\x07bell", "é̂", "𠮷野家", "😀",
    "2024-03-05", "sep=;", "\u202ertl", "a\x85b", "a\u2028b", "{=A1}", "http://a.b/c", "internal:x", "<b>&amp;</b>",
])  # fmt: skip


def _storable(text: str) -> bool:
    """What the checker would have stored: stripped, not a word for nothing or an error, no NUL."""
    return text == clean(text) == text.strip() and text not in EMPTY and text not in ERRORS and "\0" not in text


# XML 1.0 knows no U+FFFE and U+FFFF; Python's own codecs refuse lone halves of characters.
_TEXT = st.one_of(
    _unusual, st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\ufffe\uffff"), max_size=20)
).filter(_storable)
_OPTIONAL = {
    "title": _TEXT,
    "amount": st.decimals(Decimal("-9999999999999.99"), Decimal("9999999999999.99"), places=2),
    "rate": st.decimals(Decimal(-99999999), Decimal(99999999), places=6),
    "pieces": st.integers(-(2**63), 2**63 - 1),
    "day": st.dates(dt.date(1700, 1, 1), dt.date(2999, 12, 31)),
    "active": st.booleans(),
    "size": st.sampled_from(["S", "M", "加大"]),
}
_ROWS = st.lists(
    st.tuples(_TEXT.filter(lambda t: len(t) <= 40 and key_text(t) == t), *(st.none() | s for s in _OPTIONAL.values())),
    min_size=1,
    max_size=12,
)


def _same(path: Path, rows: list[tuple[Any, ...]], **options: Any) -> None:
    good, rejected = check_all(path, SCHEMA, ReadOptions(schema=SCHEMA, **options))
    assert not rejected, [p for r in rejected for p in r.problems]
    assert good == [tuple(row) for row in rows]
    assert [[type(v) for v in row] for row in good] == [[type(v) for v in row] for row in rows]


_common = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_common
@given(rows=_ROWS, language=st.sampled_from(["zh_CN", "en"]))
def test_csv(tmp_path: Path, rows: list[tuple[Any, ...]], language: str) -> None:
    assert ExportWriter(tmp_path / "a.csv", SCHEMA, language, "csv").write(iter(rows)) == len(rows)
    _same(tmp_path / "a.csv", rows)


@_common
@given(rows=_ROWS, language=st.sampled_from(["zh_CN", "en"]))
def test_xlsx(tmp_path: Path, rows: list[tuple[Any, ...]], language: str) -> None:
    assert ExportWriter(tmp_path / "a.xlsx", SCHEMA, language, "xlsx").write(iter(rows)) == len(rows)
    _same(tmp_path / "a.xlsx", rows)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS)
def test_xlsx_from_values_as_databases_give_them(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    # PostgreSQL's numbers come as texts, SQLite's as floats (of up to 15 digits, so that it has kept them); days as texts.
    places = [(SCHEMA.by_name[n], i) for i, n in enumerate(SCHEMA.by_name)]
    for form in (str, float):
        given_ = []
        for row in rows:
            cells = list(row)
            for f, i in places:
                if cells[i] is not None and f.type == "decimal" and len(cells[i].normalize().as_tuple().digits) <= 15:
                    cells[i] = format(cells[i], "f") if form is str else float(cells[i])
                elif cells[i] is not None and f.type == "date":
                    cells[i] = cells[i].isoformat()
            given_.append(cells)
        ExportWriter(tmp_path / "a.xlsx", SCHEMA, "en", "xlsx").write(iter(given_), total=len(rows))
        _same(tmp_path / "a.xlsx", rows)


# Those of section 6 of the design, and more that Python knows; a mark at the start where the encoding has one.
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "gbk", "big5", "cp1252", "shift_jis", "cp1251"]


def _holds(encoding: str, row: tuple[Any, ...]) -> bool:
    """Whether the encoding has all characters of a row, and gives them back."""
    text = "".join(v for v in row if isinstance(v, str))
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


@_common
@given(rows=_ROWS, encoding=st.sampled_from(ENCODINGS), delimiter=st.sampled_from(",;\t|"))
def test_a_text_file_of_any_encoding_and_delimiter(
    tmp_path: Path, rows: list[Any], encoding: str, delimiter: str
) -> None:
    # What another program writes: no guard against formulas, so texts that look guarded are left out.
    plain = [row for row in rows if not any(isinstance(v, str) and v[:1] == "'" for v in row)]
    plain = [row for row in plain if _holds(encoding, row)]
    if not plain:
        return
    with (tmp_path / "a.txt").open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow([f.titles["en"] for f in SCHEMA.fields])
        out.writerows(plain)
    _same(tmp_path / "a.txt", plain, encoding=encoding, delimiter=delimiter)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rows=st.integers(1, 5), form=st.sampled_from(["xlsx", "csv"]))
def test_a_table_of_any_declared_types(tmp_path: Path, data: st.DataObject, rows: int, form: str) -> None:
    names = data.draw(st.lists(st.sampled_from(list(_OPTIONAL)), min_size=1, unique=True))
    schema = TableSchema("any", T("任意", "Any"), ("thing_no",), tuple(SCHEMA.by_name[n] for n in ["thing_no", *names]))
    key = _TEXT.filter(lambda t: len(t) <= 40 and key_text(t) == t)
    table = [tuple(data.draw(s) for s in (key, *(st.none() | _OPTIONAL[n] for n in names))) for _ in range(rows)]
    ExportWriter(tmp_path / f"a.{form}", schema, "en", form).write(iter(table))  # type: ignore[arg-type]
    good, rejected = check_all(tmp_path / f"a.{form}", schema, ReadOptions(schema=schema))
    assert (good, rejected) == (table, [])


ROW = ("1", "x", Decimal("1.50"), None, 3, dt.date(2024, 3, 5), True, "M")


def test_cells_of_an_export_are_typed_and_a_text_is_never_a_formula(tmp_path: Path) -> None:
    row = ("=1+1", "007", *ROW[2:])
    ExportWriter(tmp_path / "a.xlsx", SCHEMA, "zh_CN", "xlsx").write([row])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    assert [c.value for c in sheet[1]] == [f.titles["zh_CN"] for f in SCHEMA.fields]
    assert [(c.data_type, c.number_format) for c in sheet[2]] == [
        ("s", "@"), ("s", "@"), ("n", "0.00"), ("n", "General"), ("n", "0"), ("d", "yyyy-mm-dd"), ("b", "General"), ("s", "@"),
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"
    assert sheet.title == "东西"


def test_formula_injection_is_neutralised_in_csv(tmp_path: Path) -> None:
    rows = [("=1+1", "+x", *ROW[2:]), ("'=y", "@z", *ROW[2:]), ("-5", "'plain", *ROW[2:])]
    ExportWriter(tmp_path / "a.csv", SCHEMA, "en", "csv").write(rows)
    content = (tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["'=1+1", "'+x"], ["''=y", "'@z"], ["'-5", "'plain"]]
    _same(tmp_path / "a.csv", rows)


def test_chosen_columns_come_in_the_chosen_order(tmp_path: Path) -> None:
    for form in ("csv", "xlsx"):
        path = tmp_path / f"a.{form}"
        ExportWriter(path, SCHEMA, "en", form, ["size", "thing_no"]).write([("M", "7")])  # type: ignore[arg-type]
        with open_source(path) as source:
            assert source.info.headers == ("Size", "Thing no.")
            assert source.samples() == [["M", "7"]]


def test_an_export_without_rows_has_its_header(tmp_path: Path) -> None:
    ExportWriter(tmp_path / "a.xlsx", SCHEMA, "en", "xlsx").write([])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    assert sheet["A1"].value == "Thing no."
    assert ExportWriter(tmp_path / "a.csv", SCHEMA, "en", "csv").write([]) == 0


@pytest.mark.parametrize("announced", [True, False])
def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path, announced: bool, monkeypatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_ROWS", 11)
    rows = [(str(i), *ROW[1:]) for i in range(25)]
    writer = ExportWriter(tmp_path / "a.xlsx", SCHEMA, "zh_CN", "xlsx")
    assert writer.write(iter(rows), total=25 if announced else None) == 25
    assert writer.sheets == 3
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [(s.title, s.max_row) for s in book] == [("东西", 11), ("东西 2", 11), ("东西 3", 6)]
    _same(tmp_path / "a.xlsx", rows)


@pytest.mark.parametrize("announced", [0, 9, 10, 200])
def test_a_wrong_number_announced_loses_no_row(tmp_path: Path, announced: int, monkeypatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_ROWS", 11)
    rows = [(str(i), *ROW[1:]) for i in range(11)]
    writer = ExportWriter(tmp_path / "a.xlsx", SCHEMA, "en", "xlsx")
    assert (writer.write(iter(rows), total=announced), writer.sheets) == (11, 2)
    _same(tmp_path / "a.xlsx", rows)


def test_a_sheet_says_how_far_it_reaches(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_ROWS", 11)
    rows = [(str(i), *ROW[1:]) for i in range(25)]
    ExportWriter(tmp_path / "a.xlsx", SCHEMA, "en", "xlsx").write(iter(rows), total=25)
    with open_source(tmp_path / "a.xlsx") as source:
        assert source.total_rows == 25
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert archive.testzip() is None
        sheets = [archive.read(f"xl/worksheets/sheet{i}.xml") for i in (1, 2, 3)]
    assert [b'ref="A1:H11"' in sheets[0], b'ref="A1:H6"' in sheets[2]] == [True, True]
    assert [b"tabSelected" in sheet for sheet in sheets] == [True, False, False]


def test_a_failure_of_the_rows_is_the_failure_of_the_export(tmp_path: Path) -> None:
    def rows():
        yield ROW
        raise ConnectionError("the database went away")

    for form in ("csv", "xlsx"):
        with pytest.raises(ConnectionError):
            ExportWriter(tmp_path / f"a.{form}", SCHEMA, "en", form).write(rows(), total=9)  # type: ignore[arg-type]


def test_a_text_longer_than_a_cell_is_cut_and_counted_in_xlsx_and_whole_in_csv(tmp_path: Path) -> None:
    row = ("1", "y" * 40_000, *ROW[2:])
    writer = ExportWriter(tmp_path / "a.xlsx", SCHEMA, "en", "xlsx")
    writer.write([row])
    assert writer.truncated == 1
    ExportWriter(tmp_path / "a.csv", SCHEMA, "en", "csv").write([row])
    _same(tmp_path / "a.csv", [row])
