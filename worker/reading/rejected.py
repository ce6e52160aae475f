"""A rejected row as texts, so that a process can hand it over and a database keep it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tabular.checker import Problem, Rejected

if TYPE_CHECKING:
    from tabular.cells import Cell


class Dumped(NamedTuple):
    """One rejected row.

    Attributes:
        position: in the file (data rows in reading order, from 0).
        number, sheet: as in `tabular.checker.Rejected`.
        cells, problems: JSON texts, ASCII only, so that any character survives any database.
        code: of the first problem.
    """

    position: int
    number: int
    sheet: str
    cells: str
    problems: str
    code: str


def encode(value: Any) -> Any:
    """What JSON has no form for, as `{type: text}`; a cell is never an object itself."""
    match value:
        case dt.datetime():
            return {"$datetime": value.isoformat()}
        case dt.date():
            return {"$date": value.isoformat()}
        case dt.time():
            return {"$time": value.isoformat()}
        case dt.timedelta():
            return {"$seconds": value.total_seconds()}
        case Decimal():
            return {"$decimal": str(value)}
        case _:
            return str(value)


def decode(value: dict[str, Any]) -> Any:
    """The inverse of `encode`, as `object_hook` of `json.loads`."""
    match next(iter(value.items()), None):
        case ("$datetime", str(text)) if len(value) == 1:
            return dt.datetime.fromisoformat(text)
        case ("$date", str(text)) if len(value) == 1:
            return dt.date.fromisoformat(text)
        case ("$time", str(text)) if len(value) == 1:
            return dt.time.fromisoformat(text)
        case ("$seconds", int() | float() as seconds) if len(value) == 1:
            return dt.timedelta(seconds=seconds)
        case ("$decimal", str(text)) if len(value) == 1:
            return Decimal(text)
        case _:
            return value


_dump = json.JSONEncoder(default=encode, check_circular=False).encode
_parse = json.JSONDecoder(object_hook=decode).decode


def dump(position: int, rejected: Rejected) -> Dumped:
    """A row that stands at `position` of the file."""
    problems = [[p.column_index, p.header, p.field, p.code, p.values, p.cell] for p in rejected.problems]
    code = rejected.problems[0].code
    return Dumped(position, rejected.number, rejected.sheet, _dump(rejected.cells), _dump(problems), code)


def parse(number: int, sheet: str | None, cells: str, problems: str) -> Rejected:
    """The row that `dump` was given."""
    values: list[Cell] = _parse(cells)
    return Rejected(number, sheet or "", values, [Problem(*parts) for parts in _parse(problems)])
