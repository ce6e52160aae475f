# ruff: noqa: E501, DTZ001  (a row a line reads as a table; workbooks know no zones)
"""The traps that workbooks of other programs hold, each shown once."""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tabular import merges
from tabular.errors import TableError
from tabular.source import ReadOptions, open_source
from tabular.survey import survey
from tabular.workbook import Openpyxl
from tests.tabular import workbooks
from tests.tabular.schemas import BILLS, CUSTOMERS_SCHEMA, check_all, read_all

HEADER = ["客户编号", "客户名称", "签约日期", "信用额度"]
NAMES = [f.name for f in CUSTOMERS_SCHEMA.fields]


def refused(path: Path, **options) -> TableError:
    with pytest.raises(TableError) as caught, open_source(path, ReadOptions(**options)) as source:
        read_all(source)
    return caught.value


def records(path: Path, **options) -> list[dict[str, object]]:
    good, rejected = check_all(path, CUSTOMERS_SCHEMA, ReadOptions(**options))
    assert not rejected
    return [{n: v for n, v in zip(NAMES, row, strict=True) if v is not None} for row in good]


# --- what is no workbook ---------------------------------------------------------------------------------------------


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").touch()
    assert refused(tmp_path / "a.xlsx").code == "empty_file"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path / "gone.xlsx")
    assert (error.code, error.values["file"]) == ("file_unreadable", "gone.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 ...",
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        *(random.Random(seed).randbytes(64) + bytes(4000) for seed in range(20)),
        b"\n" * 64 + bytes(4000),
    ],
)
def test_another_sort_of_file_under_the_name_of_a_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    assert refused(tmp_path / "a.xlsx").code == "not_a_workbook"


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refused(tmp_path / "a.xlsx").code == "not_a_workbook"


def test_a_binary_workbook_is_refused_with_advice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsb", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"\0")
    assert refused(tmp_path / "a.xlsb").code == "not_a_workbook"


def test_an_old_workbook_with_a_broken_inside_is_called_damaged_not_a_crash(tmp_path: Path) -> None:
    for content in (bytes(5000), b"\xff" * 5000, random.Random(1).randbytes(5000)):
        (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + content)
        assert refused(tmp_path / "a.xls").code == "damaged_workbook"


def test_a_panic_of_the_fast_reader_is_a_damaged_file_and_other_interruptions_go_on(tmp_path: Path) -> None:
    from tabular.workbook import _is_fault_of_file

    panic = type("PanicException", (BaseException,), {})
    assert _is_fault_of_file(panic("range start index 4 out of range"))
    assert not _is_fault_of_file(KeyboardInterrupt())
    assert not _is_fault_of_file(MemoryError())


def test_a_web_page_named_xls_is_told_from_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_text("<html><table><tr><td>编号</td></tr></table></html>", "utf-8")
    assert refused(tmp_path / "a.xls").code == "web_page_not_workbook"


def test_text_under_the_name_of_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes("客户编号\t客户名称\r\n001\t张三\r\n".encode("gb18030"))
    assert records(tmp_path / "a.xls") == [{"customer_no": "001", "name": "张三"}]


def test_a_password_is_said_to_be_the_reason(tmp_path: Path) -> None:
    # The head of an OLE container and its directory's entry are what an encrypted workbook shows to others.
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    (tmp_path / "a.xlsx").write_bytes(content)
    assert refused(tmp_path / "a.xlsx").code == "encrypted_workbook"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_workbook_cut_off_on_its_way_is_called_damaged(tmp_path: Path, share: float) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, *([str(i), "x"] for i in range(500))]))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refused(path).code == "damaged_workbook"


def test_a_workbook_whose_sheet_is_garbled_is_called_damaged(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, *([str(i), "x"] for i in range(5000))]))
    workbooks.bend(path, "xl/worksheets/", lambda xml: xml[: len(xml) // 2] + b"<<<>>>" + xml[len(xml) // 2 :])
    assert refused(path).code == "damaged_workbook"


def test_an_archive_blown_up_beyond_any_table_is_not_opened(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, ["1", "x"]]))
    workbooks.bend(path, "xl/worksheets/", lambda xml: xml + b" " * (300 << 20))
    assert refused(path).code == "suspicious_workbook"


def test_a_workbook_with_a_header_and_no_rows_says_so(tmp_path: Path) -> None:
    assert refused(workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER]))).code == "no_rows"
    assert refused(workbooks.write(tmp_path / "b.xlsx", ("S", []))).code == "no_rows"


def test_an_unknown_sheet_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("客户", [HEADER, ["1", "x"]]), ("其他", []))
    error = refused(path, sheet="客戶")
    assert (error.code, error.values["sheets"]) == ("sheet_not_found", ["客户", "其他"])


