"""What imports have overwritten, and how it is taken back.

The journal has one entry for each row that an import updated, written in the chunk that updated it: a JSON list of the
row's key, its `row_version`, its `updated_job` and the values of the fields that the import fills, all as they were
before. Their names are kept once, in the import's checkpoint. Rows that the import created are known by `created_job`.

A row is as the import left it while its `updated_job` is the import and its `row_version` the one after that of the
entry (a created one: while its version is 1). Taking back gives it all of this back, the version too, so that the
import before can be taken back next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    String,
    and_,
    any_,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from worker.datasets.loader import hold
from worker.datasets.pace import Pace
from worker.db.schema import import_journal, jobs
from worker.db.types import db_now

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

    from worker.datasets.dataset import Dataset
    from worker.db.database import Database
    from worker.engine.context import Chunk, JobContext
    from worker.settings import Settings

_PAGE = 2000
_MOST = 5000
GRACE_DAYS = 1.0
"""How much longer than it can be asked for a journal is kept."""
_entry = import_journal.c


class Entries:
    """The journal of one import beside its dataset, as SQL.

    Args:
        dialect: sqlite or postgresql.
        dataset: of the import.
        import_id: the import.
        names: of the key's fields and of those that the import fills, in the order of the entries; empty: it has
            updated nothing.
    """

    def __init__(self, dialect: str, dataset: Dataset, import_id: str, names: Sequence[str]) -> None:
        self.dialect = dialect
        self.dataset = dataset
        self.import_id = import_id
        self._width = len(dataset.schema.key)
        self._places = {name: i if i < self._width else i + 2 for i, name in enumerate(names)}
        self._mine = _entry.job_id == import_id

    def page(self, *where: ColumnElement[bool]) -> FromClause:
        """Entries with `position` and `before`."""
        if self.dialect == "sqlite":
            return select(_entry.position, _entry.before).where(self._mine, *where).subquery()
        # The offset keeps PostgreSQL from reading the text anew for each of its values.
        read = cast(_entry.before, JSONB).label("before")
        return select(_entry.position, read).where(self._mine, *where).offset(literal_column("0")).subquery()

    def part(self, page: FromClause, place: int, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        """One value of the entries, in the form in which the table holds it."""
        if self.dialect == "postgresql":
            return cast(page.c.before[place].astext, type_)
        return func.json_extract(page.c.before, f"$[{place}]", type_=type_)

    def same_row(self, page: FromClause) -> ColumnElement[bool]:
        """The row of the table that an entry is about."""
        columns = self.dataset.table.c
        return and_(*(columns[n] == self.part(page, i, columns[n].type) for i, n in enumerate(self.dataset.schema.key)))

    def untouched(self, page: FromClause) -> ColumnElement[bool]:
        """The row is as the import left it."""
        columns = self.dataset.table.c
        return and_(
            # In this form no index is used: rows are looked up by their keys, whatever the planner would think.
            func.coalesce(columns.updated_job, "") == self.import_id,
            columns.row_version == self.part(page, self._width, Integer()) + 1,
        )

    def old_values(self, page: FromClause) -> dict[str, Any]:
        """What taking back sets: the old values of the fields that the dataset (still) has, and whose they were."""
        columns = self.dataset.table.c
        values: dict[str, Any] = {
            name: self.part(page, place, columns[name].type)
            for name, place in self._places.items()
            if name in columns and name not in self.dataset.schema.key
        }
        return values | {
            "row_version": self.part(page, self._width, Integer()),
            "updated_job": self.part(page, self._width + 1, String()),
            "updated_at": db_now(),
        }

    @cached_property
    def created(self) -> ColumnElement[bool]:
        """Rows of the table that the import created."""
        return self.dataset.table.c.created_job == self.import_id

    def count(self, connection: Connection) -> tuple[int, int, int]:
        """How many rows taking back would remove, restore and keep."""
        table, page = self.dataset.table, self.page()
        created, fresh = connection.execute(
            select(func.count(), func.count().filter(table.c.row_version == 1)).select_from(table).where(self.created)
        ).one()
        updated = self.left(connection)
        restorable = 0
        if updated:
            restorable = connection.execute(
                select(func.count()).select_from(page).join(table, and_(self.same_row(page), self.untouched(page)))
            ).scalar_one()
        return fresh, restorable, created - fresh + updated - restorable

    def left(self, connection: Connection) -> int:
        """Entries that there are."""
        return connection.execute(select(func.count()).select_from(import_journal).where(self._mine)).scalar_one()

    def restore(self, connection: Connection, after: int, limit: int) -> tuple[int, int, int] | None:
        """Give the next rows their old values and forget their entries; entries of others stay.

        Args:
            connection: of a writing transaction.
            after: position after which to begin.
            limit: entries to look at.

        Returns:
            Position of the last entry looked at, number of entries looked at, rows restored; None: there is no more.
        """
        positions = (
            connection.execute(
                select(_entry.position)
                .where(self._mine, _entry.position > after)
                .order_by(_entry.position)
                .limit(min(limit, _MOST))
            )
            .scalars()
            .all()
        )
        if not positions:
            return None
        hold(connection, self.dataset)
        table = self.dataset.table
        between = _entry.position.between(positions[0], positions[-1])
        page = self.page(between)
        ours = self.same_row(page) & self.untouched(page)
        # Held from here to the end of the transaction, so that all three statements speak of the same rows.
        held = select(page.c.position).join_from(page, table, ours).with_for_update(of=table)
        restorable = set(connection.execute(held).scalars())
        if restorable:
            done = connection.execute(update(table).values(self.old_values(page)).where(ours))
            if done.rowcount != len(restorable):
                raise RuntimeError(f"{done.rowcount} rows were restored, {len(restorable)} were held")
            kept = [position for position in positions if position not in restorable]
            gone = delete(import_journal).where(self._mine, between)
            connection.execute(gone.where(_entry.position.not_in(kept)) if kept else gone)
        return positions[-1], len(positions), len(restorable)

    def remove(self, connection: Connection, after: int, limit: int) -> tuple[int, int] | None:
        """Delete the next rows that the import created and nobody has changed.

        Args:
            connection: of a writing transaction.
            after: where to begin: -1, then as returned.
            limit: rows to look at.

        Returns:
            Where to go on, rows deleted; None: there is no more.
        """
        table = self.dataset.table
        fresh = and_(self.created, table.c.row_version == 1)
        hold(connection, self.dataset)
        if self.dialect == "postgresql":
            # By their places: the index on `created_job` gives them without sorting.
            place: ColumnElement[Any] = literal_column("ctid")
            chosen = func.array(select(place).select_from(table).where(fresh).limit(limit).scalar_subquery())
            found = connection.execute(delete(table).where(place == any_(chosen), fresh)).rowcount
            return (0, found) if found else None
        row_id: ColumnElement[int] = literal_column("rowid", Integer())
        places = (
            connection.execute(
                select(row_id).select_from(table).where(self.created, row_id > after).order_by(row_id).limit(limit)
            )
            .scalars()
            .all()
        )
        if not places:
            return None
        found = connection.execute(delete(table).where(fresh, row_id.between(places[0], places[-1]))).rowcount
        return places[-1], found


class TakeBack:
    """Takes back what an import did, chunk by chunk; done again from the start it only does what is left.

    Args:
        job: whose chunks they are: the import itself, or the job that takes it back.
        dataset, import_id, names: as in `Entries`.

    Attributes:
        looked_at, restored, removed: rows so far, in this attempt.
    """

    def __init__(self, job: JobContext, dataset: Dataset, import_id: str, names: Sequence[str]) -> None:
        self.job = job
        self.entries = Entries(job.database.dialect, dataset, import_id, names)
        self.looked_at = self.restored = self.removed = 0
        self._pace = Pace(job.database.dialect, _MOST)

    def run(self) -> Iterator[None]:
        """Restore, then remove; yields after each chunk."""
        for step in (self._restore, self._remove):
            after: int | None = -1
            while after is not None:
                with self.job.chunk() as chunk:
                    began = time.monotonic()
                    before = self.looked_at
                    after = step(chunk, after)
                    self.save(chunk)
                    took = time.monotonic() - began
                self._pace.learn(self.looked_at - before, took)
                yield

    def save(self, chunk: Chunk) -> None:
        """Called last in each chunk; for one who wants to set a checkpoint."""

    def kept(self) -> int:
        """Rows that are not as the import left them, and so stayed; after `run`."""
        with self.job.database.read() as connection:
            return self.entries.count(connection)[2]

    def _restore(self, chunk: Chunk, after: int) -> int | None:
        found = self.entries.restore(chunk.connection, after, self._pace.rows)
        if found is None:
            return None
        self.looked_at += found[1]
        self.restored += found[2]
        return found[0]

    def _remove(self, chunk: Chunk, after: int) -> int | None:
        found = self.entries.remove(chunk.connection, after, self._pace.rows)
        if found is None:
            return None
        self.looked_at += found[1]
        self.removed += found[1]
        return found[0]


def drop(job: JobContext) -> None:
    """Forget the job's own entries, chunk by chunk."""
    while True:
        with job.chunk() as chunk:
            if _forget(chunk.connection, job.job_id) < _PAGE:
                return


