"""Conditions on a dataset's rows, as people write them: `{field: {eq, in, contains, from, to}}`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import false, or_

from tabular.schema import Field
from worker.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement

    from worker.datasets.dataset import Dataset

OPERATORS = ("eq", "in", "contains", "from", "to")


def conditions(dataset: Dataset, filters: Mapping[str, Mapping[str, Any]]) -> list[ColumnElement[bool]]:
    """SQL conditions that must all hold.

    Args:
        dataset: whose table.
        filters: field -> {operator: value}; None: no condition; `in: [None]` means empty; bounds are
            included; `contains` looks for a part
            of a text without regard to case.

    Raises:
        Refused: `invalid_filter`, with one of `errors` for each bad condition.
    """
    result: list[ColumnElement[bool]] = []
    errors: list[dict[str, Any]] = []
    for name, given in filters.items():
        f = dataset.schema.by_name.get(name)
        if f is None:
            errors.append({"field": f"filters.{name}", "code": "filter_unknown_field", "values": {"field": name}})
            continue
        for operator, value in given.items():
            if value is None:
                continue
            try:
                result.append(_condition(dataset, f, operator, value))
            except Unfit as unfit:
                errors.append({
                    "field": f"filters.{name}.{operator}",
                    "code": unfit.code,
                    "values": {"field": name, "operator": operator, "value": str(value)[:100]},
                })  # fmt: skip
    if errors:
        first = errors[0]
        raise Refused("invalid_filter", errors=errors, **first["values"])
    return result


class Unfit(Exception):
    """A condition does not fit its field; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _condition(dataset: Dataset, f: Field, operator: str, value: Any) -> ColumnElement[bool]:
    column: Column[Any] = dataset.table.c[f.name]
    match operator:
        case "eq":
            equal: ColumnElement[bool] = column == typed(f, value)
            return equal
        case "in":
            if not isinstance(value, list | tuple):
                raise Unfit("filter_bad_value")
            wanted = [typed(f, item) for item in value if item is not None]
            present = column.in_(wanted) if wanted else false()
            return or_(present, column.is_(None)) if None in value else present
        case "contains":
            if f.type not in ("text", "choice") or not isinstance(value, str):
                raise Unfit("filter_not_a_text")
            return column.icontains(value, autoescape=True)
        case "from" | "to":
            bound = typed(f, value)
            within: ColumnElement[bool] = column >= bound if operator == "from" else column <= bound
            return within
        case _:
            raise Unfit("filter_unknown_operator")


def typed(f: Field, value: Any) -> Any:
    """A JSON value in the field's own type.

    Raises:
        Unfit: it has none.
    """
    try:
        match f.type:
            case "integer":
                whole = int(str(value))
                if not -(2**63) <= whole < 2**63:  # SQLite's driver takes no more
                    raise Unfit("filter_bad_value")
                return whole
            case "decimal":
                number = Decimal(str(value))
                if not number.is_finite():
                    raise Unfit("filter_bad_value")
                return number
            case "date":
                return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])
            case "boolean":
                if isinstance(value, bool):
                    return value
                return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
            case _:
                if value is None or isinstance(value, bool):
                    raise Unfit("filter_bad_value")
                return str(value)
    except (ValueError, InvalidOperation, KeyError):
        raise Unfit("filter_bad_value") from None