# --- extents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["A1", "A1:B2", "A1:XFD1048576", None])
def test_a_wrong_or_missing_extent_loses_no_row_and_no_column(tmp_path: Path, reference: str | None) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, *([str(i), f"n{i}", None, i] for i in range(1, 301))]))
    workbooks.with_dimension(path, reference)
    found = records(path)
    assert [r["name"] for r in found] == [f"n{i}" for i in range(1, 301)]
    assert found[-1]["credit_limit"] == Decimal(300)


def test_a_stray_cell_in_the_last_corner_neither_aborts_nor_eats_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(["1", "x"])
    book.active["XFD1048576"] = "stray"
    book.save(tmp_path / "a.xlsx")
    # In a process of its own with bounded memory: the whole grid would need 100 GB.
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from tabular.source import open_source\n"
        "print([b.rows for b in open_source(sys.argv[1]).batches()])"
    )
    done = subprocess.run(
        [os.sys.executable, "-c", script, str(tmp_path / "a.xlsx")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip() == "[[['1', 'x', '', '']]]"


# --- where the data stands -------------------------------------------------------------------------------------------


def test_the_header_is_found_under_title_lines_and_merged_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["2024 年客户清单"],
        ["导出时间：", "2024-03-05", "单位：", "元"],
        [],
        HEADER,
        ["007", "张三", None, 12.5],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert (source.info.header_row, list(source.info.headers)) == (4, HEADER)
        assert read_all(source)[0] == [5]


def test_a_header_of_two_rows_gives_each_column_its_own_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["客户编号", "客户名称", "联系方式", None, "备注"],
        [None, None, "电话", "邮箱", None],
        ["1", "x", "13800138000", "a@b.cn", "n"],
    ):
        book.active.append(row)
    for cells in ("A1:A2", "B1:B2", "C1:D1", "E1:E2"):
        book.active.merge_cells(cells)
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert source.info.headers == ("客户编号", "客户名称", "电话", "邮箱", "备注")
        assert read_all(source)[0] == [3]


def test_a_group_at_the_right_end_of_the_header_is_split_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["客户编号", "客户名称", "联系方式"],
        [None, None, "电话", "邮箱"],
        ["1", "x", "13800138000", "a@b.cn"],
    ):
        book.active.append(row)
    book.active.merge_cells("C1:D1")
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert source.info.headers == ("客户编号", "客户名称", "电话", "邮箱")


def _with_merged_contacts(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["客户编号", "客户名称", "联系人", "城市"])
    for i in range(2, 12):
        sheet.append([f"K{i}", f"公司{i}", f"联系{i}", "北京" if i == 9 else None])
    sheet.merge_cells("C5:C8")
    sheet.merge_cells("C9:D10")
    sheet.merge_cells("D2:D3")
    sheet.merge_cells("A11:B11")
    book.save(path)
    return path


@pytest.mark.parametrize("reader", ["fast", "forgiving"])
@pytest.mark.parametrize("size", [1, 3, 2000])
def test_a_cell_merged_over_rows_has_its_value_in_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, size: int
) -> None:
    path = _with_merged_contacts(tmp_path / "a.xlsx")
    if reader == "forgiving":
        monkeypatch.setattr("tabular.source.open_workbook", lambda path, sort: Openpyxl(path))
    expected = ["联系2", "联系3", "联系4", "联系5", "联系5", "联系5", "联系5", "联系9", "联系9", "联系11"]
    with open_source(path) as source:
        rows = [row for batch in source.batches(size) for row in batch.rows]
        assert [row[2] for row in rows] == expected
        assert [row[3] or "" for row in rows] == [""] * 10
        # Where an import goes on behind a checkpoint, the value above it still counts.
        assert [row[2] for batch in source.batches(size, skip=5) for row in batch.rows] == expected[5:]


def test_a_merged_cell_does_not_make_rows_of_blank_ones(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["客户编号", "客户名称", "联系人"], ["1", "a", "张三"], [None], ["2", "b"], ["3", "c"]):
        book.active.append(row)
    book.active.merge_cells("C2:C4")
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert read_all(source) == ([2, 4, 5], [["1", "a", "张三"], ["2", "b", "张三"], ["3", "c", ""]])


