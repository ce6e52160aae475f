"""A workbook to fill in: the columns of a dataset, lists to choose from, what goes where, and an example.

The first sheet is the one that is read; its row with the example is known again and passed over (`tabular.examples`).
The second sheet explains, laid out so that it is never taken for data.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from tabular.examples import example
from tabular.schema import Field, TableSchema
from tabular.texts import text
from tabular.writer import MAX_ROWS, PLAIN, write_cell


def write_template(path: str | Path, schema: TableSchema, language: str) -> None:
    """Write the template of a dataset.

    Args:
        path: the xlsx to create.
        schema: the dataset.
        language: of headers and notes: `zh_CN` or `en`.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {**PLAIN, "constant_memory": False}) as book:
        required = book.add_format({"bold": True, "bg_color": "#FCE4D6", "bottom": 1})
        optional = book.add_format({"bold": True, "bg_color": "#F2F2F2", "bottom": 1})
        data = book.add_worksheet(text("template_data_sheet", language))
        data.freeze_panes(1, 0)
        for i, f in enumerate(schema.fields):
            title = _title(f, language)
            # The star tells a person; names are compared without punctuation.
            data.write_string(0, i, f"{title} *" if f.required else title, required if f.required else optional)
            data.set_column(i, i, max(12, min(40, 2 * len(title) + 6)), book.add_format({"num_format": _shape(f)}))
            note = rule(f, schema, language)
            data.write_comment(0, i, note, {"x_scale": 1.5})
            _choices(data, i, f, language)
            shape = book.add_format({"num_format": _shape(f), "italic": True, "font_color": "#7F7F7F"})
            write_cell(data, 1, i, example(f, language), shape)
        data.write_comment(1, 0, text("template_example_note", language), {"x_scale": 1.5})
        _explain(book, schema, language)


def rule(f: Field, schema: TableSchema, language: str) -> str:
    """What may stand in a field, in words."""
    said = [_kind(f, language)]
    if f.minimum is not None:
        said.append(text("rule_minimum", language, limit=f"{f.minimum:,.10g}"))
    if f.maximum is not None:
        said.append(text("rule_maximum", language, limit=f"{f.maximum:,.15g}"))
    if f.name in schema.key:
        said.append(text("rule_key", language))
    return ("，" if language == "zh_CN" else ", ").join(said)


def _title(f: Field, language: str) -> str:
    return f.titles.get(language) or f.titles["en"]


def _shape(f: Field) -> str:
    match f.type:
        case "date":
            return "yyyy-mm-dd"
        case "decimal":
            return "0." + "0" * f.scale if f.scale else "General"
        case "integer":
            return "0"
        case "boolean":
            return "General"
        case _:
            return "@"


def _kind(f: Field, language: str) -> str:
    if f.format is not None:
        return text(f"rule_{f.format}", language)
    match f.type:
        case "text" if f.max_length:
            return text("rule_text_limit", language, limit=f.max_length)
        case "decimal" if f.scale is not None:
            return text("rule_decimal_scale", language, scale=f.scale)
        case "choice":
            return text("rule_choice", language, choices=list(f.choices))
        case _:
            return text(f"rule_{f.type}", language)


def _choices(sheet: Any, column: int, f: Field, language: str) -> None:
    """A list to choose from, in all rows of the column."""
    choices = list(f.choices)
    if f.type == "boolean":
        choices = [text("yes", language), text("no", language)]
    # Excel holds a list in 255 characters; a longer one is explained in the note only.
    if not choices or len(",".join(choices)) > 255 or any("," in c for c in choices):
        return
    sheet.data_validation(
        1, column, MAX_ROWS - 1, column,
        {
            "validate": "list", "source": choices, "error_title": text("template_dropdown_title", language)[:32],
            "error_message": text("template_dropdown", language, choices=choices)[:255],
        },
    )  # fmt: skip


def _explain(book: Any, schema: TableSchema, language: str) -> None:
    sheet = book.add_worksheet(text("template_notes_sheet", language))
    bold, wrap = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    dates = book.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"})
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, 3, 26)
    for i, code in enumerate(("template_field", "template_required", "template_rule", "template_example")):
        sheet.write_string(0, i, text(code, language), bold)
    for row, f in enumerate(schema.fields, 1):
        sheet.write_string(row, 0, _title(f, language), wrap)
        sheet.write_string(row, 1, text("yes" if f.required else "no", language), wrap)
        sheet.write_string(row, 2, rule(f, schema, language), wrap)
        shown = example(f, language)
        if isinstance(shown, str):
            sheet.write_string(row, 3, shown, wrap)
        elif isinstance(shown, dt.date):
            sheet.write_datetime(row, 3, shown, dates)
        else:
            sheet.write_number(row, 3, shown, wrap)
