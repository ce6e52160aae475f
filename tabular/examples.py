"""Example values of fields: what a template shows, and how its example row is known again when it was left in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from tabular.cells import Cell
from tabular.names import compact
from tabular.schema import Field, TableSchema
from tabular.texts import text
from tabular.values import converter

_EXAMPLES: dict[str, dict[str, str]] = {
    "email": {"zh_CN": "name@company.cn", "en": "name@company.com"},
    "phone": {"zh_CN": "138 0013 8000", "en": "+44 20 7946 0018"},
    "id_number": {"zh_CN": "11010519491231002X", "en": "11010519491231002X"},
}


def example(f: Field, language: str) -> Any:
    """A value that the field accepts."""
    if f.format is not None:
        return _EXAMPLES[f.format][language]
    match f.type:
        case "integer":
            return int(max(f.minimum or 0, min(8, f.maximum if f.maximum is not None else 8)))
        case "decimal":
            number = max(f.minimum or 0, min(1234.5, f.maximum if f.maximum is not None else 1234.5))
            return round(number, f.scale if f.scale is not None else 2)
        case "date":
            return dt.date(2024, 3, 5)
        case "boolean":
            return text("yes", language)
        case "choice":
            return f.choices[0]
        case _:
            shown = "A0001" if f.name.endswith(("_no", "_code")) else (f.titles.get(language) or f.titles["en"])
            return shown[: f.max_length] if f.max_length else shown


def is_example(headers: Sequence[str], row: Sequence[Cell], schema: TableSchema) -> bool:
    """Whether a row is the example of the dataset's template, in either language, saved as a workbook or as text.

    All columns must be the template's, and every value the example's: one that was changed makes it a row of data.
    """
    for language in ("zh_CN", "en"):
        fields = {compact(f.titles.get(language) or f.titles["en"]): f for f in schema.fields}
        columns = [(fields.get(compact(name)), cell) for name, cell in zip(headers, row, strict=False) if name]
        if len(columns) == len(fields) and all(f is not None and _same(f, cell, language) for f, cell in columns):
            return True
    return False


def _same(f: Field, cell: Cell, language: str) -> bool:
    read = converter(f)
    return read(cell) == read(example(f, language))
