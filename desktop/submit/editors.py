"""Which editor a field of a form has."""

from __future__ import annotations

import contextlib

from desktop.language import translate
from desktop.submit.choices import BoolEditor, ChoiceEditor, ChoicesEditor, SuggestingEditor, delimiters, encodings
from desktop.submit.editor import Editor
from desktop.submit.fields import FieldSpec
from desktop.submit.inputs import DateEditor, JsonEditor, ListEditor, LongTextEditor, NumberEditor, TextEditor
from desktop.submit.lines import FiltersEditor, MapEditor

_EDITORS: dict[str, type[Editor]] = {
    "text": TextEditor, "long_text": LongTextEditor, "integer": NumberEditor, "number": NumberEditor,
    "bool": BoolEditor, "choice": ChoiceEditor, "date": DateEditor, "datetime": DateEditor, "choices": ChoicesEditor,
    "list": ListEditor, "map": MapEditor, "filters": FiltersEditor, "json": JsonEditor,
}  # fmt: skip


def make_editor(spec: FieldSpec) -> Editor:
    """The editor that fits a field, showing its default."""
    editor: Editor
    if spec.widget == "sheet":
        editor = SuggestingEditor(spec, [])
    elif spec.widget == "job":
        editor = SuggestingEditor(spec, [], translate("Form", "none"))
    elif spec.widget == "encoding":
        editor = SuggestingEditor(spec, encodings())
    elif spec.widget == "delimiter":
        editor = SuggestingEditor(spec, delimiters())
    else:
        editor = _EDITORS[spec.sort](spec)
    with contextlib.suppress(TypeError, ValueError):  # a default that does not fit its own schema is left out
        editor.set_value(spec.default)
    return editor
