"""Workbooks whose shared strings outgrow memory, read in blocks: an adapter behind `tabular.source`.

calamine holds all shared strings of a workbook in memory. Here they lie on disk (`tabular.shared_strings`), and each
sheet's XML is cut behind rows into blocks. A block, with the workbook's own styles and the few shared strings that its
cells name, is a small workbook for calamine, so that every cell is understood as it is everywhere else.
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
from tabular.shared_strings import SharedStrings

SPILL = 96 << 20
"""Bytes of shared strings' XML that are still held in memory (by calamine, which needs half as much again)."""

_BLOCK = 1 << 20
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


class Unsuited(Exception):
    """The workbook is not of the form that can be cut in blocks."""


class BlockReader:
    """The sheets of an xlsx, in memory for a block of rows.

    Args:
        path: the file.
        parts: where each sheet lies, by name.
        strings: where the shared strings lie.

    Raises:
        Unsuited: read it in another way.
    """

    def __init__(self, path: Path, parts: dict[str, str], strings: str) -> None:
        self._archive = zipfile.ZipFile(path)
        self._parts = parts
        try:
            keep = {"[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
            styles = {n for n in self._archive.namelist() if n.lower() in keep or n.lower().endswith("/styles.xml")}
            self._around = [(name, self._archive.read(name)) for name in styles]
            self._strings_part = strings
            self.strings = SharedStrings(self._archive, strings)
        except BaseException as error:
            self._archive.close()
            if isinstance(error, (ValueError, KeyError)):
                raise Unsuited(str(error)) from error
            raise

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
            first = _ROW.match(xml)
            if first is None:
                raise Unsuited("rows without numbers")
            if formulas:
                # A formula that refers to one in another block: that it is one is what counts.
                xml = _SHARED_FORMULA.sub(b"<f>\xe2\x80\xa6</f>", xml)
            pieces, texts = self._apart(xml)
            book = self.book(sheet, b"".join([head, *pieces, b"</sheetData></worksheet>"]), texts)
            for _ in range(following, int(first[1]) - 1):  # left out by the file: blank
                yield [[""] * (width or 1)]
            following = max(following, int(first[1]) - 1)
            stream: Any = book.stream_sheet_by_name(sheet, rich=formulas, min_row=following, max_col=last)
            while rows := list(itertools.islice(stream, _ROWS)):
                following += len(rows)
                if formulas:
                    rows = [list(map(calculated, row)) for row in rows]
                yield rows

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
        with self._archive.open(self._parts[sheet]) as part:
            rest = b""
            found = None
            while found is None:
                chunk = part.read(_BLOCK)
                if not chunk:
                    raise Unsuited("no rows where they should be")
                rest += chunk
                found = _SHEET_DATA.search(rest)
            if found[1]:
                return
            head, rest = rest[: found.end()], rest[found.end() :].lstrip()
            while True:
                chunk = part.read(_BLOCK)
                rest += chunk
                end = rest.rfind(b"</sheetData>") if b"</sheetData>" in chunk or not chunk else -1
                if end >= 0 or not chunk:
                    # Without its end the sheet was cut off; calamine will say so.
                    rows = rest[: end if end >= 0 else len(rest)]
                    if rows.strip():
                        yield head, rows
                    return
                cut = max(rest.rfind(b"</row>") + 6, rest.rfind(b"/><row") + 2)
                if cut < 6:
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


def spilled(path: Path) -> str | None:
    """Where the shared strings of an xlsx lie if they are too many for memory, else None."""
    try:
        with zipfile.ZipFile(path) as archive:
            for part in itertools.islice(archive.infolist(), 10_000):
                if part.filename.lower().endswith("/sharedstrings.xml") and part.file_size > SPILL:
                    return part.filename
    except (OSError, zipfile.BadZipFile):
        return None
    return None
