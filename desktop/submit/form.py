"""The form of a kind's parameters, drawn from its JSON Schema."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop.language import translate
from desktop.submit.choices import BoolEditor, SuggestingEditor
from desktop.submit.editor import Editor, NotFilled
from desktop.submit.editors import make_editor
from desktop.submit.fields import FieldSpec, read_fields
from desktop.submit.inputs import ListEditor


class ParamsForm(QWidget):
    """Editors for all parameters; those that most people never need are folded away.

    Args:
        schema: JSON Schema of the parameters.
        leave_out: names of parameters that are edited elsewhere.
        fields: of the schema, where they were read already.

    Signals:
        changed: a value may be another one now.
        grown: there are more editors now.
        pick_wanted: a `ListEditor` whose values are to be chosen from those that there are.
    """

    changed = Signal()
    grown = Signal()
    pick_wanted = Signal(object)

    def __init__(
        self, schema: dict[str, Any], leave_out: Collection[str] = (), fields: Sequence[FieldSpec] | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("paramsForm")
        self.editors: dict[str, Editor] = {}
        self._errors: dict[str, QLabel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._plain = _form()
        column.addLayout(self._plain)
        self._later: list[FieldSpec] = []  # folded away; their editors are made when they are first needed
        self._offered: dict[str, list[tuple[str, str]]] = {}
        for spec in read_fields(schema) if fields is None else fields:
            if spec.name in leave_out:
                continue
            if spec.advanced:
                self._later.append(spec)
            else:
                self._add(spec, self._plain)
        self._fold = QToolButton()
        self._fold.setObjectName("advancedButton")
        self._fold.setText(translate("Form", "More settings"))
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._unfold)
        column.addWidget(self._fold)
        self._folded = QWidget()
        self._more = _form()
        self._folded.setLayout(self._more)
        self._folded.hide()
        column.addWidget(self._folded)
        self._fold.setVisible(bool(self._later))

    @property
    def empty(self) -> bool:
        """There is nothing to fill in."""
        return not self.editors and not self._later

    def has(self, name: str) -> bool:
        """There is a field of that name, folded away or not."""
        return name in self.editors or any(spec.name == name for spec in self._later)

    def _make_later(self) -> None:
        later, self._later = self._later, []
        for spec in later:
            self._add(spec, self._more)
        if later:
            self.grown.emit()
        for widget, options in self._offered.items() if later else ():
            self.offer(widget, options)

    def _add(self, spec: FieldSpec, form: QFormLayout) -> None:
        editor = make_editor(spec)
        self.editors[spec.name] = editor
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        inside.addWidget(editor)
        if spec.description:
            hint = QLabel(spec.description)
            hint.setProperty("role", "muted")
            hint.setWordWrap(True)
            inside.addWidget(hint)
        error = QLabel()
        error.setObjectName(f"error-{spec.name}")
        error.setProperty("role", "error")
        error.setWordWrap(True)
        error.hide()
        inside.addWidget(error)
        self._errors[spec.name] = error
        title = "" if isinstance(editor, BoolEditor) else spec.title + (" *" if spec.required else "")
        label = QLabel(title)
        label.setBuddy(editor)
        label.setMinimumWidth(90)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        label.setContentsMargins(0, 4, 0, 0)
        form.addRow(label, holder)
        editor.changed.connect(lambda name=spec.name: self._touched(name))
        if isinstance(editor, ListEditor):
            editor.pick_wanted.connect(lambda: self.pick_wanted.emit(editor))

    def _touched(self, name: str) -> None:
        self._errors[name].hide()
        self.changed.emit()

    def _unfold(self, open_: bool) -> None:
        if open_:
            self._make_later()
        self._fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._folded.setVisible(open_)

    def values(self) -> dict[str, Any] | None:
        """All parameters that differ from their defaults; None when something is not filled in, which is then shown."""
        self.show_errors({})
        result: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for name, editor in self.editors.items():
            try:
                value = editor.value()
            except NotFilled as error:
                wrong[name] = str(error)
                continue
            spec = editor.spec
            if spec.required and value in (None, "", [], {}):
                wrong[name] = translate("Form", "Please fill this in.")
            elif spec.required or not _is_default(value, spec):
                result[name] = value
        self.show_errors(wrong)
        return None if wrong else result

    def current(self) -> dict[str, Any]:
        """What can be read from the editors now, without complaining."""
        result: dict[str, Any] = {}
        for name, editor in self.editors.items():
            try:
                result[name] = editor.value()
            except NotFilled:
                continue
        return result

    def current_changed(self) -> dict[str, Any]:
        """As `current`, without what still is the default."""
        return {
            name: value for name, value in self.current().items() if not _is_default(value, self.editors[name].spec)
        }

    def set_values(self, params: dict[str, Any]) -> None:
        """Show parameters."""
        if any(spec.name in params for spec in self._later):
            self._make_later()
        for name, value in params.items():
            if name in self.editors:
                self.editors[name].set_value(value)

    def show_errors(self, errors: dict[str, str]) -> None:
        """Put words at fields (parameter name -> words) and take all others away."""
        if any(spec.name in errors for spec in self._later):
            self._make_later()
        for name, label in self._errors.items():
            words = errors.get(name, "")
            label.setText(words)
            label.setVisible(bool(words))
        if any(self.editors[name].spec.advanced for name in errors if name in self.editors):
            self._fold.setChecked(True)
        first = next((name for name in self.editors if name in errors), None)
        if first:
            self.editors[first].setFocus()

    def wants(self, widget: str) -> bool:
        """There is a field whose schema asks for that editor, folded away or not."""
        specs = [*self._later, *(editor.spec for editor in self.editors.values())]
        return any(spec.widget == widget for spec in specs)

    def offer(self, widget: str, options: Sequence[tuple[str, str]]) -> None:
        """Suggest values, `(value, words)`, where the schema asks for that editor."""
        self._offered[widget] = list(options)
        for editor in self.editors.values():
            if editor.spec.widget == widget and isinstance(editor, SuggestingEditor):
                editor.offer(self._offered[widget])


def _is_default(value: Any, spec: FieldSpec) -> bool:
    """What the server takes by itself when nothing is sent; an empty list or map has no default in a JSON Schema."""
    if value == spec.default or (spec.default is None and value in ([], {})):
        return True
    return value is None and not spec.nullable


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(14)
    form.setVerticalSpacing(9)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    return form
