"""An office for the tests of imports and exports: real database, real storage, real engine; the kind's function runs in
this process, so that a test can stop it at a chosen place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select

from tests.worker.engine.engine import person
from worker.actor import Actor
from worker.datasets import load
from worker.db.database import Database
from worker.db.schema import files, import_rejects
from worker.db.types import db_now
from worker.engine import claim, jobs, kinds, outcome, submit
from worker.engine.pipe import Pipe
from worker.engine.routing import LANES
from worker.engine.runner_context import Orders, RunnerContext
from worker.engine.views import JobView, Submission
from worker.errors import Cancelled, Refused, Transient
from worker.files.storage import Storage
from worker.ids import new_id
from worker.settings import Settings

CUSTOMERS = load()["customers"]
FIELDS = [f.name for f in CUSTOMERS.schema.fields]
COUNTS = ("inserted", "updated", "unchanged", "skipped", "rejected")


class Stop(Exception):
    """Stands for a death at this place: nothing after it runs."""


class Office:
    """Uploads, submits, runs; everything but the process border is as in production."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.settings = Settings(_env_file=None, data=folder / "data", database_url=database.url)
        self.storage = Storage(self.settings)
        self.ann = person(database, "ann", language="en")
        self.lin = person(database, "lin", language="zh_CN")

    def upload(self, path: Path, name: str | None = None, by: Actor | None = None) -> str:
        """Store a file as a finished upload."""
        file_id = new_id()
        size, sha256 = self.storage.put(path, file_id)
        with self.database.write() as connection:
            connection.execute(
                insert(files).values(
                    id=file_id, owner_id=(by or self.ann).user_id, role="upload", name=name or path.name,
                    content_type="application/octet-stream", size=size, sha256=sha256, storage_key=file_id,
                    created_at=db_now(),
                )
            )  # fmt: skip
        return file_id

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def table(self, name: str, rows: list[dict[str, Any]], header: list[str] | None = None) -> Path:
        """A csv file of `rows`, with the fields' names as header."""
        out = io.StringIO()
        writer = csv.DictWriter(out, header or list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
        return self.write(name, out.getvalue())

    def submit(self, kind: str, uploads: list[str] | None = None, by: Actor | None = None, **params: Any) -> str:
        submission = Submission(kind=kind, params=params, uploads=uploads or [])
        view, _ = submit.submit(self.database, self.settings, by or self.ann, submission, None, publish=lambda q: None)
        return view.id

    def attempt(self, stop_after_chunks: int | None = None, cancel_after_chunks: int | None = None) -> JobView:
        """Claim the next job and run it in this process.

        Args:
            stop_after_chunks: die inside the transaction after this many committed chunks, and give the job back as
                the sweeper would.
            cancel_after_chunks: be told to stop after this many committed chunks.
        """
        taken = claim.claim(self.database, self.settings, "test", LANES)
        assert taken is not None
        folder = self.folder / f"attempt-{new_id()}"
        folder.mkdir()
        message = {
            "job_id": taken.job_id, "kind": taken.kind, "attempt": taken.attempt, "actor": asdict(taken.owner),
            "checkpoint": taken.checkpoint, "parent_id": taken.parent_id, "token": taken.lease_token,
            "uploads": list(taken.uploads),
        }  # fmt: skip
        said = io.BytesIO()
        orders = Orders(taken.lease_token)
        job = RunnerContext(self.database, self.settings, message, orders, Pipe(io.BytesIO(), said), folder)
        kind = kinds.get(taken.kind)
        assert kind is not None
        keep = {"publish": lambda q: None}
        try:
            with (
                _on_commit(self.database, stop_after_chunks, _die),
                _on_commit(self.database, cancel_after_chunks, lambda: orders.stop("cancel")),
            ):
                result = kind.run(job, kind.params.model_validate(taken.params))
        except Stop:
            outcome.release(self.database, self.settings, taken.job_id, taken.lease_token, **keep)
        except Cancelled as stopped:
            outcome.cancelled(
                self.database, self.settings, taken.job_id, taken.lease_token, stopped.result,
                rows_done=stopped.rows_done, **keep,
            )  # fmt: skip
        except Transient as fault:
            outcome.fail(
                self.database, self.settings, taken.job_id, taken.lease_token, fault.code, fault.values,
                transient=True, **keep,
            )  # fmt: skip
        except Refused as refused:
            outcome.fail(
                self.database, self.settings, taken.job_id, taken.lease_token, refused.code, refused.values,
                transient=False, **keep,
            )  # fmt: skip
        else:
            assert not kind.result_titles or set(result) <= set(kind.result_titles), "all of a result or none is named"
            outcome.finish(self.database, self.settings, taken.job_id, taken.lease_token, result, **keep)
        return self.view(taken.job_id)

    def run(self, kind: str, path: Path | None = None, by: Actor | None = None, **params: Any) -> JobView:
        """Submit and run to the end."""
        uploads = [self.upload(path, by=by)] if path else []
        self.submit(kind, uploads, by, **params)
        return self.attempt()

    def imports(self, path: Path, by: Actor | None = None, **params: Any) -> JobView:
        view = self.run("customers.import", path, by, **params)
        check_counts(view)
        assert self.rejects_kept() == 0
        return view

    def view(self, job_id: str) -> JobView:
        return jobs.get(self.database, self.ann_or_owner(job_id), job_id, "en", settings=self.settings)

    def ann_or_owner(self, job_id: str) -> Actor:
        return Actor(self.ann.user_id, "root", "admin", "en")

    def file(self, view: JobView, role: str) -> Path:
        """The stored result file, under its own name."""
        found = [f for f in view.files if f.role == role]
        assert len(found) == 1, view.files
        with self.database.read() as connection:
            key = connection.scalar(select(files.c.storage_key).where(files.c.id == found[0].id))
        path = self.folder / f"{new_id()}-{found[0].name}"
        path.write_bytes(self.storage.local_path(key).read_bytes())
        return path

    def rows(self) -> dict[str, dict[str, Any]]:
        """The customers by number, fields only."""
        with self.database.read() as connection:
            found = connection.execute(select(*(CUSTOMERS.table.c[name] for name in FIELDS))).mappings()
            return {row["customer_no"]: dict(row) for row in found}

    def rejects_kept(self) -> int:
        with self.database.read() as connection:
            return len(connection.execute(select(import_rejects.c.position)).all())


def _die() -> None:
    raise Stop


@contextmanager
def _on_commit(database: Database, chunks: int | None, act: Callable[[], None]) -> Iterator[None]:
    """Act at each commit of a writing transaction but the first `chunks`; None: never."""
    if chunks is None:
        yield
        return
    left = chunks

    def on_commit(connection: Any) -> None:
        nonlocal left
        if connection.get_execution_options().get("tasktray_write"):
            if left <= 0:
                act()
            left -= 1

    event.listen(database.engine, "commit", on_commit)
    try:
        yield
    finally:
        event.remove(database.engine, "commit", on_commit)


def check_counts(view: JobView) -> None:
    """The counts of a finished import add up to the rows of the file."""
    if view.result is not None:
        assert sum(view.result[name] for name in COUNTS) == view.result["rows"]
        assert sum(view.result["reasons"].values()) == view.result["rejected"]
