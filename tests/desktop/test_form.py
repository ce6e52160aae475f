"""Forms are drawn from the JSON Schema of a kind's parameters."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit

from desktop import language
from desktop.submit.editors import make_editor
from desktop.submit.fields import read_fields
from desktop.submit.form import ParamsForm
from desktop.submit.lines import MapEditor

EVERYTHING = {
    "required": ["name", "count"],
    "$defs": {"Level": {"enum": ["a", "b"], "type": "string"}},
    "properties": {
        "name": {"type": "string", "maxLength": 20, "titles": {"zh_CN": "名称", "en": "Name"}},
        "count": {"type": "integer", "minimum": 1, "maximum": 10},
        "share": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        "amount": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^x"}], "default": 1.5},
        "sure": {"type": "boolean", "default": True},
        "level": {"$ref": "#/$defs/Level", "default": "b", "enum_titles": {"a": {"en": "High", "zh_CN": "高"}}},
        "mode": {"anyOf": [{"enum": ["x", "y"], "type": "string"}, {"type": "null"}], "default": None},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "at": {"type": "string", "format": "date-time", "default": None},
        "columns": {"type": "array", "items": {"enum": ["p", "q"]}, "default": []},
        "words": {"type": "array", "items": {"type": "string"}, "default": [], "advanced": True},
        "constants": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
        "values": {
            "type": "object", "default": {}, "propertyNames": {"enum": ["level"]},
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "filters": {
            "type": "object", "default": {}, "propertyNames": {"enum": ["city"]}, "widget": "filters",
            "additionalProperties": {"type": "object", "properties": {"eq": {}}},
        },
        "other": {"type": "object", "additionalProperties": {"type": "object", "properties": {"z": {}}}, "default": {}},
        "note": {"type": "string", "maxLength": 2000, "default": ""},
    },
}  # fmt: skip
FILLED = {
    "name": "Li", "count": 3, "share": 0.25, "amount": 2, "sure": False, "level": "a", "mode": "y", "day": "2026-11-23",
    "at": "2026-11-23T08:00:00Z", "columns": ["q"], "words": ["one", "two"], "constants": {"k": "v"},
    "values": {"level": {"VIP": "a"}}, "filters": {"city": {"contains": "Xi"}}, "other": {"a": {"z": 1}},
    "note": "x\ny",
}  # fmt: skip


@pytest.fixture(autouse=True)
def english(qapp):
    language.choose("en")


@pytest.fixture
def form(qtbot):
    form = ParamsForm(EVERYTHING)
    qtbot.addWidget(form)
    form.show()
    return form


def test_every_sort_of_field_has_its_editor():
    sorts = {field.name: field.sort for field in read_fields(EVERYTHING)}
    assert sorts == {
        "name": "text", "count": "integer", "share": "number", "amount": "number", "sure": "bool", "level": "choice",
        "mode": "choice", "day": "date", "at": "datetime", "columns": "choices", "words": "list", "constants": "map",
        "values": "map", "filters": "filters", "other": "json", "note": "long_text",
    }  # fmt: skip


def test_what_is_put_in_comes_out(form):
    form.set_values(FILLED)
    assert form.values() == FILLED


def test_untouched_defaults_are_not_sent(form):
    form.set_values({"name": "Li", "count": 3})
    assert form.values() == {"name": "Li", "count": 3}


def test_what_is_missing_or_out_of_bounds_is_said_at_its_field(form):
    assert form.values() is None
    assert form.findChild(QLabel, "error-name").text() == "Please fill this in."
    form.set_values({"name": "Li", "count": 11})
    assert form.values() is None
    assert form.findChild(QLabel, "error-count").text() == "From 1 to 10."
    assert not form.findChild(QLabel, "error-name").isVisible()


def test_the_servers_words_stand_at_the_field_until_it_is_changed(form):
    form.show_errors({"words": "too many", "name": "taken"})
    assert form.findChild(QLabel, "error-words").isVisible()  # it was folded away
    form.findChild(QLineEdit, "input-name").setText("Wang")
    assert not form.findChild(QLabel, "error-name").isVisible()
    assert form.findChild(QLabel, "error-words").isVisible()


def test_titles_and_values_are_in_the_language_of_the_window(qtbot):
    language.choose("zh_CN")
    fields = {field.name: field for field in read_fields(EVERYTHING)}
    assert fields["name"].title == "名称"
    assert dict(fields["level"].options) == {"a": "高", "b": "b"}


def test_a_line_is_always_left_to_write_in(qtbot):
    spec = next(field for field in read_fields(EVERYTHING) if field.name == "values")
    editor = make_editor(spec)
    assert isinstance(editor, MapEditor)
    qtbot.addWidget(editor)
    editor.show()
    boxes = editor.findChildren(QComboBox)
    assert len(boxes) == 1
    qtbot.keyClick(boxes[0], Qt.Key.Key_Down)
    assert len(editor.findChildren(QComboBox)) == 2
    assert editor.value() == {}


def test_every_kind_of_the_server_has_a_form_that_can_be_sent_as_it_is(online, qtbot):
    kinds = online.controller.kinds
    assert "customers.import" in {kind.kind for kind in kinds}
    for kind in kinds:
        form = ParamsForm(kind.params_schema)
        qtbot.addWidget(form)
        titles = [field.title for field in read_fields(kind.params_schema)]
        assert all(titles), kind.kind
        required = kind.params_schema.get("required") or []
        assert (form.values() == {}) == (not required), kind.kind
