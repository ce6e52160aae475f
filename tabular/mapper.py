"""Which column of a file is which field: proposals with their confidence, and the mapping that is made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass
from dataclasses import field as field_
from typing import Any, Self

from tabular.cells import Cell, column_letter
from tabular.errors import TableError
from tabular.names import compact, fingerprint, is_added, reference
from tabular.recognition import Reason, recognise
from tabular.schema import TableSchema

__all__ = ["Mapping", "Proposal", "fingerprint", "propose"]

THRESHOLD = 0.9
"""Proposals of this confidence and more are applied without asking."""

LIKELY = 0.5
"""Proposals of less are none."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one column of a file probably is.

    Attributes:
        column: 0-based index.
        header: its name in the file.
        field: the field's name; None when it fits no field.
        confidence: 0 to 1.
        reason: what spoke for it; `remembered` and `shared`: a person decided so for the same header before;
            `added` for a column that an error workbook had added.
    """

    column: int
    header: str
    field: str | None
    confidence: float
    reason: Reason

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "column": self.column, "header": self.header, "field": self.field,
            "confidence": round(self.confidence, 3), "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a person mapped a file with the same header before.

    Attributes:
        mapping: column's name (see `tabular.names.reference`) -> field, None for a column that is left out.
        constants, value_map: as in `Mapping`.
        headers: the columns' names as they stood in that file, in its order; empty when they are not known.
        shared: by another user.
        alike: of a file whose header was not quite the same, see `alike`.
    """

    mapping: Mapping_[str, str | None]
    constants: Mapping_[str, Any] = field_(default_factory=dict)
    value_map: Mapping_[str, Mapping_[str, Any]] = field_(default_factory=dict)
    headers: tuple[str, ...] = ()
    shared: bool = False
    alike: bool = False

    def columns(self, headers: Sequence[str], schema: TableSchema) -> dict[int, str | None]:
        """What was decided about the columns of a file with these headers: 0-based column -> field or None.

        Fields that the dataset no longer has are passed over. A column without a name is told by its place, which
        says something only in a file with the same columns in the same order.
        """
        first = next((i for i in range(len(headers)) if not is_added(headers, i)), 0)
        same = tuple(map(compact, headers[first:])) == tuple(map(compact, self.headers))
        names = [reference(self.headers, i) for i in range(len(self.headers))]
        by_letter = {name: i for i, name in enumerate(names) if name != self.headers[i]}
        decided: dict[int, str | None] = {}
        for name, target in self.mapping.items():
            column = _find(headers, name)
            if name in by_letter:
                column = by_letter[name] + first if same else None
            elif column is not None and reference(headers, column) != headers[column]:
                column = None
            if column is None or column in decided:
                continue
            if target is None or (target in schema.by_name and target not in decided.values()):
                decided[column] = target
        return decided


def alike(headers: Sequence[str], kept: Sequence[Remembered]) -> int | None:
    """Which remembered mapping serves for a file whose header nobody has mapped yet: next month's file of the same
    branch, with a column more or less.

    Args:
        headers: the file's column names.
        kept: the mappings, the preferred ones first.

    Returns:
        Index of the one whose header has most names in common; None where none has enough: at least three columns that
        go into fields and three quarters of those that did, and more than half of all names.
    """
    names = {name for i, h in enumerate(headers) if not is_added(headers, i) and (name := compact(h))}
    best: tuple[float, int] | None = None
    for place, one in enumerate(kept):
        theirs = {name for h in one.headers if (name := compact(h))}
        into_fields = {compact(name) for name, target in one.mapping.items() if target} & theirs
        there = into_fields & names
        if len(there) < 3 or len(there) * 4 < len(into_fields) * 3:
            continue
        share = len(names & theirs) / len(names | theirs)
        if share > 0.5 and (best is None or share > best[0]):
            best = share, place
    return None if best is None else best[1]


_KNOWN: dict[tuple[Reason, bool], float] = {
    ("remembered", False): 1.0, ("shared", False): 0.97, ("remembered", True): 0.94, ("shared", True): 0.92,
}  # fmt: skip
_RANK: dict[Reason, int] = {"title": 0, "name": 1, "synonym": 2, "pinyin": 3, "part": 4, "similar": 5, "values": 6}


