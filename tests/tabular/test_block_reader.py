# ruff: noqa: E501  (a form a line reads as a table)
"""A workbook whose shared strings lie on disk reads as one whose strings are in memory, whatever wrote it."""

from __future__ import annotations

import datetime as dt
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import python_calamine_plus as calamine
import rustpy_xlsxwriter
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tabular import block_reader, shared_strings
from tabular.cells import Uncalculated
from tabular.errors import TableError
from tabular.source import ReadOptions, open_source
from tabular.workbook import Calamine
from tests.support import examples
from tests.tabular import workbooks
from tests.tabular.schemas import CUSTOMERS_SCHEMA, check_all, read_all

HEADER = ["客户编号", "客户名称", "签约日期", "信用额度"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every workbook is too big for memory, every block a few rows."""
    monkeypatch.setattr(block_reader, "BIG", 0)
    monkeypatch.setattr(block_reader, "SPILL", 0)
    monkeypatch.setattr(shared_strings, "_MEMORY", 100)
    monkeypatch.setattr(shared_strings, "_NUMBERS", 3)
    monkeypatch.setattr(block_reader, "_BLOCK", 400)
    monkeypatch.setattr(block_reader, "_ROWS", 7)


def both(path: Path, width: int | None = None) -> tuple[list[Any], list[Any]]:
    """All sheets in blocks, and by calamine alone."""
    reader = Calamine(path, "xlsx")
    assert reader._blocks is not None
    plain = calamine.CalamineWorkbook.from_path(str(path))
    try:
        found = [list(reader.rows(s, width)) for s in reader.sheets]
        assert reader._blocks is not None
        last = None if width is None else width - 1
        return found, [list(plain.stream_sheet_by_name(s, max_col=last)) for s in plain.sheet_names]
    finally:
        reader.close()
        plain.close()


_TEXTS = st.one_of(
    st.sampled_from(["a", "客户", "<b> & 'x' \"y\"", " ends ", "two\nlines", "\ttab", "_x0041_", "a_x000D_b", "\x7f12", "", "𠮷"]),
    st.text(st.characters(min_codepoint=32, blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=6),
)  # fmt: skip
_CELLS = st.one_of(
    st.none(),
    _TEXTS,
    st.integers(-9, 9),
    st.floats(-9, 9),
    st.booleans(),
    st.dates(min_value=dt.date(1905, 1, 1)),
)
_ROWS = st.lists(st.lists(_CELLS, max_size=5), min_size=1, max_size=40)
_common = settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_common
@given(rows=_ROWS)
def test_workbooks_of_xlsxwriter(tmp_path: Path, rows: list[list[Any]]) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx"), options) as book:
        for turn in (rows, rows[::-1]):
            sheet = book.add_worksheet()
            for number, row in enumerate(turn):
                for i, value in enumerate(row):
                    sheet.write(number, i, value)
            sheet.write_string(len(rows) + 3, 1, "last")
    found, expected = both(tmp_path / "a.xlsx", 5)
    assert found == expected


@_common
@given(rows=st.lists(st.tuples(_TEXTS, st.none() | st.integers(-9, 9), _TEXTS | st.none()), min_size=1, max_size=40))
def test_workbooks_of_rustpy(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    records = ({"k": f"k{i}", "a": a, "n": n, "b": b} for i, (a, n, b) in enumerate(rows))
    rustpy_xlsxwriter.write_worksheet(records, str(tmp_path / "a.xlsx"), dedupe_strings=True)
    found, expected = both(tmp_path / "a.xlsx", 5)
    assert found == expected


def written(path: Path, *sheets: tuple[str, list[list[Any]]]) -> Path:
    """A workbook with shared strings; texts that begin with `=` are formulas without a result."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for i, value in enumerate(row):
                    sheet.write(number, i, value)
    return workbooks.bend(path, "xl/worksheets/", lambda xml: xml.replace(b"</f><v>0</v>", b"</f>"))


def _with_strings(path: Path, items: list[bytes], order: list[int]) -> Path:
    """A workbook whose texts are `items` as XML, one a row in `order`."""
    written(path, ("S", [["x"]]))
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>%d</v></c></row>' % (i, i, n) for i, n in enumerate(order, 1))
    name = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    workbooks.bend(
        path, "xl/worksheets/", lambda xml: b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (name, cells)
    )
    return workbooks.bend(path, "xl/sharedStrings", lambda xml: b"<sst %b>%b</sst>" % (name, b"".join(items)))


def test_texts_of_every_form_are_what_they_are_to_the_reader_in_memory(tmp_path: Path) -> None:
    odd = [
        b"<si><t> trimmed? </t></si>", b'<si><t xml:space="preserve"> kept </t></si>', b"<si><t>a&amp;b&lt;&#39;&quot;&amp;lt;</t></si>",
        b"<si><t>_x0041_ _x000D_ _x005F_x0041_</t></si>", b"<si/>", b"<si><t/></si>", b"<si></si>", b"\n<si>\n <t>a</t>\n</si>\n",
        b"<si><r><t>rich</t></r><r><rPr><b/></rPr><t xml:space='preserve'> text</t></r></si>", b"<si><t>\xe6\xbc\xa2</t><rPh sb='0' eb='1'><t>kana</t></rPh></si>",
        b"<si><t>a\r\nb\nc</t></si>",
    ]  # fmt: skip
    items = odd + [b"<si><t>plain %d</t></si>" % i for i in range(200)] + odd
    chance = random.Random(1)
    order = list(range(len(items))) + [chance.randrange(len(items)) for _ in range(300)]
    found, expected = both(_with_strings(tmp_path / "a.xlsx", items, order))
    assert found == expected
    assert found[0][0] == ["trimmed?"]


def test_cells_written_in_an_unusual_way_are_found_too(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", ("S", [HEADER, *([f"k{i}", f"n{i}"] for i in range(40))]))
    turns = iter([b"<c t='s' r=", b'<c t = "s" r=', b'<c t="s" r='] * 200)

    def bend(xml: bytes) -> bytes:
        xml = re.sub(rb'<c r=("[A-Z]+\d+") t="s">', lambda m: next(turns) + m[1] + b">", xml)
        return re.sub(rb"<v>(\d+)</v>", rb"\n<v> \1 </v>", xml)

    workbooks.bend(path, "xl/worksheets/", bend)
    found, _ = both(path, 2)
    assert found[0] == [HEADER[:2], *([f"k{i}", f"n{i}"] for i in range(40))]


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="A%d" t="s" s="0"><v>%d</v></c>', b'<c r="A%d" s="0" t="s"><v>00%d</v></c>', b'<c t="s" r="A%d" ><v >%d</v ></c >',
        b'<c r="A%d" t="s" /><c t="s"></c><c t="s"><v>%d</v></c>', b'<c r="A%d" t="str"><f>IF(C1="s","\'s\'",1)</f><v>x</v></c><c t="s"><v>%d</v></c>',
        b'<c r="A%d" t="inlineStr"><is><t>t="s"> t="s"</t></is></c><c t="s"><v>%d</v></c>',
        b'<c r="A%d"/><c t="inlineStr"><is><t><![CDATA[ t="s"><v>7</v>]]></t></is></c><c t="s"><v>%d</v></c>', b'<c r="A%d" t="s"><f>B1</f><v>%d</v></c>',
    ],
)  # fmt: skip
def test_cells_are_what_they_are_to_the_reader_in_memory(tmp_path: Path, cell: bytes) -> None:
    path = written(tmp_path / "a.xlsx", ("S", [[f"k{i}"] for i in range(40)]))
    rows = b"".join(b'<row r="%d">%b</row>' % (i, cell % (i, 40 - i)) for i in range(1, 41))
    workbooks.bend(path, "xl/worksheets/", lambda xml: re.sub(rb"<row.*</row>", lambda _: rows, xml, flags=re.DOTALL))
    reader = Calamine(path, "xlsx")
    plain = calamine.CalamineWorkbook.from_path(str(path))
    assert [row[:3] for row in reader.rows("S", 3)] == list(plain.stream_sheet_by_name("S", max_col=2))
    reader.close()


