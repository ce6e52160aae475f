"""An import from its first byte to its result: read, map, check, load, report.

The work is cut in chunks. What a chunk does to the table, the rows that it rejects, the counts and the position in the
file commit in one transaction with the job's checkpoint, so a kill at any moment costs the chunk under way and nothing
else: the next attempt reads up to the checkpoint again (to know the keys that were there) and goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from worker.datasets import history, journal, opening, rejects
from worker.datasets.keyset import KeySet
from worker.datasets.loader import Loader, Plan, Prepared, create_loader, plain, plan
from worker.datasets.pace import Pace
from worker.datasets.parameters import ImportParams
from worker.errors import Cancelled, Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tabular.checker import Checked, Checker, Rejected
    from tabular.schema import Field
    from tabular.source import Batch, Source
    from worker.datasets.dataset import Dataset
    from worker.engine.context import JobContext

COUNTS = ("inserted", "updated", "unchanged", "skipped", "rejected")
_BATCH = 1000  # rows read and checked together
_PREVIEW = 20  # changes that a dry run shows


@dataclass(slots=True)
class _Chunk:
    """Checked rows that commit together.

    Attributes:
        first: position in the file (data rows in reading order, from 0) of its first row.
        rows: number of rows, good and rejected.
        good: the good rows; `positions` runs in step.
        rejected: position -> rejected row.
        origin: gives back the row at a position as it was read.
    """

    first: int
    rows: int = 0
    good: list[tuple[Any, ...]] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    rejected: dict[int, Rejected] = field(default_factory=dict)
    batches: list[tuple[int, Batch]] = field(default_factory=list)

    def origin(self, position: int) -> Rejected:
        """The row at `position` as it stood in the file, with no problem yet."""
        from tabular.checker import Rejected

        for first, batch in reversed(self.batches):
            if position >= first:
                i = position - first
                return Rejected(batch.numbers[i], batch.sheet, batch.rows[i], [])
        raise IndexError(position)


class _ChangedMeanwhile(Exception):
    """Rows of an all-or-nothing import that fitted when all were checked do so no more; nothing of the chunk stays."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


