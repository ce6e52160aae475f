"""One chunk of an import: what it does to the table, what it rejects, counts and checkpoint, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from worker.datasets import rejects
from worker.datasets.loader import Existing, KeyExists, Plan, plain, plan
from worker.datasets.pace import Pace

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.mapper import Mapping
    from tabular.schema import Field
    from worker.datasets.dataset import Dataset
    from worker.datasets.import_state import ImportState
    from worker.datasets.loader import Loader, Rows
    from worker.datasets.parameters import ImportParams
    from worker.engine.context import JobContext
    from worker.reading.part import Part
    from worker.reading.rejected import Dumped

_PREVIEW = 20  # changes that a dry run shows


class ChangedMeanwhile(Exception):
    """Rows of an all-or-nothing import that fitted when all were checked do so no more; nothing of the chunk stays.

    Attributes:
        rows: how many.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


class _Chunk:
    """The parts that commit together."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.first = parts[0].first
        self.rows = sum(part.rows for part in parts)
        self.rejected = {row.position: row for part in parts for row in part.rejected}
        self._positions: list[int] | None = None

    @property
    def positions(self) -> list[int]:
        """Of the good rows, by their number."""
        if self._positions is None:
            self._positions = [position for part in self.parts for position in part.positions()]
        return self._positions

    def part(self, position: int) -> Part:
        """The part that holds a row."""
        return next(part for part in self.parts if position < part.first + part.rows)


class Chunks:
    """Commits the rows of one import.

    Args:
        job, dataset, params: of the import.
        state: brought forward with each chunk.
        loader: for the table.
        mapping: of the file's columns.

    Attributes:
        pace: how many rows the next chunk should have.
    """

    def __init__(
        self,
        job: JobContext,
        dataset: Dataset,
        params: ImportParams,
        state: ImportState,
        loader: Loader,
        mapping: Mapping,
    ) -> None:
        self._job = job
        self._dataset = dataset
        self._params = params
        self._state = state
        self._loader = loader
        self._mapping = mapping
        self._all_new = False  # as far as the last chunk tells; a wrong guess costs one chunk once more
        self.pace = Pace(job.database.dialect, job.settings.import_chunk_rows)

    @property
    def originals(self) -> bool:
        """Whether rows are needed as they were read: to reject one for what the table holds, or to show it."""
        return self._params.dry_run or self._params.mode in ("insert", "update")

    @property
    def _writes(self) -> bool:
        return self._state.phase == "load" and not self._params.dry_run

    def commit(self, parts: Sequence[Part]) -> None:
        """Load the rows of some parts that follow each other.

        Raises:
            ChangedMeanwhile: see there.
        """
        chunk = _Chunk(parts)
        rows = self._loader.rows(parts)
        if self._all_new and self._writes and rows.count and not self._limited(len(chunk.rejected)):
            try:
                self._commit_new(chunk, rows)
            except KeyExists:
                self._all_new = False
            else:
                return
        self._commit(chunk, rows)

    def _commit_new(self, chunk: _Chunk, rows: Rows) -> None:
        with self._job.chunk() as step:
            began = time.monotonic()
            self._loader.insert_new(step.connection, rows)
            rejects.keep(step.connection, self._job.job_id, list(chunk.rejected.values()))
            self._state.add(
                chunk.first + chunk.rows,
                {"inserted": rows.count},
                [row.code for row in chunk.rejected.values()],
            )
            step.checkpoint(self._state.saved())
            done = time.monotonic()
        self.pace.learn(chunk.rows, done - began, time.monotonic() - done)

    def _commit(self, chunk: _Chunk, rows: Rows) -> None:
        mode, loader, state = self._params.mode, self._loader, self._state
        writes = self._writes  # the phase may end with this chunk
        with self._job.chunk() as step:
            began = time.monotonic()
            connection = step.connection
            what = Plan(0)
            if rows.count:
                what = plan(mode, rows.count, self._existing(connection, rows))
            bad = dict(chunk.rejected)
            if what.refused:
                if self._params.all_or_nothing and writes:
                    raise ChangedMeanwhile(len(what.refused))
                bad.update(self._refused(chunk, what.refused))
                bad = dict(sorted(bad.items()))
            end = chunk.first + chunk.rows
            if self._limited(len(bad)):
                end = self._end(bad)
                bad = {position: row for position, row in bad.items() if position < end}
                what = what.cut(sum(position < end for position in chunk.positions))
            if writes and len(what.insert):
                loader.insert(connection, rows, what.insert)
            if writes and len(what.update):
                state.journal = list(loader.names)
                loader.journal(connection, rows, chunk.positions, what.update)
                loader.update(connection, rows, what.update)
            if self._params.dry_run:
                self._show(connection, rows, what, chunk)
            rejects.keep(connection, self._job.job_id, list(bad.values()))
            state.add(end, what.counts(), [row.code for row in bad.values()])
            step.checkpoint(state.saved())
            done = time.monotonic()
        self.pace.learn(chunk.rows, done - began, time.monotonic() - done)
        self._all_new = bool(rows.count) and len(what.insert) == rows.count

    def _existing(self, connection: Connection, rows: Rows) -> Existing:
        mode = self._params.mode
        if self._state.phase == "check" and mode in ("skip", "upsert"):
            return Existing(range(rows.count), ())  # whatever the table holds, no row is rejected for it
        return self._loader.existing(connection, rows, compare=mode in ("update", "upsert"))

    def _refused(self, chunk: _Chunk, refused: dict[int, str]) -> dict[int, Dumped]:
        """Rows whose key is (or is not) in the table, as rejected ones, by position."""
        from tabular.checker import Rejected, key_problem
        from worker.reading.rejected import dump

        found: dict[int, Dumped] = {}
        for i, code in refused.items():
            position = chunk.positions[i]
            number, sheet, cells = chunk.part(position).original(position)
            row = Rejected(number, sheet, cells, [])
            row.problems.append(key_problem(self._dataset.schema, self._mapping, row, code))
            found[position] = dump(position, row)
        return found

    # ------------------------------------------------------------ stop after N errors

    def _limited(self, rejected: int) -> bool:
        """Whether these rejected rows reach the number at which the import is to stop."""
        limit = self._params.max_errors
        return limit is not None and self._state.counts["rejected"] + rejected >= limit

    def _end(self, bad: dict[int, Dumped]) -> int:
        """Position after the row with the last allowed error, which ends the import wherever chunks begin and end."""
        assert self._params.max_errors is not None  # noqa: S101 - `_limited`
        self._state.stopped, self._state.phase = "too_many_errors", "report"
        return list(bad)[self._params.max_errors - self._state.counts["rejected"] - 1] + 1

    # ------------------------------------------------------------ dry run

    def _show(self, connection: Connection, rows: Rows, what: Plan, chunk: _Chunk) -> None:
        """Note the first changes that a dry run would have made."""
        room = _PREVIEW - len(self._state.preview)
        wanted = sorted([*what.insert[:room], *what.update[:room]])[:room] if room > 0 else []
        if not wanted:
            return
        fields = [self._dataset.schema.by_name[name] for name in self._loader.names]
        both = self._loader.both(connection, rows, wanted)
        for i in wanted:
            new, old = both[i]
            position = chunk.positions[i]
            values = [_shown(f, value) for f, value in zip(fields, new, strict=True)]
            entry: dict[str, Any] = {
                "row": chunk.part(position).original(position)[0],
                "key": dict(zip(self._loader.key_names, values, strict=False)),
                "action": "insert" if old is None else "update",
            }
            if old is not None:
                entry["changes"] = {
                    f.name: [_shown(f, before), value]
                    for f, before, after, value in zip(fields, old, new, values, strict=True)
                    if before != after
                }
            self._state.preview.append(entry)


def _shown(f: Field, stored: Any) -> Any:
    """A value as the database gives it, in the form in which a checked value is shown."""
    if stored is None:
        return None
    if f.type == "decimal":
        number = Decimal(str(stored))
        return f"{number:.{f.scale}f}" if f.scale is not None else f"{number:f}"
    return bool(stored) if f.type == "boolean" else plain(stored)
