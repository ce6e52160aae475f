"""What is decided about the columns of all files with one header: fields, constants, replaced values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.language import pick
from desktop.submit.look import Look
from tabular.names import reference
from tabular.schema import Field, TableSchema

CHOSEN = ("choice", "boolean")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value of the file that its field does not take as it is.

    Attributes:
        field: the field's name.
        value: as it stands in the file; `rows` of the first rows have it.
        proposed: what it probably means; None: a person has to say it.
        confidence: 0 to 1, for `reason`, as `tabular.value_map` gives them.
    """

    field: str
    value: str
    rows: int
    proposed: str | bool | None
    confidence: float
    reason: str


class Decision(QObject):
    """Begins as what an import would do by itself; a person changes it.

    Args:
        others: replaced values of other files: field -> {value in the file: value instead}.

    Attributes:
        schema: the dataset.
        look: the file that it was made for.
        fields: the field of each column, None for a column that is left out.
        constants: field -> value for all rows.
        value_map: field -> {value in the file: value instead}.
        mode: of the import, as far as it is known.

    Signals:
        changed: something else is decided now.
    """

    changed = Signal()

    def __init__(self, schema: TableSchema, look: Look, others: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        super().__init__()
        self._others = others or {}
        self.schema = schema
        self.look = look
        self._looks: dict[object, Look] = {}
        by_column = {column: name for name, column in look.columns.items()}
        self.fields: list[str | None] = [by_column.get(n) for n in range(len(look.proposals))]
        self.constants: dict[str, Any] = dict(look.constants)
        self.value_map: dict[str, dict[str, Any]] = {n: dict(pairs) for n, pairs in look.value_map.items()}
        self.mode: str | None = None
        self._by_itself = self.to_params()

    def see(self, file: object, look: Look) -> None:
        """A file with this header was looked at, for the first time or again; its values count, too."""
        self._looks[file] = look
        if look.info["headers"] == self.look.info["headers"]:
            self.look = look
        self.changed.emit()

    # ------------------------------------------------------------ deciding

    def set_mode(self, mode: str | None) -> None:
        """The import is to be of this mode, on which depends what must be in the file."""
        if mode != self.mode:
            self.mode = mode
            self.changed.emit()

    def set_field(self, column: int, field: str | None) -> None:
        """A column goes into a field, or nowhere; a field takes one column only."""
        if self.fields[column] == field:
            return
        if field is not None:
            if field in self.fields:
                self.fields[self.fields.index(field)] = None
            self.constants.pop(field, None)
        self.fields[column] = field
        self.changed.emit()

    def set_constant(self, field: str, value: Any) -> None:
        """A field gets this value in every row; None: none."""
        if value is None or value == "":
            self.constants.pop(field, None)
        else:
            self.constants[field] = value
        self.changed.emit()

    def set_value(self, field: str, value: str, instead: Any) -> None:
        """A value of the file stands for another one; None: it stays as it is."""
        pairs = self.value_map.setdefault(field, {})
        if instead is None:
            pairs.pop(value, None)
        else:
            pairs[value] = instead
        if not pairs:
            del self.value_map[field]
        self.changed.emit()

    def take(self, params: Mapping[str, Any]) -> None:
        """Take over what was decided before, from the parameters of a job; what they do not say stays."""
        mapping = params.get("mapping")
        if isinstance(mapping, dict):
            self.fields = [mapping.get(self.name(n)) for n in range(len(self.fields))]
        for name in ("constants", "value_map"):
            given = params.get(name)
            if isinstance(given, dict):
                setattr(self, name, dict(given))
        self.changed.emit()

    def take_proposed_values(self) -> None:
        """Let the values that stand for nothing yet stand for what they probably mean."""
        for unknown in self.unknown_values():
            known = self.value_map.get(unknown.field, {})
            if unknown.proposed is not None and unknown.value not in known:
                self.value_map.setdefault(unknown.field, {})[unknown.value] = unknown.proposed
        self.changed.emit()

    # ------------------------------------------------------------ asking

    def name(self, column: int) -> str:
        """The name by which a mapping speaks of the column: its letter where it has none of its own."""
        return reference([str(proposal["header"]) for proposal in self.look.proposals], column)

    def open_fields(self) -> list[Field]:
        """The fields that no column goes into."""
        return [field for field in self.schema.fields if field.name not in self.fields]

    def needs(self, field: str) -> bool:
        """The field must have a column or a constant, the import's mode being what it is."""
        return field in self.schema.needed(self.mode)

    def missing(self) -> list[str]:
        """Titles of the fields that need a column or a constant and have neither."""
        return [
            pick(field.titles, field.name)
            for field in self.open_fields()
            if self.needs(field.name) and field.name not in self.constants
        ]

    def unknown_values(self) -> list[Unknown]:
        """The values of choices and booleans that need a meaning, also those that have one already."""
        from tabular.value_map import propose_values

        found = []
        for field in self.schema.fields:
            if field.type not in CHOSEN or field.name not in self.fields:
                continue
            rows = self._values(self.fields.index(field.name))
            samples = [[value] for value in rows]
            found += [
                Unknown(p.field, p.value, rows.get(p.value, p.count), p.target, p.confidence, p.reason)
                for p in propose_values({field.name: 0}, samples, self.schema, None, self._others)
            ]
        return found

    def _values(self, column: int) -> dict[str, int]:
        """The different values of a column in all files that were looked at, with the number of their rows."""
        header = self.look.info["headers"][column]
        rows: dict[str, int] = {}
        for look in self._looks.values():
            headers = look.info["headers"]
            place = headers.index(header) if header in headers else column  # the columns' order may be another one
            for value, count in look.distinct.get(str(place), []):
                rows[value] = rows.get(value, 0) + count
        return dict(sorted(rows.items(), key=lambda item: -item[1]))

    @property
    def touched(self) -> bool:
        """It is no longer what an import would do by itself."""
        return self.to_params() != self._by_itself

    def to_params(self) -> dict[str, Any]:
        """All of it as parameters of an import."""
        mapping = {self.name(n): field for n, field in enumerate(self.fields) if self._tells(n)}
        values = {name: pairs for name, pairs in self.value_map.items() if name in self.fields}
        return {
            "mapping": mapping,
            "constants": dict(self.constants),
            "value_map": {name: dict(pairs) for name, pairs in values.items()},
        }

    def params(self) -> dict[str, Any]:
        """What has to be sent with an import: nothing as long as it does the same by itself."""
        return {name: value for name, value in self.to_params().items() if value} if self.touched else {}

    def _tells(self, column: int) -> bool:
        """A column without a name is told only if it goes somewhere, one that an error workbook added never."""
        proposal = self.look.proposals[column]
        return proposal["reason"] != "added" and (bool(proposal["header"]) or self.fields[column] is not None)