def propose(
    headers: Sequence[str],
    samples: Sequence[Sequence[Cell]],
    schema: TableSchema,
    remembered: Remembered | None = None,
) -> list[Proposal]:
    """Propose a field for each column.

    Args:
        headers: the file's column names.
        samples: some rows of data, each as wide as the header or shorter; may be empty.
        schema: the dataset.
        remembered: what a person decided about the same header before; it comes before all guesses.

    Returns:
        One proposal a column, in the file's order; each field is proposed at most once.
    """
    scored: list[tuple[float, int, int, int, Reason]] = []
    decided = remembered.columns(headers, schema) if remembered is not None else {}
    settled = {*decided.values(), *(remembered.constants if remembered is not None else ())}
    for column, header in enumerate(headers):
        if column in decided or is_added(headers, column):
            continue
        values = [row[column] for row in samples if column < len(row)]
        for position, f in enumerate(schema.fields):
            if f.name in settled:
                continue
            confidence, reason = recognise(header, values, f, schema.record_words)
            if confidence >= LIKELY:
                scored.append((confidence, -_RANK[reason], -column, position, reason))
    # The best pair first: an exact title beats an exact synonym, the left column beats the right one.
    scored.sort(key=lambda s: (-s[0], -s[1], -s[2], s[3]))
    taken: dict[int, tuple[int, float, Reason]] = {}
    fields_taken: set[int] = set()
    for confidence, _, minus_column, position, reason in scored:
        if -minus_column not in taken and position not in fields_taken:
            taken[-minus_column] = (position, confidence, reason)
            fields_taken.add(position)
    proposals = []
    for column, header in enumerate(headers):
        if remembered is not None and column in decided:
            why: Reason = "shared" if remembered.shared else "remembered"
            proposals.append(Proposal(column, header, decided[column], _KNOWN[why, remembered.alike], why))
        elif column in taken:
            position, confidence, reason = taken[column]
            proposals.append(Proposal(column, header, schema.fields[position].name, confidence, reason))
        else:
            proposals.append(Proposal(column, header, None, 0.0, "added" if is_added(headers, column) else "none"))
    return proposals


def applied(
    proposals: Sequence[Proposal],
    schema: TableSchema,
    remembered: Remembered | None = None,
    constants: Mapping_[str, Any] | None = None,
    value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
) -> tuple[dict[str, int], dict[str, Any], dict[str, dict[str, Any]]]:
    """What is applied to a file for which nobody gives a mapping.

    Args:
        proposals: of `propose`, made with the same `remembered`.
        schema, remembered: as there.
        constants, value_map: what was given for this file; it comes before what is remembered.

    Returns:
        Columns (field -> 0-based column), constants and the value map.
    """
    fixed = {**(remembered.constants if remembered is not None else {}), **(constants or {})}
    fixed = {name: value for name, value in fixed.items() if name in schema.by_name or name in (constants or {})}
    columns = {
        p.field: p.column
        for p in proposals
        if p.field is not None and p.confidence >= THRESHOLD and p.field not in fixed
    }
    values: dict[str, dict[str, Any]] = {}
    for source in (remembered.value_map if remembered is not None else {}, value_map or {}):
        for name, pairs in source.items():
            if name in schema.by_name or source is value_map:
                values.setdefault(name, {}).update(pairs)
    return columns, fixed, values