class Import:
    """One import job.

    Args:
        job: the job.
        dataset: where its rows go.
        params: how.
    """

    def __init__(self, job: JobContext, dataset: Dataset, params: ImportParams) -> None:
        self.job = job
        self.dataset = dataset
        self.params = params
        self.upload = job.uploads[0]
        saved = job.checkpoint or {}
        self.phase: str = saved.get("phase", "check" if params.all_or_nothing and not params.dry_run else "load")
        self.position: int = saved.get("position", 0)
        self.counts: dict[str, int] = saved.get("counts") or dict.fromkeys(COUNTS, 0)
        self.reasons: dict[str, int] = saved.get("reasons") or {}
        self.found: dict[str, Any] = saved.get("found") or {}
        self.preview: list[dict[str, Any]] = saved.get("preview") or []
        self.stopped: str | None = saved.get("stopped")
        self.journal: list[str] = saved.get("journal") or []  # the fields whose old values are noted
        self.kept = 0  # rows that were changed by others before they could be taken back
        self._pace = Pace(job.database.dialect, job.settings.import_chunk_rows)

    def run(self) -> dict[str, Any]:
        """Do what is left to do.

        Returns:
            The job's result, see `_result`.

        Raises:
            Refused: the file or the mapping cannot be used; `too_many_errors`; `nothing_imported`.
        """
        try:
            if self.phase in ("check", "load", "take_back"):
                self.job.progress("stage_opening", file=self.upload.name)
                self._read()
            if self.phase == "report":
                self._report()
            if self.phase == "clean":
                rejects.drop(self.job)
                if self.stopped == "changed_meanwhile":
                    journal.drop(self.job)
        except Cancelled as stopped:
            if self.phase == "check":
                raise
            # What was loaded until then stays, and is said.
            summary = self._summary()
            raise Cancelled(summary, rows_done=summary["rows"]) from stopped
        result = self._result()
        if not self.params.dry_run and self.position > self.counts["rejected"]:
            opening.remember(self.job, self.dataset, self.params, self._named, self.found)
        return result

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        from tabular.checker import Checker
        from tabular.errors import TableError
        from tabular.workbook import sort_of

        try:
            with opening.opened(self.job, self.dataset, self.params, self._named, self.found) as file:
                source, mapping = file.source, file.mapping
                self._remember(file.found)
                checker = Checker(self.dataset.schema, mapping, serial_dates=source.numbers_may_be_dates)
                loader = create_loader(
                    self.job.database, self.dataset, {*mapping.columns, *mapping.constants}, self.job.job_id
                )
                if self.phase == "check":
                    self._pass(source, checker, loader)
                    if self.phase == "check":  # no row was rejected: now load
                        self._begin_loading()
                if self.phase == "load":
                    try:
                        self._pass(source, checker, loader)
                    except _ChangedMeanwhile as late:
                        self._begin_taking_back(late.rows)
                if self.phase == "take_back":
                    self.job.progress("stage_taking_back")
                    self.kept = self._take_back()
                    self.phase = "clean"
        except TableError as error:
            # The stored file bears another name than the one that its owner knows.
            values: dict[str, Any] = {k: self.upload.name if k == "file" else v for k, v in error.values.items()}
            code = error.code
            if code in ("no_rows", "no_header", "wrong_encoding") and _is_workbook_name(self.upload.name):
                # Read as a text, since it is no workbook by its content; and no table either.
                code = "not_a_workbook" if sort_of(self.upload.path) == "csv" else code
            raise Refused(code, **values) from error

    @cached_property
    def _named(self) -> Path:
        """The file under a name with its owner's ending: a web page saved as `.xls` is told by both."""
        suffix = PurePath(self.upload.name).suffix.lower()
        named = self.job.folder / f"input{suffix}"
        for link in (os.symlink, os.link):  # Windows allows the first to few, a second disk forbids the second
            try:
                link(self.upload.path.resolve(), named)
            except OSError:
                continue
            return named
        return self.upload.path

    def _remember(self, found: dict[str, Any]) -> None:
        """What was found out about the file, for the result and for a later attempt."""
        from tabular.error_workbook import job_of

        if self.found:
            return
        parent = job_of(self.upload.path) if found["format"] == "xlsx" else None
        if parent is not None:
            self.job.adopt(parent)
        self.found = found | {
            "imported_before": history.imported_before(
                self.job.database, self.job.actor, self.job.kind, self.upload.sha256, self.job.job_id
            ),
        }

    # ------------------------------------------------------------ passing over the rows

    def _begin_loading(self) -> None:
        self.phase, self.position = "load", 0
        self.counts, self.reasons = dict.fromkeys(COUNTS, 0), {}
        with self.job.chunk() as chunk:
            chunk.checkpoint(self._saved())

    def _begin_taking_back(self, rejected: int) -> None:
        self.phase, self.stopped = "take_back", "changed_meanwhile"
        self.counts, self.reasons = dict.fromkeys(COUNTS, 0) | {"rejected": rejected}, {}
        with self.job.chunk() as chunk:
            chunk.checkpoint(self._saved())

    def _take_back(self) -> int:
        back = journal.TakeBack(self.job, self.dataset, self.job.job_id, self.journal)
        for _ in back.run():
            self.job.progress("stage_taking_back")
        return back.kept()

    def _pass(self, source: Source, checker: Checker, loader: Loader) -> None:
        """Check all rows, and load them in the phase `load`; leaves the phase `report` where there is no going on."""
        total = source.total_rows
        stage = "stage_checking" if self.phase == "check" or self.params.dry_run else "stage_loading"
        resume_at = self.position
        position = 0
        with KeySet(self.job.folder) as keys:
            chunk = _Chunk(resume_at)
            for batch in _parts(source, resume_at):
                self._take(chunk if position >= resume_at else _Chunk(position), checker, keys, position, batch)
                position += len(batch)
                if position <= resume_at:
                    self.job.progress("stage_resuming", position, resume_at)
                    continue
                if chunk.rows >= self._pace.rows:
                    self._commit(chunk, checker, loader)
                    chunk = _Chunk(position)
                    if self.stopped:
                        return
                self.job.progress(stage, position, max(total, position) if total is not None else None)
            if chunk.rows:
                self._commit(chunk, checker, loader)
            if self.stopped:
                return
        self.job.progress(stage, self.position, self.position)
        if self.phase == "load" or self.counts["rejected"]:
            self.phase = "report"

    def _take(self, chunk: _Chunk, checker: Checker, keys: KeySet, position: int, batch: Batch) -> None:
        """Check a batch and add it to the chunk."""
        checked = checker.check(batch)
        places = _places(checked, batch, position)
        for rejected in checked.rejected:
            chunk.rejected[places(rejected.number)] = rejected
        positions = (
            list(range(position, position + len(batch)))
            if not checked.rejected
            else [places(number) for number in checked.numbers]
        )
        good = checked.good
        single = len(self.dataset.schema.key) == 1
        claimed = [key[0] for key in checked.keys] if single else checked.keys
        duplicates = keys.claim(claimed, checked.numbers)
        chunk.batches.append((position, batch))
        if duplicates:
            for i, first in duplicates.items():
                origin = chunk.origin(positions[i])
                chunk.rejected[positions[i]] = checker.duplicate(origin, first)
            good = [row for i, row in enumerate(good) if i not in duplicates]
            positions = [p for i, p in enumerate(positions) if i not in duplicates]
        chunk.good += good
        chunk.positions += positions
        chunk.rows += len(batch)

    # ------------------------------------------------------------ one chunk

    def _commit(self, chunk: _Chunk, checker: Checker, loader: Loader) -> None:
        """Effect, rejected rows, counts and checkpoint in one transaction."""
        mode = self.params.mode
        writes = self.phase == "load" and not self.params.dry_run
        prepared = loader.prepare(chunk.good)
        with self.job.chunk() as step:
            began = time.monotonic()
            connection = step.connection
            what = Plan()
            if prepared.count:
                loader.stage(connection, prepared)
                existing = loader.existing(connection, prepared, compare=mode in ("update", "upsert"))
                what = plan(mode, prepared.count, existing)
            bad = dict(chunk.rejected)
            for i, code in what.refused.items():
                bad[chunk.positions[i]] = self._refused(chunk.origin(chunk.positions[i]), checker, code)
            if what.refused and self.params.all_or_nothing and writes:
                raise _ChangedMeanwhile(len(what.refused))
            end = self._limit(chunk, what, bad)
            if writes and what.insert:
                loader.insert(connection, prepared, what.insert)
            if writes and what.update:
                self.journal = [*loader.key_names, *loader.value_names]
                loader.journal(connection, prepared, chunk.positions, what.update)
                loader.update(connection, prepared, what.update)
            if self.params.dry_run:
                self._show(connection, loader, prepared, what, chunk)
            rejects.keep(connection, self.job.job_id, sorted(bad.items()))
            self._count(end, what, bad)
            step.checkpoint(self._saved())
            work = time.monotonic() - began
        # The commit belongs to it; the gap that follows a chunk on SQLite (a fifth of its time) does not.
        self._pace.learn(chunk.rows, max(work, (time.monotonic() - began) / 1.2))

    def _refused(self, origin: Rejected, checker: Checker, code: str) -> Rejected:
        """The row with the problem that its key is (or is not) in the table."""
        from tabular.checker import Problem, Rejected

        told = checker.duplicate(origin, 0).problems[-1]
        problem = Problem(told.column_index, told.header, told.field, code, {"value": told.values["value"]}, told.cell)
        return Rejected(origin.number, origin.sheet, origin.cells, [problem])

    def _limit(self, chunk: _Chunk, what: Plan, bad: dict[int, Rejected]) -> int:
        """Position after the last row of the chunk that counts: the row with the last allowed error ends the import,
        wherever the chunks begin and end.
        """
        end = chunk.first + chunk.rows
        limit = self.params.max_errors
        if limit is not None and self.counts["rejected"] + len(bad) >= limit:
            end = sorted(bad)[limit - self.counts["rejected"] - 1] + 1
            self.stopped = "too_many_errors"
            for position in [p for p in bad if p >= end]:
                del bad[position]
            for rows in (what.insert, what.update, what.unchanged, what.skipped):
                rows[:] = [i for i in rows if chunk.positions[i] < end]
        return end

    def _count(self, end: int, what: Plan, bad: dict[int, Rejected]) -> None:
        for name in ("inserted", "updated", "unchanged", "skipped"):
            rows = {"inserted": what.insert, "updated": what.update}.get(name)
            self.counts[name] += len(rows if rows is not None else getattr(what, name))
        self.counts["rejected"] += len(bad)
        for rejected in bad.values():
            code = rejected.problems[0].code
            self.reasons[code] = self.reasons.get(code, 0) + 1
        self.position = end
        if self.stopped:
            self.phase = "report"
        if sum(self.counts.values()) != self.position:
            raise RuntimeError(f"counts {self.counts} do not add up to {self.position} rows")

    def _show(self, connection: Connection, loader: Loader, prepared: Prepared, what: Plan, chunk: _Chunk) -> None:
        """Note the first changes that a dry run would have made."""
        room = _PREVIEW - len(self.preview)
        wanted = sorted(what.insert + what.update)[:room] if room > 0 else []
        if not wanted:
            return
        updates = [i for i in wanted if i in set(what.update)]
        stored = loader.stored(connection, prepared, updates) if updates else {}
        fields = self.dataset.schema.fields
        position_of = {f.name: n for n, f in enumerate(fields)}
        for i in wanted:
            row = chunk.good[i]
            entry: dict[str, Any] = {
                "row": chunk.origin(chunk.positions[i]).number,
                "key": {name: plain(row[position_of[name]]) for name in loader.key_names},
                "action": "update" if i in stored else "insert",
            }
            if i in stored:
                new = [column[i] for column in prepared.values]
                entry["changes"] = {
                    name: [_shown(fields[position_of[name]], old), plain(row[position_of[name]])]
                    for name, old, now in zip(loader.value_names, stored[i], new, strict=True)
                    if old != now
                }
            self.preview.append(entry)

    def _saved(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "position": self.position,
            "counts": self.counts,
            "reasons": self.reasons,
            "found": self.found,
            "preview": self.preview,
            "stopped": self.stopped,
            "journal": self.journal,
        }

    # ------------------------------------------------------------ the end

    def _report(self) -> None:
        """Make the error workbook of all rejected rows."""
        if self.counts["rejected"]:
            from tabular.error_workbook import ErrorWorkbook

            path = self.job.folder / "errors.xlsx"
            done, total = 0, self.counts["rejected"]
            with ErrorWorkbook(
                path, self.found["headers"], self.job.actor.language, self.dataset.schema, self.job.job_id
            ) as workbook:
                for rejected in rejects.stream(self.job.database, self.job.job_id):
                    workbook.add(rejected)
                    done += 1
                    if done % 500 == 0:
                        # The rows of the job stay those of the file.
                        self.job.progress("stage_error_workbook", self.position, self.position)
            if done != total:
                raise RuntimeError(f"{done} rejected rows are kept, {total} were counted")
            stem = PurePath(self.upload.name).stem
            self.job.add_file(path, self.job.text("errors_file_name", stem=stem), "errors")
        self.phase = "clean"
        with self.job.chunk() as chunk:
            chunk.checkpoint(self._saved())

    def _result(self) -> dict[str, Any]:
        """`rows`, the five counts that add up to it, `reasons` {code: rows}, what was found out about the file, and for
        a dry run the first `changes`.
        """
        values: dict[str, Any] = {"rows": self.position, **self.counts}
        if self.stopped == "changed_meanwhile":
            raise Refused(self.stopped, rejected=self.counts["rejected"], kept=self.kept)
        if self.stopped:
            raise Refused(self.stopped, limit=self.params.max_errors, reasons=self.reasons, **values)
        if self.params.all_or_nothing and not self.params.dry_run and self.counts["rejected"]:
            raise Refused("nothing_imported", reasons=self.reasons, rows=self.position, rejected=values["rejected"])
        return self._summary()

    def _summary(self) -> dict[str, Any]:
        found = {k: v for k, v in self.found.items() if k not in ("columns", "headers", "options")}
        how = {"mode": self.params.mode, "dry_run": self.params.dry_run, "reasons": self.reasons}
        result = {"rows": self.position, **self.counts, **how, **found}
        if self.params.dry_run:
            result["changes"] = self.preview
        return result


