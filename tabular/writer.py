"""Exports: rows of a dataset streamed into xlsx or csv, so that the file imports again without a change.

xlsx goes through rustpy-xlsxwriter, which is young but six times as fast, unless the rows could trip it; XlsxWriter is
the fallback. Cells are typed, and a text is never written as a formula.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
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

_EXACT = 10**15
_LOOKED_AT = 20_000


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

    def write(self, rows: Iterable[Sequence[Value]], total: int | None = None) -> int:
        """Write all rows and finish the file; called once. `rows` is drawn from as the file grows, never held.

        Args:
            rows: values in the order of `columns`, as `tabular.checker` makes them or a database gives them.
            total: how many rows there are (a count in the same snapshot); without it a big xlsx is written by the
                slower library, which can begin another sheet when it needs one.

        Returns:
            The number of rows written.
        """
        if self._format == "csv":
            self._write_csv(rows)
            return self.rows
        counted = self._counted(rows)
        if total is None:
            head = list(itertools.islice(counted, _LOOKED_AT))
            if len(head) < _LOOKED_AT:
                total = len(head)
            counted = itertools.chain(head, counted)
        if total is None:
            self._write_xlsxwriter(counted)
        else:
            self._write_rust(counted, total)
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
        with self._path.open("wb") as file:
            header = io.StringIO()
            csv.writer(header).writerow(self._headers)
            file.write(codecs.BOM_UTF8 + header.getvalue().encode())
            for count, lines in blocks:
                file.write(lines)
                self.rows += count
        return self.rows

    # --- xlsx ------------------------------------------------------------------------------------------------------

    def _cells(self) -> list[Callable[[Any], Any] | None]:
        """For each column, what makes its values fit for a cell; None where they are as they are."""

        def plain_text(value: str | None) -> str | None:
            if value is not None and len(value) > MAX_TEXT:
                self.truncated += 1
                return value[:MAX_TEXT]
            return value

        made: list[Callable[[Any], Any] | None] = []
        for f in self._fields:
            match f.type:
                case "integer" | "decimal":
                    made.append(_number)
                case "date":
                    made.append(_date)
                case "text" if f.max_length is None or f.max_length > MAX_TEXT:
                    made.append(plain_text)
                case _:
                    made.append(None)
        return made

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

    def _write_rust(self, rows: Iterator[Sequence[Value]], total: int) -> None:
        import rustpy_xlsxwriter as rust

        made = [(i, m) for i, m in enumerate(self._cells()) if m is not None]
        keys = _unique(self._headers)
        per_sheet = MAX_ROWS - 1
        self.sheets = max(1, -(-total // per_sheet))
        names = self._sheet_names(self.sheets)
        formats: dict[str, Any] = {}
        for key, f in zip(keys, self._fields, strict=True):
            shown = self._number_format(f)
            if shown is not None:
                formats[key] = rust.Format().set_num_format(shown)

        def records() -> Iterator[dict[str, Any]]:
            for row in itertools.islice(rows, per_sheet):
                cells = list(row)
                for i, make in made:
                    cells[i] = make(cells[i])
                yield dict(zip(keys, cells, strict=True))

        if total == 0:
            # A file without records has no header there.
            self._write_xlsxwriter(iter(()))
            return
        rust.write_worksheets(
            [(name, records()) for name in names],
            str(self._path),
            freeze_panes={"general": {"row": 1, "col": 0}},
            bold_headers=True,
            column_widths={name: dict(zip(keys, self._widths(), strict=True)) for name in names},
            column_formats=dict.fromkeys(names, formats),
        )
        if next(rows, None) is not None:
            raise ValueError(f"more rows than the {total} that were announced")

    def _write_xlsxwriter(self, rows: Iterator[Sequence[Value]]) -> None:
        import xlsxwriter

        made = self._cells()
        book = xlsxwriter.Workbook(str(self._path), PLAIN)
        with book:
            bold = book.add_format({"bold": True})
            formats = [
                book.add_format({"num_format": shown}) if (shown := self._number_format(f)) else None
                for f in self._fields
            ]
            self.sheets = 0
            while True:
                self.sheets += 1
                sheet = book.add_worksheet(self._sheet_names(self.sheets)[-1])
                sheet.freeze_panes(1, 0)
                for i, width in enumerate(self._widths()):
                    sheet.set_column(i, i, width)
                for i, header in enumerate(self._headers):
                    sheet.write_string(0, i, header, bold)
                for number, row in enumerate(itertools.islice(rows, MAX_ROWS - 1), 1):
                    for i, value in enumerate(row):
                        make = made[i]
                        write_cell(sheet, number, i, value if make is None else make(value), formats[i])
                following = next(rows, None)
                if following is None:
                    return
                rows = itertools.chain([following], rows)


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


def _number(value: Any) -> Any:
    """A number that a cell holds exactly, else its text: Excel keeps 15 digits."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        if len(value.as_tuple().digits) > 15:
            return format(value, "f")
        return float(value)
    return value if -_EXACT < value < _EXACT else str(value)


def _date(value: Any) -> Any:
    """A date that Excel knows, else its text."""
    return value.isoformat() if value is not None and value.year < 1900 else value


def _shown_width(header: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in header)


def _unique(headers: Sequence[str]) -> list[str]:
    """The headers as keys of a record; two equal titles must not swallow a column."""
    seen: dict[str, int] = {}
    keys = []
    for header in headers:
        seen[header] = seen.get(header, 0) + 1
        keys.append(header if seen[header] == 1 else f"{header} {seen[header]}")
    return keys
