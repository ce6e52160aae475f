"""Workbooks (xlsx, xlsm, xls, ods) as rows of cells; the adapters behind `tabular.source`.

`Calamine` (python-calamine-plus) is the fast one and streams xlsx, in blocks where the shared strings outgrow memory
(`tabular.block_reader`), and reads xls. `tabular.ods` reads ods. `Openpyxl` reads what the first refuses, and is the
referee in tests.
"""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import python_calamine_plus as calamine

from tabular import merges
from tabular.block_reader import BlockReader, Unsuited, calculated, in_blocks
from tabular.cells import Cell
from tabular.errors import TableError
from tabular.header import Ranges
from tabular.ods import Ods
from tabular.plain_rows import Stretch
from tabular.survey import Survey, has_uncalculated, survey

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
# A deflate stream can blow up 1032 times; tables of identical rows stay below 100.
_MAX_RATIO, _RATIO_COUNTS_FROM, _MAX_BYTES = 300, 200 << 20, 16 << 30
_HEAD = 1 << 18
_ROWS = 1000
_DIMENSION = re.compile(rb"<dimension[^>]*ref=\"\$?[A-Z]+\$?\d+(?::\$?([A-Z]+)\$?(\d+))?\"")


def sort_of(path: Path) -> str:
    """What a file is by its content: `xlsx`, `ods`, `xls` or `csv` (any text).

    Raises:
        TableError: `file_unreadable`, `empty_file`, `encrypted_workbook`, `damaged_workbook`, `suspicious_workbook`,
            `web_page_not_workbook`, `not_a_workbook`.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise TableError("file_unreadable", file=path.name, reason=error.strerror or type(error).__name__) from None
    if not head:
        raise TableError("empty_file", file=path.name)
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise TableError("encrypted_workbook", file=path.name)
        return "xls"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if path.suffix.casefold() in {".xls", ".xlsx", ".xlsm", ".ods"}:
        text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
        if text.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<?xml", b"<head")):
            raise TableError("web_page_not_workbook", file=path.name)
        if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            # No text has such bytes but UTF-16, which begins with its mark where programs write it under this name.
            raise TableError("not_a_workbook", file=path.name)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise TableError("not_a_workbook", file=path.name)
    return "csv"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {p.filename for p in parts}
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, KeyError):
        raise TableError("damaged_workbook", file=path.name) from None
    total = sum(p.file_size for p in parts)
    packed = sum(p.compress_size for p in parts) or 1
    if total > _MAX_BYTES or (total > _RATIO_COUNTS_FROM and total > _MAX_RATIO * packed):
        raise TableError("suspicious_workbook", file=path.name, megabytes=total >> 20)
    if b"opendocument.spreadsheet" in kind:
        if "META-INF/manifest.xml" in names:
            with zipfile.ZipFile(path) as archive:
                if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                    raise TableError("encrypted_workbook", file=path.name)
        return "ods"
    if (
        "xl/workbook.bin" not in names
        and any(n.lower() == "[content_types].xml" for n in names)
        and any(n.startswith("xl/") for n in names)
    ):
        return "xlsx"
    raise TableError("not_a_workbook", file=path.name)


def open_workbook(path: Path, sort: str) -> Calamine | Openpyxl | Ods:
    """The fastest adapter that can open the workbook.

    Raises:
        TableError: `encrypted_workbook`, `damaged_workbook`.
    """
    if sort == "ods":
        return Ods(path)
    try:
        return Calamine(path, sort)
    except calamine.PasswordError:
        raise TableError("encrypted_workbook", file=path.name) from None
    except BaseException as error:
        if not _is_fault_of_file(error):
            raise
        if sort == "xlsx":
            return Openpyxl(path)
        raise TableError("damaged_workbook", file=path.name) from None


def _is_fault_of_file(error: BaseException) -> bool:
    """Whether calamine failed on what the file holds; a panic of its Rust code is a `BaseException` of its own."""
    return isinstance(error, (calamine.CalamineError, OSError, ValueError)) or type(error).__name__ == "PanicException"


class Calamine:
    """A workbook through calamine: xlsx row by row in constant memory, xls (65,536 rows a sheet at most) whole.

    Attributes:
        format: `xlsx` or `xls`.
        sheets: names of the worksheets, in their order; hidden ones are also in `hidden`.
    """

    encoding = None
    delimiter = None

    def __init__(self, path: Path, sort: str) -> None:
        self.format = sort
        self._path = path
        self._parts = _sheet_parts(path) if sort == "xlsx" else {}
        self._blocks = in_blocks(path, self._parts) if sort == "xlsx" else None
        self._book = self._blocks.book() if self._blocks else calamine.CalamineWorkbook.from_path(str(path))
        listed = [s for s in self._book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        self.sheets: tuple[str, ...] = tuple(s.name for s in listed)
        self.hidden = frozenset(s.name for s in listed if s.visible != calamine.SheetVisibleEnum.Visible)
        self.numbers_may_be_dates = not self._book.epoch_1904
        self._heads = _sheet_heads(path, self._parts)
        self._surveys: dict[str, Survey] = {}
        self._kept: calamine.CalamineSheet | None = None

    def rows(self, sheet: str, width: int | None = None) -> Iterator[list[Cell]]:
        """Each row from the first on, cut or filled up to `width` cells.

        Raises:
            TableError: `damaged_workbook` when the rest of the sheet cannot be read.
        """
        return self._checked(sheet, width)

    def _checked(self, sheet: str, width: int | None, formulas: bool | None = None) -> Iterator[list[Cell]]:
        try:
            if formulas is None:
                formulas = self._survey(sheet).uncalculated
            if self._blocks is not None:
                yield from self._by_blocks(self._blocks, sheet, width, formulas)
            else:
                yield from self._plain(sheet, width, formulas)
        except BaseException as error:
            if not _is_fault_of_file(error):
                raise
            raise TableError("damaged_workbook", file=self._path.name) from None

    def _by_blocks(self, blocks: BlockReader, sheet: str, width: int | None, formulas: bool) -> Iterator[list[Cell]]:
        done = 0
        if formulas and not blocks.spilled:
            self._whole()
            yield from self._plain(sheet, width, formulas)
            return
        try:
            if width and not formulas:
                blank: list[Cell] = [""] * width
                for stretch in blocks.stretches(sheet, width):
                    for number, row in zip(stretch.numbers, zip(*stretch.columns, strict=True), strict=True):
                        cells = list(row)
                        if cells == blank:
                            continue  # as if it were left out; behind the last row there is none
                        while done < number - 1:
                            done += 1
                            yield blank[:]
                        done += 1
                        yield cells
                return
            for rows in blocks.rows(sheet, width, formulas):
                done += len(rows)
                yield from rows
        except Unsuited:
            self._whole()
            yield from itertools.islice(self._plain(sheet, width, formulas), done, None)

    def _whole(self) -> None:
        """Go on as with other workbooks, with all shared strings in memory."""
        self.close()
        self._blocks = None
        self._book = calamine.CalamineWorkbook.from_path(str(self._path))

    def stretches(self, sheet: str, width: int) -> Iterator[Stretch] | None:
        """All rows by columns, blank ones left out where the file does; None: this sheet is read row by row.

        Raises:
            TableError: as `rows`.
        """
        if self._blocks is None or not width or self._survey(sheet).uncalculated:
            return None
        return self._stretches(self._blocks, sheet, width)

    def _stretches(self, blocks: BlockReader, sheet: str, width: int) -> Iterator[Stretch]:
        done = 0
        try:
            try:
                for stretch in blocks.stretches(sheet, width):
                    done = stretch.numbers[-1]
                    yield stretch
            except Unsuited:
                self._whole()
                rest = itertools.islice(self._plain(sheet, width, False), done, None)
                while rows := list(itertools.islice(rest, _ROWS)):
                    columns = [list(column) for column in zip(*rows, strict=True)]
                    yield Stretch(list(range(done + 1, done + 1 + len(rows))), columns)
                    done += len(rows)
        except BaseException as error:
            if not _is_fault_of_file(error):
                raise
            raise TableError("damaged_workbook", file=self._path.name) from None

    def _plain(self, sheet: str, width: int | None, formulas: bool) -> Iterator[list[Cell]]:
        if self.format == "xlsx":
            last = None if width is None else width - 1
            if formulas:
                # Plain reading takes formulas without a stored result for empty cells.
                rich: Any = self._book.stream_sheet_by_name(sheet, rich=True, max_col=last)
                yield from (list(map(calculated, row)) for row in rich)
            else:
                yield from self._book.stream_sheet_by_name(sheet, max_col=last)
            return
        grid = self._grid(sheet)
        start = grid.start
        if start is None:
            return
        # calamine's rows begin at the first used cell; a person counts from A1.
        left: list[Cell] = [""] * start[1]
        yield from ([] for _ in range(start[0]))
        for row in grid.to_python(skip_empty_area=True):
            cells = left + row
            if width is not None:
                cells = cells[:width] + [""] * (width - len(cells))
            yield cells

    def _grid(self, sheet: str) -> calamine.CalamineSheet:
        """A sheet of an xls; the last one is kept, since it is read whole each time."""
        if self._kept is None or self._kept.name != sheet:
            self._kept = self._book.get_sheet_by_name(sheet)
        return self._kept

    def _survey(self, sheet: str) -> Survey:
        found = self._surveys.get(sheet)
        if found is None:
            found = self._surveys[sheet] = survey(self._path, self._parts[sheet]) if sheet in self._parts else Survey()
        return found

    def peek(self, sheet: str, count: int) -> list[list[Cell]]:
        """The first `count` rows."""
        formulas = has_uncalculated(self._heads.get(sheet, b""))
        return list(itertools.islice(self._checked(sheet, None, formulas), count))

    def extent(self, sheet: str) -> tuple[int, int] | None:
        """Last row and last column (counts) as the sheet itself declares them, which may be wrong; None: unknown."""
        if self.format != "xlsx":
            end = self._grid(sheet).end
            return (end[0] + 1, end[1] + 1) if end else (0, 0)
        found = _DIMENSION.search(self._heads.get(sheet, b""))
        if not found or not found[2]:
            return None
        return int(found[2]), merges.column_number(found[1].decode())

    def merged(self, sheet: str) -> Ranges:
        """The sheet's merged cells."""
        if self.format == "xlsx":
            return self._survey(sheet).merged
        return self._grid(sheet).merged_cell_ranges or ()

    def merged_rows(self, sheet: str) -> list[merges.Merge]:
        """The cells merged over several rows, from top to bottom."""
        return merges.of_ranges(self.merged(sheet))

    def fraction(self) -> float | None:
        """Not known: rows are what is counted here."""
        return None

    def close(self) -> None:
        """Give the file back."""
        self._book.close()
        if self._blocks is not None:
            self._blocks.close()


