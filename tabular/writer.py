"""Exports: rows of a dataset streamed into xlsx or csv, so that the file imports again without a change.

XlsxWriter makes the workbook, `tabular.sheet_xml` its rows. Cells are typed, and a text is never written as a formula.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import hashlib
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from tabular.csv_lines import guarded
from tabular.schema import Field, TableSchema
from tabular.texts import text
from tabular.values import Value

Format = Literal["xlsx", "csv"]

MAX_ROWS = 1_048_576
"""Rows of an Excel sheet, the header among them."""
MAX_TEXT = 32_767
"""Characters of an Excel cell."""

PLAIN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
"""XlsxWriter's options for cells that are what their values are."""


class ExportWriter:
    """Writes one export file.

    Args:
        path: the file to create; replaced if it exists.
        schema: the dataset.
        language: of the header: `zh_CN` or `en`.
        format: `xlsx` or `csv` (UTF-8 with BOM, commas, CRLF).
        columns: names of the fields to write, in this order; None: all.

    Attributes:
        rows: rows written so far.
        truncated: texts that were cut because Excel's cells hold 32,767 characters (csv: none).
        sheets: sheets written; 1 for csv.
        sha256: of the file, in hex, where it was taken in writing (`write_lines`); the file is synced then.
    """

    def __init__(
        self,
        path: str | Path,
        schema: TableSchema,
        language: str,
        format: Format,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._path = Path(path)
        self._schema = schema
        self._language = language
        self._format = format
        self._fields: list[Field] = [schema.by_name[c] for c in columns] if columns else list(schema.fields)
        self._headers = [f.titles.get(language) or f.titles["en"] for f in self._fields]
        self.rows = 0
        self.truncated = 0
        self.sheets = 1
        self.sha256: str | None = None

    def write(self, rows: Iterable[Sequence[Value]], total: int | None = None) -> int:
        """Write all rows and finish the file; called once. `rows` is drawn from as the file grows, never held.

        Args:
            rows: values in the order of `columns`, as `tabular.checker` makes them or a database gives them.
            total: how many rows there are, if known: a reader's progress goes by it.

        Returns:
            The number of rows written.
        """
        if self._format == "csv":
            self._write_csv(rows)
        else:
            self._write_xlsx(self._counted(rows), total)
        return self.rows

    def _counted(self, rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
        for row in rows:
            self.rows += 1
            yield row

    # --- csv -------------------------------------------------------------------------------------------------------

    def _write_csv(self, rows: Iterable[Sequence[Value]]) -> None:
        texts = [i for i, f in enumerate(self._fields) if f.type in ("text", "choice")]
        booleans = [i for i, f in enumerate(self._fields) if f.type == "boolean"]
        spoken = {True: text("yes", self._language), False: text("no", self._language)}

        def safe_rows() -> Iterator[Sequence[Any]]:
            for row in self._counted(rows):
                cells: Any = row
                for i in texts:
                    value: Any = row[i]
                    if value and (safe := guarded(value)) is not value:
                        if cells is row:
                            cells = list(row)
                        cells[i] = safe
                for i in booleans:
                    if cells is row:
                        cells = list(row)
                    cells[i] = spoken.get(row[i], row[i])  # type: ignore[arg-type]
                yield cells

        with self._path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self._headers)
            writer.writerows(safe_rows())

    def write_lines(self, blocks: Iterable[tuple[int, bytes]]) -> int:
        """Write a csv whose lines are ready; called once, instead of `write`.

        Args:
            blocks: some rows each: their number, and their lines as `tabular.csv_lines` makes them.

        Returns:
            The number of rows written.
        """
        header = io.StringIO()
        csv.writer(header).writerow(self._headers)
        first = codecs.BOM_UTF8 + header.getvalue().encode()
        digest = hashlib.sha256()
        with self._path.open("wb", buffering=0) as file:

            def keep(lines: bytes) -> None:
                digest.update(lines)
                rest = memoryview(lines)
                while rest:
                    rest = rest[file.write(rest) :]

            # Hashing and writing need no Python: the next block is made meanwhile.
            with ThreadPoolExecutor(1) as beside:
                kept = beside.submit(keep, first)
                for count, lines in blocks:
                    kept.result()
                    kept = beside.submit(keep, lines)
                    self.rows += count
                kept.result()
            os.fsync(file.fileno())
        self.sha256 = digest.hexdigest()
        return self.rows

    # --- xlsx ------------------------------------------------------------------------------------------------------

    def _sheet_names(self, count: int) -> list[str]:
        name = re.sub(r"[\[\]:*?/\\']", " ", self._schema.titles.get(self._language) or self._schema.name)[:25].strip()
        return [name or "Data"] + [f"{name or 'Data'} {i}" for i in range(2, count + 1)]

    def _widths(self) -> list[float]:
        usual = {"date": 12.0, "boolean": 8.0, "integer": 12.0, "decimal": 14.0, "choice": 10.0}
        return [
            max(usual.get(f.type, min(36.0, 8 + (f.max_length or 100) / 8)), _shown_width(h) + 3)
            for f, h in zip(self._fields, self._headers, strict=True)
        ]

    def _number_format(self, f: Field) -> str | None:
        match f.type:
            case "date":
                return "yyyy-mm-dd"
            case "decimal" if f.scale:
                return "0." + "0" * f.scale
            case "integer":
                return "0"
            case "text" | "choice":
                # A cell that is edited later keeps its leading zeros.
                return "@"
            case _:
                return None

    def _write_xlsx(self, rows: Iterator[Sequence[Value]], total: int | None) -> None:
        from tabular import sheet_xml

        written = sheet_xml.write(self._path, self._fields, rows, total, MAX_ROWS, self._skeleton)
        self.sheets, self.truncated = written.sheets, written.truncated

    def _skeleton(self, sheets: int) -> tuple[bytes, list[int]]:
        """A workbook with the header rows and no others, and the numbers of the columns' formats."""
        import xlsxwriter

        made = io.BytesIO()
        with xlsxwriter.Workbook(made, {**PLAIN, "constant_memory": False, "in_memory": True}) as book:
            bold = book.add_format({"bold": True})
            formats = [
                book.add_format({"num_format": shown}) if (shown := self._number_format(f)) else None
                for f in self._fields
            ]
            for name in self._sheet_names(sheets):
                sheet = book.add_worksheet(name)
                sheet.freeze_panes(1, 0)
                for i, (width, shape) in enumerate(zip(self._widths(), formats, strict=True)):
                    sheet.set_column(i, i, width, shape)
                for i, header in enumerate(self._headers):
                    sheet.write_string(0, i, header, bold)
            shapes = [0 if shape is None else int(shape._get_xf_index()) for shape in formats]
        return made.getvalue(), shapes


def write_cell(sheet: Any, row: int, column: int, value: Any, shape: Any) -> None:
    """Write one value into an XlsxWriter sheet by its own type; a text stays a text."""
    if value is None or value == "":
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value[:MAX_TEXT], shape)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, shape)
    elif isinstance(value, (dt.date, dt.time, dt.timedelta)):
        sheet.write_datetime(row, column, value, shape)
    else:
        sheet.write_number(row, column, value, shape)


def _shown_width(header: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in header)
