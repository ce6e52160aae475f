"""Spreadsheets of LibreOffice: read in pieces, with what calamine does not tell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tabular.cells import ERRORS
from tabular.errors import TableError
from tabular.ods import Ods
from tabular.source import ReadOptions, open_source
from tabular.workbook import Calamine, sort_of
from tests.tabular.schemas import CUSTOMERS_SCHEMA, DATA, check_all, read_all
from tests.tabular.test_referee import seen

FILES = sorted(path for path in (DATA / "workbooks").glob("*.ods") if "dos" not in path.name)


def _trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    return [row if any(c != "" for c in row) else [] for row in rows]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_real_spreadsheets_are_what_calamine_sees_but_for_errors(path: Path) -> None:
    ours, theirs = Ods(path), Calamine(path, "ods")
    assert (ours.sheets, ours.hidden) == (theirs.sheets, theirs.hidden)
    for sheet in ours.sheets:
        mine = [["" if c in ERRORS else c for c in row] for row in seen(ours.rows(sheet, 40))]
        assert _trimmed(mine) == _trimmed(seen(theirs.rows(sheet, 40)))
    ours.close()
    theirs.close()


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_the_same_table_saved_by_libreoffice_in_three_formats_goes_in_alike(form: str) -> None:
    path = DATA / "workbooks" / f"traps.{form}"
    options = ReadOptions(schema=CUSTOMERS_SCHEMA)
    with open_source(path, options) as source:
        assert (source.info.format, source.info.reading, source.info.header_row) == (form, ("客户",), 4)
        assert read_all(source)[0] == [5, 6, 7, 8, 9, 10, 12]
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA, options)
    assert (rejected.number, [(p.field, p.code, p.cell) for p in rejected.problems]) == (
        12, [("credit_limit", "error_cell", "#DIV/0!")],
    )  # fmt: skip
    names = [f.name for f in CUSTOMERS_SCHEMA.fields]
    rows = [dict(zip(names, row, strict=True)) for row in good]
    assert [r["customer_no"] for r in rows] == ["007", "1e5", "110105194912310029", "K4", "K5", "K6"]
    assert [r["contact"] for r in rows][:3] == ["张三", "张三", None]  # merged over two rows
    assert [r["credit_limit"] for r in rows] == [
        Decimal("1234.50"), Decimal("0.15"), Decimal("12.00"), None, None, Decimal("2469.00"),
    ]  # fmt: skip
    assert {r["signed_on"] for r in rows} == {dt.date(2024, 3, 5)}
    assert [r["level"] for r in rows] == ["A", "B", "C", "D", "A", "A"]
    assert [r["postal_code"] for r in rows][:2] == ["010010", "05021"]


def test_a_sheet_of_many_equal_cells_is_refused_and_not_unrolled() -> None:
    with pytest.raises(TableError) as caught, open_source(DATA / "workbooks" / "issue_594_dos.ods") as source:
        read_all(source)
    assert caught.value.code in ("damaged_workbook", "suspicious_workbook")


def test_a_spreadsheet_cut_off_or_garbled_is_called_damaged(tmp_path: Path) -> None:
    import zipfile

    whole = zipfile.ZipFile(DATA / "workbooks" / "traps.ods")
    content = whole.read("content.xml")
    for name, changed in (("a", content[: len(content) // 2]), ("b", content.replace(b"</table:table-row>", b"<", 3))):
        path = tmp_path / f"{name}.ods"
        with zipfile.ZipFile(path, "w") as archive:
            for part in ("mimetype", "META-INF/manifest.xml"):
                archive.writestr(part, whole.read(part))
            archive.writestr("content.xml", changed)
        assert sort_of(path) == "ods"
        with pytest.raises(TableError) as caught:
            open_source(path)
        assert caught.value.code == "damaged_workbook"


def test_how_much_is_read_runs_to_all() -> None:
    with open_source(DATA / "workbooks" / "traps.ods", ReadOptions(schema=CUSTOMERS_SCHEMA)) as source:
        read_all(source)
        assert source.position() == 1.0
