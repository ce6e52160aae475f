"""What pydantic found wrong, as our own stable codes with their values: `{"field", "code", "values"}` each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.texts import catalogue

# pydantic's error type (or its beginning, before the first underscore that differs) -> our code
_CODES = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "unexpected_keyword_argument": "field_unknown",
    "string_too_short": "field_too_short",
    "string_too_long": "field_too_long",
    "string_pattern_mismatch": "field_form",
    "too_short": "field_too_short",
    "too_long": "field_too_long",
    "greater_than": "field_too_small",
    "greater_than_equal": "field_too_small",
    "less_than": "field_too_large",
    "less_than_equal": "field_too_large",
    "literal_error": "field_not_allowed",
    "enum": "field_not_allowed",
    "string_type": "field_not_text",
    "finite_number": "field_not_a_number",
    "dict_type": "field_not_an_object",
    "model_type": "field_not_an_object",
    "model_attributes_type": "field_not_an_object",
    "mapping_type": "field_not_an_object",
    "list_type": "field_not_a_list",
    "json_invalid": "field_not_json",
}
_BEGINNINGS = {
    "int_": "field_not_a_number",
    "float_": "field_not_a_number",
    "decimal_": "field_not_a_number",
    "bool_": "field_not_a_boolean",
    "date_": "field_not_a_date",
    "datetime_": "field_not_a_date",
    "time_": "field_not_a_date",
    "timezone_": "field_not_a_date",
}
_BOUNDS = ("gt", "ge", "lt", "le")


def _code(kind: str) -> str:
    if kind in _CODES:
        return _CODES[kind]
    if kind in catalogue():  # said by a validator of ours
        return kind
    return next((code for beginning, code in _BEGINNINGS.items() if kind.startswith(beginning)), "field_invalid")


def _values(code: str, error: Mapping[str, Any]) -> dict[str, Any]:
    context = error.get("ctx") or {}
    match code:
        case "field_too_short":
            return {"minimum": context.get("min_length")}
        case "field_too_long":
            return {"maximum": context.get("max_length")}
        case "field_too_small" | "field_too_large":
            return {"limit": next((_plain(context[bound]) for bound in _BOUNDS if bound in context), None)}
        case "field_not_allowed":
            return {"expected": str(context.get("expected", "")).replace(" or ", ", ")}
        case "field_form":
            return {"pattern": context.get("pattern")}
        case "field_invalid":
            return {"reason": error.get("msg", "")}
        case _:
            return {name: _plain(value) for name, value in context.items()} if code == error["type"] else {}


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)


def field_errors(errors: Iterable[Mapping[str, Any]], *, prefix: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The errors of a `ValidationError` in our form, each field once.

    Args:
        errors: what pydantic's `errors()` gives.
        prefix: path to put before each field's own, e.g. `("params",)`.
    """
    found: dict[str, dict[str, Any]] = {}
    for error in errors:
        # A JSON error's place is an offset in the body, not a field.
        place = error["loc"] if error["type"] != "json_invalid" else ("body",)
        field = ".".join(str(part) for part in (*prefix, *place))
        code = _code(error["type"])
        # Of the members of a union each one complains; the first says enough.
        found.setdefault(field, {"field": field, "code": code, "values": _values(code, error)})
    return list(found.values())