@dataclass(frozen=True)
class Mapping:
    """A decided mapping of a file's columns to the fields of a dataset.

    Attributes:
        schema: the dataset.
        headers: the file's column names.
        columns: for each field that comes from a column, field name -> 0-based column.
        constants: field name -> the value that every row gets; used where no column is mapped.
        value_map: field name -> {value in the file: value instead}.
    """

    schema: TableSchema
    headers: tuple[str, ...]
    columns: dict[str, int]
    constants: dict[str, Any] = field_(default_factory=dict)
    value_map: dict[str, dict[str, Any]] = field_(default_factory=dict)

    @classmethod
    def automatic(
        cls,
        proposals: Sequence[Proposal],
        schema: TableSchema,
        threshold: float = THRESHOLD,
        constants: Mapping_[str, Any] | None = None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
    ) -> Self:
        """Apply the proposals that are sure enough; a constant wins over a proposal.

        Raises:
            TableError: `mapping_required` with `fields` when a required field is left over; and as `explicit`.
        """
        constants = constants or {}
        columns = {
            p.field: p.column
            for p in proposals
            if p.field is not None and p.confidence >= threshold and p.field not in constants
        }
        return cls._made(schema, tuple(p.header for p in proposals), columns, constants, value_map)

    @classmethod
    def recognised(
        cls,
        headers: Sequence[str],
        samples: Sequence[Sequence[Cell]],
        schema: TableSchema,
        remembered: Remembered | None = None,
        constants: Mapping_[str, Any] | None = None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None = None,
        needed: Collection[str] | None = None,
    ) -> Self:
        """Apply what is remembered of such a file, and the proposals that are sure enough; a constant wins over them.

        Args:
            needed: as in `explicit`.

        Raises:
            TableError: `mapping_required` with `fields` when a required field is left over; and as `explicit`.
        """
        proposals = propose(headers, samples, schema, remembered)
        columns, fixed, values = applied(proposals, schema, remembered, constants, value_map)
        return cls._made(schema, tuple(headers), columns, fixed, values, needed)

    @classmethod
    def explicit(
        cls,
        headers: Sequence[str],
        mapping: Mapping_[str, str | None],
        constants: Mapping_[str, Any] | None,
        value_map: Mapping_[str, Mapping_[str, Any]] | None,
        schema: TableSchema,
        needed: Collection[str] | None = None,
    ) -> Self:
        """Take the mapping that a person made: {column (see `tabular.names.reference`): field, or None for no field}.

        Args:
            needed: names of the fields that must come from somewhere; None: the required ones.

        Raises:
            TableError: `mapping_unknown_column`, `mapping_unknown_field`, `mapping_field_twice`, `mapping_required`.
        """
        columns: dict[str, int] = {}
        for name, target in mapping.items():
            if not target:
                continue
            column = _find(headers, name)
            if column is None:
                raise TableError("mapping_unknown_column", column=name, columns=[h for h in headers if h])
            if target not in schema.by_name:
                raise TableError("mapping_unknown_field", field=target, fields=[f.name for f in schema.fields])
            if target in columns:
                titles = {"field": schema.by_name[target].titles}
                first = headers[columns[target]]
                raise TableError("mapping_field_twice", first=first, second=name, field=target, titles=titles)
            columns[target] = column
        return cls._made(schema, tuple(headers), columns, constants or {}, value_map, needed)

    @classmethod
    def _made(
        cls,
        schema: TableSchema,
        headers: tuple[str, ...],
        columns: dict[str, int],
        constants: Mapping_[str, Any],
        value_map: Mapping_[str, Mapping_[str, Any]] | None,
        needed: Collection[str] | None = None,
    ) -> Self:
        for name in (*constants, *(value_map or {})):
            if name not in schema.by_name:
                raise TableError("mapping_unknown_field", field=name, fields=[f.name for f in schema.fields])
        wanted = needed if needed is not None else schema.needed()
        missing = [
            f.name for f in schema.fields if f.name in wanted and f.name not in columns and f.name not in constants
        ]
        if missing:
            raise TableError("mapping_required", fields=missing, titles={"fields": schema.titles_of(missing)})
        values = {name: dict(pairs) for name, pairs in (value_map or {}).items()}
        return cls(schema, headers, columns, {k: v for k, v in constants.items() if k not in columns}, values)

    def to_json(self) -> dict[str, str]:
        """`{file column: field}`, the form in which it is remembered."""
        by_column = {column: name for name, column in self.columns.items()}
        return {reference(self.headers, c): by_column[c] for c in sorted(by_column)}


def _find(headers: Sequence[str], name: str) -> int | None:
    for i, header in enumerate(headers):
        if header and header == name:
            return i
    wanted = compact(name)
    for i, header in enumerate(headers):
        if wanted and compact(header) == wanted:
            return i
    for i, header in enumerate(headers):
        if reference(headers, i) != header and column_letter(i) == name.upper():
            return i
    return None
