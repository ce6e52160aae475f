"""Big workbooks, read in blocks: an adapter behind `tabular.source`.

Each sheet's XML is cut behind rows into blocks. Nearly all of them hold plain rows, which are read by whole columns
(`tabular.plain_rows`). Any other block, with the workbook's own styles and the few shared strings that its cells name,
is a small workbook for calamine, so that every cell is understood as it is everywhere else. calamine itself would hold
all shared strings in memory and take twice the time.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import python_calamine_plus as calamine

from tabular.cells import Cell, Uncalculated
from tabular.plain_rows import NotPlain, PlainRows, Stretch
from tabular.shared_strings import SharedStrings
from tabular.unpack import unpacked

BIG = 1 << 20
"""Bytes of a sheet's XML, or of that of the shared strings, from which on a workbook is read in blocks."""
SPILL = 96 << 20
"""Bytes of shared strings' XML that calamine may hold in memory (it needs half as much again)."""

_BLOCK = 1 << 17
_ROWS = 2000
_LONGEST = 1 << 28
_NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_SHEET_DATA = re.compile(rb"<sheetData\s*(/?)>")
_ROW = re.compile(rb"<row\b[^>]*?\sr=\"(\d{1,7})\"")
_CELL = re.compile(rb' t="s"><v>(\d+)</v>')
"""How nearly every writer writes that a cell holds the shared string of a number."""
_ODD_CELL = re.compile(
    rb"(<c\b[^>]*?)\st\s*=\s*[\"']s[\"']([^>]*?)\s*(?:/>|>\s*(?:</c\s*>|<v\b[^>]*>\s*(\d+)\s*</v\s*>))"
)
_ANY_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*\st\s*=\s*[\"']s[\"']")
_numbered: list[bytes] = []  # by number: what `_CELL` finds; as many as any block has needed
_SHARED_FORMULA = re.compile(rb"<f\b[^>]*\bt=\"shared\"[^>]*/>")


_OTHER_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?![Uu][Tt][Ff]-8)")


class Unsuited(Exception):
    """The workbook is not of the form that can be cut in blocks."""