@pytest.mark.parametrize("bent", ["no numbers", "other prefix", "character data"])
def test_a_workbook_of_another_form_is_read_as_ever(tmp_path: Path, bent: str) -> None:
    rows = [HEADER, *([f"k{i}", f"n{i}", None, i] for i in range(60))]
    path = written(tmp_path / "a.xlsx", ("S", rows))
    if bent == "no numbers":
        workbooks.bend(path, "xl/worksheets/", lambda xml: re.sub(rb' r="[A-Z]*(?:[3-9]|\d\d)"', b"", xml))
    elif bent == "character data":
        workbooks.bend(path, "xl/sharedStrings", lambda xml: xml.replace(b"<t>n7<", b"<t><![CDATA[n7]]><"))
    else:
        workbooks.bend(
            path,
            "xl/sharedStrings",
            lambda xml: re.sub(rb"<(/?)(s|t)", rb"<\1x:\2", xml).replace(b"xmlns=", b"xmlns:x="),
        )
    with open_source(path) as source:
        assert [row[1] for row in read_all(source)[1]] == [f"n{i}" for i in range(60)]


def test_formulas_without_a_result_are_told_in_every_block(tmp_path: Path) -> None:
    rows = [HEADER, *([f"k{i}", "x", None, f"={i}+1" if i % 20 == 19 else i] for i in range(100))]
    path = written(tmp_path / "a.xlsx", ("S", rows))
    good, rejected = check_all(path, CUSTOMERS_SCHEMA)
    assert [r.number for r in rejected] == [21, 41, 61, 81, 101]
    assert {p.code for r in rejected for p in r.problems} == {"formula_without_value"}
    assert len(good) == 95
    workbooks.bend(path, "xl/worksheets/", lambda xml: xml.replace(b"<f>99+1</f>", b'<f t="shared" si="0"/>'))
    reader = Calamine(path, "xlsx")
    assert isinstance(list(reader.rows("S", 4))[100][3], Uncalculated)
    reader.close()