def clean(database: Database, settings: Settings) -> int:
    """Forget the entries of imports that cannot be taken back any more: too old, taken back already, or deleted.

    Returns:
        How many.
    """
    count, last = 0, ""
    while True:
        with database.read() as connection:
            # From one import to the next by the index, however many entries each has.
            job_id = connection.scalar(select(func.min(_entry.job_id)).where(_entry.job_id > last))
            if job_id is None:
                return count
            over = _over(connection, settings, job_id)
        while over:
            with database.write() as connection:
                # Asked again: it may be being taken back since.
                forgotten = _forget(connection, job_id) if _over(connection, settings, job_id) else 0
            count += forgotten
            if forgotten < _PAGE:
                break
        last = job_id


def _over(connection: Connection, settings: Settings, job_id: str) -> bool:
    undo = jobs.alias()
    under_way = exists().where(undo.c.parent_id == job_id, undo.c.state.in_(("pending", "running")))
    seconds = (settings.undo_days + GRACE_DAYS) * 86400
    gone = jobs.c.undone_at.is_not(None) | (jobs.c.finished_at < db_now(-seconds))
    needed = exists().where(jobs.c.id == job_id, ~func.coalesce(gone, False))
    return not connection.scalar(select(or_(under_way, needed)))


def _forget(connection: Connection, job_id: str) -> int:
    positions = (
        connection.execute(
            select(_entry.position).where(_entry.job_id == job_id).order_by(_entry.position).limit(_PAGE)
        )
        .scalars()
        .all()
    )
    if positions:
        connection.execute(
            delete(import_journal).where(_entry.job_id == job_id, _entry.position.between(positions[0], positions[-1]))
        )
    return len(positions)