class BlockReader:
    """The sheets of an xlsx, in memory for a block of rows.

    Args:
        path: the file.
        parts: where each sheet lies, by name.
        strings: where the shared strings lie; None: nowhere.

    Attributes:
        spilled: the shared strings are too many for calamine.

    Raises:
        Unsuited: read it in another way.
    """

    def __init__(self, path: Path, parts: dict[str, str], strings: str | None) -> None:
        self._archive = zipfile.ZipFile(path)
        self._parts = parts
        try:
            keep = {"[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
            styles = {n for n in self._archive.namelist() if n.lower() in keep or n.lower().endswith("/styles.xml")}
            self._around = [(name, self._archive.read(name)) for name in styles]
            self._strings_part = strings or "xl/sharedStrings.xml"
            self.spilled = strings is not None and self._archive.getinfo(strings).file_size > SPILL
            self.strings = SharedStrings(self._archive, strings, self._texts)
        except BaseException as error:
            self._archive.close()
            if isinstance(error, (ValueError, KeyError, calamine.CalamineError)):
                raise Unsuited(str(error)) from error
            raise

    def stretches(self, sheet: str, width: int) -> Iterator[Stretch]:
        """All rows, by columns; rows that are left out between them are blank.

        Args:
            width: columns that are wanted, at least one.

        Raises:
            Unsuited, ValueError: as `rows`.
        """
        try:
            plain = PlainRows(width, self.strings, lambda cells: self._values(sheet, cells))
        except NotPlain:
            raise Unsuited("too many columns") from None
        last = good = bad = 0
        for head, xml in self._blocks(sheet):
            try:
                stretch = plain.read(xml)
                good += 1
            except (NotPlain, UnicodeDecodeError, calamine.CalamineError):
                bad += 1
                if not self.spilled and bad * 10 > good + 30:
                    raise Unsuited("calamine does it faster") from None
                stretch = self._stretch(sheet, head, xml, width)
            if stretch.numbers[0] <= last:
                raise Unsuited("rows out of order")
            last = stretch.numbers[-1]
            yield stretch

    def _stretch(self, sheet: str, head: bytes, xml: bytes, width: int) -> Stretch:
        """The rows of a block through calamine."""
        first, stream = self._streamed(sheet, head, xml, 0, width - 1, formulas=False)
        rows = list(stream)
        return Stretch(list(range(first + 1, first + 1 + len(rows))), [list(c) for c in zip(*rows, strict=True)])

    def _values(self, sheet: str, cells: list[bytes]) -> list[Cell]:
        """What calamine makes of cells, see `tabular.plain_rows.Ask`."""
        rows = (b'<row r="%d"><c r="A%d"%b<c r="B%d"><v>1</v></c></row>' % (n, n, c, n) for n, c in enumerate(cells, 1))
        xml = b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (_NAMESPACE, b"".join(rows))
        rows_: Any = self.book(sheet, xml).stream_sheet_by_name(sheet, max_col=1)
        found: list[Cell] = [row[0] for row in rows_]
        if len(found) != len(cells):
            raise Unsuited("cells in an unknown form")
        return found

    def _texts(self, elements: list[bytes]) -> list[str]:
        """What calamine makes of shared strings, see `tabular.shared_strings.Explain`."""
        numbers = range(1, len(elements) + 1)
        rows = (
            b'<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>1</v></c></row>' % (n, n, n - 1, n)
            for n in numbers
        )
        xml = b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (_NAMESPACE, b"".join(rows))
        sheet = next(iter(self._parts))
        found: Any = [
            row[0] for row in self.book(sheet, xml, b"".join(elements)).stream_sheet_by_name(sheet, max_col=1)
        ]
        if len(found) != len(elements) or not all(isinstance(text, str) for text in found):
            raise Unsuited("shared strings in an unknown form")
        texts: list[str] = found
        return texts

    def book(self, sheet: str | None = None, xml: bytes = b"", strings: bytes = b"") -> calamine.CalamineWorkbook:
        """A workbook with the names and styles of this one, and `xml` as the one sheet that has rows.

        Args:
            sheet: whose rows they are; None: none has any.
            xml: of the whole sheet.
            strings: XML of the shared strings' elements, in the order of the numbers that `xml` calls them by.
        """
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in self._around:
                archive.writestr(name, content)
            if sheet is not None:
                archive.writestr(self._parts[sheet], xml)
                archive.writestr(self._strings_part, b"<sst %b>%b</sst>" % (_NAMESPACE, strings))
        buffer.seek(0)
        return calamine.CalamineWorkbook.from_filelike(buffer)

    def rows(self, sheet: str, width: int | None, formulas: bool) -> Iterator[list[list[Cell]]]:
        """Each row from the first on, some at a time; see `tabular.workbook.Calamine.rows`.

        Args:
            formulas: give formulas without a stored result as `Uncalculated`.

        Raises:
            Unsuited: the rest is to be read in another way; all rows before were given.
            ValueError: the file is damaged, as is what calamine raises itself.
        """
        last = None if width is None else width - 1
        following = 0  # 0-based
        for head, xml in self._blocks(sheet):
            first, stream = self._streamed(sheet, head, xml, following, last, formulas)
            for _ in range(following, first):  # left out by the file: blank
                yield [[""] * (width or 1)]
            following = max(following, first)
            while rows := list(itertools.islice(stream, _ROWS)):
                following += len(rows)
                if formulas:
                    rows = [list(map(calculated, row)) for row in rows]
                yield rows

    def _streamed(
        self, sheet: str, head: bytes, xml: bytes, following: int, last: int | None, formulas: bool
    ) -> tuple[int, Any]:
        """A block through calamine: the 0-based number of its first row, and its rows from there or `following` on."""
        found = _ROW.match(xml)
        if found is None:
            raise Unsuited("rows without numbers")
        if formulas:
            # A formula that refers to one in another block: that it is one is what counts.
            xml = _SHARED_FORMULA.sub(b"<f>\xe2\x80\xa6</f>", xml)
        pieces, texts = self._apart(xml)
        book = self.book(sheet, b"".join([head, *pieces, b"</sheetData></worksheet>"]), texts)
        first = int(found[1]) - 1
        rows: Any = book.stream_sheet_by_name(sheet, rich=formulas, min_row=max(first, following), max_col=last)
        return first, rows

    def _apart(self, xml: bytes) -> tuple[list[bytes], bytes]:
        """Rows that call their texts by numbers of their own, in pieces, and the XML of these texts.

        All is done by a few calls for a whole block: it is what a workbook of this size costs beside its parsing.

        Raises:
            Unsuited: a cell that might hold a text is in no known form.
            ValueError: there is no text of some number.
        """
        if b"!" in xml and b"<!" in xml:
            raise Unsuited("comments or character data")
        pieces = _CELL.split(xml)
        if b"'" in xml or xml.count(b'"s"') != len(pieces) // 2:
            pieces = _CELL.split(_ODD_CELL.sub(_usual, xml))
            if _ANY_CELL.search(b"".join(pieces[::2])):
                raise Unsuited("cells with texts in an unknown form")
        called = list(map(int, pieces[1::2]))
        numbers = sorted(set(called))
        _numbered.extend(b' t="s"><v>%d</v>' % i for i in range(len(_numbered), len(numbers)))
        own = dict(zip(numbers, _numbered, strict=False))
        pieces[1::2] = map(own.__getitem__, called)
        return pieces, self.strings.elements(numbers)

    def _blocks(self, sheet: str) -> Iterator[tuple[bytes, bytes]]:
        """What stands before the rows, and some rows at a time."""
        pieces = unpacked(self._archive, self._parts[sheet], _BLOCK)
        rest = b""
        found = None
        while found is None:
            piece = next(pieces, b"")
            if not piece:
                raise Unsuited("no rows where they should be")
            rest += piece
            found = _SHEET_DATA.search(rest)
        if _OTHER_ENCODING.search(rest[:200]):
            raise Unsuited("another encoding")
        if found[1]:
            for _ in pieces:
                pass
            return
        head, rest = rest[: found.end()], rest[found.end() :].lstrip()
        while True:
            piece = next(pieces, b"")
            end = -1
            if b"/sh" in piece or b"/sh" in rest[-20:] + piece[:20] or not piece:
                end = (rest + piece).rfind(b"</sheetData>")
            rest += piece
            if end >= 0 or not piece:
                # Without its end the sheet was cut off; calamine will say so.
                rows = rest[: end if end >= 0 else len(rest)]
                if rows.strip():
                    yield head, rows
                for _ in pieces:  # up to the checksum
                    pass
                return
            cut = rest.rfind(b"</row>") + 6
            if cut < 6:
                cut = rest.rfind(b"/><row") + 2
            if cut < 2:
                if len(rest) > _LONGEST:
                    raise ValueError("a row without an end")
                continue
            yield head, rest[:cut]
            rest = rest[cut:].lstrip()

    def close(self) -> None:
        """Give the files back."""
        self.strings.close()
        self._archive.close()


def _usual(cell: re.Match[bytes]) -> bytes:
    """A cell with a shared string as `_CELL` finds it; one without a text as any empty cell."""
    if cell[3] is None:
        return b"%b%b/>" % (cell[1], cell[2])
    return b'%b%b t="s"><v>%b</v>' % (cell[1], cell[2], cell[3])


def calculated(cell: Any) -> Cell:
    """What a cell of a rich stream holds; a formula without a stored result as `Uncalculated`."""
    value: Cell = cell.value
    return Uncalculated(cell.formula) if value == "" and cell.formula is not None else value


def in_blocks(path: Path, parts: dict[str, str]) -> BlockReader | None:
    """The reader of a big xlsx; None for any other, and for one that cannot be read in this way.

    Args:
        parts: where each sheet lies, by name.
    """
    if not parts:
        return None
    strings = None
    big = False
    try:
        with zipfile.ZipFile(path) as archive:
            for part in itertools.islice(archive.infolist(), 10_000):
                if part.filename.lower().endswith("/sharedstrings.xml"):
                    strings = part.filename
                    big = big or part.file_size > BIG
                big = big or (part.file_size > BIG and part.filename in parts.values())
        return BlockReader(path, parts, strings) if big else None
    except (OSError, zipfile.BadZipFile, Unsuited):
        return None
