"""A workbook of tables and native Excel charts, written row by row (openpyxl's write-only mode)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MONEY = "#,##0.00"
WHOLE = "#,##0"
HOURS = "#,##0.00"
PERCENT = "0.0%"
DATE = "yyyy-mm-dd"
_ROWS = 1_048_576  # of a sheet
_CHARACTERS = 32_767  # of a cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: header, width in characters, number format (`General`: as it comes)."""

    title: str
    width: float = 14
    format: str = "General"


class Sheet:
    """One sheet, filled from top to bottom.

    Attributes:
        row: the last row written, from 1; 0: none.
    """

    def __init__(self, sheet: Any, widths: Sequence[float]) -> None:
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.properties import PageSetupProperties

        self._sheet = sheet
        self.row = 0
        # On paper: a chart beside its table would be cut in three otherwise.
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = 9  # A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width

    def heading(self, text: str, note: str = "") -> None:
        """A title line, and a smaller one below it."""
        self._append([self._cell(text, bold=True, size=14)])
        if note:
            self._append([self._cell(note, grey=True)])
        self._append([])

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Any]], total: Sequence[Any] = ()) -> range:
        """A table with a header; gives its rows' numbers (without header and total).

        Args:
            rows: values as Python has them; None is an empty cell. Texts are never formulas.
            total: a last line in bold; empty: none.
        """
        self._append([self._cell(column.title, header=True, format=column.format) for column in columns])
        first = self.row + 1
        if self._sheet.print_title_rows is None:
            self._sheet.print_title_rows = f"{self.row}:{self.row}"  # on each page
        for row in rows:
            if self.row >= _ROWS - 2:
                raise ValueError("a table longer than a sheet")
            self._append([self._cell(value, format=column.format) for value, column in zip(row, columns, strict=True)])
        last = self.row
        if total:
            self._append([self._cell(v, format=c.format, bold=True) for v, c in zip(total, columns, strict=True)])
        self._append([])
        return range(first, last + 1)

    def chart(
        self, kind: Literal["columns", "stacked", "bars", "line"], title: str, rows: range, labels: int,
        values: Sequence[int], anchor: str, *, y_title: str = "", width: float = 18, height: float = 8.5,
        number_format: str = WHOLE,
    ) -> None:  # fmt: skip
        """A native chart of a table's columns; their headers name the series.

        Args:
            rows: of the table; an empty one gets no chart.
            labels, values: numbers of columns, from 1.
            anchor: the cell at its upper left corner.
            width, height: in centimetres.
        """
        from openpyxl.chart import BarChart, LineChart, Reference

        if not rows:
            return
        chart: Any = LineChart() if kind == "line" else BarChart()
        if kind != "line":
            chart.type = "bar" if kind == "bars" else "col"
            chart.gapWidth = 60
        if kind == "stacked":
            chart.grouping, chart.overlap = "stacked", 100
        chart.title, chart.y_axis.title, chart.style = title, y_title or None, 10
        chart.width, chart.height = width, height
        for axis in (chart.x_axis, chart.y_axis):
            axis.delete = False  # newer Excels hide the axes of openpyxl's charts otherwise
        chart.y_axis.number_format = number_format
        if kind == "bars":
            chart.x_axis.scaling.orientation = "maxMin"  # the first row at the top, as in the table
        if len(values) == 1:
            chart.legend = None
        else:
            chart.legend.position = "b"
        for column in values:
            reference = Reference(self._sheet, min_col=column, min_row=rows[0] - 1, max_row=rows[-1])
            chart.add_data(reference, titles_from_data=True)
        chart.set_categories(Reference(self._sheet, min_col=labels, min_row=rows[0], max_row=rows[-1]))
        self._sheet.add_chart(chart, anchor)

    def _append(self, cells: list[Any]) -> None:
        self._sheet.append(cells)
        self.row += 1

    def _cell(
        self, value: Any, *, format: str = "General", bold: bool = False, size: float = 11, grey: bool = False,
        header: bool = False,
    ) -> Any:  # fmt: skip
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
        from openpyxl.styles import Alignment, Font, PatternFill

        if isinstance(value, str):
            value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_CHARACTERS]
        cell = WriteOnlyCell(self._sheet, value)
        if isinstance(value, str):
            cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
        if format != "General" and value is not None and not isinstance(value, str):
            cell.number_format = format
        if header:
            cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="2F5D8A")
            if format not in ("General", DATE):  # above its numbers
                cell.alignment = Alignment(horizontal="right")
        elif bold or grey or size != 11:
            cell.font = Font(bold=bold, size=size, color="777777" if grey else None)
        return cell


class Book:
    """A workbook that is written to `path` at the end of the `with` block."""

    def __init__(self, path: Path) -> None:
        from openpyxl import Workbook

        self._path = path
        self._book = Workbook(write_only=True)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._book.save(self._path)
        self._book.close()

    def sheet(self, title: str, widths: Sequence[float]) -> Sheet:
        """The next sheet; characters that Excel forbids in a title are replaced."""
        clean = "".join("_" if c in "[]:*?/\\" else c for c in title)[:31]
        sheet = self._book.create_sheet(clean)
        return Sheet(sheet, widths)
