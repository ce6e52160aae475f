"""An import from its first byte to its result: read, map, check, load, report.

The work is cut in chunks (`chunks`). What a chunk does to the table, the rows that it rejects, the counts and the
position in the file commit in one transaction with the job's checkpoint, so a kill at any moment costs the chunk under
way and nothing else: the next attempt notes the keys up to the checkpoint again and goes on.

A file is read and checked by `worker.reading`; a big one in a process of its own, beside the loading.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from worker.datasets import history, journal, opening, rejects
from worker.datasets.chunks import ChangedMeanwhile, Chunks
from worker.datasets.import_state import ImportState
from worker.datasets.loader import create_loader
from worker.datasets.parameters import ImportParams
from worker.errors import Cancelled, Refused

if TYPE_CHECKING:
    from tabular.source import ReadOptions
    from worker.datasets.dataset import Dataset
    from worker.datasets.loader import Loader
    from worker.engine.context import JobContext
    from worker.reading.part import Part, Reading

_PART_ROWS = 1000
_CHUNK_BYTES = 16 << 20
"""Past it a chunk is full, however few its rows."""
_APART_FROM_BYTES = 3_000_000
"""Size of the smallest file for which a second process is worth its start."""


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
        self.state = ImportState.of(job.checkpoint, params)
        self.kept = 0  # rows that were changed by others before they could be taken back

    def run(self) -> dict[str, Any]:
        """Do what is left to do.

        Returns:
            The job's result, see `ImportState.summary`.

        Raises:
            Refused: the file or the mapping cannot be used; `too_many_errors`; `nothing_imported`.
        """
        try:
            if self.state.phase in ("check", "load"):
                self.job.progress("stage_opening", file=self.upload.name)
                self._read()
            if self.state.phase == "take_back":
                self._take_back()
            if self.state.phase == "report":
                self._report()
            if self.state.phase == "clean":
                rejects.drop(self.job)
                if self.state.stopped == "changed_meanwhile":
                    journal.drop(self.job)
        except Cancelled as stopped:
            if self.state.phase == "check":
                raise
            # What was loaded until then stays, and is said.
            summary = self.state.summary(self.params)
            raise Cancelled(summary, rows_done=summary["rows"]) from stopped
        result = self.state.result(self.params, self.kept)
        if not self.params.dry_run and self.state.position > self.state.counts["rejected"]:
            opening.remember(self.job, self.dataset, self.params, self._read_with, self.state.found)
        return result

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        from tabular.errors import TableError

        try:
            opened = opening.opened(self.job, self.dataset, self.params, self._named, self._read_with, self.state.found)
            with opened as file:
                reading, mapping = file.reading, file.mapping
                self._remember(file.found)
                fields = {*mapping.columns, *mapping.constants}
                loader = create_loader(self.job.database, self.dataset, fields, self.job.job_id)
                chunks = Chunks(self.job, self.dataset, self.params, self.state, loader, mapping)
                if self.state.phase == "check":
                    self._pass(reading, loader, chunks)
                    if self.state.phase == "check":  # no row was rejected: now load
                        self._begin_loading()
                if self.state.phase == "load":
                    try:
                        self._pass(reading, loader, chunks)
                    except ChangedMeanwhile as late:
                        self._begin_taking_back(late.rows)
        except TableError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Any) -> Refused:
        from tabular.workbook import sort_of

        # The stored file bears another name than the one that its owner knows.
        values: dict[str, Any] = {k: self.upload.name if k == "file" else v for k, v in error.values.items()}
        code = error.code
        if code in ("no_rows", "no_header", "wrong_encoding") and _is_workbook_name(self.upload.name):
            # Read as a text, since it is no workbook by its content; and no table either.
            code = "not_a_workbook" if sort_of(self.upload.path) == "csv" else code
        return Refused(code, **values)

    def _read_with(self, options: ReadOptions) -> AbstractContextManager[Reading]:
        path, folder = self._named, self.job.folder
        if self.upload.size < _APART_FROM_BYTES:
            from worker.reading.reader import Reader

            return Reader(path, options, folder)
        from worker.reading.process import ReaderProcess

        return ReaderProcess(path, options, folder, self.job.settings.runner_memory_bytes, self.job.check)

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

        if self.state.found:
            return
        parent = job_of(self.upload.path) if found["format"] == "xlsx" else None
        if parent is not None:
            self.job.adopt(parent)
        self.state.found = found | {
            "imported_before": history.imported_before(
                self.job.database, self.job.actor, self.job.kind, self.upload.sha256, self.job.job_id
            ),
        }

    # ------------------------------------------------------------ passing over the rows

    def _pass(self, reading: Reading, loader: Loader, chunks: Chunks) -> None:
        """Check all rows, and load them in the phase `load`; leaves the phase `report` where there is no going on."""
        from worker.reading.part import Order

        state, params = self.state, self.params
        total = reading.opened.total_rows
        stage = "stage_checking" if state.phase == "check" or params.dry_run else "stage_loading"
        resume_at = state.position
        # The first passage of an all-or-nothing import has found no duplicate.
        unique = state.phase == "load" and params.all_or_nothing and not params.dry_run
        known = rejects.known(self.job.database, self.job.job_id, resume_at) if resume_at and not unique else None
        order = Order(
            columns=dict(state.found["columns"]),
            constants=dict(state.found["constants"]),
            value_map=state.found["value_map"],
            names=loader.names,
            form=loader.form,
            copy=loader.copies,
            start=resume_at,
            known=known,
            unique=unique,
            originals=chunks.originals,
            size=_PART_ROWS,
        )
        waiting: list[Part] = []
        rows = 0
        for part in reading.parts(order):
            end = part.first + part.rows
            if part.first < resume_at:
                self.job.progress("stage_resuming", end, resume_at)
                continue
            waiting.append(part)
            rows += part.rows
            if rows >= chunks.pace.rows or sum(one.size for one in waiting) >= _CHUNK_BYTES:
                chunks.commit(waiting)
                waiting, rows = [], 0
                if state.stopped:
                    return
            self.job.progress(stage, end, max(total, end) if total is not None else None)
        if waiting:
            chunks.commit(waiting)
            if state.stopped:
                return
        self.job.progress(stage, state.position, state.position)
        if state.phase == "load" or state.counts["rejected"]:
            state.phase = "report"

    def _begin_loading(self) -> None:
        self.state.begin("load")
        self._save()

    def _begin_taking_back(self, rejected: int) -> None:
        self.state.stopped = "changed_meanwhile"
        self.state.begin("take_back", rejected)
        self._save()

    def _save(self) -> None:
        with self.job.chunk() as chunk:
            chunk.checkpoint(self.state.saved())

    def _take_back(self) -> None:
        self.job.progress("stage_taking_back")
        back = journal.TakeBack(self.job, self.dataset, self.job.job_id, self.state.journal)
        for _ in back.run():
            self.job.progress("stage_taking_back")
        self.kept = back.kept()
        self.state.phase = "clean"

    # ------------------------------------------------------------ the end

    def _report(self) -> None:
        """Make the error workbook of all rejected rows."""
        state = self.state
        total = state.counts["rejected"]
        if total:
            from tabular.error_workbook import ErrorWorkbook

            path = self.job.folder / "errors.xlsx"
            done = 0
            with ErrorWorkbook(
                path, state.found["headers"], self.job.actor.language, self.dataset.schema, self.job.job_id
            ) as workbook:
                for rejected in rejects.stream(self.job.database, self.job.job_id):
                    workbook.add(rejected)
                    done += 1
                    if done % 500 == 0:
                        # The rows of the job stay those of the file.
                        self.job.progress("stage_error_workbook", state.position, state.position)
            if done != total:
                raise RuntimeError(f"{done} rejected rows are kept, {total} were counted")
            stem = PurePath(self.upload.name).stem
            self.job.add_file(path, self.job.text("errors_file_name", stem=stem), "errors")
        state.phase = "clean"
        self._save()


def _is_workbook_name(name: str) -> bool:
    return PurePath(name).suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods")


def run(job: JobContext, dataset: Dataset, params: ImportParams) -> dict[str, Any]:
    """Import the job's upload into `dataset`; see `Import.run`."""
    return Import(job, dataset, params).run()
