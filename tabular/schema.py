"""What a table of records must look like: its fields, their rules and its key, as plain data.

The server declares one `TableSchema` a dataset and serves it as JSON; the desktop reads it back. So worker and desktop
check by the same rules with the same code (`tabular.checker`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FieldType = Literal["text", "integer", "decimal", "date", "boolean", "choice"]
FieldFormat = Literal["email", "phone", "id_number"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a dataset.

    Attributes:
        name: snake_case name; column name in table, API and mapping.
        type: how a cell is read and stored.
        titles: the field's name in `zh_CN` and `en`; the header of templates and exports.
        synonyms: other headers that mean this field, any language, compared without case, spaces and punctuation.
        required: a row without it is rejected.
        max_length: characters of a text.
        minimum, maximum: bounds of a number.
        scale: digits after the point of a decimal.
        choices: allowed values of a `choice`.
        choice_words: other words for them in files, any language: value -> words, compared without case and width.
        format: a text with a form of its own.
    """

    name: str
    type: FieldType
    titles: dict[str, str]
    synonyms: tuple[str, ...] = ()
    required: bool = False
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    scale: int | None = None
    choices: tuple[str, ...] = ()
    choice_words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    format: FieldFormat | None = None


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A dataset's fields and key.

    Attributes:
        name: the dataset's name.
        titles: its name in `zh_CN` and `en`.
        key: names of the fields that tell one record from another; all required.
        fields: in the order of templates and exports.
        record_words: what a record is called in headers, any language: `customer` in `Customer City`, which is then the
            record's own city.
    """

    name: str
    titles: dict[str, str]
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    record_words: tuple[str, ...] = ()
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})
        for name in self.key:
            if not self.by_name[name].required:
                raise ValueError(f"{self.name}: key field {name} must be required")

    def needed(self, mode: str | None = None) -> tuple[str, ...]:
        """Names of the fields that must come from somewhere, a column or a constant, in an import of this mode: the
        required ones, but of `update` the key only, since rows that are there already keep what the file does not say.
        """
        return self.key if mode == "update" else tuple(f.name for f in self.fields if f.required)

    def titles_of(self, names: Sequence[str]) -> dict[str, list[str]]:
        """The titles of fields, by language, in the order of their names."""
        titles = [self.by_name[n].titles for n in names]
        return {language: [t.get(language) or t["en"] for t in titles] for language in ("zh_CN", "en")}

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, the form that the API serves."""
        return {
            "name": self.name,
            "titles": self.titles,
            "key": list(self.key),
            "record_words": list(self.record_words),
            "fields": [{k: _listed(v) for k, v in asdict(f).items()} for f in self.fields],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TableSchema:
        """The inverse of `to_json`; unknown names of newer servers are passed over."""
        known = set(Field.__slots__)

        def read(f: dict[str, Any]) -> Field:
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in f.items() if k in known}
            meant = values.get("choice_words", {})
            return Field(**values | {"choice_words": {value: tuple(listed) for value, listed in meant.items()}})

        fields = [read(f) for f in data["fields"]]
        words = tuple(data.get("record_words", ()))
        return cls(data["name"], data["titles"], tuple(data["key"]), tuple(fields), words)


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _listed(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value