def test_merged_cells_are_found_at_every_cut_between_two_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _with_merged_contacts(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        part = next(n for n in archive.namelist() if n.startswith("xl/worksheets/sheet"))
    for size in (7, 64, 100, 1 << 20):
        monkeypatch.setattr("tabular.survey._CHUNK", size)
        assert merges.of_ranges(survey(path, part).merged) == [(1, 3, 2), (4, 2, 7), (8, 2, 9)]


def test_a_data_row_with_gaps_is_not_taken_for_a_second_header_row(tmp_path: Path) -> None:
    path = workbooks.write(
        tmp_path / "a.xlsx",
        ("S", [["编号", "名称", None, "备注"], [None, "李四", "extra", None], ["2", "x", None, None]]),
    )
    with open_source(path) as source:
        assert source.info.headers == ("编号", "名称", "", "备注")
        assert read_all(source)[0] == [2, 3]


def test_rows_bear_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    rows = [["title"], [], HEADER, ["1", "a"], [], [None, "  ", "\u3000"], HEADER, ["2", "b"], [], ["3", "c"]]
    path = workbooks.write(tmp_path / "a.xlsx", ("S", rows))
    with open_source(path) as source:
        numbers, cells = read_all(source)
    assert numbers == [4, 8, 10]
    assert [c[:2] for c in cells] == [["1", "a"], ["2", "b"], ["3", "c"]]


def test_rows_are_counted_from_the_top_in_xls_and_ods_like_in_xlsx(tmp_path: Path) -> None:
    path = _ods(tmp_path / "a.ods", [[], [], ["客户编号", "客户名称"], ["007", "张三"], [], ["008", "李四"]])
    with open_source(path) as source:
        assert source.info.format == "ods"
        assert source.info.header_row == 3
        assert read_all(source) == ([4, 6], [["007", "张三"], ["008", "李四"]])


def test_sheets_with_the_same_header_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = workbooks.write(
        tmp_path / "a.xlsx",
        ("封面", [["客户资料"], ["制表：", "王五"]]),
        ("一月", [HEADER, ["1", "a"], ["2", "b"]]),
        ("汇总", [["部门", "数量"], ["销售", 3]]),
        ("二月", [["标题"], HEADER, ["3", "c"]]),
    )
    with open_source(path) as source:
        assert source.info.reading == ("一月", "二月")
        assert source.info.sheets == ("封面", "一月", "汇总", "二月")
        batches = list(source.batches())
    assert [(b.sheet, b.numbers) for b in batches] == [("一月", [2, 3]), ("二月", [3])]
    with open_source(path, ReadOptions(sheet="汇总")) as source:
        assert read_all(source) == ([2], [["销售", 3]])


def test_reading_goes_on_where_a_checkpoint_stands_over_all_sheets(tmp_path: Path) -> None:
    path = workbooks.write(
        tmp_path / "a.xlsx",
        ("A", [HEADER, *([str(i), "x"] for i in range(10))]),
        ("B", [HEADER, *([str(i), "x"] for i in range(10, 20))]),
    )
    with open_source(path) as source:
        every = [row[0] for batch in source.batches(3) for row in batch.rows]
        assert every == [str(i) for i in range(20)]
        for skip in (0, 1, 9, 10, 11, 19, 20, 25):
            assert [row[0] for batch in source.batches(4, skip) for row in batch.rows] == every[skip:]


def test_hidden_rows_are_data_and_hidden_sheets_are_not(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("A", [HEADER, ["1", "a"], ["2", "b"]]), ("B", [HEADER, ["3", "c"]]))
    book = openpyxl.load_workbook(path)
    book["A"].row_dimensions[2].hidden = True
    book["B"].sheet_state = "hidden"
    book.save(path)
    assert [r["customer_no"] for r in records(path)] == ["1", "2"]
    assert [r["customer_no"] for r in records(path, sheet="B")] == ["3"]


def test_a_sheet_whose_first_rows_are_blank_for_long_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.cell(600, 1, "late")
    book.active.cell(600, 2, "x")
    book.save(tmp_path / "a.xlsx")
    with open_source(tmp_path / "a.xlsx") as source:
        assert read_all(source)[0] == [600]


# --- what cells hold -------------------------------------------------------------------------------------------------


def test_text_stays_text_and_numbers_in_text_columns_lose_no_zero_and_gain_no_point(tmp_path: Path) -> None:
    path = workbooks.write(
        tmp_path / "a.xlsx",
        ("S", [["客户编号", "客户名称", "证件号码", "邮编"], ["007", "1e5", "110105194912310029", "05021"], [1024, 2.5, "x", 5021.0]]),
    )  # fmt: skip
    first, second = records(path)
    assert first == {"customer_no": "007", "name": "1e5", "id_number": "110105194912310029", "postal_code": "05021"}
    assert second == {"customer_no": "1024", "name": "2.5", "id_number": "x", "postal_code": "5021"}


def test_digits_that_excel_has_already_lost_are_told_not_loaded(tmp_path: Path) -> None:
    path = workbooks.write(
        tmp_path / "a.xlsx", ("S", [["客户编号", "客户名称", "证件号码"], ["1", "x", 110105194912310029]])
    )
    _, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert [(p.field, p.code) for p in rejected.problems] == [("id_number", "digits_lost")]


def test_error_cells_are_problems_and_words_for_nothing_are_empty(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["客户编号", "客户名称", "城市", "信用额度"])
    book.active.append(["1", "a", "#N/A", "#DIV/0!"])
    for cell in (book.active["C2"], book.active["D2"]):
        cell.data_type = "e"
    book.active.append(["2", "b", "NULL", "-"])
    book.active.append(["3", "c", "N/A", "——"])
    book.save(tmp_path / "a.xlsx")
    good, [rejected] = check_all(tmp_path / "a.xlsx", CUSTOMERS_SCHEMA)
    assert [(p.field, p.code, p.cell) for p in rejected.problems] == [
        ("city", "error_cell", "#N/A"),
        ("credit_limit", "error_cell", "#DIV/0!"),
    ]
    assert [[v for v in row if v is not None] for row in good] == [["2", "b"], ["3", "c"]]


def test_formulas_give_the_values_that_were_stored_with_them(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["1", "x"])
        sheet.write_formula(1, 3, "=10*2.5", None, 25)
    assert records(path) == [{"customer_no": "1", "name": "x", "credit_limit": Decimal("25.00")}]


def test_a_formula_that_was_never_calculated_is_a_problem_not_an_empty_cell(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, ["1", "x", None, "=10*2.5"], ["2", "y", None, 3]]))
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert [(p.field, p.code) for p in rejected.problems] == [("credit_limit", "formula_without_value")]
    assert len(good) == 1


