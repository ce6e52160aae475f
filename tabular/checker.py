"""Rows are judged before they are loaded: by whole columns where all is plainly right, cell by cell where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

from tabular.batch import Batch
from tabular.cells import Cell, Unclosed, column_letter
from tabular.columns import Column, constant
from tabular.errors import TableError
from tabular.forms import Form, shaper
from tabular.mapper import Mapping
from tabular.schema import TableSchema
from tabular.texts import text
from tabular.values import Suspect, brief


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


@dataclass(frozen=True)
class Checked:
    """The verdict on a batch, by columns. `good`, `numbers` and `keys` run in step; good and rejected together are all
    rows.

    Attributes:
        batch: what was judged.
        key: indices of the key's fields in the schema.
        columns: of each of the schema's fields the values of all rows; None for a field that is neither mapped nor
            constant. The values of a rejected row mean nothing.
        problems: index of a rejected row -> its problems.
    """

    batch: Batch
    key: tuple[int, ...]
    columns: list[Sequence[Any] | None]
    problems: dict[int, list[Problem]]

    @cached_property
    def _picked(self) -> list[bool] | None:
        """Of each row whether it is good; None: all are."""
        if not self.problems:
            return None
        picked = [True] * len(self.batch)
        for row in self.problems:
            picked[row] = False
        return picked

    def picked(self, column: Sequence[Any]) -> Sequence[Any]:
        """What stands at the good rows of a column (or of anything else with one entry a row)."""
        return column if self._picked is None else list(compress(column, self._picked))

    @cached_property
    def good(self) -> list[tuple[Any, ...]]:
        """Tuples of values in the schema's field order, unmapped fields None."""
        none = [None] * len(self.batch)
        columns = [none if column is None else column for column in self.columns]
        return list(self.picked(list(zip(*columns, strict=True))))

    @cached_property
    def numbers(self) -> Sequence[int]:
        """The good rows' numbers in the file."""
        return self.picked(self.batch.numbers)

    @cached_property
    def keys(self) -> list[tuple[Any, ...]]:
        """The good rows' keys, tuples in the order of `schema.key`."""
        return list(zip(*(self.picked(self.columns[k] or ()) for k in self.key), strict=True))

    @cached_property
    def rejected(self) -> list[Rejected]:
        """The other rows, in their order."""
        batch = self.batch
        return [
            Rejected(batch.numbers[i], batch.sheet, batch.row(i), problems)
            for i, problems in sorted(self.problems.items())
        ]


class Checker:
    """Checks batches against a schema.

    Args:
        schema: the dataset.
        mapping: which column is which field.
        serial_dates: read plain numbers in date columns as days since 1900 (`Source.numbers_may_be_dates`).
        form: in which values are given.
        only: names of the fields to look at; None: all. (The keys alone, for rows that were judged before.)

    Raises:
        TableError: `constant_refused` when a constant of the mapping breaks a rule itself.
    """

    def __init__(
        self,
        schema: TableSchema,
        mapping: Mapping,
        *,
        serial_dates: bool = True,
        form: Form = "value",
        only: Sequence[str] | None = None,
    ) -> None:
        self._schema = schema
        self._mapping = mapping
        self._columns: list[tuple[int, int, Column]] = []
        self._constants: dict[int, Any] = {}
        for position, f in enumerate(schema.fields):
            if only is not None and f.name not in only:
                continue
            column = mapping.columns.get(f.name)
            if column is not None:
                values, key = mapping.value_map.get(f.name), f.name in schema.key
                judged = Column(f, values, serial_dates=serial_dates, key=key, form=form)
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
                shape = shaper(f, form)
                self._constants[position] = value if shape is None or value is None else shape(value)
        self._key = tuple(schema.fields.index(schema.by_name[name]) for name in schema.key)
        # Whatever shifted a row's cells has shifted the last mapped column too; a strict one would have noticed.
        self._last = max(self._columns, key=lambda c: c[1], default=None)

    def check(self, batch: Batch) -> Checked:
        """Judge a batch; never raises for what a cell holds."""
        count = len(batch)
        values: list[Sequence[Any] | None] = [None] * len(self._schema.fields)
        if not count:
            return Checked(batch, self._key, [[] for _ in values], {})
        columns = batch.columns
        for position, value in self._constants.items():
            values[position] = [value] * count
        problems: dict[int, list[Problem]] = {}
        for position, column, judged in self._columns:
            cells = columns[column] if column < len(columns) else [""] * count
            values[position], suspects = judged.judge(cells)
            for row, suspect in suspects:
                problems.setdefault(row, []).append(self._problem(column, position, suspect, cells[row]))
        for row in batch.surplus:
            unclosed = self._unclosed(batch.row(row))
            if unclosed is not None:
                # What the other cells hold may be shifted by it: only this is to be put right.
                problems[row] = [unclosed]
            elif not self._untouched(row, columns, problems):
                width = len(self._mapping.headers)
                cells_ = batch.row(row)
                filled = max(i for i, c in enumerate(cells_) if c not in ("", None)) + 1
                said = {"count": filled, "columns": width}
                problems.setdefault(row, []).append(Problem(None, "", None, "too_many_cells", said, None))
        return Checked(batch, self._key, values, problems)

    def _unclosed(self, cells: list[Cell]) -> Problem | None:
        """The problem of a row in which a quotation mark never closes."""
        for column, cell in enumerate(cells):
            if isinstance(cell, Unclosed):
                headers = self._mapping.headers
                header = headers[column] if column < len(headers) else ""
                return Problem(column, header, None, "unclosed_quote", {"line": cell.line, "value": brief(cell)}, cell)
        return None

    def _untouched(self, row: int, columns: Sequence[Sequence[Cell]], problems: dict[int, list[Problem]]) -> bool:
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


def key_problem(schema: TableSchema, mapping: Mapping, rejected: Rejected, code: str, **values: Any) -> Problem:
    """What is wrong with the key of a row whose cells are right: it is in the file, or (not) in the table already.

    Args:
        code: `duplicate_in_file` (with `row`: the number of the first row with the key), `key_exists`, `key_missing`.
    """
    name = schema.key[0]
    column = mapping.columns.get(name)
    cell = rejected.cells[column] if column is not None and column < len(rejected.cells) else None
    header = mapping.headers[column] if column is not None and column < len(mapping.headers) else ""
    return Problem(column, header, name, code, {"value": shown(cell), **values}, cell)


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
