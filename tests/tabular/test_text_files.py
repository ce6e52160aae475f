# ruff: noqa: E501  (a file a line reads as a table)
"""Text files: encodings and delimiters found without asking, errors told with the place, rows counted as Excel does."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tabular.errors import TableError
from tabular.source import ReadOptions, open_source
from tests.tabular.schemas import CUSTOMERS_SCHEMA, check_all, read_all

SIMPLIFIED = "客户编号,客户名称,地址\n001,深圳市华信科技有限公司,广东省深圳市南山区科技园南路12号\n002,北京博雅医疗器械股份公司,北京市海淀区中关村大街1号\n"
TRADITIONAL = (
    "客戶編號,客戶名稱,地址\n001,臺灣電子股份有限公司,臺北市信義區市府路45號\n002,香港貿易發展公司,香港九龍彌敦道88號\n"
)
WESTERN = "customer id,name,address\n001,Müller & Söhne,Königstraße 5\n002,Société Générale,Rue de l’Église 3\n003,Peña Nieto,Calle Año 7\n"
JAPANESE = "番号,名称,住所\n" + "".join(
    f"{i},株式会社ひかりデザイン,とうきょうとちよだくまるのうち\n" for i in range(9)
)
RUSSIAN = "код,название,адрес\n" + "".join(
    f"{i},Общество с ограниченной ответственностью Ромашка,город Москва улица Ленина дом\n" for i in range(9)
)


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def refused(path: Path, **options) -> TableError:
    with pytest.raises(TableError) as caught, open_source(path, ReadOptions(**options)) as source:
        read_all(source)
    return caught.value


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (SIMPLIFIED, "utf-8"), (SIMPLIFIED, "utf-8-sig"), (SIMPLIFIED, "utf-16"), (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"), (TRADITIONAL, "big5"), (TRADITIONAL, "utf-8"), (TRADITIONAL, "gb18030"),
        (WESTERN, "cp1252"), (WESTERN, "utf-8"), (WESTERN, "utf-16"), (SIMPLIFIED, "utf-32"),
        (JAPANESE, "shift_jis"), (RUSSIAN, "cp1251"),
    ],
)  # fmt: skip
def test_the_encoding_is_found_without_asking(tmp_path: Path, content: str, encoding: str) -> None:
    with open_source(written(tmp_path / "a.csv", content, encoding)) as source:
        _, rows = read_all(source)
        assert [list(source.info.headers), *rows] == [line.split(",") for line in content.splitlines()]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_found(tmp_path: Path, encoding: str) -> None:
    content = "customer id,name\n" + "".join(f"{i},name {i}\n" for i in range(20))
    with open_source(written(tmp_path / "a.csv", content, encoding)) as source:
        assert source.info.encoding == encoding
        assert len(read_all(source)[1]) == 20


def test_chinese_that_begins_after_megabytes_of_ascii_is_still_found(tmp_path: Path) -> None:
    lines = "".join(f"{i},plain name {i},somewhere\n" for i in range(60_000))
    path = written(
        tmp_path / "a.csv",
        "编号,name,address\n".replace("编号", "id") + lines + "9,深圳市华信科技,广东省深圳市\n",
        "gb18030",
    )
    assert path.stat().st_size > 1 << 20
    with open_source(path) as source:
        assert source.info.encoding == "gb18030"
        assert read_all(source)[1][-1] == ["9", "深圳市华信科技", "广东省深圳市"]


@pytest.mark.parametrize("name", ["GBK", "gb2312", "GB18030", "ANSI", "cp936"])
def test_an_encoding_may_be_given_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    with open_source(written(tmp_path / "a.csv", SIMPLIFIED, "gbk"), ReadOptions(encoding=name)) as source:
        assert source.info.headers == ("客户编号", "客户名称", "地址")


def test_a_wrong_encoding_is_told_with_the_byte_and_the_line(tmp_path: Path) -> None:
    content = b"id,name\n1,ok\n2,\xb0\xa1\n"
    error = refused(written(tmp_path / "a.csv", content), encoding="utf-8")
    assert error.code == "wrong_encoding"
    assert (error.values["line"], error.values["byte"]) == (3, content.index(b"\xb0") + 1)
    assert error.values["encoding"] == "utf-8"


def test_a_misfit_behind_many_chunks_is_told_with_the_right_byte(tmp_path: Path) -> None:
    good = ("编号,名称\n" + "1,某某\n" * 400_000).encode()
    error = refused(written(tmp_path / "a.csv", good + b"2,\xff\n"), encoding="utf-8")
    assert (error.values["line"], error.values["byte"]) == (400_002, len(good) + 3)


def test_an_unknown_encoding_and_an_impossible_delimiter_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", SIMPLIFIED)
    assert refused(path, encoding="klingon").code == "unknown_encoding"
    assert refused(path, delimiter=",,").code == "bad_delimiter"
    assert refused(path, delimiter='"').code == "bad_delimiter"


def test_a_mark_at_the_start_is_no_part_of_the_first_name_even_when_utf_8_was_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", codecs.BOM_UTF8 + SIMPLIFIED.encode())
    for encoding in (None, "utf-8", "utf8", "UTF-8"):
        with open_source(path, ReadOptions(encoding=encoding)) as source:
            assert source.info.headers[0] == "客户编号"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_although_others_stand_in_values(tmp_path: Path, delimiter: str) -> None:
    others = "".join(d for d in ",;|" if d != delimiter)
    rows = [["编号", "名称", "备注"], *([str(i), f"a{others}b", f"{others} c {i}"] for i in range(30))]
    path = written(tmp_path / "a.txt", "\n".join(delimiter.join(r) for r in rows))
    with open_source(path) as source:
        assert source.info.delimiter == delimiter
        assert read_all(source)[1] == rows[1:]


def test_excels_own_line_for_the_separator_is_obeyed_and_counted(tmp_path: Path) -> None:
    with open_source(written(tmp_path / "a.csv", "sep=;\n编号;名称\n1;a,b\n")) as source:
        assert source.info.delimiter == ";"
        assert read_all(source) == ([3], [["1", "a,b"]])


def test_a_file_of_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    with open_source(written(tmp_path / "a.csv", "名称\n张三\n李四\n")) as source:
        assert source.info.headers == ("名称",)
        assert read_all(source)[1] == [["张三"], ["李四"]]


def test_a_character_in_some_values_of_one_column_is_no_delimiter(tmp_path: Path) -> None:
    with open_source(written(tmp_path / "a.csv", "名称\n张三|李四\n王五\nx\ny|z\nw\n")) as source:
        assert source.info.headers == ("名称",)
        assert read_all(source)[1] == [["张三|李四"], ["王五"], ["x"], ["y|z"], ["w"]]


def test_rows_are_numbered_as_excel_shows_them_with_blank_and_broken_lines(tmp_path: Path) -> None:
    content = '标题\n\n编号,名称\n1,"two\nlines"\n\n,\n编号,名称\n2,b\n'
    with open_source(written(tmp_path / "a.csv", content)) as source:
        numbers, rows = read_all(source)
    assert numbers == [4, 8]
    assert rows == [["1", "two\nlines"], ["2", "b"]]


def test_short_rows_are_filled_up_and_empty_trailing_cells_are_no_surplus(tmp_path: Path) -> None:
    with open_source(written(tmp_path / "a.csv", "a,b,c\n1,2\n3,4,5,,\n6\n")) as source:
        [batch] = source.batches()
    assert batch.rows == [["1", "2", ""], ["3", "4", "5"], ["6", "", ""]]
    assert not batch.surplus


def test_a_row_with_too_many_cells_is_rejected_where_its_values_may_have_shifted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "编号,名称,地址,城市\n1,a,x,Paris\n2,b,Rue 1,2nd floor,Paris\n")
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert len(good) == 1
    assert rejected.number == 3
    assert rejected.cells == ["2", "b", "Rue 1", "2nd floor", "Paris"]
    [problem] = rejected.problems
    assert (problem.code, problem.values) == ("too_many_cells", {"count": 5, "columns": 4})


def test_a_comma_with_a_space_in_an_unquoted_value_is_mended_and_marked(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "编号,名称,地址,城市\n1,a,Rue 1, 2nd floor,Paris\n")
    with open_source(path) as source:
        [batch] = source.batches()
    assert batch.rows == [["1", "a", "Rue 1, 2nd floor", "Paris"]]
    assert batch.mended == {0}


def test_a_quotation_mark_that_never_closes_costs_its_own_row_and_no_other(tmp_path: Path) -> None:
    lines = [f"P{i:04},公司{i},好" for i in range(1000)]
    lines[989] = 'P0989,公司,"单引号没有结束'
    path = written(tmp_path / "a.csv", "编号,名称,地址\n" + "\n".join(lines))
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert [row[0] for row in good] == [f"P{i:04}" for i in range(1000) if i != 989]
    assert (rejected.number, rejected.cells) == (991, ["P0989", "公司", '"单引号没有结束'])
    [problem] = rejected.problems
    assert (problem.code, problem.header, problem.values["line"]) == ("unclosed_quote", "地址", 991)


@pytest.mark.parametrize("following", ['"x","y",z', 'x,"y",z', 'x,"y', 'x,"",z', 'x,"a, b",z'])
def test_quotation_marks_further_on_do_not_close_one_that_was_left_open(tmp_path: Path, following: str) -> None:
    plain = "".join(f"{i},a{i},b\n" for i in range(10, 20))
    path = written(tmp_path / "a.csv", f'编号,名称,地址\n1,a,"open\n{plain}{following}\n{plain}')
    with open_source(path) as source:
        numbers, rows = read_all(source)
        [batch] = source.batches()
    assert numbers == list(range(2, 24))
    assert rows[0][:3] == ["1", "a", '"open']
    assert [row[0] for row in rows[1:11]] == [str(i) for i in range(10, 20)]
    assert [row[0] for row in rows[12:]] == [str(i) for i in range(10, 20)]
    assert batch.surplus == ({0, 11} if following == 'x,"y' else {0})


def test_a_quotation_mark_left_open_in_front_of_more_text_than_a_cell_takes_costs_one_row(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '编号,名称\n1,2\n3,"open\n' + "x,y\n" * 60_000)
    with open_source(path) as source:
        numbers, rows = read_all(source)
    assert numbers == list(range(2, 60_004))
    assert rows[:3] == [["1", "2"], ["3", '"open'], ["x", "y"]]


def test_an_open_quotation_mark_in_a_row_whose_columns_are_not_taken_still_rejects_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '编号,名称,无关\n1,a,"open\n2,b,c\n')
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert (len(good), [p.code for p in rejected.problems]) == (1, ["unclosed_quote"])


def test_cells_of_several_lines_and_oddly_quoted_ones_are_read_as_ever_before_and_behind_an_open_one(
    tmp_path: Path,
) -> None:
    sound = '1,"two\nlines, ""quoted""\n\nend",z\r\n2,"a" b,z\n3,5" pipe,z\n\n4,"",z\n'
    path = written(tmp_path / "a.csv", f'编号,名称,地址\n{sound}9,"open,z\n{sound}')
    with open_source(path) as source:
        numbers, rows = read_all(source)
    expected = [
        ["1", 'two\nlines, "quoted"\n\nend', "z"], ["2", "a b", "z"], ["3", '5" pipe', "z"], ["4", "", "z"],
    ]  # fmt: skip
    assert rows == [*expected, ["9", '"open', "z"], *expected]
    assert numbers == [2, 3, 4, 6, 7, 8, 9, 10, 12]


def test_one_line_longer_than_a_cell_may_be_is_told_with_its_row(tmp_path: Path) -> None:
    error = refused(written(tmp_path / "a.csv", "a,b\n1,2\n3," + "x" * 200_000 + "\n4,5\n"))
    assert (error.code, error.values["row"]) == ("cell_too_long", 3)


def test_a_stream_of_nothing_but_blank_lines_has_no_rows(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "a.csv", "\n\n , ,\n")).code == "no_rows"
    assert refused(written(tmp_path / "b.csv", "编号,名称\n\n")).code == "no_rows"


def test_how_much_is_read_runs_from_nothing_to_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id,name\n" + "".join(f"{i},{'x' * 50}\n" for i in range(50_000)))
    with open_source(path) as source:
        assert source.total_rows == 50_000
        shares = [source.position() for _ in source.batches(1000)]
    assert all(s is not None for s in shares)
    assert shares == sorted(shares)
    assert shares[0] < 0.2
    assert shares[-1] > 0.95


def test_a_nul_in_a_text_is_a_problem_of_the_row_not_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "编号,名称\n1,a\x00b\n2,c\n", "utf-8-sig")
    good, [rejected] = check_all(path, CUSTOMERS_SCHEMA)
    assert [p.code for p in rejected.problems] == ["bad_character"]
    assert len(good) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("junk", [b"\x1a", b"\0" * 300, b"\r\n\x1a\0\0"])
def test_marks_and_zeros_that_old_programs_put_behind_the_text_are_no_row(
    tmp_path: Path, encoding: str, junk: bytes
) -> None:
    path = written(tmp_path / "a.csv", SIMPLIFIED.encode(encoding) + junk)
    with open_source(path) as source:
        assert read_all(source)[0] == [2, 3]
    wide = written(tmp_path / "b.csv", SIMPLIFIED.encode("utf-16") + "ĀĀ".encode("utf-16-le"))
    with open_source(wide) as source:
        assert read_all(source)[1][-1] == ["ĀĀ", "", ""]
