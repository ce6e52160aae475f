"""The job that takes an import back, chunk by chunk, and lists the rows that it had to keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from worker.datasets import undo
from worker.datasets.journal import GRACE_DAYS, Entries, TakeBack
from worker.db.schema import import_journal, jobs, users
from worker.db.types import db_now
from worker.engine import events
from worker.errors import Cancelled, Refused
from worker.texts import text

if TYPE_CHECKING:
    from datetime import datetime

    from worker.datasets.dataset import Dataset
    from worker.datasets.undo import UndoParams
    from worker.engine.context import Chunk, JobContext

_PAGE = 1000
_LANGUAGES = ("zh_CN", "en")


class Undo:
    """One undo job.

    Args:
        job: the job.
        params: which import.
    """

    def __init__(self, job: JobContext, params: UndoParams) -> None:
        self.job = job
        self.import_id = params.job
        saved = job.checkpoint or {}
        self.phase: str = saved.get("phase", "take_back")
        self.restored: int = saved.get("restored", 0)
        self.removed: int = saved.get("removed", 0)
        self.kept: int = saved.get("kept", 0)

    def run(self) -> dict[str, Any]:
        """Do what is left to do.

        Returns:
            `{rows, removed, restored, kept, job}`; the first is the sum of the next three.

        Raises:
            Refused: `unknown_job`, `undo_replaced`, `undo_expired`.
        """
        if self.phase != "done":
            row = self._import()
            try:
                entries = undo.entries_of(row, self.job.database.dialect)
                if self.phase == "take_back":
                    self._take_back(entries.dataset, (row.checkpoint or {}).get("journal") or [])
                self._report(entries.dataset)
            except Cancelled as stopped:
                # What was taken back until then is, and the rest can be asked for again.
                raise Cancelled(self._result()) from stopped
        return self._result()

    def _import(self) -> Any:
        with self.job.database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == self.import_id)).one_or_none()
            if row is None:
                raise Refused("unknown_job", job=self.import_id)
            if row.undone_by != self.job.job_id:  # this one was stopped, and another asked for; then this one retried
                raise Refused("undo_replaced", job=row.undone_by)
            now = connection.execute(select(db_now())).scalar_one()
            kept_until = undo.expiry(connection, self.job.settings, row)[0] + timedelta(days=GRACE_DAYS)
            if kept_until <= now:  # the journal may be gone; one that waits or runs keeps it, one that is retried not
                raise Refused("undo_expired", days=f"{self.job.settings.undo_days:g}")
            return row

    def _take_back(self, dataset: Dataset, names: list[str]) -> None:
        back = _Counted(self, dataset, names)
        with self.job.database.read() as connection:
            total = sum(back.entries.count(connection))
        done = self.removed + self.restored
        self.job.progress("stage_taking_back", done, total + done)
        for _ in back.run():
            self.job.progress("stage_taking_back", min(back.looked_at, total) + done, total + done)
        self.phase = "report"

    # ------------------------------------------------------------ what was kept

    def _report(self, dataset: Dataset) -> None:
        """List the rows that were kept; then, in one transaction, all is done."""
        from tabular.schema import Field, TableSchema
        from tabular.writer import ExportWriter

        self.job.progress("stage_kept_rows")
        fields = (
            *(dataset.schema.by_name[name] for name in dataset.schema.key),
            *(
                Field(name, "text", {language: text(f"undo_column_{name}", language) for language in _LANGUAGES})
                for name in ("deed", "reason")
            ),
        )
        schema = TableSchema(name=dataset.name, titles=dataset.schema.titles, key=dataset.schema.key, fields=fields)
        path = self.job.folder / "kept.xlsx"
        kept = ExportWriter(path, schema, self.job.actor.language, "xlsx").write(self._rows(dataset))
        if kept:
            self.job.add_file(path, self.job.text("undo_file_name", name=self._title(dataset)), "report")
        with self.job.chunk() as chunk:
            self.phase, self.kept = "done", kept
            chunk.connection.execute(
                update(jobs)
                .where(jobs.c.id == self.import_id, jobs.c.undone_by == self.job.job_id)
                .values(undone_at=db_now())
            )
            counts = {"removed": self.removed, "restored": self.restored, "kept": kept}
            events.add(chunk.connection, self.import_id, "undone", **counts)
            chunk.changed(self.import_id)
            chunk.checkpoint(self.saved())

    def _title(self, dataset: Dataset) -> str:
        titles = dataset.schema.titles
        return titles.get(self.job.actor.language) or titles["en"]

    def _rows(self, dataset: Dataset) -> Iterator[list[Any]]:
        yield from self._kept_updates(dataset)
        yield from self._kept_creations(dataset)

    def _kept_updates(self, dataset: Dataset) -> Iterator[list[Any]]:
        """Entries of the journal that are left."""
        table, keys = dataset.table, [dataset.table.c[name] for name in dataset.schema.key]
        entry, last = import_journal.c, -1
        entries = Entries(self.job.database.dialect, dataset, self.import_id, dataset.schema.key)
        deed = self.job.text("undo_deed_updated")
        while True:
            self.job.check()
            with self.job.database.read() as connection:
                positions = connection.scalars(
                    select(entry.position)
                    .where(entry.job_id == self.import_id, entry.position > last)
                    .order_by(entry.position)
                    .limit(_PAGE)
                ).all()
                if not positions:
                    return
                page = entries.page(entry.position.between(positions[0], positions[-1]))
                parts = [entries.part(page, i, key.type).label(f"key_{i}") for i, key in enumerate(keys)]
                found = connection.execute(
                    select(page.c.position, *parts, keys[0].label("there"), table.c.updated_job, table.c.updated_at)
                    .select_from(page.outerjoin(table, entries.same_row(page)))
                    .order_by(page.c.position)
                ).all()
                reasons = self._reasons(connection, found)
            for row in found:
                key = [getattr(row, f"key_{i}") for i in range(len(keys))]
                yield [*key, deed, reasons(row) if row.there is not None else self.job.text("undo_gone")]
            last = positions[-1]

    def _kept_creations(self, dataset: Dataset) -> Iterator[list[Any]]:
        """Rows that the import created and that are left."""
        table, keys = dataset.table, [dataset.table.c[name] for name in dataset.schema.key]
        deed = self.job.text("undo_deed_created")
        query = select(*keys, table.c.updated_job, table.c.updated_at).where(table.c.created_job == self.import_id)
        with self.job.database.read() as connection:
            for page in connection.execution_options(yield_per=_PAGE).execute(query).partitions():
                self.job.check()
                reasons = self._reasons(connection, page)
                for row in page:
                    yield [*row[: len(keys)], deed, reasons(row)]

    def _reasons(self, connection: Any, rows: Any) -> Any:
        """What changed each row, in words."""
        ids = {row.updated_job for row in rows if row.updated_job}
        query = select(jobs.c.id, users.c.username).join(users, users.c.id == jobs.c.owner_id)
        found = connection.execute(query.where(jobs.c.id.in_(ids))).all() if ids else []
        by = {row.id: row.username for row in found}
        zone = ZoneInfo(self.job.settings.timezone)

        def reason(row: Any) -> str:
            at: datetime | None = row.updated_at
            when = at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""
            if row.updated_job in by and row.updated_job != self.import_id:
                return self.job.text("undo_changed_by_import", by=by[row.updated_job], at=when)
            return self.job.text("undo_changed", at=when)

        return reason

    # ------------------------------------------------------------ saved and said

    def saved(self) -> dict[str, Any]:
        """The checkpoint."""
        return {"phase": self.phase, "restored": self.restored, "removed": self.removed, "kept": self.kept}

    def _result(self) -> dict[str, Any]:
        return undo.result(self.import_id, self.saved())


class _Counted(TakeBack):
    """Counts of all attempts, committed with the chunk that they come from."""

    def __init__(self, undo_job: Undo, dataset: Dataset, names: list[str]) -> None:
        super().__init__(undo_job.job, dataset, undo_job.import_id, names)
        self._undo = undo_job
        self._first = (undo_job.restored, undo_job.removed)

    def save(self, chunk: Chunk) -> None:
        self._undo.restored = self._first[0] + self.restored
        self._undo.removed = self._first[1] + self.removed
        chunk.checkpoint(self._undo.saved())


def run(job: JobContext, params: UndoParams) -> dict[str, Any]:
    """Take an import back; see `Undo.run`."""
    return Undo(job, params).run()
