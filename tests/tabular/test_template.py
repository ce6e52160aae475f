"""The template of a dataset maps by itself, holds lists to choose from, and is never taken for data."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from tabular.errors import TableError
from tabular.examples import example
from tabular.mapper import propose
from tabular.source import ReadOptions, open_source
from tabular.template import write_template
from tabular.values import Suspect, converter
from tests.tabular.schemas import BILLS, CUSTOMERS_SCHEMA, check_all

BOTH = pytest.mark.parametrize("schema", [CUSTOMERS_SCHEMA, BILLS], ids=lambda s: s.name)
LANGUAGES = pytest.mark.parametrize("language", ["zh_CN", "en"])


@BOTH
@LANGUAGES
def test_a_template_as_it_comes_has_no_rows(tmp_path, schema, language) -> None:
    write_template(tmp_path / "t.xlsx", schema, language)
    with pytest.raises(TableError) as caught:
        open_source(tmp_path / "t.xlsx", ReadOptions(schema=schema))
    assert caught.value.code == "no_rows"


def filled(path: Path, schema, language: str, *rows: int, keep: bool) -> Path:
    """The template with rows of its own kind, below the example or in its place; saved as a workbook or as text."""
    write_template(path, schema, language)
    book = openpyxl.load_workbook(path)
    for number in rows:
        for i, f in enumerate(schema.fields, 1):
            value = example(f, language)
            book.worksheets[0].cell(number, i, f"B{number:04}" if f.name == schema.key[0] else value)
    if keep is False and 2 not in rows:
        book.worksheets[0].delete_rows(2)
    book.save(path)
    return path


@BOTH
@LANGUAGES
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_template_that_was_filled_in_maps_and_goes_in_without_the_example(
    tmp_path: Path, schema, language, keep, form
) -> None:
    path = filled(tmp_path / "t.xlsx", schema, language, *((3, 4) if keep else (2, 3)), keep=keep)
    if form == "csv":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        path = tmp_path / "t.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            shown = ([v.date() if isinstance(v, dt.datetime) else v for v in row] for row in sheet.values)
            csv.writer(file).writerows(shown)
    options = ReadOptions(schema=schema)
    with open_source(path, options) as source:
        proposals = propose(source.info.headers, source.samples(), schema)
    assert [p.field for p in proposals] == [f.name for f in schema.fields]
    assert {p.confidence for p in proposals} == {1.0}
    good, rejected = check_all(path, schema, options)
    assert not rejected
    assert [row[0] for row in good] == (["B0003", "B0004"] if keep else ["B0002", "B0003"])
    assert None not in good[0]


def test_an_example_that_was_changed_is_a_row_of_data(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", CUSTOMERS_SCHEMA, "en")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    book.worksheets[0]["B2"] = "Alpha Ltd."
    book.save(tmp_path / "t.xlsx")
    good, rejected = check_all(tmp_path / "t.xlsx", CUSTOMERS_SCHEMA, ReadOptions(schema=CUSTOMERS_SCHEMA))
    assert (len(good), rejected) == (1, [])


def test_choices_are_a_list_to_choose_from_and_required_columns_bear_a_star(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", CUSTOMERS_SCHEMA, "zh_CN")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]
    [validation] = sheet.data_validations.dataValidation
    assert validation.formula1 == '"A,B,C,D"'
    starred = [c.value for c in sheet[1] if c.value.endswith("*")]
    assert starred == ["客户编号 *", "客户名称 *"]
    assert all(c.comment is not None for c in sheet[1])


@BOTH
@LANGUAGES
def test_every_example_is_accepted_by_its_field(schema, language) -> None:
    for f in schema.fields:
        assert not isinstance(converter(f)(example(f, language)), Suspect), f.name
