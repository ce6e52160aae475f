# ruff: noqa: E501  (a part of a workbook a line reads as a table)
"""Sheets read by whole columns hold what they hold to calamine, however their cells are written."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import python_calamine_plus as calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tabular import block_reader, plain_rows
from tabular.errors import TableError
from tabular.source import open_source
from tabular.unpack import unpacked
from tabular.workbook import Calamine
from tests.tabular import workbooks
from tests.tabular.schemas import read_all

_NAME = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_TEXTS = [
    b"<si><t>%b</t></si>" % t
    for t in (b"plain", b" ends ", b"a&amp;b", b"&#65;", b"_x0041_", b"", "客户".encode(), b"two\nlines")
] + [b"<si><r><t>rich</t></r><r><t> text</t></r></si>", b'<si><t xml:space="preserve"> kept </t></si>']

_CELLS = [
    b' t="s"><v>0</v></c>', b' t="s"><v>7</v></c>', b' s="1" t="s"><v>3</v></c>', b' t="s" s="1"><v>2</v></c>', b' t="s"><v>09</v></c>',
    b"><v>5</v></c>", b"><v>5.0</v></c>", b"><v>-0</v></c>", b"><v>1.5E3</v></c>", b"><v>12345678901234567</v></c>", b"><v>0.1</v></c>",
    b' s="1"><v>45295</v></c>', b' s="1"><v>45295.25</v></c>', b' s="2"><v>45295</v></c>', b' s="2" t="n"><v>61</v></c>', b' s="1"><v>0.5</v></c>',
    b' t="b"><v>1</v></c>', b' t="e"><v>#N/A</v></c>', b' t="str"><v> a&lt;b </v></c>', b' t="str"><f>A1</f><v>x</v></c>', b"><f>1+1</f><v>2</v></c>",
    b' t="inlineStr"><is><t> in </t></is></c>', b' t="inlineStr"><is><t xml:space="preserve"> in </t></is></c>',
    b' t="inlineStr"><is><t>a &amp; _x0041_</t></is></c>', b' s="2"/>', b' s="1"></c>', b"><v></v></c>", b' t="d"><v>2024-01-05</v></c>',
]  # fmt: skip
_STYLES = (
    b"<styleSheet %b><fonts count='1'><font/></fonts><fills count='1'><fill/></fills><borders count='1'><border/></borders>"
    b"<cellStyleXfs count='1'><xf numFmtId='0'/></cellStyleXfs><cellXfs count='3'><xf numFmtId='0'/>"
    b"<xf numFmtId='14' applyNumberFormat='1'/><xf numFmtId='2' applyNumberFormat='1'/></cellXfs></styleSheet>" % _NAME
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every workbook is big, every block a few rows, columns are known after a few of them."""
    monkeypatch.setattr(block_reader, "BIG", 0)
    monkeypatch.setattr(block_reader, "_BLOCK", 700)
    monkeypatch.setattr(plain_rows, "_LOOKED_AT", 20)


def made(path: Path, rows: bytes, texts: list[bytes] | None = None) -> Path:
    """A workbook with one sheet of these rows."""
    parts = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": b'<workbook %b xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
        % _NAME,
        "xl/_rels/workbook.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": b"<sst %b>%b</sst>" % (_NAME, b"".join(_TEXTS if texts is None else texts)),
        "xl/worksheets/sheet1.xml": b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (_NAME, rows),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def row(number: int, cells: list[bytes | None], attributes: bytes = b"") -> bytes:
    """A row's XML; None: the cell is left out."""
    inner = (b'<c r="%c%d"%b' % (65 + i, number, c) for i, c in enumerate(cells) if c is not None)
    return b'<row r="%d"%b>%b</row>' % (number, attributes, b"".join(inner))


def both(path: Path, width: int) -> tuple[list[Any], list[Any]]:
    """All rows with values by columns, and by calamine alone; blank rows left out."""
    reader = Calamine(path, "xlsx")
    plain = calamine.CalamineWorkbook.from_path(str(path))
    found = []
    for stretch in reader.stretches("S", width) or ():
        found += [
            (n, list(r)) for n, r in zip(stretch.numbers, zip(*stretch.columns, strict=True), strict=True) if any(c != "" for c in r)
        ]  # fmt: skip
    expected = enumerate(plain.stream_sheet_by_name("S", max_col=width - 1), 1)
    reader.close()
    return _typed(found), _typed([(n, r) for n, r in expected if any(c != "" for c in r)])


