"""Rows are judged before they are loaded: by whole columns where all is plainly right, cell by cell where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tabular.cells import Cell, Unclosed, column_letter
from tabular.columns import Column, constant
from tabular.errors import TableError
from tabular.mapper import Mapping
from tabular.schema import TableSchema
from tabular.source import Batch
from tabular.texts import text
from tabular.values import Suspect, Value, brief


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a row is rejected.

    Attributes:
        column_index: 0-based column of the file; None when the value stands in no column.
        header: that column's name in the file, `""` without one.
        field: the field's name; None when the row as a whole is meant.
        code, values: of the words, see `explain`.
        cell: what the file holds there.
    """

    column_index: int | None
    header: str
    field: str | None
    code: str
    values: dict[str, Any]
    cell: Cell


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that does not go in.

    Attributes:
        number: its 1-based row in the file, as seen in Excel.
        sheet: its sheet; `""` for a text file.
        cells: all its cells as read.
        problems: every reason, not only the first.
    """

    number: int
    sheet: str
    cells: list[Cell]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a batch. `good`, `numbers` and `keys` run in step; good and rejected together are all rows.

    Attributes:
        good: tuples of values in the schema's field order, unmapped fields None.
        numbers: the good rows' numbers in the file.
        keys: the good rows' keys, tuples in the order of `schema.key`.
        rejected: the other rows.
    """

    good: list[tuple[Value, ...]]
    numbers: list[int]
    keys: list[tuple[Value, ...]]
    rejected: list[Rejected]


class Checker:
    """Checks batches against a schema.

    Args:
        schema: the dataset.
        mapping: which column is which field.
        serial_dates: read plain numbers in date columns as days since 1900 (`Source.numbers_may_be_dates`).

    Raises:
        TableError: `constant_refused` when a constant of the mapping breaks a rule itself.
    """

    def __init__(self, schema: TableSchema, mapping: Mapping, *, serial_dates: bool = True) -> None:
        self._schema = schema
        self._mapping = mapping
        self._columns: list[tuple[int, int, Column]] = []
        self._constants: dict[int, Value] = {}
        for position, f in enumerate(schema.fields):
            column = mapping.columns.get(f.name)
            if column is not None:
                judged = Column(f, mapping.value_map.get(f.name), serial_dates=serial_dates, key=f.name in schema.key)
                self._columns.append((position, column, judged))
            elif f.name in mapping.constants:
                value = constant(f, mapping.constants[f.name])
                if isinstance(value, Suspect):
                    raise TableError(
                        "constant_refused",
                        field=f.name,
                        value=mapping.constants[f.name],
                        reason=value.code,
                        titles={"field": f.titles},
                    )
                self._constants[position] = value
        self._key = [schema.fields.index(schema.by_name[name]) for name in schema.key]
        # Whatever shifted a row's cells has shifted the last mapped column too; a strict one would have noticed.
        self._last = max(self._columns, key=lambda c: c[1], default=None)

    def check(self, batch: Batch) -> Checked:
        """Judge a batch; never raises for what a cell holds."""
        count = len(batch.rows)
        if not count:
            return Checked([], [], [], [])
        columns: list[Sequence[Cell]] = list(zip(*batch.rows, strict=True))
        none: list[Value] = [None] * count
        values: list[Sequence[Value]] = [none] * len(self._schema.fields)
        for position, value in self._constants.items():
            values[position] = [value] * count
        problems: dict[int, list[Problem]] = {}
        for position, column, judged in self._columns:
            cells = columns[column] if column < len(columns) else [""] * count
            values[position], suspects = judged.judge(cells)
            for row, suspect in suspects:
                problems.setdefault(row, []).append(self._problem(column, position, suspect, cells[row]))
        for row in batch.surplus:
            unclosed = self._unclosed(batch.rows[row])
            if unclosed is not None:
                # What the other cells hold may be shifted by it: only this is to be put right.
                problems[row] = [unclosed]
            elif not self._untouched(row, columns, problems):
                width = len(self._mapping.headers)
                cells_ = batch.rows[row]
                filled = max(i for i, c in enumerate(cells_) if c not in ("", None)) + 1
                said = {"count": filled, "columns": width}
                problems.setdefault(row, []).append(Problem(None, "", None, "too_many_cells", said, None))
        rows: list[tuple[Value, ...]] = list(zip(*values, strict=True))
        key = self._key
        keys: list[tuple[Value, ...]] = list(zip(*(values[k] for k in key), strict=True))
        if not problems:
            return Checked(rows, list(batch.numbers), keys, [])
        good = [i for i in range(count) if i not in problems]
        rejected = [Rejected(batch.numbers[i], batch.sheet, batch.rows[i], problems[i]) for i in sorted(problems)]
        return Checked([rows[i] for i in good], [batch.numbers[i] for i in good], [keys[i] for i in good], rejected)

    def _unclosed(self, cells: list[Cell]) -> Problem | None:
        """The problem of a row in which a quotation mark never closes."""
        for column, cell in enumerate(cells):
            if isinstance(cell, Unclosed):
                headers = self._mapping.headers
                header = headers[column] if column < len(headers) else ""
                return Problem(column, header, None, "unclosed_quote", {"line": cell.line, "value": brief(cell)}, cell)
        return None

    def _untouched(self, row: int, columns: list[Sequence[Cell]], problems: dict[int, list[Problem]]) -> bool:
        """Whether a row with too many cells was cut behind all mapped columns."""
        if self._last is None or row in problems:
            return False
        position, column, _ = self._last
        f = self._schema.fields[position]
        strict = f.type in ("date", "decimal", "integer", "boolean", "choice") or f.format == "email"
        return strict and columns[column][row] not in ("", None)

    def _problem(self, column: int, position: int, suspect: Suspect, cell: Cell) -> Problem:
        headers = self._mapping.headers
        header = headers[column] if column < len(headers) else ""
        return Problem(column, header, self._schema.fields[position].name, suspect.code, suspect.values, cell)

    def duplicate(self, rejected: Rejected, first_row: int) -> Rejected:
        """The row again, with the problem that its key already stands in row `first_row` of the file."""
        name = self._schema.key[0]
        column = self._mapping.columns.get(name)
        cell = rejected.cells[column] if column is not None and column < len(rejected.cells) else None
        header = self._mapping.headers[column] if column is not None and column < len(self._mapping.headers) else ""
        said = {"value": shown(cell), "row": first_row}
        problem = Problem(column, header, name, "duplicate_in_file", said, cell)
        return Rejected(rejected.number, rejected.sheet, rejected.cells, [*rejected.problems, problem])


def shown(cell: Cell) -> str:
    """A cell as one line for a message."""
    from tabular.values import as_text

    said = as_text(cell)
    return said if isinstance(said, str) else str(cell)


def explain(problem: Problem, schema: TableSchema | None, language: str) -> str:
    """The problem in words: what, where, what to do; without a schema under the file's own column name."""
    f = schema.by_name.get(problem.field) if schema is not None and problem.field else None
    title = (f.titles.get(language) or f.titles["en"]) if f else problem.header or problem.field or ""
    return text(problem.code, language, **{"field": title, **problem.values})


def place(problem: Problem, language: str) -> str:
    """The problem's column as a person finds it: its name in the file, or its letter."""
    if problem.header:
        return problem.header
    if problem.column_index is None:
        return ""
    return text("unnamed_column", language, letter=column_letter(problem.column_index))