class Openpyxl:
    """A workbook through openpyxl, read-only: slow, forgiving, xlsx only.

    Attributes: as in `Calamine`.
    """

    format = "xlsx"
    encoding = None
    delimiter = None

    def __init__(self, path: Path) -> None:
        import openpyxl

        self._path = path
        try:
            self._book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:
            # openpyxl lets whatever its XML and zip layers raise through.
            raise TableError("damaged_workbook", file=path.name) from error
        self.sheets: tuple[str, ...] = tuple(s.title for s in self._book.worksheets)
        self.hidden = frozenset(s.title for s in self._book.worksheets if s.sheet_state != "visible")
        self.numbers_may_be_dates = self._book.epoch.year < 1904

    def rows(self, sheet: str, width: int | None = None) -> Iterator[list[Cell]]:
        """As in `Calamine`."""
        worksheet: Any = self._book[sheet]
        # A wrong <dimension> makes openpyxl drop rows silently.
        worksheet.reset_dimensions()
        try:
            for row in worksheet.iter_rows(values_only=True, max_col=width):
                cells: list[Cell] = ["" if c is None else c for c in row]
                yield cells if width is None else cells + [""] * (width - len(cells))
        except Exception as error:
            raise TableError("damaged_workbook", file=self._path.name) from error

    def peek(self, sheet: str, count: int) -> list[list[Cell]]:
        """The first `count` rows."""
        return list(itertools.islice(self.rows(sheet), count))

    def extent(self, sheet: str) -> tuple[int, int] | None:
        """Not known."""
        return None

    def merged(self, sheet: str) -> Ranges:
        """Not known while streaming."""
        return ()

    def merged_rows(self, sheet: str) -> list[merges.Merge]:
        """As in `Calamine`."""
        part = _sheet_parts(self._path).get(sheet)
        return merges.of_ranges(survey(self._path, part).merged) if part else []

    def fraction(self) -> float | None:
        """Not known."""
        return None

    def close(self) -> None:
        """Give the file back."""
        self._book.close()


