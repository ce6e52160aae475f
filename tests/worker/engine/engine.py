"""The engine as its tests drive it: one database, a few people, kinds with and without limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text, update

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, job_events, jobs, users
from worker.db.types import db_now
from worker.engine import changes, claim, control, outcome, submit, sweeper, workers
from worker.engine import jobs as reading
from worker.engine.kinds import Kind, Params, UploadNeeds
from worker.engine.routing import LANES
from worker.engine.views import Submission
from worker.ids import new_id
from worker.settings import Settings


class Numbers(Params):
    """Parameters of the tests' kinds."""

    x: int = 0
    note: str = ""


def _run(job: Any, params: Any) -> dict[str, Any]:
    return {}


def _kind(name: str, **options: Any) -> Kind:
    return Kind(name=name, titles={"en": name.upper(), "zh_CN": f"任务 {name}"}, params=Numbers, run=_run, **options)


KINDS = (
    _kind("test.plain"),
    _kind("test.export", lane="export"),
    _kind("test.single", running_limit=1),
    _kind("test.double", running_limit=2),
    _kind("test.fragile", max_retries=2),
    _kind("test.admin", admin_only=True),
    _kind("test.table", uploads=UploadNeeds(1, 2, (".csv", ".xlsx"))),
    _kind("test.quick", soft_limit_seconds=5, hard_limit_seconds=7),
)


def settings_for(database: Database, **values: Any) -> Settings:
    """Settings without a broker, with the times of production (tests move the clock instead of waiting)."""
    return Settings(_env_file=None, database_url=database.url, broker_url="", **values)


def person(database: Database, username: str, role: str = "operator", language: str = "en") -> Actor:
    """A new user."""
    user_id = new_id()
    with database.write() as connection:
        connection.execute(
            insert(users).values(
                id=user_id, username=username, role=role, language=language, created_at=db_now(), updated_at=db_now()
            )
        )
    return Actor(user_id, username, role, language)  # type: ignore[arg-type]


class Engine:
    """Shortcuts; `hints` collects the queues that were hinted."""

    def __init__(self, database: Database, **values: Any) -> None:
        self.database = database
        self.settings = settings_for(database, **values)
        self.hints: list[str] = []
        self.ann = person(database, "ann")
        self.bob = person(database, "bob")
        self.root = person(database, "root", "admin")

    def publish(self, queue: str) -> None:
        self.hints.append(queue)

    def submit(self, kind: str = "test.plain", by: Actor | None = None, key: str | None = None, **values: Any):
        options = {name: values.pop(name) for name in ("fire_key", "scheduled", "parent_id") if name in values}
        return submit.submit(
            self.database,
            self.settings,
            by or self.ann,
            Submission(kind=kind, **values),
            key,
            publish=self.publish,
            **options,
        )

    def job(self, kind: str = "test.plain", by: Actor | None = None, **values: Any) -> str:
        """Submit and give the id."""
        return self.submit(kind, by, **values)[0].id

    def claim(self, *lanes: str, worker: str = "w1") -> claim.Claim | None:
        return claim.claim(self.database, self.settings, worker, lanes or LANES)

    def taken(self, *lanes: str) -> claim.Claim:
        """Claim something that must be there."""
        taken = self.claim(*lanes)
        assert taken is not None
        return taken

    def finish(self, taken: claim.Claim, result: dict[str, Any] | None = None) -> str:
        return outcome.finish(
            self.database, self.settings, taken.job_id, taken.lease_token, result or {}, publish=self.publish
        )

    def get(self, job_id: str, by: Actor | None = None):
        return reading.get(self.database, by or self.root, job_id, "en", settings=self.settings)

    def row(self, job_id: str):
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def story(self, job_id: str) -> list[str]:
        with self.database.read() as connection:
            query = select(job_events.c.type).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
            return list(connection.execute(query).scalars())

    def changes(self, since: str | None, by: Actor | None = None, **values: Any):
        return changes.read(self.database, by or self.root, "en", since, **values)

    def head(self, by: Actor | None = None) -> str:
        return changes.head(self.database, by or self.root)

    def cancel(self, job_id: str, by: Actor | None = None):
        return control.cancel(self.database, by or self.root, job_id, settings=self.settings)

    def sweeper(self) -> sweeper.Sweeper:
        return sweeper.Sweeper(self.database, self.settings, self.publish)

    def worker(self, name: str = "w1", lanes=LANES, slots: int = 2) -> str:
        return workers.register(self.database, name, 1, lanes, slots)

    def upload(self, by: Actor | None = None, name: str = "a.csv", size: int = 100) -> str:
        """A stored file that a job may be given."""
        file_id = new_id()
        with self.database.write() as connection:
            connection.execute(
                insert(files).values(
                    id=file_id, owner_id=(by or self.ann).user_id, role="upload", name=name, content_type="text/csv",
                    size=size, sha256="0" * 64, storage_key=file_id, created_at=db_now(),
                )
            )  # fmt: skip
        return file_id

    def pass_time(self, seconds: float, job_id: str | None = None) -> None:
        """Move the clock forward: every instant of the jobs moves back instead."""
        shift_jobs(self.database, seconds, job_id)


INSTANTS = (
    "run_at", "hinted_at", "lease_until", "soft_deadline", "hard_deadline", "cancel_requested_at", "created_at",
    "started_at", "claimed_at", "finished_at",
)  # fmt: skip


def shift_jobs(database: Database, seconds: float, job_id: str | None = None) -> None:
    shift(database, "jobs", INSTANTS, seconds, "" if job_id is None else f"WHERE id = '{job_id}'")


def shift(database: Database, table: str, columns: tuple[str, ...], seconds: float, where: str = "") -> None:
    """Move instants of a table back by `seconds`."""
    if database.dialect == "sqlite":
        expression = "strftime('%Y-%m-%d %H:%M:%f', {0}, '-" + f"{seconds:.3f}" + " seconds') || '000'"
    else:
        expression = "{0} - interval '" + f"{seconds:.3f}" + " seconds'"
    sets = ", ".join(f"{column} = {expression.format(column)}" for column in columns)
    with database.write() as connection:
        connection.execute(text(f"UPDATE {table} SET {sets} {where}".replace(":%", r"\:%")))


def set_job(database: Database, job_id: str, **values: Any) -> None:
    """Put a job into a state that takes long to reach."""
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def instant(value: datetime | None) -> datetime:
    """An instant that must be there."""
    assert value is not None
    return value