def test_merged_cells_hidden_sheets_and_checkpoints_work_in_blocks(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        for name in ("A", "B", "hidden"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, HEADER)
            for i in range(30):
                sheet.write_string(i + 1, 0, f"{name}{i}")
            for i in range(0, 30, 5):
                sheet.merge_range(i + 1, 1, i + 5, 1, "merged")
        sheet.hide()
    with open_source(tmp_path / "a.xlsx", ReadOptions(schema=CUSTOMERS_SCHEMA)) as source:
        assert source.info.reading == ("A", "B")
        rows = [row[:2] for batch in source.batches(4) for row in batch.rows]
        assert rows == [[f"{n}{i}", "merged"] for n in "AB" for i in range(30)]
        assert [row[:2] for batch in source.batches(4, skip=37) for row in batch.rows] == rows[37:]
        assert source.total_rows == 60


def test_damage_is_told_as_damage(tmp_path: Path) -> None:
    rows = [HEADER, *([f"k{i}", f"n{i}"] for i in range(300))]
    cases = {
        "xl/worksheets/": lambda xml: xml[: len(xml) // 2] + b"<<<>>>" + xml[len(xml) // 2 :],
        "xl/sharedStrings": lambda xml: xml.replace(b"</si>", b"", 1),
        "xl/worksheets/sheet1": lambda xml: xml.replace(b"<v>299</v>", b"<v>999999</v>"),
    }
    for number, (part, change) in enumerate(cases.items()):
        path = workbooks.bend(written(tmp_path / f"{number}.xlsx", ("S", rows)), part, change)
        with pytest.raises(TableError) as caught, open_source(path) as source:
            read_all(source)
        assert caught.value.code == "damaged_workbook", part


def test_a_row_at_the_far_end_costs_blank_rows_and_no_memory(tmp_path: Path) -> None:
    rows = [HEADER, ["1", "x"]]
    path = written(tmp_path / "a.xlsx", ("S", rows))
    far = b'<row r="1048576"><c r="B1048576" t="s"><v>0</v></c></row></sheetData>'
    workbooks.bend(path, "xl/worksheets/", lambda xml: xml.replace(b"</sheetData>", far))
    with open_source(tmp_path / "a.xlsx") as source:
        assert read_all(source)[0] == [2, 1_048_576]


def test_the_temporary_file_is_gone_with_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_strings, "_MEMORY", 10)
    monkeypatch.setattr(shared_strings, "_NUMBERS", 3)
    path = written(tmp_path / "a.xlsx", ("S", [HEADER, ["1", "x"]]))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with open_source(path) as source:
        read_all(source)
        held = source._adapter._blocks.strings._file  # type: ignore[union-attr]
        assert held is not None
        assert not held.closed
    assert held.closed
    assert not list((tmp_path / "scratch").iterdir())
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