def _attribute(tag: bytes, name: bytes) -> str | None:
    found = re.search(rb"\b" + name + rb"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    if not found:
        return None
    import html

    return html.unescape((found[1] if found[1] is not None else found[2]).decode("utf-8", "replace"))


def _sheet_parts(path: Path) -> dict[str, str]:
    """Where in an xlsx each sheet lies, by sheet name; what cannot be found out is left out."""
    parts: dict[str, str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            targets: dict[str, str] = {}
            for tag in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels")):
                key, target = _attribute(tag, b"Id"), _attribute(tag, b"Target")
                if key and target:
                    targets[key] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            for tag in re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", archive.read("xl/workbook.xml")):
                name, key = _attribute(tag, b"name"), _attribute(tag, rb"\w+:id")
                if name is not None and key in targets:
                    parts[name] = targets[key]
    except Exception:
        # Only a help; whether the file can be read is decided by reading it.
        return parts
    return parts


def _sheet_heads(path: Path, parts: dict[str, str]) -> dict[str, bytes]:
    """The first part of each sheet's XML, by sheet name: enough for its dimension and the sort of its cells."""
    heads: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name, target in parts.items():
                with archive.open(target) as part:
                    heads[name] = part.read(_HEAD)
    except Exception:
        # Only a help for estimates, as above.
        return heads
    return heads
