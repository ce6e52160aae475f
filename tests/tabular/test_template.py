"""The template of a dataset maps by itself, holds lists to choose from, and is never taken for data."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tabular.errors import TableError
from tabular.mapper import propose
from tabular.source import open_source
from tabular.template import example, write_template
from tabular.values import Suspect, converter
from tests.tabular.schemas import BILLS, CUSTOMERS_SCHEMA, check_all

BOTH = pytest.mark.parametrize("schema", [CUSTOMERS_SCHEMA, BILLS], ids=lambda s: s.name)
LANGUAGES = pytest.mark.parametrize("language", ["zh_CN", "en"])


@BOTH
@LANGUAGES
def test_an_empty_template_says_that_it_has_no_rows_not_that_its_notes_are_wrong(tmp_path, schema, language) -> None:
    write_template(tmp_path / "t.xlsx", schema, language)
    with pytest.raises(TableError) as caught:
        open_source(tmp_path / "t.xlsx")
    assert caught.value.code == "no_rows"


@BOTH
@LANGUAGES
def test_a_template_filled_in_with_its_own_examples_maps_and_goes_in(tmp_path: Path, schema, language) -> None:
    path = tmp_path / "t.xlsx"
    write_template(path, schema, language)
    book = openpyxl.load_workbook(path)
    for i, f in enumerate(schema.fields, 1):
        book.worksheets[0].cell(2, i, example(f, language))
    book.save(path)
    with open_source(path) as source:
        proposals = propose(source.info.headers, source.samples(), schema)
    assert [p.field for p in proposals] == [f.name for f in schema.fields]
    assert {p.confidence for p in proposals} == {1.0}
    good, rejected = check_all(path, schema)
    assert not rejected
    assert len(good) == 1
    assert None not in good[0]


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
