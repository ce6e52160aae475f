"""A kind's JSON Schema read as fields of a form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from desktop.language import pick

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field.

    Attributes:
        name: of the parameter.
        sort: which editor it has: `text`, `long_text`, `integer`, `number`, `bool`, `choice`, `date`, `datetime`,
            `choices` (several of a list), `list` (a text a line), `map` (name -> value),
            `filters` (name -> condition), `json` (anything else).
        title, description: words in the window's language.
        required: it has no default and must be filled in.
        nullable: it may be left empty, which is sent as nothing.
        default: its value when nobody touches it.
        options: `(value, words)` of a choice.
        keys: `(name, words)` that a map may have; empty: any.
        value_map: a map whose values are maps again.
        minimum, maximum, max_length: limits, None: none.
        widget: a special editor that the schema asks for.
        pick: dataset and field with words: the values of a list may be chosen from those that there are.
        advanced: most people never need it.
    """

    name: str
    sort: str
    title: str
    description: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None
    options: tuple[tuple[Any, str], ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    value_map: bool = False
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    widget: str = ""
    pick: tuple[str, str | None] | None = None
    advanced: bool = False
    schema: Json = field(default_factory=dict, compare=False)


def read_fields(schema: Json) -> list[FieldSpec]:
    """The fields of an object's schema, in its order; those that nobody has to see last."""
    required = set(schema.get("required") or ())
    definitions = schema.get("$defs") or {}
    fields = [
        _read(name, prop, name in required, definitions) for name, prop in (schema.get("properties") or {}).items()
    ]
    return sorted(fields, key=lambda f: f.advanced)  # stable: the order within stays


def _read(name: str, prop: Json, required: bool, definitions: Json) -> FieldSpec:
    inner, nullable = _resolve(prop, definitions)
    titles = dict(prop.get("titles") or {})
    for key, value in prop.items():
        if key.startswith("title_"):
            titles.setdefault(key.removeprefix("title_"), value)
    words = prop.get("enum_titles") or inner.get("enum_titles") or {}
    sort, options = _sort(inner, prop, definitions, words)
    keys: tuple[tuple[str, str], ...] = ()
    value_map = False
    if sort in ("map", "filters"):
        values = _resolve(inner.get("additionalProperties") or {}, definitions)[0]
        value_map = values.get("type") == "object"
        names = (inner.get("propertyNames") or {}).get("enum") or ()
        keys = tuple((key, pick(words.get(key), key)) for key in names)
    return FieldSpec(
        name=name,
        sort=sort,
        title=pick(titles, prop.get("title") or name.replace("_", " ").capitalize()),
        description=pick(prop.get("descriptions"), prop.get("description") or ""),
        required=required,
        nullable=nullable,
        default=prop.get("default"),
        options=options,
        keys=keys,
        value_map=value_map,
        minimum=_limit(inner, "minimum", "exclusiveMinimum"),
        maximum=_limit(inner, "maximum", "exclusiveMaximum"),
        max_length=inner.get("maxLength"),
        widget=prop.get("widget") or "",
        pick=(pick_["dataset"], pick_.get("label")) if (pick_ := prop.get("pick")) else None,
        advanced=bool(prop.get("advanced")),
        schema=prop,
    )


def _resolve(schema: Json, definitions: Json) -> tuple[Json, bool]:
    """The schema behind references and `T | None`, and whether None is allowed."""
    if not isinstance(schema, dict):
        return {}, False
    if "$ref" in schema:
        return _resolve(definitions.get(schema["$ref"].rsplit("/", 1)[-1]) or {}, definitions)
    if len(schema.get("allOf") or ()) == 1:
        return _resolve(schema["allOf"][0], definitions)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not branches:
        return schema, False
    resolved = [_resolve(branch, definitions) for branch in branches]
    real = [branch for branch, _ in resolved if branch.get("type") != "null"]
    nullable = len(real) < len(resolved) or any(n for _, n in resolved)
    kinds = {branch.get("type") for branch in real}
    if len(real) == 1:
        return real[0], nullable
    if kinds <= {"number", "integer"} and kinds:
        return {**real[0], "type": "number"}, nullable
    if kinds <= {"number", "integer", "string"} and "string" in kinds:
        # A decimal: a number that may also be sent as text.
        return ({**real[0], "type": "number"} if "number" in kinds else {"type": "string"}), nullable
    return {}, nullable


def _sort(inner: Json, prop: Json, definitions: Json, words: Json) -> tuple[str, tuple[tuple[Any, str], ...]]:
    if "enum" in inner:
        return "choice", tuple((value, pick(words.get(str(value)), str(value))) for value in inner["enum"])
    if "const" in inner:
        return "choice", ((inner["const"], pick(words.get(str(inner["const"])), str(inner["const"]))),)
    match inner.get("type"):
        case "boolean":
            return "bool", ()
        case "integer":
            return "integer", ()
        case "number":
            return "number", ()
        case "string":
            forms = {"date": "date", "date-time": "datetime"}
            if inner.get("format") in forms:
                return forms[inner["format"]], ()
            long = prop.get("widget") == "textarea" or inner.get("format") == "multiline"
            return ("long_text" if long or (inner.get("maxLength") or 0) > 1000 else "text"), ()
        case "array":
            items, _ = _resolve(inner.get("items") or {}, definitions)
            if "enum" in items:
                return "choices", tuple((v, pick(words.get(str(v)), str(v))) for v in items["enum"])
            return ("list", ()) if items.get("type") in ("string", "integer", "number") else ("json", ())
        case "object":
            values, _ = _resolve(inner.get("additionalProperties") or {}, definitions)
            if prop.get("widget") == "filters":
                return "filters", ()
            simple = values.get("type") != "object" or not values.get("properties")
            return ("map", ()) if simple else ("json", ())
    return "json", ()


def _limit(schema: Json, *names: str) -> float | None:
    return next((schema[name] for name in names if isinstance(schema.get(name), int | float)), None)