@pytest.mark.parametrize("epoch", ["1900", "1904"])
def test_dates_of_both_systems_are_the_same_days(tmp_path: Path, epoch: str) -> None:
    book = openpyxl.Workbook()
    if epoch == "1904":
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(HEADER)
    book.active.append(["1", "x", dt.date(2024, 3, 5)])
    book.active.append(["2", "y", dt.datetime(2024, 3, 5, 13, 30)])
    book.active.append(["3", "z", "2024年3月5日"])
    book.save(tmp_path / "a.xlsx")
    assert {r["signed_on"] for r in records(tmp_path / "a.xlsx")} == {dt.date(2024, 3, 5)}


def test_a_date_that_lost_its_format_is_still_that_day_but_not_in_the_1904_system(tmp_path: Path) -> None:
    rows = [HEADER, ["1", "x", 45356], ["2", "y", 20240305]]
    path = workbooks.write(tmp_path / "a.xlsx", ("S", rows))
    assert [r["signed_on"] for r in records(path)] == [dt.date(2024, 3, 5)] * 2
    book = openpyxl.load_workbook(path)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.save(path)
    _, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert [p.code for p in rejected.problems] == ["not_a_date"]


def test_a_column_of_dates_and_texts_and_times_keeps_each(tmp_path: Path) -> None:
    mixed = [dt.date(2024, 1, 2), "2024.3.5", dt.datetime(2024, 3, 5, 23, 59, 59), "20240306", None]
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, *([str(i), "x", d] for i, d in enumerate(mixed))]))
    days = [r.get("signed_on") for r in records(path)]
    assert days == [dt.date(2024, 1, 2), dt.date(2024, 3, 5), dt.date(2024, 3, 5), dt.date(2024, 3, 6), None]


def test_what_calamine_refuses_openpyxl_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbooks.write(tmp_path / "a.xlsx", ("S", [HEADER, ["007", "x", dt.date(2024, 3, 5), 1.5]]))
    workbooks.with_dimension(path, "A1")
    adapter = Openpyxl(path)
    assert [row[:4] for row in adapter.rows("S", 4)] == [HEADER, ["007", "x", dt.datetime(2024, 3, 5), 1.5]]
    adapter.close()


def test_control_characters_written_by_excel_as_escapes_come_back(tmp_path: Path) -> None:
    from tabular.writer import ExportWriter

    row = ("B1", None, 1, None, None, dt.date(2024, 1, 1), None, None, "tab\there _x0041_ \x07bell")
    ExportWriter(tmp_path / "a.xlsx", BILLS, "en", "xlsx").write([row])
    good, _ = check_all(tmp_path / "a.xlsx", BILLS)
    assert good[0][-1] == "tab\there _x0041_ \x07bell"


def _ods(path: Path, rows: list[list[str]]) -> Path:
    def cells(row: list[str]) -> str:
        return "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in row
        )

    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="S">'
        + "".join(f"<table:table-row>{cells(row) or '<table:table-cell/>'}</table:table-row>" for row in rows)
        + "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", mime)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path