def _is_workbook_name(name: str) -> bool:
    return PurePath(name).suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods")


def _shown(f: Field, stored: Any) -> Any:
    """A value as the table holds it, in the form in which a checked value is shown."""
    if stored is None:
        return None
    if f.type == "decimal":
        number = Decimal(str(stored))
        return f"{number:.{f.scale}f}" if f.scale is not None else f"{number:f}"
    return bool(stored) if f.type == "boolean" else plain(stored)


def _places(checked: Checked, batch: Batch, position: int) -> Callable[[int], int]:
    """Row number in the file -> position; made only for a batch that has rejected rows."""
    if not checked.rejected:
        return lambda number: position + batch.numbers.index(number)
    places = {number: position + i for i, number in enumerate(batch.numbers)}
    return places.__getitem__


def _parts(source: Source, boundary: int) -> Iterator[Batch]:
    """The file's batches; one that `boundary` (a position) would cut is given in two parts."""
    from tabular.source import Batch

    position = 0
    for batch in source.batches(size=_BATCH):
        cut = boundary - position
        position += len(batch)
        if 0 < cut < len(batch):
            yield Batch(
                batch.sheet, batch.numbers[:cut], batch.rows[:cut], frozenset(i for i in batch.surplus if i < cut)
            )
            yield Batch(
                batch.sheet,
                batch.numbers[cut:],
                batch.rows[cut:],
                frozenset(i - cut for i in batch.surplus if i >= cut),
            )
        else:
            yield batch


def run(job: JobContext, dataset: Dataset, params: ImportParams) -> dict[str, Any]:
    """Import the job's upload into `dataset`; see `Import.run`."""
    return Import(job, dataset, params).run()