def _typed(rows: list[tuple[int, list[Any]]]) -> list[Any]:
    return [(number, [(type(c), c) for c in cells]) for number, cells in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    usual=st.lists(st.sampled_from(_CELLS), min_size=3, max_size=3),
    other=st.lists(st.lists(st.none() | st.sampled_from(_CELLS), min_size=3, max_size=5), max_size=12),
    share=st.integers(1, 12),
)
def test_cells_of_every_kind_among_usual_ones(
    tmp_path: Path, usual: list[bytes], other: list[list[bytes | None]], share: int
) -> None:
    rows: list[list[bytes | None]] = [
        list(usual) if i % share or not other else other[i // share % len(other)] for i in range(80)
    ]
    xml = b"".join(row(2 * i + 1, cells) for i, cells in enumerate(rows))
    found, expected = both(made(tmp_path / "a.xlsx", xml), 3)
    assert found == expected


def test_texts_in_any_order_and_repeated(tmp_path: Path) -> None:
    chance = random.Random(3)
    texts = [b"<si><t>text %d%b</t></si>" % (i, b" &amp; more" * (i % 5 == 0)) for i in range(900)]
    forward = list(range(900))
    for order in (forward, forward[::-1], chance.sample(forward, 900), [chance.randrange(900) for _ in forward], [i // 9 for i in forward]):  # fmt: skip
        xml = b"".join(
            row(i + 1, [b' t="s"><v>%d</v></c>' % n, b' t="s"><v>%d</v></c>' % (n % 7), b"><v>%d</v></c>" % i])
            for i, n in enumerate(order)
        )
        found, expected = both(made(tmp_path / "a.xlsx", xml, texts), 3)
        assert found == expected


def test_plain_rows_are_read_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, refused = [], []
    plain = plain_rows.PlainRows.read

    def counted(self: plain_rows.PlainRows, xml: bytes) -> Any:
        try:
            read.append(plain(self, xml))
        except plain_rows.NotPlain:
            refused.append(xml)
            raise
        return read[-1]

    monkeypatch.setattr(plain_rows.PlainRows, "read", counted)
    rows = [row(i, [_CELLS[0], _CELLS[11], None if i % 9 else _CELLS[3], b' s="2"/>', _CELLS[5]]) for i in range(1, 60)]
    rows[30] = b'<row r="31" ht="20"/>'
    rows[40] = row(41, [_CELLS[0]], b' spans="1:4" x14ac:dyDescent="0.25"')
    rows[50] = b"<row r='51'><c r='A51'><v>1</v></c></row>"  # of another form: the block is calamine's
    found, expected = both(made(tmp_path / "a.xlsx", b"".join(rows)), 4)
    assert found == expected
    assert len(read) > 5
    assert len(refused) == 1


def test_rows_out_of_order_are_told_as_damage(tmp_path: Path) -> None:
    cells: list[bytes | None] = [_CELLS[5]] * 3
    xml = b"".join(row(i, cells) for i in (*range(1, 30), 12, *range(31, 60)))
    with pytest.raises(TableError) as caught, open_source(made(tmp_path / "a.xlsx", xml)) as source:
        read_all(source)
    assert caught.value.code == "damaged_workbook"


def test_a_part_comes_out_as_zipfile_gives_it_and_damage_is_seen(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3000) + b"again and again " * 20_000
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("other", b"x" * 100)
            archive.writestr("part", content)
            archive.writestr("empty", b"")
        with zipfile.ZipFile(path) as archive:
            for size in (1, 1000, 1 << 20):
                if size > 1:
                    assert b"".join(unpacked(archive, "part", size)) == content
                assert list(unpacked(archive, "empty", size)) == []
            begin = archive.getinfo("part").header_offset
        raw = path.read_bytes()
        for damaged in (
            raw[: begin + 2000] + b"\0\0\0\0" + raw[begin + 2004 :],
            raw[:begin] + b"??" + raw[begin + 2 :],
        ):
            path.write_bytes(damaged)
            with zipfile.ZipFile(path) as archive, pytest.raises(ValueError, match="damaged"):
                list(unpacked(archive, "part", 1000))


def test_a_packed_part_that_fails_its_checksum_is_told_as_damage(tmp_path: Path) -> None:
    cells: list[bytes | None] = [_CELLS[5]] * 3
    path = made(tmp_path / "a.xlsx", b"".join(row(i, cells) for i in range(1, 2000)))
    path = workbooks.bend(path, "nothing", lambda xml: xml)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    raw = path.read_bytes()
    checksum = info.CRC.to_bytes(4, "little")
    assert checksum in raw
    path.write_bytes(raw.replace(checksum, b"\1\2\3\4"))
    with pytest.raises(TableError) as caught, open_source(path) as source:
        read_all(source)
    assert caught.value.code == "damaged_workbook"
